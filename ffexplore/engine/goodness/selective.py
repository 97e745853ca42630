"""Goodness of chosen units: the loudest, all but the extremes, or a sparse weighting of them."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.goodness.entropy import entmax
from ffexplore.engine.goodness.entry import goodness, measured, scaled
from ffexplore.registry import Param

Share = Annotated[float, Param("share of the units that are counted, at least one", 0.001, 1.0)]
Trim = Annotated[float, Param("share of the units left out at each end", 0.0, 0.49)]


@goodness.register(
    "max",
    source="common",
    natural_threshold=measured("max"),
    batched=True,
    permutable=True,
)
def largest(activity: Tensor) -> Tensor:
    """Activity of the loudest unit: max h."""
    return activity.amax(-1)


def _kept(h: Tensor, kept: Tensor, dg: Tensor) -> Tensor:
    """``2 h`` at the places ``kept`` (..., k) times the factor of each sample, zero elsewhere."""
    chosen = scaled(h.gather(-1, kept), 2 * dg)
    return torch.zeros_like(h).scatter_(-1, kept, chosen)


def _count(width: int, share: float) -> int:
    return max(1, math.floor(share * width + 0.5))


@goodness.register(
    "top_k",
    source="Akkus et al. 2026, arXiv 2604.13081; the default share is ours",
    vjp=lambda h, g, dg, share: _kept(h, h.abs().topk(_count(h.shape[-1], share)).indices, dg),
    natural_threshold=measured("top_k"),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def top_k(activity: Tensor, *, share: Share = 0.1) -> Tensor:
    """Sum of squares of the k loudest units alone, Σ h² over them; k is given as a share of the width."""
    return activity.abs().topk(_count(activity.shape[-1], share)).values.square().sum(-1)


def _middle(ordered: Tensor, trim: float) -> Tensor:
    """What is left of sorted units (..., units) without both ends; at least one."""
    width = ordered.shape[-1]
    out = min(math.floor(trim * width + 0.5), (width - 1) // 2)
    return ordered[..., out : width - out]


@goodness.register(
    "trimmed",
    source="In Search of Goodness 2025, arXiv 2511.18567",
    vjp=lambda h, g, dg, trim: _kept(h, _middle(h.abs().sort().indices, trim), dg),
    natural_threshold=measured("trimmed"),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def trimmed(activity: Tensor, *, trim: Trim = 0.1) -> Tensor:
    """Sum of squares, Σ h², over all units but the quietest and the loudest tenth."""
    return _middle(activity.abs().sort().values, trim).square().sum(-1)


@goodness.register(
    "entmax",
    source="Akkus et al. 2026, arXiv 2604.13081",
    natural_threshold=measured("entmax"),
    batched=True,
    permutable=True,
)
def entmax_weighted(
    activity: Tensor,
    *,
    alpha: Annotated[float, Param("how sparse the weights are; 2 is the sparsest", 1.1, 2.0)] = 1.5,
) -> Tensor:
    """Squares weighted by a sparse softmax of the activity: Σ entmax(h) · h²."""
    return (entmax(activity, alpha) * activity.square()).sum(-1)
