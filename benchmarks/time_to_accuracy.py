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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

import ffexplore as ff
from benchmarks.baselines import Joined

DATASETS = ("digits", "mnist-5k", "mnist")
ONE_LAYER = {"layers": (256,), "batch_size": 256, "learning_rate": 4e-3}
MOVED = {"shift": 1, "inference_shift": 1}  # a class is read from nine copies of a picture
DIGITS = {  # no input of theirs is blank, so that the label is appended
    "layers": (256, 256),
    "label_encoding": "appended(strength=3)",
    "negatives": "hard_label",
    "learning_rate": 2e-3,
    "batch_size": 64,
}


@dataclass(frozen=True)
class Run:
    """What to train, and for how long."""

    preset: str
    dataset: str
    seconds: float
    changes: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 3

    def settings(self, seed: int = 0) -> ff.Settings:
        """What is trained."""
        return ff.Settings.preset(self.preset, dataset=self.dataset, seed=seed, device="cpu", **self.changes)


# What is changed of a preset was chosen on validation data, for the time that there is.
RUNS = (
    Run("classroom", "mnist-5k", 10),
    Run("fast", "digits", 2, DIGITS, seeds=10),
    Run("fast", "mnist-5k", 3, {**ONE_LAYER, **MOVED}, seeds=10),
    Run("fast", "mnist", 2, ONE_LAYER),
    Run("fast", "mnist", 4, {**ONE_LAYER, **MOVED, "batch_size": 192}),
    Run("fast", "mnist", 10, {**ONE_LAYER, **MOVED, "batch_size": 192}),
)


def ours(run: Run, seed: int) -> float:
    """Test accuracy of a preset."""
    trainer = ff.Trainer(run.settings(seed))
    return trainer.fit(seconds=run.seconds, progress=False).evaluate().accuracy


def baseline(run: Run, seed: int) -> float:
    """Test accuracy of the joined baseline with the same layers and batch size: logistic, uniform wrong labels."""
    torch.manual_seed(seed)
    settings = run.settings()
    data = ff.load(run.dataset)
    images, labels, test, truth = (
        torch.tensor(array) for array in (data.train.x, data.train.y, data.test.x, data.test.y)
    )
    images, test = (each.flatten(1).float() / 255 for each in (images, test))
    if settings.label_encoding.name == "appended":  # the baseline writes over its first inputs
        images, test = (torch.nn.functional.pad(each, (data.classes, 0)) for each in (images, test))
    model = Joined([images.shape[1], *settings.layers], "logistic")
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
    parser.add_argument("--datasets", nargs="+", default=DATASETS)
    given = parser.parse_args()
    print(json.dumps(measure(given.datasets), indent=1))


def measure(datasets: Sequence[str] = DATASETS) -> dict[str, object]:
    """Accuracies of every run on the named datasets."""
    results = []
    for run in RUNS:
        if run.dataset not in datasets:
            continue
        entry: dict[str, object] = {
            "preset": run.preset,
            "changes": dict(run.changes),
            "dataset": run.dataset,
            "seconds": run.seconds,
        }
        try:
            ff.load(run.dataset)
        except ff.DatasetError as error:
            results.append({**entry, "left out": str(error)})
            continue
        turns = [(ours(run, seed), baseline(run, seed)) for seed in range(run.seeds)]
        for name, accuracies in zip(("ours", "joined"), zip(*turns, strict=True), strict=True):
            entry[name] = {
                "median": statistics.median(accuracies),
                "mean": statistics.fmean(accuracies),
                "all": [round(value, 4) for value in accuracies],
            }
        results.append(entry)
    return {"threads": torch.get_num_threads(), "results": results}


if __name__ == "__main__":
    main()
