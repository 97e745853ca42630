"""Alternating repeats and their medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


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
