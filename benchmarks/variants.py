"""Many variants at once against as many plain runs one after another, in one run.

Run as ``python -m benchmarks.variants``; prints JSON. A round trains every variant on one batch.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import torch

import ffexplore as ff
from benchmarks.baselines import Plain
from benchmarks.timing import alternate, command

BATCH = 64
#: How many variants, and of what; digits have 64 inputs and ten more for the label.
COMPARISONS: dict[str, tuple[int, dict[str, Any]]] = {
    "74-64-64": (16, {"dataset": "digits", "label_encoding": "appended", "layers": (64, 64)}),
    "784-128-128": (8, {"dataset": "mnist-5k", "layers": (128, 128)}),
}


class PlainRuns:
    """Plain networks with thresholds and seeds of their own, trained one after another on the same batches."""

    def __init__(self, count: int, settings: ff.Settings) -> None:
        data = ff.load(str(settings.dataset))
        images = torch.from_numpy(data.train.x.copy()).reshape(len(data.train), -1).float() / 255
        if settings.label_encoding.name == "appended":  # the baseline writes over its first ten inputs
            images = torch.nn.functional.pad(images, (10, 0))
        labels = torch.from_numpy(data.train.y.copy())
        rows = torch.arange(len(labels)).split(BATCH)[: len(labels) // BATCH]
        self._batches = itertools.cycle([(images[index], labels[index]) for index in rows])
        self._models = [Plain([images.shape[1], *settings.layers], "logistic") for _ in range(count)]

    def round(self) -> None:
        """One batch for each."""
        images, labels = next(self._batches)
        for model in self._models:
            model.step(images, labels)


def measure(network: str, clock: str, repeats: int, seconds: float) -> dict[str, object]:
    """Time one comparison."""
    count, fields = COMPARISONS[network]
    settings = ff.Settings(**fields, batch_size=BATCH, readout_rate=0.0, device="cpu")
    plain = PlainRuns(count, settings)
    thresholds = [settings.replace(threshold=0.5 + number / count) for number in range(count)]
    everything = [each.replace(seed=number) for number, each in enumerate(thresholds)]
    alone = [ff.Trainer(each) for each in thresholds]

    def one_after_another() -> None:
        for trainer in alone:
            trainer.step()

    workloads = {
        "plain": plain.round,
        "ours one after another": one_after_another,
        "ours at once, other thresholds": ff.Trainer.variants(thresholds).step,
        "ours at once, other thresholds and seeds": ff.Trainer.variants(everything).step,
    }
    timed = alternate(workloads, repeats, seconds, getattr(time, clock))
    return {
        "network": network,
        "variants": count,
        "batch": BATCH,
        "rounds_per_second": {name: round(1 / value, 1) for name, value in timed.items()},
        "times_plain": {name: round(timed["plain"] / value, 2) for name, value in timed.items()},
    }


def run(clock: str = "perf_counter", repeats: int = 7, seconds: float = 0.5) -> dict[str, object]:
    """Time all comparisons."""
    torch.manual_seed(0)
    results = [measure(network, clock, repeats, seconds) for network in COMPARISONS]
    return {"threads": torch.get_num_threads(), "clock": clock, "results": results}


if __name__ == "__main__":
    command(run, __doc__)
