"""Test accuracy after some seconds of training, beside that of the algorithm as public codes write it.

Run as ``python -m benchmarks.time_to_accuracy``; prints JSON. Full MNIST is read from ``FFEXPLORE_DATA`` and left
out, with a word, where it is not at hand.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

import ffexplore as ff
from benchmarks.baselines import Joined


@dataclass(frozen=True)
class Run:
    """What to train, and for how long."""

    preset: str
    dataset: str
    seconds: float


RUNS = (
    Run("classroom", "mnist-5k", 10),
    Run("fast", "mnist-5k", 3),
    Run("fast", "mnist", 2),
    Run("fast", "mnist", 4),
    Run("fast", "mnist", 10),
)


def ours(run: Run, seed: int) -> float:
    """Test accuracy of a preset."""
    trainer = ff.Trainer(ff.Settings.preset(run.preset, dataset=run.dataset, seed=seed))
    return trainer.fit(seconds=run.seconds, progress=False).evaluate().accuracy


def baseline(run: Run, seed: int) -> float:
    """Test accuracy of the joined baseline with the same layers and batch size: logistic, uniform wrong labels."""
    torch.manual_seed(seed)
    settings = ff.Settings.preset(run.preset)
    data = ff.load(run.dataset)
    images, labels, test, truth = (
        torch.tensor(array) for array in (data.train.x, data.train.y, data.test.x, data.test.y)
    )
    images, test = images.flatten(1).float() / 255, test.flatten(1).float() / 255
    model = Joined([784, *settings.layers], "logistic")
    began = time.perf_counter()
    for _ in itertools.count():
        for rows in torch.randperm(len(labels)).split(int(settings.batch_size)):
            model.step(images[rows], labels[rows])
            if time.perf_counter() - began > run.seconds:
                return model.accuracy(test, truth)
    raise AssertionError("unreachable")


def main() -> None:
    """Measure all runs and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--datasets", nargs="+", default=["mnist-5k", "mnist"])
    given = parser.parse_args()
    print(json.dumps(measure(given.seeds, given.datasets), indent=1))


def measure(seeds: int = 3, datasets: Sequence[str] = ("mnist-5k", "mnist")) -> dict[str, object]:
    """Accuracies of every run on the named datasets."""
    results = []
    for run in RUNS:
        if run.dataset not in datasets:
            continue
        entry: dict[str, object] = {"preset": run.preset, "dataset": run.dataset, "seconds": run.seconds}
        try:
            ff.load(run.dataset)
        except ff.DatasetError as error:
            results.append({**entry, "left out": str(error)})
            continue
        for name, train in (("ours", ours), ("joined", baseline)):
            accuracies = [train(run, seed) for seed in range(seeds)]
            entry[name] = {"median": statistics.median(accuracies), "all": [round(value, 4) for value in accuracies]}
        results.append(entry)
    return {"threads": torch.get_num_threads(), "results": results}


if __name__ == "__main__":
    main()
