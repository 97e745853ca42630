"""What publishing snapshots costs the trainer; no browser takes part.

Run as ``python -m benchmarks.publishing``; prints JSON. A runner trains for a while; the cost is the time that its
thread takes to make snapshots over the time that it takes for all the rest. It counts the time of that thread alone on
one torch thread, so that other work beside changes little; ``--clock perf_counter --threads 2`` counts what a person at
the clock sees. Whether a step takes longer beside snapshots is seen from a second run without any.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch

import ffexplore as ff
from ffexplore.live.probes import Probes
from ffexplore.live.publisher import Publisher

SELDOM = 1e-3  # snapshots per second that come to none
WARM_UP = 12.0  # seconds until caches are warm and the accuracy is read no more often than later on


def measure(
    settings: ff.Settings | None = None,
    rate: float = 8.0,
    seconds: float = 20.0,
    clock: str = "thread_time",
    threads: int = 1,
    is_watched: bool = True,
) -> dict[str, Any]:
    """Share of its other time that the trainer takes for snapshots.

    Parameters
    ----------
    settings
        What to train; the preset ``classroom`` when None.
    rate
        Snapshots per second.
    seconds
        How long.
    clock
        ``thread_time``, or ``perf_counter``.
    threads
        That torch uses; one where the clock is that of the trainer's thread.
    is_watched
        Whether somebody looks; if not, a snapshot that costs more than its share comes less often.
    """
    settings = settings or ff.Settings.preset("classroom")
    now = getattr(time, clock)
    taken: list[float] = []
    scoring: list[float] = []

    def timed(call: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
        def measured(*given: Any, **options: Any) -> Any:
            began = now()
            result = call(*given, **options)
            times.append(now() - began)
            return result

        return measured

    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    with (
        mock.patch.object(Publisher, "make", timed(Publisher.make, taken)),
        mock.patch.object(Probes, "accuracy", timed(Probes.accuracy, scoring)),
    ):
        run = ff.Runner(settings, rate=rate)
        run.attend(is_watched)
        run.observe(lambda snapshot: None)
        run.start()
        time.sleep(WARM_UP)

        def stretch() -> tuple[float, ...]:
            """Steps, time in all, for snapshots and for accuracies, and how many snapshots, in the trainer's view."""

            def moment() -> tuple[float, ...]:
                answer: tuple[float, ...]
                answer = run.ask(lambda trainer: (trainer.steps, now(), sum(taken), sum(scoring), len(taken))).result()
                return answer

            before = moment()
            time.sleep(seconds)
            return tuple(b - a for a, b in zip(before, moment(), strict=True))

        steps, whole, looking, scored, looks = stretch()
        run.rate = SELDOM
        steps_alone, alone, still_looking, *_ = stretch()
        run.stop(finish=False)
        run.wait()
    torch.set_num_threads(usual)
    return {
        "dataset": str(settings.dataset),
        "layers": settings.layers,
        "threads": threads,
        "clock": clock,
        "cost": round(looking / (whole - looking), 4),
        "of that the validation accuracy": round(scored / (whole - looking), 4),
        "milliseconds of a snapshot": round(1000 * looking / looks, 2),
        "snapshots per second": round(looks / seconds, 2),
        "milliseconds per step beside them": round(1000 * (whole - looking) / steps, 3),
        "milliseconds per step without": round(1000 * (alone - still_looking) / steps_alone, 3),
    }


def run() -> dict[str, Any]:
    """The cost while somebody looks at every snapshot, and while nobody does."""
    unseen = measure(is_watched=False)
    names = ("cost", "of that the validation accuracy", "milliseconds of a snapshot", "snapshots per second")
    return measure() | {f"{name}, while nobody looks": unseen[name] for name in names}


def main() -> None:
    """Measure one network and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="classroom")
    parser.add_argument("--dataset", default="mnist-5k")
    parser.add_argument("--layers", type=int, nargs="+", default=None)
    parser.add_argument("--rate", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=("perf_counter", "thread_time"), default="thread_time")
    given = parser.parse_args()
    changes = {"layers": tuple(given.layers)} if given.layers else {}
    settings = ff.Settings.preset(given.preset, dataset=given.dataset, **changes)
    print(json.dumps(measure(settings, given.rate, given.seconds, given.clock, given.threads), indent=1))


if __name__ == "__main__":
    main()
