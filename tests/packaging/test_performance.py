"""The page of performance says what its figures say."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.chart import chart

DOCS = Path(__file__).parents[2] / "docs"
FOUND = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))


def test_the_page_is_that_of_its_figures():
    assert (DOCS / "performance.md").read_text(encoding="utf-8") == page.page(FOUND)


def test_the_pictures_are_those_of_their_figures():
    drawn = {file.name: file.read_text(encoding="utf-8") for file in (DOCS / "performance").iterdir()}
    assert drawn == page.pictures(FOUND)


def test_a_chart_puts_the_points_where_they_belong():
    svg = ET.fromstring(chart([1, 10, 100], [1, 10, 100], "rows", "seconds"))
    points = [
        (float(each.attrib["cx"]), float(each.attrib["cy"])) for each in svg.iter("{http://www.w3.org/2000/svg}circle")
    ]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(points)]
    assert steps[0] == pytest.approx(steps[1], abs=0.2)  # a straight line upwards
    assert steps[0][0] > 0 > steps[0][1]
