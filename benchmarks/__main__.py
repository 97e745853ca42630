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
from benchmarks.timing import precisions
from ffexplore.engine import onednn

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


#: What hangs on the instructions of the processor: of these, the figures of another machine stay beside those of this.
ELSEWHERE = ("step speed", "twin", "inference", "variants")


def machine() -> str:
    """The machine in a few words: its processor, what torch uses of it, and torch."""
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    name = known.get("cpu_name", platform.machine())
    instructions = [torch.backends.cpu.get_cpu_capability(), *(["bfloat16"] if len(precisions()) > 1 else [])]
    library = "; large float32 products by oneDNN" if onednn.serves() else ""
    return f"{name} ({', '.join(instructions)}), {os.cpu_count()} cores, torch {torch.__version__}{library}"


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
    here = machine()
    for name in names:
        benchmark = BENCHMARKS[name]
        has_clock = "clock" in inspect.signature(benchmark).parameters
        options = {"clock": "process_time"} if given.busy and has_clock and name != "publishing" else {}
        former = found.get(name, {})
        measured = benchmark(**options) | {"machine": here}
        if "left out" in measured and "results" in former:
            continue  # what this machine cannot measure stays as another one has measured it
        found[name] = measured
        if name in ELSEWHERE and former:
            other = former.get("earlier") if former["machine"] == here else former
            if other:
                found[name]["earlier"] = {key: value for key, value in other.items() if key != "earlier"}
        kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    found = json.loads(kept.read_text(encoding="utf-8"))  # the page is that of the figures as they are kept
    (DOCS / "performance").mkdir(exist_ok=True)
    for name, picture in page.pictures(found).items():
        (DOCS / "performance" / name).write_text(picture, encoding="utf-8")
    (DOCS / "performance.md").write_text(page.page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
