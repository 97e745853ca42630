"""Thresholds that learn: along the gradient of the objective, in natural units, and begun anew when they are set."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.probe import Probe
from ffexplore.engine.rules import Activity
from tests.engine.plain_scores import PlainScores, follow, settings_of
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures


@pytest.mark.parametrize("scale", [1.0, 4.0])
@pytest.mark.parametrize(
    "objective", ["logistic", "two_thresholds", "threshold_hinge(margin=0.7)", "class_cross_entropy"]
)
def test_a_learning_threshold_follows_the_same_gradient(objective: str, scale: float, next_label: str) -> None:
    """The natural threshold of class groups is 1, so that a step in its units is a step of the optimizer."""
    trainer = Trainer(
        settings_of(
            goodness="class_groups", objective=objective, threshold_rate=1.0, negatives=next_label, logit_scale=scale
        )
    )
    follow(trainer, PlainScores(trainer), 5)
    has_moved = [float(layer.theta) != 1.0 for layer in trainer.network.layers]
    assert has_moved == [objective != "class_cross_entropy"] * 2


def test_a_learning_threshold_of_one_number_a_sample() -> None:
    """Layer 1 of a plain network: θ moves by its rate in natural units, down the gradient of the logistic objective."""
    settings = Settings(
        dataset=pictures(), layers=(16,), goodness="sum_of_squares", threshold=30.0, threshold_rate=0.5,
        batch_size=10, learning_rate=0.01, device="cpu", optimizer="sgd", momentum=0.0,
    )  # fmt: skip
    trainer = Trainer(settings)
    given = Trainer(settings.replace(threshold_rate=0.0))
    layer = trainer.network.layers[0]
    seen: list[Tensor] = []
    delta = layer.delta

    def look(activity: Activity) -> Tensor:
        seen.append((activity.h.double() ** 2).sum(-1))
        return delta(activity)

    layer.delta = look  # type: ignore[method-assign]
    trainer.step()
    given.step()
    positive, negative = seen[0][0]
    slope = (torch.sigmoid(30 - positive) - torch.sigmoid(negative - 30)).mean()
    assert float(layer.theta) == pytest.approx(30 - 0.01 * 0.5 * 16**2 * float(slope), rel=1e-5)
    assert torch.equal(flat_weights(trainer)[0], flat_weights(given)[0])  # the weights see the θ of before
    assert trainer.settings.threshold == 30.0
    trainer.fit(steps=5, progress=False)
    probe = Probe(trainer)
    before = float(probe.measure().threshold[0, 0])
    trainer.fit(steps=5, progress=False)
    assert float(probe.measure().threshold[0, 0]) == pytest.approx(float(layer.theta))
    assert float(layer.theta) != before


def test_a_threshold_that_is_set_begins_anew_and_else_goes_on() -> None:
    settings = Settings(dataset=pictures(), layers=(8, 6), threshold_rate=1.0, batch_size=10, device="cpu")
    trainer = Trainer(settings).fit(steps=20, progress=False)
    learned = [float(layer.theta) for layer in trainer.network.layers]
    assert all(abs(theta - 1.0) > 1e-3 for theta in learned)
    trainer.apply(settings.replace(learning_rate=0.001))
    assert [float(layer.theta) for layer in trainer.network.layers] == learned
    trainer.apply(settings.replace(threshold=(1.5, 2.5)))
    assert [float(layer.theta) for layer in trainer.network.layers] == [1.5, 2.5]
    trainer.apply(settings.replace(threshold_rate=0))
    assert [float(layer.theta) for layer in trainer.network.layers] == [1.0, 1.0]
    trainer.fit(steps=3, progress=False)
    assert [float(layer.theta) for layer in trainer.network.layers] == [1.0, 1.0]


def test_a_threshold_equal_to_the_width() -> None:
    settings = Settings(dataset=pictures(), layers=(8, 6), goodness="mean_square", threshold="width")
    assert settings.thresholds() == (8.0, 6.0)
    assert Settings.from_share(settings.share()) == settings
    assert settings.replace(threshold=("width", 2.0)).thresholds() == (8.0, 2.0)
    with pytest.raises(ff.SettingsError, match="threshold is 'widht'; it must be width or a number"):
        settings.replace(threshold="widht")
