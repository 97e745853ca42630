"""What notebooks say of the results holds in those that are committed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ffexplore.reproduce.ranking import WORDS, told

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def beside() -> dict[str, str]:
    """Of each goodness on mnist-5k, what the seeds say of it beside the mean square."""
    results: dict[str, Any] = json.loads((ROOT / "docs" / "results.json").read_text(encoding="utf-8"))
    (zoo,) = [each for each in results["experiments"] if each["name"] == "goodness_zoo_5k"]
    return told(zoo)


def test_the_goodness_zoo_names_what_is_worse_and_what_is_alike(beside: dict[str, str]) -> None:
    cells = json.loads((ROOT / "notebooks" / "04_the_goodness_zoo.ipynb").read_text(encoding="utf-8"))["cells"]
    (text,) = [
        "".join(cell["source"]) for cell in cells if "On the 5000 images of `mnist-5k`" in "".join(cell["source"])
    ]
    found = re.search(r"test images, (.*) \*are\* worse than\s`mean_square` .* But (.*), which only", text, re.S)
    assert found is not None, "the notebook says it in other words; say here which claims it makes"
    worse, alike = (re.findall(r"`(\w+)`", names) for names in found.groups())
    assert len(worse) == 3
    assert {beside[name] for name in worse} == {WORDS[1]}
    assert len(alike) == 10
    assert {beside[name] for name in alike} == {WORDS[2]}
