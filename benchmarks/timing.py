"""Alternating repeats and their medians, and the command line of what is measured so."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping

import torch

from ffexplore.engine.device import has_fast_bfloat16


def precisions() -> list[str]:
    """What is measured: bfloat16 only where the processor has the instructions, without which it is no faster."""
    return ["float32", "bfloat16"] if has_fast_bfloat16(torch.device("cpu")) else ["float32"]


def alternate(
    workloads: Mapping[str, Callable[[], object]],
    repeats: int = 7,
    seconds: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds of one call of each workload, measured in turns so that all meet the same machine.

    Parameters
    ----------
    workloads
        What to call, by name.
    repeats
        Turns.
    seconds
        About how long each turn calls one workload.
    clock
        ``time.perf_counter``, or ``time.process_time`` on one thread where other work runs beside.
    """
    counts = {}
    for name, call in workloads.items():
        for _ in range(3):
            call()
        began = clock()
        for _ in range(3):
            call()
        counts[name] = max(1, int(seconds * 3 / max(clock() - began, 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in workloads}
    for _ in range(repeats):
        for name, call in workloads.items():
            began = clock()
            for _ in range(counts[name]):
                call()
            times[name].append((clock() - began) / counts[name])
    return {name: statistics.median(values) for name, values in times.items()}


def options(description: str | None) -> argparse.ArgumentParser:
    """A command line for threads, clock and repeats."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=("perf_counter", "process_time"), default="perf_counter")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5)
    return parser


def command(run: Callable[[str, int, float], Mapping[str, object]], description: str | None) -> None:
    """Take the options, call ``run(clock, repeats, seconds)`` and print what it returns as JSON."""
    given = options(description).parse_args()
    torch.set_num_threads(given.threads)
    print(json.dumps(run(given.clock, given.repeats, given.seconds), indent=1))
