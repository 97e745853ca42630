"""What publishing snapshots costs the trainer; no browser takes part.

Run as ``python -m benchmarks.publishing``; prints JSON. A runner trains with snapshots and without, in turns. The
cost is the share of time added per second of training at the given rate of snapshots. ``--clock thread_time`` counts
the time of the trainer thread alone, for a machine on which other work runs beside; it wants ``--threads 1``.
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


def train(settings: ff.Settings, rate: float, seconds: float, clock: str) -> tuple[int, float, int]:
    """Train for some seconds: steps, time they took, snapshots."""
    run = ff.Runner(settings, rate=rate)
    count = 0

    def listen(snapshot: ff.Snapshot) -> None:
        nonlocal count
        count += 1

    run.observe(listen)
    run.start()
    while moment(run, clock)[0] < 50:  # the first steps and looks warm up caches and buffers
        time.sleep(0.01)
    first, began = moment(run, clock)
    before = count
    time.sleep(seconds)
    last, ended = moment(run, clock)
    shown = count - before
    run.stop(finish=False)
    run.wait()
    return last - first, ended - began, shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="classroom")
    parser.add_argument("--dataset", default="mnist-5k")
    parser.add_argument("--layers", type=int, nargs="+", default=None)
    parser.add_argument("--rate", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=("perf_counter", "thread_time"), default="perf_counter")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    changes = {"layers": tuple(options.layers)} if options.layers else {}
    settings = ff.Settings.preset(options.preset, dataset=options.dataset, **changes)
    costs, each_took, rates = [], [], []
    for turn in range(options.repeats):
        measured = {}
        # Which of the two comes first changes from turn to turn, so that a drifting machine favours neither.
        for rate in (options.rate, SELDOM) if turn % 2 else (SELDOM, options.rate):
            measured[rate] = train(settings, rate, options.seconds, options.clock)
        steps, took, _ = measured[SELDOM]
        per_step = took / steps
        steps, took, shown = measured[options.rate]
        each = (took - steps * per_step) / max(1, shown)
        each_took.append(each)
        costs.append(each * options.rate)
        rates.append(shown / took)
    result = {
        "preset": options.preset,
        "dataset": options.dataset,
        "layers": settings.layers,
        "threads": options.threads,
        "clock": options.clock,
        "rate": options.rate,
        "cost": round(statistics.median(costs), 4),
        "cost_of_each_turn": [round(cost, 4) for cost in costs],
        "milliseconds_per_snapshot": round(1000 * statistics.median(each_took), 2),
        "snapshots_per_second": round(statistics.median(rates), 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
