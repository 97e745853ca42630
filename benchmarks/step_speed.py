"""Rows trained per second by our step and by the algorithm as public codes write it, in one run.

Run as ``python -m benchmarks.step_speed``; prints JSON. Rows count positive and negative inputs.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable

import torch

import ffexplore as ff
from benchmarks.baselines import Joined, Plain
from benchmarks.timing import alternate, options

NETWORKS = {"784-500-500": (500, 500), "784-2000-2000-2000": (2000, 2000, 2000)}
OBJECTIVES = {"logistic": "logistic", "swish": "swish_symba(alpha=6)"}


def measure(network: str, batch: int, objective: str, clock: str, repeats: int, seconds: float) -> dict[str, object]:
    """Time one combination."""
    data = ff.load("mnist-5k")
    images = torch.from_numpy(data.train.x.copy()).reshape(len(data.train), -1).float() / 255
    labels = torch.from_numpy(data.train.y.copy())
    batches = itertools.cycle(torch.arange(len(labels)).split(batch)[: len(labels) // batch])
    widths = NETWORKS[network]
    plain = Plain([784, *widths], objective)
    joined = Joined([784, *widths], objective)

    def baseline(model: Plain) -> None:
        rows = next(batches)
        model.step(images[rows], labels[rows])

    workloads = {"plain": lambda: baseline(plain), "joined": lambda: baseline(joined)}
    for precision in ("float32", "bfloat16"):
        settings = ff.Settings(
            layers=widths, batch_size=batch, objective=OBJECTIVES[objective], precision=precision, readout_rate=0.0
        )
        trainer = ff.Trainer(settings)
        workloads[f"ours {precision}"] = trainer.step
    timed = alternate(workloads, repeats, seconds, getattr(time, clock))
    return {
        "network": network,
        "batch": batch,
        "objective": objective,
        "rows_per_second": {name: round(2 * batch / value) for name, value in timed.items()},
        "times_plain": {name: round(timed["plain"] / value, 2) for name, value in timed.items()},
    }


def main() -> None:
    """Measure all combinations and print them as JSON."""
    parser = options(__doc__)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[100, 512])
    parser.add_argument("--objectives", nargs="+", choices=OBJECTIVES, default=["logistic"])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    combinations = itertools.product(given.networks, given.batches, given.objectives)
    print(json.dumps(run(combinations, given.clock, given.repeats, given.seconds), indent=1))


def run(
    combinations: Iterable[tuple[str, int, str]] = (
        ("784-500-500", 100, "logistic"),
        ("784-500-500", 512, "logistic"),
        ("784-2000-2000-2000", 100, "logistic"),
    ),
    clock: str = "perf_counter",
    repeats: int = 7,
    seconds: float = 0.5,
) -> dict[str, object]:
    """Time combinations of network, batch size and objective."""
    torch.manual_seed(0)
    results = [measure(*combination, clock, repeats, seconds) for combination in combinations]
    return {"threads": torch.get_num_threads(), "clock": clock, "results": results}


if __name__ == "__main__":
    main()
