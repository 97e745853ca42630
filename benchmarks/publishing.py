"""What publishing snapshots costs the trainer; no browser takes part.

Run as ``python -m benchmarks.publishing``; prints JSON. One runner trains in short slices, in turns with snapshots at
the rate, as while somebody looks, and without; the cost is by how much a step takes longer in the former, the median of
the turns. It counts the time of the trainer thread alone on one torch thread, so that other work beside changes little;
``--clock perf_counter --threads 2`` counts what a person at the clock sees.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch

import ffexplore as ff

SELDOM = 1e-3  # snapshots per second that come to none
WARM_UP = 6.0  # seconds until caches are warm and the accuracy is read no more often than later on


def moment(run: ff.Runner, clock: str) -> tuple[int, float]:
    """Steps so far and the time, as the trainer thread sees them."""
    answer: tuple[int, float] = run.ask(lambda trainer: (trainer.steps, getattr(time, clock)())).result()
    return answer


def measure(
    settings: ff.Settings | None = None,
    rate: float = 8.0,
    seconds: float = 1.0,
    turns: int = 20,
    clock: str = "thread_time",
    threads: int = 1,
    is_watched: bool = True,
) -> dict[str, object]:
    """Share by which a step takes longer with snapshots at a rate than without.

    Parameters
    ----------
    settings
        What to train; the preset ``classroom`` when None.
    rate
        Snapshots per second.
    seconds
        Length of a slice.
    turns
        How many slices of each kind.
    clock
        ``thread_time``, or ``perf_counter``.
    threads
        That torch uses; one where the clock is that of the trainer's thread.
    is_watched
        Whether somebody looks; if not, a snapshot that costs more than its share comes less often.
    """
    settings = settings or ff.Settings.preset("classroom")
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    run = ff.Runner(settings, rate=rate)
    run.attend(is_watched)
    seen: list[int] = []
    run.observe(lambda snapshot: seen.append(snapshot.step))
    run.start()
    time.sleep(WARM_UP)
    per_step: dict[float, list[float]] = {rate: [], SELDOM: []}
    shown = 0
    for _ in range(turns):
        for each in per_step:
            run.rate = each
            before = len(seen)
            first, began = moment(run, clock)
            time.sleep(seconds)
            last, ended = moment(run, clock)
            per_step[each].append((ended - began) / (last - first))
            shown += len(seen) - before if each == rate else 0
    run.stop(finish=False)
    run.wait()
    torch.set_num_threads(usual)
    with_it, without = (statistics.median(times) for times in per_step.values())
    pairs = [a / b - 1 for a, b in zip(per_step[rate], per_step[SELDOM], strict=True)]
    return {
        "dataset": str(settings.dataset),
        "layers": settings.layers,
        "threads": threads,
        "clock": clock,
        "cost": round(with_it / without - 1, 4),
        "median cost of turns": round(statistics.median(pairs), 4),
        "three quarters of turns at most": round(statistics.quantiles(pairs, n=4)[2], 4),
        "milliseconds per step": round(1000 * without, 3),
        "snapshots per second": round(shown / (turns * seconds), 2),
    }


def run() -> dict[str, object]:
    """The cost while somebody looks at every snapshot, and while nobody does."""
    unseen = measure(seconds=4.0, turns=10, is_watched=False)  # long enough for several snapshots each
    names = ("median cost of turns", "three quarters of turns at most", "snapshots per second")
    return measure() | {f"{name}, while nobody looks": unseen[name] for name in names}


def main() -> None:
    """Measure one network and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="classroom")
    parser.add_argument("--dataset", default="mnist-5k")
    parser.add_argument("--layers", type=int, nargs="+", default=None)
    parser.add_argument("--rate", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a slice")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=("perf_counter", "thread_time"), default="thread_time")
    given = parser.parse_args()
    changes = {"layers": tuple(given.layers)} if given.layers else {}
    settings = ff.Settings.preset(given.preset, dataset=given.dataset, **changes)
    print(json.dumps(measure(settings, given.rate, given.seconds, given.turns, given.clock, given.threads), indent=1))


if __name__ == "__main__":
    main()
