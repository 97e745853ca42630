"""Inference by class prototypes: by loops, from training data alone, wherever a class is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from ffexplore import Settings, Trainer
from ffexplore.engine import prototypes
from ffexplore.engine.probe import Probe
from tests.engine.sets import pictures, table


def settings_of(**changes: Any) -> Settings:
    given = {
        "dataset": pictures(), "layers": (9, 8), "batch_size": 10, "device": "cpu", "inference": "prototypes",
        "learning_rate": 0.01,
    }  # fmt: skip
    return Settings(**{**given, **changes})


def by_loops(trainer: Trainer, x: np.ndarray) -> list[list[float]]:
    """Summed cosine to each class mean of unit activities, row by row in Python."""
    network, data = trainer.network, trainer.plan.dataset

    def activities(images: np.ndarray) -> list[list[list[float]]]:
        raw = network.inputs.given(images)
        rows: list[list[list[float]]] = []
        for row in range(len(raw)):
            parts = network.unlabelled(network.inputs.prepare(raw[None, None, row : row + 1].clone()))
            rows.append([unit(stage.h.flatten().tolist()) for stage in network.walk(parts)])
        return rows

    def unit(h: list[float]) -> list[float]:
        length = math.sqrt(sum(value * value for value in h))
        return [value / length for value in h] if length else h

    train = activities(data.train.x)
    scores = []
    for row in activities(x):
        found = []
        for c in range(data.classes):
            total = 0.0
            for layer, h in enumerate(row):
                own = [each[layer] for each, label in zip(train, data.train.y.tolist(), strict=True) if label == c]
                middle = unit([sum(column) / len(own) for column in zip(*own, strict=True)])
                total += sum(a * b for a, b in zip(h, middle, strict=True))
            found.append(total)
        scores.append(found)
    return scores


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"label_encoding": "none", "negatives": "hybrid_images", "readout_rate": 0}, {"dataset": table(),
         "label_encoding": "appended"}, {"label_encoding": "none", "goodness": "cosine", "objective": "n_pair"},
    ],
    ids=["overlay", "unlabelled", "table", "scores"],
)  # fmt: skip
def test_the_nearest_prototype_by_loops(changes: dict[str, Any]) -> None:
    trainer = Trainer(settings_of(**changes)).fit(steps=30, progress=False)
    test = trainer.plan.dataset.test
    expected = np.array(by_loops(trainer, test.x))
    network = trainer.network
    found = network.prototypes.nearness(network, network.inputs.given(test.x))
    assert found.shape == (2, 1, len(test), trainer.plan.dataset.classes)
    np.testing.assert_allclose(found[:, 0].sum(0).numpy(), expected, rtol=1e-4, atol=1e-5)
    predicted = trainer.predict(test.x)
    assert predicted.tolist() == expected.argmax(1).tolist()
    report = trainer.evaluate()
    assert report.accuracy == pytest.approx(float((predicted == test.y).mean()))
    assert report.accuracy == report.cumulative_accuracy[-1]
    by_probe, _ = Probe(trainer).accuracy()
    validation = trainer.plan.dataset.validation
    assert float(by_probe[0]) == pytest.approx(float((trainer.predict(validation.x) == validation.y).mean()))


def test_held_out_labels_are_not_looked_at() -> None:
    trainer = Trainer(settings_of()).fit(steps=20, progress=False)
    network, data = trainer.network, trainer.plan.dataset
    before = [each.clone() for each in network.prototypes.of(network)]
    for split in ("validation", "test"):
        network.inputs.y[split] = network.inputs.y[split].roll(1)
    network.prototypes = prototypes.Prototypes()
    for one, other in zip(before, network.prototypes.of(network), strict=True):
        assert torch.equal(one, other)
        torch.testing.assert_close(one.norm(dim=-1), torch.ones(1, data.classes))


def test_they_follow_the_weights_and_are_taken_once_for_each() -> None:
    trainer = Trainer(settings_of()).fit(steps=5, progress=False)
    network = trainer.network
    first = network.prototypes.of(network)
    assert network.prototypes.of(network) is first
    trainer.fit(steps=1, progress=False)
    assert not torch.equal(network.prototypes.of(network)[0], first[0])


def test_fewer_rows_for_a_network_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = Trainer(settings_of()).network.inputs
    count = len(inputs.y["train"])
    monkeypatch.setattr(prototypes, "ROWS", (5, 20))
    assert len(prototypes._sample(inputs, 1)) == 20
    assert len(prototypes._sample(inputs, int(1e15))) == 5
    assert len(set(prototypes._sample(inputs, 1).tolist())) == 20
    monkeypatch.setattr(prototypes, "ROWS", (5, 10_000))
    assert sorted(prototypes._sample(inputs, 1).tolist()) == list(range(count))


@pytest.mark.parametrize("layers", ["last", "1"])
def test_layers_are_chosen_as_elsewhere(layers: str) -> None:
    trainer = Trainer(settings_of(inference=f"prototypes(layers={layers})")).fit(steps=20, progress=False)
    report = trainer.evaluate()
    assert report.accuracy == report.layer_accuracy[-1 if layers == "last" else 0]
    with pytest.raises(ValueError, match="layers of the inference is '3'"):
        settings_of(inference="prototypes(layers=3)")
