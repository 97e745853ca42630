"""Rows trained per second by our step and by the algorithm as public codes write it, in one run.

Run as ``python -m benchmarks.step_speed``; prints JSON. Rows count positive and negative inputs.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

import ffexplore as ff
from benchmarks.baselines import Joined, Plain
from benchmarks.memory import rows_of
from benchmarks.timing import alternate, options, precisions
from ffexplore.engine.products import project

#: The data and the settings that go with it; digits have 64 inputs and ten more for the label.
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "74-128-128": ("digits", {"layers": (128, 128), "label_encoding": "appended"}),
    "784-500-500": ("mnist-5k", {"layers": (500, 500)}),
    "784-2000-2000-2000": ("mnist-5k", {"layers": (2000, 2000, 2000)}),
}
OBJECTIVES = {"logistic": "logistic", "swish": "swish_symba(alpha=6)"}
COMBINATIONS = (
    ("74-128-128", 64, "logistic"),
    ("74-128-128", 64, "swish"),
    ("784-500-500", 64, "logistic"),
    ("784-500-500", 100, "logistic"),
    ("784-500-500", 100, "swish"),
    ("784-500-500", 512, "logistic"),
    ("784-500-500", 5000, "logistic"),
    ("784-2000-2000-2000", 100, "logistic"),
    ("784-2000-2000-2000", 512, "logistic"),
)
SIDE = 1024  # of the square matrices whose product is the machine's rate


def operations(image: int, widths: Sequence[int], batch: int, classes: int = 10) -> int:
    """Floating-point operations of the matrix products of a step, with the image's part taken once for both sides."""
    forward = batch * widths[0] * (image + 2 * classes)
    forward += sum(2 * batch * below * above for below, above in itertools.pairwise(widths))
    return 2 * 2 * forward  # a product and a sum each, and as much again for the gradient


def product(dtype: torch.dtype) -> Callable[[], object]:
    """A product of square matrices by the library that is quickest at it, for the machine's own rate."""
    a, b = torch.randn(SIDE, SIDE).to(dtype), torch.randn(SIDE, SIDE).to(dtype)
    out = torch.empty_like(a)
    return lambda: project(a, b, out=out)


def measure(network: str, batch: int, objective: str, clock: str, repeats: int, seconds: float) -> dict[str, object]:
    """Time one combination."""
    dataset, fields = NETWORKS[network]
    data = ff.load(dataset) if batch <= 1000 else rows_of(batch)
    images = torch.from_numpy(data.train.x.copy()).reshape(len(data.train), -1).float() / 255
    features = images.shape[1]
    if "label_encoding" in fields:  # the baseline writes over its first ten inputs
        images = torch.nn.functional.pad(images, (10, 0))
    labels = torch.from_numpy(data.train.y.copy())
    batches = itertools.cycle(torch.arange(len(labels)).split(batch)[: len(labels) // batch])
    widths = fields["layers"]
    plain, joined = (kind([images.shape[1], *widths], objective) for kind in (Plain, Joined))

    def baseline(model: Plain) -> None:
        rows = next(batches)
        model.step(images[rows], labels[rows])

    workloads: dict[str, Callable[[], object]] = {
        "plain": lambda: baseline(plain),
        "joined": lambda: baseline(joined),
    }
    for precision in precisions():
        settings = ff.Settings(
            dataset=data, **fields, batch_size=batch, objective=OBJECTIVES[objective], precision=precision,
            readout_rate=0.0, device="cpu",
        )  # fmt: skip
        workloads[f"ours {precision}"] = ff.Trainer(settings).step
        workloads[f"product {precision}"] = product(getattr(torch, precision))
    timed = alternate(workloads, repeats, seconds, getattr(time, clock))
    steps = {name: value for name, value in timed.items() if not name.startswith("product")}
    work = operations(features, widths, batch)
    rates = {each: 2 * SIDE**3 / timed[f"product {each}"] for each in precisions()}
    return {
        "network": network,
        "batch": batch,
        "objective": objective,
        "rows_per_second": {name: round(2 * batch / value) for name, value in steps.items()},
        "times_plain": {name: round(timed["plain"] / value, 2) for name, value in steps.items()},
        "share_of_product_rate": {each: round(work / timed[f"ours {each}"] / rate, 2) for each, rate in rates.items()},
        "GFLOP/s of a product": {each: round(rate / 1e9) for each, rate in rates.items()},
    }


def main() -> None:
    """Measure all combinations and print them as JSON."""
    parser = options(__doc__)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[100, 512], help="rows")
    parser.add_argument("--objectives", nargs="+", choices=OBJECTIVES, default=["logistic"])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    combinations = itertools.product(given.networks, given.batches, given.objectives)
    print(json.dumps(run(combinations, given.clock, given.repeats, given.seconds), indent=1))


def run(
    combinations: Iterable[tuple[str, int, str]] = COMBINATIONS,
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
