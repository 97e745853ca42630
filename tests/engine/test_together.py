"""Layers that know of each other: what they are told, and that no gradient goes back where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.together import hear, listening
from tests.engine.reference import Plain, flat_weights, weights_of
from tests.engine.sets import pictures

BASE: dict[str, Any] = {"layers": (8, 6, 5), "batch_size": 10, "device": "cpu"}


def trainer(**changes: Any) -> Trainer:
    return Trainer(Settings(**{**BASE, "dataset": pictures(), **changes}))


def test_what_layers_hear_by_loops() -> None:
    margins = [torch.randn(3, 2, 7, dtype=torch.float64) for _ in range(4)]
    heard = hear(margins)
    for number, said in enumerate(heard):
        for k in range(3):
            for side in range(2):
                for row in range(7):
                    values = [float(margin[k, side, row]) for margin in margins]
                    others = sum(value for n, value in enumerate(values) if n != number)
                    assert float(said["all"][k, side, row]) == pytest.approx(others)
                    assert float(said["earlier"][k, side, row]) == pytest.approx(sum(values[:number]))


def test_nobody_listens_unless_asked() -> None:
    assert listening(trainer().network.layers, {0, 1, 2}) == set()
    some = trainer(objective=("logistic", "collaboration", "collaboration_earlier")).network.layers
    assert listening(some, {0}) == set()
    assert listening(some, {0, 1}) == {"all"}
    assert listening(some, {0, 1, 2}) == {"all", "earlier"}


def test_the_first_layer_hears_nobody_earlier() -> None:
    alone, together = trainer(objective="logistic"), trainer(objective="collaboration_earlier")
    for each in (alone, together):
        each.fit(steps=4, progress=False)
    first, *others = zip(flat_weights(alone), flat_weights(together), strict=True)
    assert torch.equal(*first)
    assert not any(torch.equal(one, other) for one, other in others)


def test_a_persons_objective_is_told_what_others_say(register: Callable[..., Any]) -> None:
    """An objective of their own that names the context, without a closed form, learns like the built-in one."""

    def own(positive: Tensor, negative: Tensor, theta: Tensor, context: Tensor) -> Tensor:
        p = torch.sigmoid(positive + context[:, 0] - theta)
        n = torch.sigmoid(theta - negative - context[:, 1])
        return -(p.log() + n.log())

    register(ff.objectives, "own", own)
    mine, ours = trainer(objective="own", logit_scale=2.0), trainer(objective="collaboration", logit_scale=2.0)
    for each in (mine, ours):
        each.fit(steps=4, progress=False)
    for one, other in zip(flat_weights(mine), flat_weights(ours), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("measure", ["mean_square", "energy_margin", "predictive_coding"])
def test_every_layer_sees_the_same_probability(measure: str) -> None:
    """In collaboration with all others the logit of every layer is the network's: the same loss in each.

    A layer whose goodness looks across the batch is heard with the means of that batch, by which it learns itself.
    """
    each = trainer(objective="collaboration", readout_rate=0.0, goodness=measure, logit_scale=0.1)
    each.step()
    losses = [float(layer.take_loss()) for layer in each.network.layers]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)
    assert losses[0] > 0


def test_gradient_is_carried_back_through_batch_norm_of_both_sides() -> None:
    each = trainer(normalization="batch_norm(epsilon=0.01)", schedule="overlapping", readout_rate=0.0)
    h, delta = torch.randn(1, 2, 10, 8), torch.randn(1, 2, 10, 6)
    found = each.network.pull_back(delta, 1, h)
    weight, _ = weights_of(each, 1)
    leaf = h.double().requires_grad_()
    rows = leaf.reshape(20, 8)
    mean = rows.sum(0) / 20
    variance = ((rows - mean) ** 2).sum(0) / 20
    z = ((rows - mean) / (variance + 0.01).sqrt()) @ weight.T
    (expected,) = torch.autograd.grad(z, leaf, delta.double().reshape(20, 6))
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-4)


def test_a_row_whose_units_are_silent_pulls_at_nothing() -> None:
    """Under a goodness of one layer alone, gradient that crosses into dead units stays finite and zero."""
    each = trainer(schedule="overlapping", readout_rate=0.0)
    first = each.network.layers[0].parameters
    first.bias.fill_(-100.0)
    first.changed()
    before = flat_weights(each)
    each.step()
    assert torch.equal(flat_weights(each)[0], before[0])
    assert all(bool(torch.isfinite(weights).all()) for weights in flat_weights(each))


def test_bfloat16_blocks_stay_close_to_float32() -> None:
    one, other = (
        trainer(schedule="overlapping", precision=name, optimizer="sgd", readout_rate=0.0)
        for name in ("float32", "bfloat16")
    )
    start = flat_weights(one)
    for each in (one, other):
        each.fit(steps=3, progress=False)
    for mine, theirs, before in zip(flat_weights(one), flat_weights(other), start, strict=True):
        moved = (mine - before).norm()
        assert float((mine - theirs).norm()) < 0.1 * float(moved)


@pytest.mark.parametrize("objective", ["class_cross_entropy", "collaboration"])
def test_scores_of_classes_cross_blocks_as_autograd_has_them(objective: str, next_label: str) -> None:
    """Layers that score every class from one pass: gradient of the upper one reaches the lower one."""
    each = trainer(
        goodness="class_groups", objective=objective, schedule="overlapping", label_encoding="none", layers=(8, 8),
        negatives=next_label, inference="goodness", optimizer="sgd", momentum=0.0, learning_rate=0.1, readout_rate=0.0,
    )  # fmt: skip
    plain = Plain(each)
    rows = each.batches.order[0, :10].clone()
    each.step()
    y = plain.y[rows]
    x, scores = plain.written(plain.raw[rows], y), []
    for number in range(2):
        h = plain.forward(number, x)
        scores.append(h.square().view(10, 4, 2).mean(-1))  # two units a class
        x = plain.normalized(h)
    losses = []
    for number in range(2):
        if objective == "class_cross_entropy":
            losses.append(-torch.log(torch.softmax(scores[number], 1))[torch.arange(10), y].mean())
        else:
            g = scores[number] + scores[1 - number].detach() - 1  # the other layer's, less its threshold
            right, wrong = g[torch.arange(10), y], g[torch.arange(10), (y + 1) % 4]
            losses.append((-torch.log(torch.sigmoid(right - 1)) - torch.log(torch.sigmoid(1 - wrong))).mean())
    for number, layer in enumerate(plain.layers):
        weight, bias = torch.autograd.grad(torch.stack(losses).sum(), (layer.weight, layer.bias), retain_graph=True)
        found = weights_of(each, number)
        torch.testing.assert_close(found[0], layer.weight.detach() - 0.1 * weight, atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(found[1], layer.bias.detach() - 0.1 * bias, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [{"objective": "collaboration"}, {"objective": "collaboration_earlier"}, {"schedule": "overlapping"}],
    ids=["all", "earlier", "overlapping"],
)
def test_digits_are_learned(changes: dict[str, Any]) -> None:
    settings = Settings(
        dataset="digits", label_encoding="appended", layers=(64, 64), logit_scale=10.0, learning_rate=0.005,
        device="cpu", **changes,
    )  # fmt: skip
    report = Trainer(settings).fit(epochs=12, progress=False).evaluate()
    assert report.accuracy > 0.9
    assert min(report.auc_uniform) > 0.75
