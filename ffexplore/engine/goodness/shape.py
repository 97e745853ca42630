"""Goodness that looks at the shape of the activity: how peaked it is, how evenly the units share."""

from __future__ import annotations

import math
from typing import Annotated

from torch import Tensor

from ffexplore.engine.energy import energy
from ffexplore.engine.goodness.entry import EPSILON, goodness, measured, scaled
from ffexplore.registry import Param

SEARCH = "In Search of Goodness 2025, arXiv 2511.18567"
Weight = Annotated[float, Param("weight of what is added to the sum of squares", 0.0, 10.0)]
Penalty = Annotated[float, Param("weight of what is taken off the sum of squares", 0.0, 10.0)]


def _burstiness_vjp(h: Tensor, g: Tensor, dg: Tensor) -> Tensor:
    centred = h - h.mean(-1, keepdim=True)
    square = centred.square()
    spread = square.mean(-1, keepdim=True)
    cube = square * centred
    size = spread.square() + EPSILON**2
    fourth = square.square().mean(-1, keepdim=True)
    slope = (cube - cube.mean(-1, keepdim=True)) / size - (fourth / size) * (spread / size) * centred
    return scaled(slope, dg * (4 / h.shape[-1]))


@goodness.register(
    "burstiness",
    source="Akkus et al. 2026, arXiv 2604.13081",
    vjp=_burstiness_vjp,
    natural_threshold=measured("burstiness"),
    batched=True,
    permutable=True,
)
def burstiness(activity: Tensor) -> Tensor:
    """Excess kurtosis of the units, mean (h − h̄)⁴ / (mean (h − h̄)²)² − 3: a few loud ones among many quiet ones."""
    square = (activity - activity.mean(-1, keepdim=True)).square()
    return square.square().mean(-1) / (square.mean(-1).square() + EPSILON**2) - 3


@goodness.register(
    "sparse",
    source=SEARCH,
    vjp=lambda h, g, dg, penalty: scaled(2 * h - penalty * h.sign(), dg),
    natural_threshold=lambda width, penalty: width * (1 - penalty / math.sqrt(math.pi)),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def sparse(activity: Tensor, *, penalty: Penalty = 0.01) -> Tensor:
    """Sum of squares less a small share of the sum of sizes: Σ h² − w Σ |h|."""
    return energy(activity) - penalty * activity.abs().sum(-1)


@goodness.register(
    "huber",
    source=SEARCH,
    vjp=lambda h, g, dg, penalty, bend: scaled(2 * h - penalty * h.clamp(-bend, bend), dg),
    natural_threshold=measured("huber"),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def huber(
    activity: Tensor,
    *,
    penalty: Penalty = 0.01,
    bend: Annotated[float, Param("activity where the square goes over into a straight line", 0.01, 100.0)] = 1.0,
) -> Tensor:
    """Sum of squares less a little of Huber's loss, ½h² up to a bend and straight beyond: Σ h² − w Σ Huber(h)."""
    size = activity.abs()
    near = size.clamp(max=bend)
    return energy(activity) - penalty * (near * (size - near / 2)).sum(-1)


@goodness.register(
    "oja",
    source=SEARCH,
    vjp=lambda h, g, dg, penalty: scaled(2 * h - 4 * penalty * h * h.square(), dg),
    natural_threshold=lambda width, penalty: width * (1 - 6 * penalty),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def oja(activity: Tensor, *, penalty: Penalty = 1e-4) -> Tensor:
    """Sum of squares less a tiny share of the fourth powers, which keeps units from running away: Σ h² − w Σ h⁴."""
    square = activity.square()
    return energy(activity) - penalty * square.square().sum(-1)


def _game_vjp(h: Tensor, g: Tensor, dg: Tensor, *, weight: float) -> Tensor:
    size = h.abs()
    total = size.sum(-1, keepdim=True) + EPSILON
    share = size / total
    mean = (share * h.square()).sum(-1, keepdim=True)  # Σ h² · |h| / Σ |h|
    return scaled(2 * h + weight * (3 * h * share - h.sign() * (mean / total)), dg)


@goodness.register(
    "game_theoretic",
    source=SEARCH,
    vjp=_game_vjp,
    natural_threshold=measured("game_theoretic"),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def game_theoretic(activity: Tensor, *, weight: Weight = 0.1) -> Tensor:
    """Sum of squares plus squares weighted by each unit's share of the activity: Σ h² + w Σ h² · |h|/Σ|h|."""
    size, square = activity.abs(), activity.square()
    share = size / (size.sum(-1, keepdim=True) + EPSILON)
    return energy(activity) + weight * (square * share).sum(-1)


def _evenness(activity: Tensor, entropy: Tensor) -> Tensor:
    """Entropy as a share of the largest one possible, log d; 0 for a single unit."""
    return entropy / math.log(max(2, activity.shape[-1]))


@goodness.register(
    "entropy_weighted",
    source=SEARCH + " (attention weighted)",
    natural_threshold=measured("entropy_weighted"),
    batched=True,
    permutable=True,
)
def entropy_weighted(activity: Tensor, *, weight: Weight = 0.01) -> Tensor:
    """Sum of squares, raised a little where the softmax of the activity is even: S · (1 + w H(softmax h)/log d)."""
    logs = activity.log_softmax(-1)
    return energy(activity) * (1 + weight * _evenness(activity, -(logs.exp() * logs).sum(-1)))


@goodness.register(
    "fractal",
    source=SEARCH,
    natural_threshold=measured("fractal"),
    batched=True,
    permutable=True,
)
def fractal(activity: Tensor, *, weight: Weight = 0.1) -> Tensor:
    """Sum of squares, raised where the activity is spread over many units: S · (1 + w H(|h|/Σ|h|)/log d)."""
    size = activity.abs()
    share = size / (size.sum(-1, keepdim=True) + EPSILON)
    entropy = -(share * (share + EPSILON).log()).sum(-1)
    return energy(activity) * (1 + weight * _evenness(activity, entropy))
