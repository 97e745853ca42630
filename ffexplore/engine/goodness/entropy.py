"""Weights made of activities: entmax, which gives many units a weight of exactly zero, and entropies."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.order import in_order

HALVINGS = 60  # of the interval in which entmax's threshold is searched where there is no formula


class _Entmax(torch.autograd.Function):
    """Entmax with its derivative; Peters, Niculae and Martins 2019, arXiv 1905.05702."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, alpha: float) -> Tensor:
        weights = _by_sorting(z) if alpha == 1.5 else by_halving(z, alpha)
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
        Above 1 (softmax is the limit) and at most 2 (sparsemax). 1.5 is computed exactly by sorting, others by
        halving an interval.
    """
    weights: Tensor = _Entmax.apply(z, alpha)  # type: ignore[no-untyped-call]
    return weights


def _by_sorting(z: Tensor) -> Tensor:
    """Entmax of α = 1.5: the threshold of every possible number of weights above zero, then the right one."""
    half = (z - z.amax(-1, keepdim=True)) / 2
    ordered = in_order(half).flip(-1)
    count = torch.arange(1, z.shape[-1] + 1, device=z.device, dtype=z.dtype)
    mean = ordered.cumsum(-1) / count
    spread = ordered.square().cumsum(-1) - count * mean.square()
    threshold = mean - ((1 - spread) / count).clamp(min=0).sqrt()
    support = (threshold <= ordered).sum(-1, keepdim=True).clamp(min=1)
    weights = (half - threshold.gather(-1, support - 1)).clamp(min=0).square()
    return weights / weights.sum(-1, keepdim=True)


def by_halving(z: Tensor, alpha: float) -> Tensor:
    """Entmax of any α above 1 by halving the interval in which the threshold lies."""
    scaled = (alpha - 1) * (z - z.amax(-1, keepdim=True))
    power = 1 / (alpha - 1)
    low = torch.full_like(scaled[..., :1], -1.0)  # there the weights add up to 1 or more
    step = torch.ones_like(low)
    for _ in range(HALVINGS):
        step = step / 2
        enough = (scaled - low - step).clamp(min=0).pow(power).sum(-1, keepdim=True) >= 1
        low = torch.where(enough, low + step, low)
    weights = (scaled - low).clamp(min=0).pow(power)
    return weights / weights.sum(-1, keepdim=True)
