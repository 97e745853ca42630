"""Rows trained per second on a GPU: our step captured, the same call by call, and as public codes write it.

Run as ``python -m benchmarks.gpu``; prints JSON. Rows count positive and negative inputs.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

import ffexplore as ff
from benchmarks.baselines import Joined, Plain
from benchmarks.timing import alternate, command
from ffexplore.engine import repeats as engine_repeats

COMBINATIONS = (((500, 500), 100), ((500, 500), 512), ((2000, 2000, 2000, 2000), 100))
PRECISIONS = ("float32", "bfloat16")
STEPS = 20  # that are timed at once: a GPU may be at one while the next is begun


def measure(widths: tuple[int, ...], batch: int, repeats: int, seconds: float) -> dict[str, object]:
    """Time one combination."""
    data = ff.load("mnist-5k")
    images = torch.from_numpy(data.train.x.copy()).flatten(1).float().div(255).cuda()
    labels = torch.from_numpy(data.train.y.copy()).cuda()
    batches = itertools.cycle(torch.arange(len(labels), device="cuda").split(batch)[: len(labels) // batch])
    plain, joined = (kind([images.shape[1], *widths], "logistic", device="cuda") for kind in (Plain, Joined))

    def baseline(model: Plain) -> None:
        for rows in itertools.islice(batches, STEPS):
            model.step(images[rows], labels[rows])

    def ours(trainer: ff.Trainer) -> None:
        trainer.fit(steps=STEPS, progress=False)

    workloads: dict[str, Callable[[], object]] = {
        "plain": lambda: baseline(plain),
        "joined": lambda: baseline(joined),
    }
    trainers: dict[str, ff.Trainer] = {}
    for precision in PRECISIONS:
        for manner in ("captured", "call by call"):
            name = f"ours {precision}, {manner}"
            trainers[name] = ff.Trainer(
                ff.Settings(
                    dataset=data, layers=widths, batch_size=batch, precision=precision, readout_rate=0.0, device="cuda"
                )
            )
            workloads[name] = partial(ours, trainers[name])
    patience = engine_repeats.PATIENCE_ON_GPU
    for name, trainer in trainers.items():
        engine_repeats.PATIENCE_ON_GPU = patience if name.endswith("captured") else 1 << 62
        trainer.fit(steps=2 * patience, progress=False)  # both kinds of a step were met
    timed = alternate(workloads, repeats, seconds, _clock)
    engine_repeats.PATIENCE_ON_GPU = patience
    return {
        "network": "-".join(map(str, (images.shape[1], *widths))),
        "batch": batch,
        "manners": {name: trainer.manifest()["step"] for name, trainer in trainers.items()},
        "rows_per_second": {name: round(2 * batch * STEPS / value) for name, value in timed.items()},
        "times_plain": {name: round(timed["plain"] / value, 2) for name, value in timed.items()},
    }


def _clock() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def run(clock: str = "perf_counter", repeats: int = 7, seconds: float = 0.5) -> dict[str, Any]:
    """Time all combinations; says so where there is no CUDA device. The clock is that of the wall."""
    if not torch.cuda.is_available():
        return {"left out": "there is no CUDA device"}
    results = [measure(widths, batch, repeats, seconds) for widths, batch in COMBINATIONS]
    return {"device": torch.cuda.get_device_name(), "results": results}


if __name__ == "__main__":
    command(run, __doc__)
