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
    best = error_of(results, "record", "2x1000-turned")
    measured = 100 * (1 - soon), error_of(results, "fast", "60-seconds"), best
    assert [f"{measured[0]:.1f}", *(f"{error:.2f}" for error in measured[1:])] == list(said.groups())


def test_the_figures_of_a_gpu_are_those_of_the_measurements() -> None:
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    said = re.search(
        r"(\d+) times as fast as the plain\s+way to write it, and Hinton's 4×2000 takes (\d+) seconds", text
    )
    assert said is not None, "the README says it in other words; say here which figures it gives"
    performance = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))["gpu"]["results"]
    times = performance[0]["times_plain"]
    assert performance[0]["network"] == "784-500-500"
    slower, faster = sorted((times["ours float32, captured"], times["ours bfloat16, captured"]))
    assert slower <= int(said[1]) <= faster
    run = json.loads((DOCS / "results" / "hinton_wide" / "4x2000.seed-0.json").read_text(encoding="utf-8"))
    assert int(said[2]) == round(run["seconds"])
    assert run["epochs"] == 60
