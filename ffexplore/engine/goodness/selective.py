"""Goodness of chosen units: the loudest, all but the extremes, or a sparse weighting of them."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.goodness.entropy import entmax
from ffexplore.engine.goodness.entry import goodness, measured, scaled
from ffexplore.engine.order import in_order
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


def _count(width: int, share: float) -> int:
    return max(1, math.floor(share * width + 0.5))


def _trimmed(width: int, trim: float) -> tuple[int, int]:
    """The ranks that are left without both ends, at least one."""
    out = min(math.floor(trim * width + 0.5), (width - 1) // 2)
    return out, width - out


def _chosen(h: Tensor, dg: Tensor, first: int, last: int) -> Tensor:
    """``2 h`` times the factor of each sample, of units whose loudness has a rank from ``first`` to before ``last``.

    Units that are as loud as the one at an end share the places there, so that equal units have equal numbers.
    """
    loudness = h.abs()
    ordered = in_order(loudness)

    def edge(rank: int) -> tuple[Tensor, Tensor]:
        """What is as loud as this rank, (..., 1), and the share of its places that are counted."""
        value = ordered[..., rank : rank + 1].contiguous()
        begin, end = (torch.searchsorted(ordered, value, right=right) for right in (False, True))
        share = (end.clamp(max=last) - begin.clamp(min=first)) / (end - begin)
        return value, share.to(h.dtype)

    quietest, share = edge(first)
    counted = torch.heaviside(loudness - quietest, share)
    if last < h.shape[-1]:
        loudest, share = edge(last - 1)
        counted = torch.minimum(counted, torch.heaviside(loudest - loudness, share))
    return scaled(h.mul_(counted), 2 * dg)


@goodness.register(
    "top_k",
    source="Akkus et al. 2026, arXiv 2604.13081; the default share is ours",
    vjp=lambda h, g, dg, share: _chosen(h, dg, h.shape[-1] - _count(h.shape[-1], share), h.shape[-1]),
    natural_threshold=measured("top_k"),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def top_k(activity: Tensor, *, share: Share = 0.1) -> Tensor:
    """Sum of squares of the k loudest units alone, Σ h² over them; k is given as a share of the width."""
    return in_order(activity.abs())[..., -_count(activity.shape[-1], share) :].square().sum(-1)


@goodness.register(
    "trimmed",
    source="In Search of Goodness 2025, arXiv 2511.18567",
    vjp=lambda h, g, dg, trim: _chosen(h, dg, *_trimmed(h.shape[-1], trim)),
    natural_threshold=measured("trimmed"),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def trimmed(activity: Tensor, *, trim: Trim = 0.1) -> Tensor:
    """Sum of squares, Σ h², over all units but the quietest and the loudest tenth."""
    first, last = _trimmed(activity.shape[-1], trim)
    return in_order(activity.abs())[..., first:last].square().sum(-1)


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
