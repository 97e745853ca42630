"""Run every benchmark and write ``docs/performance.json`` and ``docs/performance.md``."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import torch

from benchmarks import memory, publishing, step_speed, time_to_accuracy, variants

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main() -> None:
    """Measure and write; takes about ten minutes on two cores."""
    found = {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "step speed": step_speed.run(),
        "time to accuracy": time_to_accuracy.measure(),
        "publishing": publishing.measure(),
        "memory": memory.measure(),
        "variants": variants.run(),
    }
    DOCS.mkdir(exist_ok=True)
    (DOCS / "performance.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (DOCS / "performance.md").write_text(page(found), encoding="utf-8")
    print(page(found))


def page(found: dict[str, Any]) -> str:
    """The figures as a page."""
    lines = [
        "# Performance",
        "",
        f"Written by `make bench` on {found['machine']}. Every ratio was measured in one run, in alternating repeats;",
        "medians. *plain* is the algorithm as public codes write it (autograd, positive and negative apart, one Adam a",
        "layer), *joined* the same with both sides in one batch and torch's fused Adam; both are in",
        "`benchmarks/baselines.py`. Rows count positive and negative inputs.",
        "",
        "## Rows trained per second",
        "",
    ]
    rows = [
        [
            result["network"],
            str(result["batch"]),
            result["objective"],
            *(f"{value:,} ({result['times_plain'][name]}×)" for name, value in result["rows_per_second"].items()),
        ]
        for result in found["step speed"]["results"]
    ]
    names = list(found["step speed"]["results"][0]["rows_per_second"])
    lines += table(["network", "batch", "objective", *names], rows)
    lines += ["", "## Test accuracy after some seconds", "", "Median of the seeds, all seeds in brackets.", ""]
    rows = [
        [run["preset"], run["dataset"], f"{run['seconds']:g} s", *(_accuracy(run, name) for name in ("ours", "joined"))]
        for run in found["time to accuracy"]["results"]
    ]
    lines += table(["preset", "data", "training", "ours", "joined"], rows)
    lines += ["", "## What publishing costs the trainer", ""]
    lines += [f"- {name}: {value}" for name, value in found["publishing"].items()]
    lines += ["", "## Peak memory over depth", ""]
    lines += ["Of a process of its own over what it held before the network was built: weights, optimizer, gradients,"]
    lines += ["activity and buffers. Backpropagation keeps the activity of every layer until its gradient comes back;"]
    lines += ["Forward-Forward lets go of a layer's once it has learned, so that only weights add up with depth."]
    rows = [
        [each["network"], str(each["batch"]), *(f"{value} MiB" for value in each["MiB"].values()), str(each["ratio"])]
        for each in found["memory"]["results"]
    ]
    lines += ["", *table(["network", "batch", "Forward-Forward", "backpropagation", "ratio"], rows)]
    lines += ["", "## Many variants at once", ""]
    lines += [
        "Rounds per second, a round being one batch for every variant; against as many plain runs one after another."
    ]
    rows = [
        [
            each["network"],
            str(each["variants"]),
            *(f"{value:,} ({each['times_plain'][name]}×)" for name, value in each["rounds_per_second"].items()),
        ]
        for each in found["variants"]["results"]
    ]
    names = list(found["variants"]["results"][0]["rounds_per_second"])
    lines += ["", *table(["network", "variants", *names], rows)]
    return "\n".join(lines) + "\n"


def _accuracy(run: dict[str, Any], name: str) -> str:
    if name not in run:
        return "left out: data not at hand"
    values = run[name]
    return f"{100 * values['median']:.2f} % ({', '.join(f'{100 * value:.2f}' for value in values['all'])})"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]]


if __name__ == "__main__":
    main()
