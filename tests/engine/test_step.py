"""The step against the textbook: float64, autograd, one layer at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from tests.engine.reference import Plain, flat_weights
from tests.engine.sets import pictures, table

# Adam's ε is raised: where a gradient is nearly zero, m/√v turns the last bit of a float32 into a whole step.
ADAM = "adam(epsilon=0.001)"
BASE: dict[str, Any] = {
    "layers": (7, 6, 5),
    "batch_size": 8,
    "optimizer": ADAM,
    "learning_rate": 0.02,
    "readout_rate": 0.0,
    "device": "cpu",
}

CASES: dict[str, dict[str, Any]] = {
    "overlay": {},
    "appended": {"label_encoding": "appended(strength=2)"},
    "per image": {"label_encoding": "overlay(per_image=True)"},
    "standardized": {"input_scaling": "standardize", "label_encoding": "overlay(strength=1.5)"},
    "standardized, not normalized": {"input_scaling": "standardize", "normalization": "none"},
    "unit length": {"normalization": "unit(epsilon=0.0001)"},
    "layer norm": {"normalization": "layer_norm"},
    "layer norm, appended": {"normalization": "layer_norm", "label_encoding": "appended"},
    "no normalization": {"normalization": "none"},
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.8},
    "smoothed": {"optimizer": "smoothed", "learning_rate": 0.05, "weight_decay": 0.3},
    "weight decay": {"weight_decay": 0.5},
    "peer normalization": {"peer_normalization": 0.3, "optimizer": "smoothed", "learning_rate": 0.05},
    "peer normalization, image shared with adam": {"peer_normalization": 0.3},
    "symba": {"objective": "symba(alpha=3)"},
    "swish": {"objective": "swish_symba"},
    "hinge": {"objective": "hinge(margin=0.5)"},
    "threshold and scale": {"threshold": 0.7, "logit_scale": 4.0},
    "sum of squares": {"goodness": "sum_of_squares"},
    "minus": {"goodness": "minus_sum_of_squares", "threshold": (-3.0, -2.0, -1.0)},
    "norm": {"goodness": "l2_norm"},
    "mean": {"goodness": "mean"},
    "mean, tanh": {"goodness": "mean", "activation": "tanh"},
    "log": {"goodness": "log_energy"},
    "leaky": {"activation": "leaky_relu"},
    "tanh": {"activation": "tanh"},
    "softplus": {"activation": "softplus"},
    "triangle": {"activation": "triangle"},
    "triangle, l2": {"activation": "triangle", "goodness": "l2_norm", "normalization": "layer_norm"},
    "per layer": {
        "goodness": ("mean_square", "mean", "sum_of_squares"),
        "objective": ("logistic", "symba", "hinge"),
        "learning_rate": (0.02, 0.01, 0.005),
        "threshold": (1.0, 0.4, 6.0),
    },
    "collaboration": {"objective": "collaboration"},
    "collaboration on a logit scale": {
        "objective": "collaboration",
        "logit_scale": 3.0,
        "threshold": (0.5, 1.0, 2.0),
        "optimizer": "smoothed",
    },
    "collaboration with those below": {"objective": "collaboration_earlier", "normalization": "unit"},
    "collaboration of some": {
        "objective": ("collaboration", "symba", "collaboration_earlier"),
        "goodness": ("mean", "mean_square", "l2_norm"),
    },
    "collaboration, greedy": {"objective": "collaboration", "schedule": "greedy(steps=2)"},
    "collaboration below, rotation": {"objective": "collaboration_earlier", "schedule": "rotation(turn=1)"},
    "collaboration, dropout, peer": {"objective": "collaboration", "dropout": 0.3, "peer_normalization": 0.2},
    "full batch": {"batch_size": "full"},
    "batch of one": {"batch_size": 1},
    "xavier": {"initialization": "torch_linear"},
    "dropout": {"dropout": 0.4},
    "dropout, tanh": {"dropout": 0.4, "activation": "tanh"},
    "dropout, triangle": {"dropout": 0.4, "activation": "triangle"},
    "dropout, softplus, mean": {"dropout": 0.3, "activation": "softplus", "goodness": "mean"},
    "dropout, peer": {"dropout": 0.3, "peer_normalization": 0.2},
    "greedy": {"schedule": "greedy(steps=2)"},
    "rotation": {"schedule": "rotation(turn=1)"},
    "label at every layer": {"label_layers": "all"},
    "label at every layer, strong, appended": {
        "label_layers": "all",
        "label_encoding": "appended(strength=3)",
        "normalization": "layer_norm",
    },
    "label at every layer, per image": {"label_layers": "all", "label_encoding": "overlay(per_image=True)"},
    "label at every layer, blocks": {"label_layers": "all", "schedule": "overlapping", "objective": "collaboration"},
    "label at every layer, peer, dropout": {"label_layers": "all", "peer_normalization": 0.2, "dropout": 0.2},
    "overlapping": {"schedule": "overlapping"},
    "overlapping, sgd": {"schedule": "overlapping", "optimizer": "sgd", "learning_rate": 0.05},
    "overlapping, all the way down": {"schedule": "overlapping(reach=5)", "goodness": "sum_of_squares"},
    "overlapping, layer norm": {"schedule": "overlapping", "normalization": "layer_norm", "activation": "tanh"},
    "overlapping, unit length, per layer": {
        "schedule": "overlapping(reach=2)",
        "normalization": "unit",
        "goodness": ("mean", "l2_norm", "mean_square"),
        "objective": ("logistic", "symba", "hinge"),
    },
    "overlapping, not normalized": {"schedule": "overlapping", "normalization": "none", "objective": "collaboration"},
    "overlapping, dropout, peer": {"schedule": "overlapping", "dropout": 0.3, "peer_normalization": 0.2},
    "overlapping, dropout, triangle": {"schedule": "overlapping", "dropout": 0.3, "activation": "triangle"},
    "overlapping, dropout, softplus": {"schedule": "overlapping", "dropout": 0.3, "activation": "softplus"},
}


def follow(trainer: Trainer, plain: Plain, changes: str, steps: int, beside: bool = False) -> None:
    """Train both on the same batches, whose negatives hold no chance."""
    inputs = trainer.network.inputs
    taken: list[Tensor] = []
    masks: list[Tensor] = []
    draw_batch, draw_mask = trainer.batches.next, trainer.stepper.mask

    def batch() -> Tensor:
        taken.append(draw_batch())
        return taken[-1]

    def mask(*arguments: Any) -> Tensor:
        masks.append(draw_mask(*arguments))
        return masks[-1]

    trainer.batches.next, trainer.stepper.mask = batch, mask  # type: ignore[method-assign,assignment]
    for _ in range(steps):
        masks.clear()
        blocks = trainer.blocks()
        trainer.step()
        rows = taken[-1][0]
        raw, y = plain.raw[rows], plain.y[rows]
        wrong = {"label": (y + 1) % inputs.classes, "inverse": y + inputs.classes + 1, "image": y}[changes]
        other = 0.7 * raw.flip(1) if changes == "image" else raw
        kept = [each.double().reshape(-1, each.shape[-1]) for each in masks]
        missing = len(plain.layers) - len(kept)
        # a layer above the last that learns is not reached, and draws no mask
        given = [*kept, *[torch.ones(())] * missing] if kept else None
        plain.step((raw, y), (other, wrong), blocks, given, beside)


@pytest.mark.parametrize("case", CASES)
def test_step_is_the_textbook_on_label_negatives(case: str, next_label: str) -> None:
    settings = Settings(**{**BASE, "dataset": pictures(), "negatives": next_label, **CASES[case]})
    trainer = Trainer(settings)
    plain = Plain(trainer)
    before = flat_weights(trainer)
    follow(trainer, plain, "label", 7)  # 42 rows in batches of 8: the last batch of the first epoch is short
    assert plain.largest_difference(trainer) < 3e-5
    moved = [float((now - then).abs().max()) for now, then in zip(flat_weights(trainer), before, strict=True)]
    assert max(moved) > 1e-3  # something was compared


@pytest.mark.parametrize("encoding", ["overlay", "appended", "none"])
@pytest.mark.parametrize("normalization", ["rms", "unit", "layer_norm", "none"])
def test_step_is_the_textbook_on_image_negatives(encoding: str, normalization: str, dimmed: str) -> None:
    settings = Settings(
        **{**BASE, "dataset": pictures(), "negatives": dimmed, "label_encoding": encoding,
           "normalization": normalization, "readout_rate": 0.1},
    )  # fmt: skip
    trainer = Trainer(settings)
    plain = Plain(trainer)
    follow(trainer, plain, "image", 7)
    assert plain.largest_difference(trainer) < 3e-5


@pytest.mark.parametrize("encoding", ["overlay", "appended(strength=2)", "none"])
@pytest.mark.parametrize("normalization", ["rms", "unit", "layer_norm", "none"])
def test_step_is_the_textbook_on_images_side_by_side(
    encoding: str, normalization: str, register: Callable[..., Any]
) -> None:
    register(ff.negatives, "beside", lambda batch, rng: 0.7 * batch.images.flip(1), changes="image", beside=True)
    settings = Settings(
        **{**BASE, "dataset": pictures(), "negatives": "beside", "label_encoding": encoding,
           "normalization": normalization, "readout_rate": 0.1},
    )  # fmt: skip
    trainer = Trainer(settings)
    plain = Plain(trainer)
    before = flat_weights(trainer)
    follow(trainer, plain, "image", 7, beside=True)
    assert plain.largest_difference(trainer) < 3e-5
    assert max(float((now - then).abs().max()) for now, then in zip(flat_weights(trainer), before, strict=True)) > 1e-3


@pytest.mark.parametrize("encoding", ["overlay", "overlay(per_image=True)", "appended(strength=2)"])
@pytest.mark.parametrize("normalization", ["rms", "layer_norm", "none"])
def test_step_is_the_textbook_on_every_label_but_the_right_one(encoding: str, normalization: str) -> None:
    settings = Settings(
        **{**BASE, "dataset": pictures(), "negatives": "inverse_label", "label_encoding": encoding,
           "normalization": normalization},
    )  # fmt: skip
    trainer = Trainer(settings)
    plain = Plain(trainer)
    follow(trainer, plain, "inverse", 7)
    assert plain.largest_difference(trainer) < 3e-5


@pytest.mark.parametrize("scaling", ["unit", "standardize"])
def test_step_is_the_textbook_on_a_table(scaling: str, next_label: str) -> None:
    changes = {"dataset": table(), "negatives": next_label, "label_encoding": "appended", "input_scaling": scaling}
    trainer = Trainer(Settings(**{**BASE, **changes}))
    plain = Plain(trainer)
    follow(trainer, plain, "label", 7)
    assert plain.largest_difference(trainer) < 3e-5


def test_the_last_batch_of_an_epoch_is_short_and_all_rows_come_once(next_label: str) -> None:
    trainer = Trainer(Settings(**{**BASE, "dataset": pictures(), "negatives": next_label}))
    count = len(trainer.plan.dataset.train)
    sizes: list[int] = []
    seen: list[int] = []
    while sum(sizes) < count:
        index = trainer.batches.next()
        sizes.append(index.shape[1])
        seen += index[0].tolist()
    assert sizes == [8] * (count // 8) + [count % 8]
    assert count % 8 != 0
    assert sorted(seen) == list(range(count))


def test_no_gradient_crosses_a_block(next_label: str) -> None:
    """Each layer's change is that of the layer alone on detached input, and layer 1 does not know layer 2's aim."""
    settings = Settings(**{**BASE, "dataset": pictures(), "negatives": next_label, "optimizer": "sgd", "momentum": 0.0})
    trainer = Trainer(settings)
    plain = Plain(trainer)
    start = flat_weights(trainer)
    rows = trainer.batches.order[0, :8].clone()
    trainer.step()
    raw, y = plain.raw[rows], plain.y[rows]
    x = plain.written(raw, y), plain.written(raw, (y + 1) % 4)
    for number, layer in enumerate(plain.layers):
        h = [plain.forward(number, each.detach()) for each in x]
        loss = plain.loss(number, *h)
        weight, bias = torch.autograd.grad(loss, (layer.weight, layer.bias), retain_graph=True)
        expected = torch.cat([(-0.02 * weight).sum().reshape(1), -0.02 * bias.reshape(-1)])
        moved = flat_weights(trainer)[number] - start[number]
        found = torch.cat([moved[: -len(bias)].sum().reshape(1), moved[-len(bias) :]])
        torch.testing.assert_close(found.double(), expected, atol=2e-6, rtol=1e-4)
        x = tuple(plain.normalized(each) for each in h)  # type: ignore[assignment]
    # had the graph not been cut, layer 3's loss would pull at layer 1
    leaked = torch.autograd.grad(loss, plain.layers[number].weight, retain_graph=True)[0]
    assert float(leaked.abs().max()) > 0

    other = Trainer(
        settings.replace(objective=("logistic", "hinge", "symba"), goodness=("mean_square", "mean", "mean"))
    )
    other.step()
    assert torch.equal(flat_weights(other)[0], flat_weights(trainer)[0])
    assert not torch.equal(flat_weights(other)[1], flat_weights(trainer)[1])


@pytest.mark.parametrize("normalization", ["rms", "unit"])
def test_scaling_an_activity_changes_nothing_downstream(normalization: str, next_label: str) -> None:
    """Layer 1 three times as loud (weights and bias times 3 under a relu): layers 2 and 3 see and learn the same."""
    settings = Settings(
        **{**BASE, "dataset": pictures(), "negatives": next_label, "normalization": normalization, "optimizer": "sgd"}
    )
    plain, loud = Trainer(settings), Trainer(settings)
    parameters = loud.network.layers[0].parameters
    parameters.flat.mul_(3.0)
    parameters.changed()
    x = torch.rand(9, 30)
    goodness, _ = plain.network.score(x)
    louder, _ = loud.network.score(x)
    torch.testing.assert_close(louder[1:], goodness[1:], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(louder[0], goodness[0])
    plain.step()
    loud.step()
    for one, other in zip(flat_weights(plain)[1:], flat_weights(loud)[1:], strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-6)


def test_without_normalization_the_length_goes_through(next_label: str) -> None:
    trainer = Trainer(Settings(**{**BASE, "dataset": pictures(), "negatives": next_label, "normalization": "none"}))
    x = torch.rand(9, 30)
    before, _ = trainer.network.score(x)
    parameters = trainer.network.layers[0].parameters
    parameters.flat.mul_(3.0)
    parameters.changed()
    after, _ = trainer.network.score(x)
    assert not torch.allclose(after[1], before[1])


def test_the_readout_learns_by_the_smoothed_gradient_of_the_cross_entropy(next_label: str) -> None:
    changes = {"dataset": pictures(), "negatives": next_label, "readout_rate": 0.2, "readout_decay": 0.05}
    trainer = Trainer(Settings(**{**BASE, **changes, "readout_interval": 2}))
    plain = Plain(trainer)
    size = sum(trainer.settings.layers[1:])
    weight = torch.zeros(4, size, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    means = [torch.zeros_like(weight), torch.zeros_like(bias)]
    for step in range(5):
        rows = trainer.batches.order[0, step * 8 : step * 8 + 8]
        raw, y = plain.raw[rows], plain.y[rows]
        if step % 2 == 0:
            with torch.no_grad():
                x, features = plain.written(raw, torch.full_like(y, 4)), []
                for number in range(3):
                    h = plain.passed_on(number, x)
                    x = plain.normalized(h)
                    features.append(h / (1e-8 + (h * h).mean(1, keepdim=True).sqrt()))
                seen = torch.cat(features[1:], 1)
            loss = -torch.log(torch.softmax(seen @ weight.T + bias, 1))[torch.arange(len(y)), y].mean()
            gradients = torch.autograd.grad(loss, (weight, bias))
            with torch.no_grad():
                weight -= 0.2 * 0.05 * weight
                for value, mean, gradient in zip((weight, bias), means, gradients, strict=True):
                    mean.mul_(0.9).add_(0.1 * gradient)
                    value -= 0.2 * mean
        trainer.step()
        plain.step((raw, y), (raw, (y + 1) % 4))
    assert trainer.network.readout is not None
    parameters = trainer.network.readout.parameters
    torch.testing.assert_close(parameters.weight[0].T.double(), weight.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(parameters.bias[0].double(), bias.detach(), atol=1e-5, rtol=1e-4)
