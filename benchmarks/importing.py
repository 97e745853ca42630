"""What importing ffexplore adds to importing torch, in fresh processes.

Run as ``python -m benchmarks.importing``; prints JSON. Seconds of the processor, which other work changes little; each
process reads its files from the cache of the system.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

CODE = """
import time
import torch
between = time.process_time()
import {module}
print(between, time.process_time() - between)
"""


def seconds(module: str) -> tuple[float, float]:
    """How long a fresh process takes to import torch, and then a module."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module=module)], check=True, capture_output=True, text=True
    )
    first, second = map(float, done.stdout.split())
    return first, second


MODULES = {
    "ffexplore beyond torch": "ffexplore",  # which loads what is named when it is named
    "its engine": "ffexplore.engine.training",
    "its explorer": "ffexplore.ui.explorer",
}


def measure(repeats: int = 7) -> dict[str, Any]:
    """Medians of some processes each: torch, and after it ffexplore, its engine, or all that an explorer needs."""
    found: dict[str, list[float]] = {"torch": [], **{name: [] for name in MODULES}}
    for turn in range(repeats + 1):
        for name, module in MODULES.items():
            first, second = seconds(module)
            if turn:  # in the first one files are read
                found["torch"].append(first)
                found[name].append(second)
    return {
        "clock": "process_time",
        "seconds": {name: round(statistics.median(values), 3) for name, values in found.items()},
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
