"""Run benchmarks; write ``docs/performance.json``, ``docs/performance.md`` and pictures in ``docs/performance``."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks import (
    gpu,
    growth,
    importing,
    inference,
    interface,
    memory,
    page,
    publishing,
    step_speed,
    time_to_accuracy,
    twin,
    use,
    variants,
)

DOCS = Path(__file__).resolve().parent.parent / "docs"
BENCHMARKS: dict[str, Callable[..., dict[str, Any]]] = {
    "step speed": step_speed.run,
    "twin": twin.run,
    "time to accuracy": time_to_accuracy.measure,
    "inference": inference.run,
    "importing": importing.measure,
    "publishing": publishing.run,
    "interface": interface.run,
    "use": use.measure,
    "memory": memory.measure,
    "variants": variants.run,
    "growth": growth.run,
    "gpu": gpu.run,
}


def says_bfloat16(measured: dict[str, Any]) -> bool:
    """Whether figures for bfloat16 are among them, or kept beside them from an earlier machine."""
    return "bfloat16" in json.dumps(measured)


def main() -> None:
    """Measure and write; all of it takes about a quarter of an hour on two cores."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--busy", action="store_true", help="other work runs beside: processor time on one thread")
    given = parser.parse_args()
    names = given.names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark is named {name!r}; there are: {', '.join(BENCHMARKS)}")
    kept = DOCS / "performance.json"
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if given.busy:
        torch.set_num_threads(1)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    for name in names:
        benchmark = BENCHMARKS[name]
        has_clock = "clock" in inspect.signature(benchmark).parameters
        options = {"clock": "process_time"} if given.busy and has_clock and name != "publishing" else {}
        former = found.get(name, {})
        measured = benchmark(**options) | {"machine": machine}
        if "left out" in measured and "results" in former:
            continue  # what this machine cannot measure stays as another one has measured it
        found[name] = measured
        if says_bfloat16(former) and not says_bfloat16(found[name]):
            found[name]["earlier"] = former.get("earlier", former)
        kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    found = json.loads(kept.read_text(encoding="utf-8"))  # the page is that of the figures as they are kept
    (DOCS / "performance").mkdir(exist_ok=True)
    for name, picture in page.pictures(found).items():
        (DOCS / "performance" / name).write_text(picture, encoding="utf-8")
    (DOCS / "performance.md").write_text(page.page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
