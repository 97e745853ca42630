"""What the README says of accuracy is what was measured."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"


def runs_of(results: dict[str, Any], experiment: str, configuration: str) -> list[dict[str, Any]]:
    (found,) = [each for each in results["experiments"] if each["name"] == experiment]
    (row,) = [each for each in found["rows"] if each["configuration"] == configuration]
    runs: list[dict[str, Any]] = row["runs"]
    return runs


def error_of(results: dict[str, Any], experiment: str, configuration: str) -> float:
    """The mean over the seeds, in percent."""
    return statistics.fmean(run["figures"]["test_error"] for run in runs_of(results, experiment, configuration))


def test_the_errors_are_those_of_the_results() -> None:
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    figure = r"([\d.]+) %"
    said = re.search(
        rf"test error is {figure} after 2 seconds of training and {figure} after a minute, on two\s+cores without a "
        rf"GPU\. The best recipe, `2x1000-bent-59k` in the results, comes to {figure}\.",
        text,
    )
    assert said is not None, "the README says it in other words; say here which figures it gives"
    results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    performance = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))["time to accuracy"]["results"]
    (soon,) = [run["ours"]["median"] for run in performance if (run["dataset"], run["seconds"]) == ("mnist", 2)]
    best = error_of(results, "record", "2x1000-bent-59k")
    measured = 100 * (1 - soon), error_of(results, "fast", "60-seconds"), best
    assert [f"{measured[0]:.1f}", *(f"{error:.2f}" for error in measured[1:])] == list(said.groups())
    assert all(results["machines"][run["machine"]]["cores"] == 2 for run in runs_of(results, "fast", "60-seconds"))


def test_the_figures_of_a_gpu_are_those_of_the_measurements() -> None:
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    said = re.search(
        r"(\d+) to (\d+)\s+times as fast as the plain way to write it, and Hinton's 4×2000 takes (\d+) seconds", text
    )
    assert said is not None, "the README says it in other words; say here which figures it gives"
    performance = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))["gpu"]["results"]
    times = [row["times_plain"][f"ours {kind}, captured"] for row in performance for kind in ("float32", "bfloat16")]
    assert (int(said[1]), int(said[2])) == (round(min(times)), round(max(times)))
    run = json.loads((DOCS / "results" / "hinton_wide" / "4x2000.seed-0.json").read_text(encoding="utf-8"))
    assert int(said[3]) == round(run["seconds"])
    assert run["epochs"] == 60
