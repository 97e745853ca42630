"""Objectives of a pair: the goodness of the positive side against that of the negative one.

Each has its derivative in closed form beside it, for both sides at once: the sides (K, 2, B) have the positive first,
and ``by_side`` gives −1 for it and +1 for the negative, since one is to grow where the other is to fall.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import silu, softplus

from ffexplore.engine.constants import constant
from ffexplore.engine.objectives.entry import by_side, objectives
from ffexplore.registry import Param

Steepness = Annotated[float, Param("how steeply the loss falls as the two goodnesses part", 0.1, 50.0)]


def _logistic_slope(sides: Tensor, theta: Tensor) -> Tensor:
    sign = by_side(sides.dtype, sides.device)
    return (sides - theta).mul_(sign).sigmoid_().mul_(sign)


@objectives.register("logistic", source="Hinton 2022, section 2", slope=_logistic_slope)
def logistic(positive: Tensor, negative: Tensor, theta: Tensor) -> Tensor:
    """Positive goodness above the threshold, negative below: −log σ(g⁺ − θ) − log σ(θ − g⁻)."""
    return softplus(theta - positive) + softplus(negative - theta)


def _fallen_behind(sides: Tensor) -> Tensor:
    """How far the negative side is above the positive one, (K, 1, B)."""
    return sides[:, 1:] - sides[:, :1]


def _symba_slope(sides: Tensor, *, alpha: float) -> Tensor:
    x = constant(alpha, sides) * _fallen_behind(sides)
    return x.sigmoid_() * by_side(sides.dtype, sides.device, -alpha, alpha)


@objectives.register("symba", source="Lee and Song 2023, arXiv 2303.08418", slope=_symba_slope)
def symba(positive: Tensor, negative: Tensor, *, alpha: Steepness = 4.0) -> Tensor:
    """Positive goodness above that of the negative partner, with no threshold: log(1 + exp(−α(g⁺ − g⁻)))."""
    return softplus(alpha * (negative - positive))


def _swish_slope(sides: Tensor, *, alpha: float) -> Tensor:
    x = constant(alpha, sides) * _fallen_behind(sides)
    s = torch.sigmoid(x)
    # from x σ(x) to 1 by a share of σ(x): σ(x) + x σ(x) (1 − σ(x)), the derivative of x σ(x)
    return torch.lerp(silu(x), constant(1, x), s) * by_side(sides.dtype, sides.device, -alpha, alpha)


@objectives.register("swish_symba", source="dah33/explore_forward_forward", slope=_swish_slope)
def swish_symba(positive: Tensor, negative: Tensor, *, alpha: Steepness = 6.0) -> Tensor:
    """SymBa with SiLU in place of softplus, x σ(x) at x = −α(g⁺ − g⁻): pairs told apart well enough no longer pull."""
    return silu(alpha * (negative - positive))


def _margin_slope(sides: Tensor, *, margin: float) -> Tensor:
    return (_fallen_behind(sides) > -margin) * by_side(sides.dtype, sides.device)


@objectives.register("hinge", source="common", slope=_margin_slope)
def hinge(
    positive: Tensor,
    negative: Tensor,
    *,
    margin: Annotated[float, Param("distance that positive goodness is to keep from negative", 0.0, 100.0)] = 1.0,
) -> Tensor:
    """Positive goodness at least a margin above that of the negative partner: max(0, m − (g⁺ − g⁻))."""
    return (margin - (positive - negative)).relu()


def _two_slope(sides: Tensor, theta: Tensor, *, above: float, below: float, a: float, b: float) -> Tensor:
    like = sides.dtype, sides.device
    sign, steep, beyond = by_side(*like), by_side(*like, a, b), by_side(*like, above, below)
    return sign * steep * torch.sigmoid(steep * (sign * (sides - theta) + beyond))


@objectives.register("two_thresholds", source="SCFF, Chen et al. 2024, arXiv 2409.11593", slope=_two_slope)
def two_thresholds(
    positive: Tensor,
    negative: Tensor,
    theta: Tensor,
    *,
    above: Annotated[float, Param("distance of the positive threshold above θ, in logits", -100.0, 100.0)] = 1.0,
    below: Annotated[float, Param("distance of the negative threshold below θ, in logits", -100.0, 100.0)] = 1.0,
    a: Annotated[float, Param("how steeply the positive side is pulled up", 0.01, 50.0)] = 1.0,
    b: Annotated[float, Param("how steeply the negative side is pushed down", 0.01, 50.0)] = 1.0,
) -> Tensor:
    """A threshold for each side: log(1 + exp(a(θ₁ − g⁺))) + log(1 + exp(b(g⁻ − θ₂))), θ₁ above θ and θ₂ below."""
    return softplus(a * (theta + above - positive)) + softplus(b * (negative - theta + below))


def _threshold_hinge_slope(sides: Tensor, theta: Tensor, *, margin: float) -> Tensor:
    sign = by_side(sides.dtype, sides.device)
    return (sign * (sides - theta) > -margin) * sign


@objectives.register("threshold_hinge", source="common", slope=_threshold_hinge_slope)
def threshold_hinge(
    positive: Tensor,
    negative: Tensor,
    theta: Tensor,
    *,
    margin: Annotated[float, Param("distance that both sides are to keep from the threshold", 0.0, 100.0)] = 1.0,
) -> Tensor:
    """Positive goodness a margin above the threshold, negative a margin below: max(0, θ+m−g⁺) + max(0, g⁻−θ+m)."""
    return (theta + margin - positive).relu() + (negative - theta + margin).relu()


def _collaboration_slope(sides: Tensor, theta: Tensor, context: Tensor) -> Tensor:
    return _logistic_slope(sides + context, theta)


@objectives.register(
    "collaboration", source="Lorberbom et al. 2024, arXiv 2305.12393", slope=_collaboration_slope, listens_to="all"
)
def collaboration(positive: Tensor, negative: Tensor, theta: Tensor, context: Tensor) -> Tensor:
    """Logistic on the goodness of the whole network: −log σ(g⁺ + γ⁺ − θ) − log σ(θ − g⁻ − γ⁻), γ from all other layers.

    γ is the sum of what the other layers' goodness is above their thresholds, and no gradient goes there. Every layer
    sees the same probability: the paper's θ is the sum of the layers' thresholds. A network of one layer has no γ, and
    this is the logistic objective.
    """
    for_positive, for_negative = context.unbind(1)
    return softplus(theta - positive - for_positive) + softplus(negative + for_negative - theta)


@objectives.register(
    "collaboration_earlier",
    source="Lorberbom et al. 2024, arXiv 2305.12393",
    slope=_collaboration_slope,
    listens_to="earlier",
)
def collaboration_earlier(positive: Tensor, negative: Tensor, theta: Tensor, context: Tensor) -> Tensor:
    """Logistic on a layer and those below: −log σ(g⁺ + γ⁺ − θ) − log σ(θ − g⁻ − γ⁻), γ from earlier layers alone."""
    return collaboration(positive, negative, theta, context)
