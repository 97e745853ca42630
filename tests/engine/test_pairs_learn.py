"""Every objective goes with every goodness it can look at: ten steps on real digits stay finite and part the sides."""

from __future__ import annotations

import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.measures import auc
from ffexplore.engine.negatives import other_label
from ffexplore.engine.rng import stream

ROWS = 600


def separation(trainer: Trainer) -> float:
    """AUC of right against wrong labels in the first layer, on training data."""
    inputs = trainer.network.inputs
    index = torch.arange(ROWS)
    labels = inputs.y["train"][index]
    both = torch.stack([labels, other_label(labels, inputs.classes, stream(0, "separation"))])
    g = trainer.network.goodness(inputs.prepare(inputs.rows(index)[None, None]), both[None])[0, 0]
    assert bool(torch.isfinite(g).all())
    return float(auc(g[0], g[1]))


COMPATIBLE = [
    (measure.name, aim.name)
    for measure in ff.goodness
    for aim in ff.objectives
    if measure.per_class or "classes" not in aim.needs
]


def settings_of(goodness: str, objective: str) -> Settings:
    return Settings(
        dataset="digits",
        label_encoding="none" if ff.goodness[goodness].per_class else "appended",
        layers=(64, 48),  # two, so that layers have others to collaborate with
        goodness=goodness,
        objective=objective,
        batch_size=256,
        learning_rate=0.01,
        readout_rate=0,
        device="cpu",
    )


@pytest.mark.parametrize(("goodness", "objective"), COMPATIBLE)
def test_ten_steps_part_the_sides(goodness: str, objective: str) -> None:
    trainer = Trainer(settings_of(goodness, objective))
    before = separation(trainer)
    trainer.fit(steps=10, progress=False)
    assert all(bool(torch.isfinite(value).all()) for value in trainer.state().values() if value.is_floating_point())
    assert separation(trainer) > before + 0.03


def test_all_others_are_refused() -> None:
    for measure in ff.goodness.names():
        for aim in ff.objectives.names():
            if (measure, aim) not in COMPATIBLE:
                with pytest.raises(ff.SettingsError, match=f"objective is '{aim}', which compares the scores"):
                    settings_of(measure, aim)
