"""What publishing snapshots costs the trainer; no browser takes part.

Run as ``python -m benchmarks.publishing``; prints JSON. One runner trains in short slices, in turns with snapshots at
the rate and without; the cost is by how much a step takes longer in the former, from the medians of both.
``--clock thread_time`` counts the time of the trainer thread alone, for a machine on which other work runs beside; it
wants ``--threads 1``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch

import ffexplore as ff

SELDOM = 1e-3  # snapshots per second that come to none


def moment(run: ff.Runner, clock: str) -> tuple[int, float]:
    """Steps so far and the time, as the trainer thread sees them."""
    answer: tuple[int, float] = run.ask(lambda trainer: (trainer.steps, getattr(time, clock)())).result()
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="classroom")
    parser.add_argument("--dataset", default="mnist-5k")
    parser.add_argument("--layers", type=int, nargs="+", default=None)
    parser.add_argument("--rate", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a slice")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=("perf_counter", "thread_time"), default="perf_counter")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    changes = {"layers": tuple(options.layers)} if options.layers else {}
    settings = ff.Settings.preset(options.preset, dataset=options.dataset, **changes)
    run = ff.Runner(settings, rate=options.rate)
    seen: list[int] = []
    run.observe(lambda snapshot: seen.append(snapshot.step))
    run.start()
    while len(seen) < 2 * options.rate:  # the first steps and looks warm up caches and buffers
        time.sleep(0.01)
    per_step: dict[float, list[float]] = {options.rate: [], SELDOM: []}
    shown = 0
    for _ in range(options.turns):
        for rate in per_step:
            run.rate = rate
            before = len(seen)
            first, began = moment(run, options.clock)
            time.sleep(options.seconds)
            last, ended = moment(run, options.clock)
            per_step[rate].append((ended - began) / (last - first))
            shown += len(seen) - before if rate == options.rate else 0
    run.stop(finish=False)
    run.wait()
    with_it, without = (statistics.median(times) for times in per_step.values())
    pairs = [a / b - 1 for a, b in zip(per_step[options.rate], per_step[SELDOM], strict=True)]
    result = {
        "preset": options.preset,
        "dataset": options.dataset,
        "layers": settings.layers,
        "threads": options.threads,
        "clock": options.clock,
        "cost": round(with_it / without - 1, 4),
        "median_cost_of_turns": round(statistics.median(pairs), 4),
        "milliseconds_per_step": round(1000 * without, 3),
        "snapshots_per_second": round(shown / (options.turns * options.seconds), 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
