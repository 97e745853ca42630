"""What the README says of accuracy is what was measured."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"


def error_of(results: dict[str, Any], experiment: str, configuration: str) -> float:
    """The mean over the seeds, in percent."""
    (found,) = [each for each in results["experiments"] if each["name"] == experiment]
    (row,) = [each for each in found["rows"] if each["configuration"] == configuration]
    return statistics.fmean(run["figures"]["test_error"] for run in row["runs"])


def test_the_errors_are_those_of_the_results() -> None:
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    figure = r"([\d.]+) %"
    said = re.search(rf"test error is {figure} after 2 seconds of training, {figure} after a minute and {figure}", text)
    assert said is not None, "the README says it in other words; say here which figures it gives"
    results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    performance = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))["time to accuracy"]["results"]
    (soon,) = [run["ours"]["median"] for run in performance if (run["dataset"], run["seconds"]) == ("mnist", 2)]
    measured = 100 * (1 - soon), error_of(results, "fast", "60-seconds"), error_of(results, "record", "2x1000")
    assert [f"{measured[0]:.1f}", *(f"{error:.2f}" for error in measured[1:])] == list(said.groups())
