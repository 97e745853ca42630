"""Layers that score classes as plain torch in float64: what the engine's steps are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ffexplore import Settings, Trainer
from tests.engine.reference import OBJECTIVES
from tests.engine.sets import pictures

SCORES: dict[str, Callable[..., Tensor]] = {
    "class_groups": lambda h, share: torch.stack(
        [(h[:, row > 0] ** 2).mean(1) if (row > 0).any() else h.sum(1) * 0 for row in share], 1
    ),
    "projection": lambda h, matrix: torch.stack([(h * row).sum(1) for row in matrix], 1),
    "cosine": lambda h, prototypes: torch.stack(
        [10 * torch.nn.functional.cosine_similarity(h, row[None]) for row in prototypes], 1
    ),
    "centroids": lambda h, centroids: torch.stack(
        [-10 * ((h / (h * h).mean(1, keepdim=True).sqrt() - row) ** 2).mean(1) for row in centroids], 1
    ),
}
CLASS_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "class_cross_entropy": lambda g, y: torch.nn.functional.cross_entropy(g, y, reduction="none"),
    "n_pair": lambda g, y: torch.stack(
        [
            torch.log(1 + torch.stack([torch.exp(row[c] - row[k] + 1) for c in range(len(row)) if c != k]).sum())
            for row, k in zip(g, y.tolist(), strict=True)
        ]
    ),
    "centroid_margin": lambda g, y: torch.stack(
        [
            torch.clamp(1 + torch.stack([row[c] for c in range(len(row)) if c != k]).max() - row[k], min=0)
            for row, k in zip(g, y.tolist(), strict=True)
        ]
    ),
}


def rms(x: Tensor) -> Tensor:
    return x / ((x * x).mean(1, keepdim=True).sqrt() + 1e-8)


def settings_of(**changes: Any) -> Settings:
    given = {
        "dataset": pictures(blank=False), "label_encoding": "none", "layers": (9, 8), "batch_size": 10, "device": "cpu",
        "goodness": "projection", "objective": "class_cross_entropy", "learning_rate": 0.01, "readout_rate": 0,
        "optimizer": "adam(epsilon=0.001)",
    }  # fmt: skip
    return Settings(**{**given, **changes})


class PlainScores:
    """The same layers in float64, one autograd graph and one torch optimizer a layer."""

    def __init__(self, trainer: Trainer) -> None:
        self.settings, self.layers, self.optimizers = trainer.settings, [], []
        for layer in trainer.network.layers:
            parameters = layer.parameters
            weight, bias = (
                value[0].double().clone().requires_grad_() for value in (parameters.weight, parameters.bias)
            )
            own = {key: value[0].double().clone() for key, value in layer.states[0].items()}
            learned = [own[key].requires_grad_() for key in layer.rules[0].goodness.learned]
            theta = layer.theta[0].double().clone().requires_grad_()
            moved = [weight, bias, *learned, *([theta] if trainer.settings.threshold_rate else [])]
            self.layers.append((weight, bias, own, theta))
            self.optimizers.append(torch.optim.Adam(moved, lr=0.01, eps=1e-3))

    def step(self, images: Tensor, right: Tensor, wrong: Tensor) -> None:
        x, settings = rms(images), self.settings
        for (weight, bias, own, theta), optimizer in zip(self.layers, self.optimizers, strict=True):
            h = (x @ weight + bias).clamp(min=0)
            scores = settings.logit_scale * SCORES[settings.goodness.name](h, **own)
            aim = settings.objective
            if aim.name in CLASS_LOSSES:
                loss = CLASS_LOSSES[aim.name](scores, right)
            else:
                pair = scores.gather(1, right[:, None])[:, 0], scores.gather(1, wrong[:, None])[:, 0]
                loss = OBJECTIVES[aim.name](*pair, settings.logit_scale * theta, **aim.values)
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            x = rms(h.detach())


def follow(trainer: Trainer, plain: PlainScores, steps: int) -> None:
    """Train both on the same batches; the wrong class is the one after the right one."""
    inputs, draw = trainer.network.inputs, trainer.batches.next
    taken: list[Tensor] = []

    def batch() -> Tensor:
        taken.append(draw())
        return taken[-1]

    trainer.batches.next = batch  # type: ignore[method-assign]
    for _ in range(steps):
        trainer.step()
        rows = taken[-1][0]
        right = inputs.y["train"][rows]
        plain.step(inputs.rows(rows).double(), right, (right + 1) % inputs.classes)
    for layer, (weight, bias, own, theta) in zip(trainer.network.layers, plain.layers, strict=True):
        torch.testing.assert_close(layer.parameters.weight[0].double(), weight.detach(), rtol=1e-3, atol=2e-5)
        torch.testing.assert_close(layer.parameters.bias[0].double(), bias.detach(), rtol=1e-3, atol=2e-5)
        for key, value in layer.states[0].items():
            torch.testing.assert_close(value[0].double(), own[key].detach(), rtol=1e-3, atol=2e-5)
        torch.testing.assert_close(layer.theta[0].double(), theta.detach(), rtol=1e-3, atol=2e-5)
