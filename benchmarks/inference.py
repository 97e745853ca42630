"""Scoring the candidate labels with what they share computed once, against ten whole forward passes.

Run as ``python -m benchmarks.inference``; prints JSON. The baseline writes each label into all images and walks the
network in float32, as public codes do (``Plain.accuracy``).
"""

from __future__ import annotations

import time

import torch

import ffexplore as ff
from benchmarks.baselines import Plain
from benchmarks.timing import alternate, command, precisions

IMAGES = 10_000
NETWORKS = {"784-500-500": (500, 500), "784-128-128": (128, 128)}


def measure(network: str, clock: str, repeats: int, seconds: float) -> dict[str, object]:
    """Time one network on random images."""
    layers = NETWORKS[network]
    images, labels = torch.rand(IMAGES, 784), torch.randint(10, (IMAGES,))
    plain = Plain([784, *layers], "logistic")
    workloads = {"ten passes": lambda: plain.accuracy(images, labels)}
    for precision in precisions():
        settings = ff.Settings(dataset="mnist-5k", layers=layers, precision=precision, readout_rate=0.0, device="cpu")
        score = ff.Trainer(settings).network.score
        workloads[f"ours {precision}"] = lambda score=score: score(images)  # type: ignore[misc]
    timed = alternate(workloads, repeats, seconds, getattr(time, clock))
    return {
        "network": network,
        "images": IMAGES,
        "seconds": {name: round(value, 3) for name, value in timed.items()},
        "times_plain": {name: round(timed["ten passes"] / value, 2) for name, value in timed.items()},
    }


def run(clock: str = "perf_counter", repeats: int = 7, seconds: float = 0.5) -> dict[str, object]:
    """Time all networks."""
    torch.manual_seed(0)
    results = [measure(network, clock, repeats, seconds) for network in NETWORKS]
    return {"threads": torch.get_num_threads(), "clock": clock, "results": results}


if __name__ == "__main__":
    command(run, __doc__)
