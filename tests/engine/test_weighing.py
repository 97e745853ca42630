"""A class that is read from moved copies: by padding in NumPy, wherever a class is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from ffexplore import BackpropTwin, Settings, Trainer
from ffexplore.engine.verdict import judge
from ffexplore.errors import SettingsError
from tests.engine.sets import pictures, table

REACH = 2


def trainer_of(**changes: Any) -> Trainer:
    given = {"dataset": pictures(shape=(6, 5, 3)), "layers": (9, 8), "batch_size": 10, "device": "cpu", "seed": 3}
    trainer = Trainer(Settings(**{**given, "readout_interval": 1, "inference_shift": REACH, **changes}))
    return trainer.fit(steps=12, progress=False)


def copies(images: np.ndarray) -> list[np.ndarray]:
    """The pictures (N, height, width, channels) in all places, cut from padded ones."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (REACH, REACH), (REACH, REACH), (0, 0)))
    places = range(2 * REACH + 1)
    return [padded[:, down : down + height, right : right + width] for down in places for right in places]


def mean_scores(trainer: Trainer, images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Goodness (L, K, B, C) and logits (K, B, C) of the network, the mean over the copies."""
    found = [trainer.network.score(trainer.network.inputs.given(copy)) for copy in copies(images)]
    logits = [each for _, each in found if each is not None]
    assert len(logits) == len(found) == 25
    return torch.stack([goodness for goodness, _ in found]).mean(0), torch.stack(logits).mean(0)


def test_every_class_is_read_from_the_mean_over_the_copies() -> None:
    trainer = trainer_of()
    test = trainer.plan.dataset.test
    goodness, logits = mean_scores(trainer, test.x)
    verdict = judge(trainer, trainer.network.inputs.given(test.x))
    np.testing.assert_allclose(verdict.goodness, goodness[:, 0].numpy(), rtol=1e-5)
    expected = goodness.sum(0)[0].argmax(-1).numpy()
    assert np.array_equal(verdict.chosen, expected)
    assert np.array_equal(trainer.predict(test.x), expected)
    assert verdict.basis.endswith("the mean over copies moved by up to 2 pixels")
    report = trainer.evaluate()
    assert report.accuracy == pytest.approx(np.mean(expected == test.y))
    assert report.readout_accuracy == pytest.approx(np.mean(logits[0].argmax(-1).numpy() == test.y))
    for layer, share in enumerate(report.layer_accuracy):
        assert share == pytest.approx(np.mean(goodness[layer, 0].argmax(-1).numpy() == test.y))


def test_the_readout_and_prototypes_look_at_the_copies_too() -> None:
    trainer = trainer_of(inference="readout")
    x = trainer.plan.dataset.test.x
    verdict = judge(trainer, trainer.network.inputs.given(x))
    np.testing.assert_allclose(verdict.scores, mean_scores(trainer, x)[1][0].softmax(-1).numpy(), rtol=1e-5)

    trainer = trainer_of(inference="prototypes")
    inputs, prototypes = trainer.network.inputs, trainer.network.prototypes
    near = [prototypes.nearness(trainer.network, inputs.given(copy)) for copy in copies(x)]
    verdict = judge(trainer, inputs.given(x))
    np.testing.assert_allclose(verdict.scores, torch.stack(near).mean(0).sum(0)[0].numpy(), rtol=1e-5)


def test_it_changes_nothing_but_how_a_class_is_read() -> None:
    plain, moved = trainer_of(inference_shift=0), trainer_of()
    for number in range(2):
        assert torch.equal(plain.weights(number)[0], moved.weights(number)[0])
    one, other = plain.evaluate(), moved.evaluate()
    assert one.auc == other.auc
    x = plain.plan.dataset.test.x

    def said(trainer: Trainer) -> np.ndarray:
        return judge(trainer, trainer.network.inputs.given(x)).goodness

    assert not np.allclose(said(plain), said(moved))
    moved.apply(moved.settings.replace(inference_shift=0))
    assert np.array_equal(said(plain), said(moved))


def test_the_twin_reads_a_class_from_the_same_copies() -> None:
    twin = BackpropTwin(trainer_of().settings).fit(steps=5, progress=False)
    x = twin.inputs.dataset.test.x
    alone = BackpropTwin(twin.settings.replace(inference_shift=0)).fit(steps=5, progress=False)
    expected = torch.stack([alone.score(alone.inputs.given(copy)) for copy in copies(x)]).mean(0)
    torch.testing.assert_close(twin.score(twin.inputs.given(x)), expected, rtol=1e-5, atol=1e-6)
    assert not math.isclose(float(expected[0, 0]), float(alone.score(alone.inputs.given(x))[0, 0]), rel_tol=1e-3)


def test_a_table_cannot_be_moved() -> None:
    with pytest.raises(SettingsError, match="inference_shift is 1, but 'clouds' is a table"):
        Trainer(Settings(dataset=table(), label_encoding="appended", inference_shift=1))
