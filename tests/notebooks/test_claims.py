"""What notebooks say of the results holds in those that are committed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ffexplore.reproduce.ranking import WORDS, told

ROOT = Path(__file__).resolve().parents[2]


def beside_the_baseline(name: str) -> dict[str, str]:
    """Of each configuration of an experiment, what the seeds say of it beside the baseline."""
    results: dict[str, Any] = json.loads((ROOT / "docs" / "results.json").read_text(encoding="utf-8"))
    (experiment,) = [each for each in results["experiments"] if each["name"] == name]
    return told(experiment)


def cell_with(words: str, notebook: str) -> str:
    """The text of the one cell that holds these words."""
    cells = json.loads((ROOT / "notebooks" / notebook).read_text(encoding="utf-8"))["cells"]
    (text,) = [text for text in ("".join(cell["source"]) for cell in cells) if words in text]
    return text


def test_the_goodness_zoo_names_what_is_worse_and_what_is_alike() -> None:
    beside = beside_the_baseline("goodness_zoo_5k")
    text = cell_with("On the 5000 images of `mnist-5k`", "04_the_goodness_zoo.ipynb")
    found = re.search(r"test images, (.*) \*are\* worse than\s`mean_square` .* But (.*), which only", text, re.S)
    assert found is not None, "the notebook says it in other words; say here which claims it makes"
    worse, alike = (re.findall(r"`(\w+)`", names) for names in found.groups())
    assert len(worse) == 3
    assert {beside[name] for name in worse} == {WORDS[1]}
    assert len(alike) == 10
    assert {beside[name] for name in alike} == {WORDS[2]}


def test_of_hard_negatives_only_the_hardest_are_said_to_be_better() -> None:
    beside = beside_the_baseline("negatives")
    assert "`hardest_label`" in cell_with("do not tell the two accuracies apart", "03_negative_data.ipynb")
    assert beside["hard_label"] == WORDS[2]
    assert beside["hardest_label"] == WORDS[0]
