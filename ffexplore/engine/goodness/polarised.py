"""Goodness of two camps of units: the first half speaks for a sample, the second against it."""

from __future__ import annotations

import torch
from torch import Tensor

from ffexplore.engine.goodness.entry import EPSILON, goodness, scaled

SOURCE = "Polar-FFA, Terres-Escudero et al. 2024, arXiv 2408.09210"


def _halves(width: int) -> tuple[int, int]:
    """Units of both camps; with a single unit the second camp is empty."""
    first = (width + 1) // 2
    return first, width - first


def _camps(activity: Tensor) -> tuple[Tensor, Tensor]:
    """Mean square of each camp: (..., units) -> two of (...)."""
    first, second = _halves(activity.shape[-1])
    square = activity.square()
    return square[..., :first].sum(-1) / first, square[..., first:].sum(-1) / max(1, second)


def _difference_vjp(h: Tensor, g: Tensor, dg: Tensor) -> Tensor:
    first, second = _halves(h.shape[-1])
    factor = torch.full((h.shape[-1],), 2 / first, dtype=h.dtype, device=h.device)
    factor[first:] = -2 / max(1, second)
    return scaled(h.mul_(factor), dg)


@goodness.register(
    "polarised",
    source=SOURCE,
    vjp=_difference_vjp,
    natural_threshold=lambda width: 0.0,
    batched=True,
    rests_at_zero=True,
)
def polarised(activity: Tensor) -> Tensor:
    """Mean square of the first half of the units less that of the second: mean h₊² − mean h₋²."""
    plus, minus = _camps(activity)
    return plus - minus


@goodness.register(
    "polarised_ratio",
    source=SOURCE,
    natural_threshold=lambda width: 0.5,
    batched=True,
)
def polarised_ratio(activity: Tensor) -> Tensor:
    """Mean square of the first half of the units as a share of both: mean h₊² / (mean h₊² + mean h₋²), from 0 to 1."""
    plus, minus = _camps(activity)
    return (plus + EPSILON) / (plus + minus + 2 * EPSILON)
