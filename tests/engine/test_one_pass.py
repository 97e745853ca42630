"""Layers that score classes walk one side: no negatives are drawn that nobody looks at, and rows count once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.probe import Probe
from tests.engine.plain_scores import settings_of
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures


@pytest.mark.parametrize("changes", [{}, {"shift": 1}, {"negatives_refresh": "epoch"}], ids=["", "shifted", "lasting"])
def test_objectives_of_classes_alone_draw_no_negatives(changes: dict[str, Any], register: Callable[..., Any]) -> None:
    drawn: list[int] = []

    def watched(batch: Any, rng: torch.Generator) -> Tensor:
        drawn.append(len(batch.index))
        return batch.images * 0

    register(ff.negatives, "watched", watched, changes="image", make=lambda batch, draw: draw["images"])
    drawn.clear()  # of the trial at registration
    trainer = Trainer(settings_of(negatives="watched", **changes)).fit(steps=3, progress=False)
    assert drawn == []
    assert trainer.rows_per_step == 10
    Probe(trainer).measure()
    assert drawn != []  # what is shown compares with them all the same
    plain = Trainer(settings_of(**changes)).fit(steps=3, progress=False)
    assert all(torch.equal(one, other) for one, other in zip(flat_weights(trainer), flat_weights(plain), strict=True))
    drawn.clear()
    trainer.apply(trainer.settings.replace(objective=("class_cross_entropy", "logistic")))
    trainer.step()
    assert drawn != []
    assert trainer.rows_per_step == 20


def test_a_pass_that_serves_both_sides_counts_once() -> None:
    assert Trainer(settings_of(objective="logistic")).rows_per_step == 10
    assert Trainer(settings_of(objective="logistic", negatives="hybrid_images")).rows_per_step == 20
    assert Trainer(Settings(dataset=pictures(), layers=(5,), batch_size=10)).rows_per_step == 20
    one = settings_of()
    assert Trainer.variants([one, one.replace(objective="logistic"), one.replace(seed=1)]).rows_per_step == 30
