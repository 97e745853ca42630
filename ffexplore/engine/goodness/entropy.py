"""Weights made of activities: entmax, which gives many units a weight of exactly zero, and entropies."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

STEPS = 8  # of Newton's method, after which nothing changes in double precision


class _Entmax(torch.autograd.Function):
    """Entmax with its derivative; Peters, Niculae and Martins 2019, arXiv 1905.05702."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, alpha: float) -> Tensor:
        weights = _weights(z, alpha)
        ctx.save_for_backward(weights)
        ctx.alpha = alpha
        return weights

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        (grad,) = grads
        slope = torch.where(weights > 0, weights, 1).pow(2 - ctx.alpha) * (weights > 0)
        pulled = slope * grad
        return pulled - slope * (pulled.sum(-1, keepdim=True) / slope.sum(-1, keepdim=True)), None


def entmax(z: Tensor, alpha: float = 1.5) -> Tensor:
    """Weights (..., n) of numbers (..., n) that are not negative and add up to 1; many are exactly 0.

    Parameters
    ----------
    z
        Numbers (..., n), of any sign.
    alpha
        Above 1 (softmax is the limit) and at most 2 (sparsemax).
    """
    weights: Tensor = _Entmax.apply(z, alpha)  # type: ignore[no-untyped-call]
    return weights


def _weights(z: Tensor, alpha: float) -> Tensor:
    """Entmax by Newton's method on the threshold t at which the weights ((α − 1) z − t)₊^p, p = 1/(α − 1), add up to 1.

    What has to be 1 there is the p-norm of what is above the threshold, too, which is convex in t and almost straight:
    from below, every step comes closer and none goes beyond.
    """
    scaled = (z - z.amax(-1, keepdim=True)).mul_(alpha - 1)
    power = 1 / (alpha - 1)
    threshold = torch.full_like(scaled[..., :1], -1.0)  # there the loudest has a weight of 1 alone
    for _ in range(STEPS):
        above = (scaled - threshold).clamp_(min=0)
        slope = above.pow(power - 1) if power > 1 else above.sign()
        steepness = slope.sum(-1, keepdim=True)
        norm = slope.mul_(above).sum(-1, keepdim=True).pow_(alpha - 1)
        threshold += (norm - 1) * norm.pow(power - 1) / steepness
    weights = (scaled - threshold).clamp_(min=0).pow_(power)
    return weights.div_(weights.sum(-1, keepdim=True))
