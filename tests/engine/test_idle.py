"""Settings that have no effect beside the others: what is said to have none changes nothing that is learned."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import ffexplore as ff
from ffexplore.engine.idle import idle_fields
from tests.engine.sets import pictures

CLASSES = {"objective": "class_cross_entropy", "goodness": "projection", "label_encoding": "none"}
IDLE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"black_box_after": 2, "horizon": 3.0}),
    ({"objective": "symba"}, {"threshold": 5.0, "threshold_rate": 0.5}),
    (CLASSES, {"threshold": 5.0, "threshold_rate": 0.5, "negatives_refresh": "epoch"}),
    ({"readout_rate": 0}, {"readout_decay": 0.01, "readout_interval": 4, "readout_layers": "1"}),
]


def learned(settings: ff.Settings) -> tuple[list[torch.Tensor], float]:
    """The weights after a few steps, and the validation accuracy."""
    trainer = ff.Trainer(settings)
    for _ in range(5):
        trainer.step()
    return [layer.parameters.flat for layer in trainer.network.layers], trainer.evaluate("validation").accuracy


@pytest.mark.parametrize(("fields", "others"), IDLE)
def test_what_is_idle_changes_nothing(fields: dict[str, Any], others: dict[str, Any]) -> None:
    settings = ff.Settings(dataset=pictures(), layers=(16, 12), batch_size=16, **fields)
    assert set(others) <= set(idle_fields(settings))
    weights, accuracy = learned(settings)
    for name, value in others.items():
        found, shown = learned(settings.replace(**{name: value}))
        torch.testing.assert_close(found, weights)
        assert shown == accuracy
