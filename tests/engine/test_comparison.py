"""Forward-Forward and backpropagation side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.engine.footprint import footprint_of_step
from ffexplore.errors import SettingsError
from tests.engine.sets import pictures


def digits(**changes: Any) -> ff.Settings:
    """A quick classifier of digits."""
    chosen: dict[str, Any] = {
        "dataset": "digits", "label_encoding": "appended", "layers": (48, 48), "objective": "swish_symba",
        "batch_size": 64, "readout_rate": 0.0,
    }  # fmt: skip
    return ff.Settings(**(chosen | changes))


def test_both_sides_are_those_of_training_alone() -> None:
    found = ff.compare_with_backprop(digits(), steps=40, points=4, backprop={"learning_rate": 5e-3}, progress=False)
    twin = found.backprop
    assert twin is not None
    assert found.forward_forward.steps == twin.steps == (0, 10, 20, 30, 40)
    alone = ff.BackpropTwin(digits(learning_rate=5e-3)).fit(steps=40, progress=False)
    assert twin.accuracy[-1] == pytest.approx(alone.accuracy("validation"))
    assert twin.test_accuracy == pytest.approx(alone.evaluate().accuracy)
    trainer = ff.Trainer(digits()).fit(steps=40, progress=False)
    assert found.forward_forward.test_accuracy == pytest.approx(trainer.evaluate().accuracy)
    assert found.forward_forward.accuracy[-1] > 0.5 > found.forward_forward.accuracy[0]
    for side in (found.forward_forward, twin):
        assert list(side.seconds) == sorted(side.seconds)
        assert side.steps_per_second == 40 / side.seconds[-1]
    json.dumps(found.to_dict())
    text = str(found)
    assert text.startswith("digits, 64-48-48, batch 64, float32, 1 thread\n")
    assert f"{100 * twin.test_accuracy:.2f} %" in text


def test_epochs_are_as_many_batches_as_they_take() -> None:
    found = ff.compare_with_backprop(digits(batch_size=500), epochs=2, points=2, progress=False)
    assert found.forward_forward.epochs[-1] == pytest.approx(2.0)
    with pytest.raises(SettingsError, match="exactly one of"):
        ff.compare_with_backprop(digits(), progress=False)
    with pytest.raises(SettingsError, match="points is 0"):
        ff.compare_with_backprop(digits(), steps=3, points=0, progress=False)


def test_where_backpropagation_cannot_the_other_is_shown_alone(register: Callable[..., Any]) -> None:
    def backward(delta: Tensor, h: Tensor) -> Tensor:
        return delta

    register(
        ff.activations, "two_steps", lambda z: (z > 0).float() + (z > 1).float(), backward=backward, summary="steps"
    )
    found = ff.compare_with_backprop(digits(activation="two_steps"), steps=4, points=2, progress=False)
    assert found.backprop is None
    assert "the activation 'two_steps' stands in the way" in found.refusal
    assert found.refusal in str(found)
    assert found.forward_forward.steps[-1] == 4


PICTURES = pictures(count=400)


def held(depth: int, kind: Callable[[ff.Settings], Any], **changes: Any) -> int:
    """Bytes between a forward pass and its gradient, for a network of some layers of 32 units."""
    chosen: dict[str, Any] = {
        "dataset": PICTURES,
        "layers": (32,) * depth,
        "batch_size": "full",
        "readout_rate": 0.0,
    } | changes
    trained = kind(ff.Settings(**chosen))
    trained.step()
    before = torch.get_rng_state()
    found = footprint_of_step(trained)
    assert trained.steps == 2
    assert torch.equal(before, torch.get_rng_state())
    return found.held


@pytest.mark.parametrize("changes", [{}, {"dropout": 0.2}, {"negatives": "hybrid_images"}, {"precision": "bfloat16"}])
def test_forward_forward_holds_no_more_with_depth_and_backpropagation_does(changes: dict[str, Any]) -> None:
    activity = len(PICTURES.train) * 32 * 4
    assert held(12, ff.Trainer, **changes) == held(4, ff.Trainer, **changes)
    grown = held(12, ff.BackpropTwin, **changes) - held(4, ff.BackpropTwin, **changes)
    assert grown >= 8 * activity


def test_the_last_layer_has_no_buffer_for_what_it_passes_on():
    def buffers(layers):
        network = ff.Trainer(ff.Settings(dataset="digits", label_encoding="appended", layers=layers)).network
        scratch = network.new_scratch()
        return [space.below is not None for space in scratch.of(2, 8)], len(scratch._buffers)

    assert buffers((16,)) == ([False], 2)
    assert buffers((16, 8)) == ([True, False], 3)
    assert buffers((16, 8, 8, 8)) == ([True, True, True, False], 4)  # two serve any depth
