"""The page of performance says what its figures say."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import aims, page, step_speed
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


def test_an_aim_says_whether_it_is_reached():
    results = [
        {"network": "a", "batch": 1, "times_plain": {"ours float32": 2.0}},
        {"network": "b", "batch": 1, "times_plain": {"ours float32": 1.9}},
    ]
    wanted = [({"network": name}, 2.0) for name in ("a", "b", "c")]
    said = aims.judged(aims.at_least(results, "times_plain", "ours float32", wanted, "{} times *plain*"))
    assert said == [
        "- At least 2.0 times *plain* at a, float32. Reached.",
        "- At least 2.0 times *plain* at b, float32. Not reached.",
        "- At least 2.0 times *plain* at c, float32. Not measured here.",
    ]


def test_the_operations_of_a_step_are_those_of_its_products():
    """The image's part of the first layer once, everything else for both sides; forward and in the gradient."""
    image, label, wide, narrow, rows = 64, 10, 128, 32, 5
    products = [(rows, image, wide), (2 * rows, label, wide), (2 * rows, wide, narrow)]
    expected = sum(2 * 2 * a * b * c for a, b, c in products)
    assert step_speed.operations(image, (wide, narrow), rows) == expected


def test_figures_of_another_machine_are_shown_after_those_of_this_one():
    row = {"network": "a", "batch": 1, "precision": "float32", "milliseconds": {"ff": 1.0, "bp": 2.0}, "ratio": 0.5}
    former = {"machine": "the earlier one", "results": [row | {"precision": "bfloat16", "ratio": 0.25}]}
    text = page.page({"twin": {"machine": "this one", "results": [row], "earlier": former}})
    assert "On this one." in text
    assert "Earlier, on another machine (the earlier one):" in text
    assert text.index("| 0.5 |") < text.index("the earlier one") < text.index("| 0.25 |")
