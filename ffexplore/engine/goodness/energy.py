"""Goodness as energy: squares, sums and norms of all units."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from torch import Tensor

from ffexplore.engine.constants import constant
from ffexplore.engine.energy import energy
from ffexplore.engine.goodness.entry import EPSILON, goodness, scaled
from ffexplore.registry import Param


def _of_energy(
    formula: Callable[[Tensor, int], Tensor], factor: Callable[[Tensor, int], Tensor | float]
) -> dict[str, Any]:
    """The traits of a function of the sum of squares alone, whose derivative is the activity times a factor."""
    return {
        "of_energy": formula,
        "factor": factor,
        "vjp": lambda h, g, dg: scaled(h, dg * factor(g, h.shape[-1])),
        "batched": True,
        "rests_at_zero": True,
        "permutable": True,
    }


@goodness.register(
    "mean_square",
    source="Pezeshki 2022 (PyTorch), Mukherjee 2023 (Keras)",
    natural_threshold=lambda width: 1.0,
    **_of_energy(lambda e, width: e / constant(width, e), lambda g, width: 2 / width),
)
def mean_square(activity: Tensor) -> Tensor:
    """Mean of the squared activities, Σ h² / d; the same scale at any width d."""
    return energy(activity) / activity.shape[-1]


@goodness.register(
    "sum_of_squares",
    source="Hinton 2022, section 2",
    natural_threshold=lambda width: float(width),
    **_of_energy(lambda e, width: e, lambda g, width: 2),
)
def sum_of_squares(activity: Tensor) -> Tensor:
    """Sum of the squared activities, Σ h²; grows with the width."""
    return energy(activity)


@goodness.register(
    "minus_sum_of_squares",
    source="Hinton 2022, section 2 (best on CIFAR-10)",
    natural_threshold=lambda width: -float(width),
    **_of_energy(lambda e, width: -e, lambda g, width: -2),
)
def minus_sum_of_squares(activity: Tensor) -> Tensor:
    """The sum of squares turned round, −Σ h²: positive samples are to be quiet; the threshold is negative."""
    return -energy(activity)


@goodness.register(
    "l2_norm",
    source="common",
    natural_threshold=lambda width: math.sqrt(width),
    **_of_energy(lambda e, width: (e + EPSILON**2).sqrt(), lambda g, width: g.reciprocal()),
)
def l2_norm(activity: Tensor) -> Tensor:
    """Length of the activity vector: √(Σ h²)."""
    return (energy(activity) + EPSILON**2).sqrt()


@goodness.register(
    "mean",
    source="Hinton 2022, future work; DeeperForward, ICLR 2025",
    vjp=lambda h, g, dg: (dg / h.shape[-1]).unsqueeze(-1).expand_as(h).clone(),
    natural_threshold=lambda width: 1 / math.sqrt(math.pi),
    batched=True,
    permutable=True,
)
def mean(activity: Tensor) -> Tensor:
    """Mean of the activities, not squared: Σ h / d."""
    return activity.mean(-1)


@goodness.register(
    "log_energy",
    source="common",
    natural_threshold=lambda width: math.log(width),
    **_of_energy(lambda e, width: (e + EPSILON).log(), lambda g, width: 2 * (-g).exp()),
)
def log_energy(activity: Tensor) -> Tensor:
    """Logarithm of the sum of squares, log Σ h²; equal ratios of energy are equal steps."""
    return (energy(activity) + EPSILON).log()


@goodness.register(
    "sum",
    source="Hinton 2022, future work",
    vjp=lambda h, g, dg: dg.unsqueeze(-1).expand_as(h).clone(),
    natural_threshold=lambda width: width / math.sqrt(math.pi),
    batched=True,
    permutable=True,
)
def total(activity: Tensor) -> Tensor:
    """Sum of the activities, not squared: Σ h."""
    return activity.sum(-1)


def _lp_vjp(h: Tensor, g: Tensor, dg: Tensor, *, p: float) -> Tensor:
    return h.sign() * (h.abs() / g.unsqueeze(-1)).pow(p - 1) * dg.unsqueeze(-1)


def _lp_natural(width: int, p: float) -> float:
    moment = 2 ** (p - 1) * math.gamma((p + 1) / 2) / math.sqrt(math.pi)  # of a rectified normal, mean square 1
    return float((width * moment) ** (1 / p))


@goodness.register(
    "lp_norm",
    source="common",
    vjp=_lp_vjp,
    natural_threshold=_lp_natural,
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def lp_norm(
    activity: Tensor,
    *,
    p: Annotated[float, Param("power; a higher one listens more to the loudest units", 1.0, 20.0)] = 3.0,
) -> Tensor:
    """The p-norm of the activity: (Σ |h|^p)^(1/p)."""
    size = activity.abs()
    # The largest unit is taken out before and put back after, so that no power overflows.
    largest = size.detach().amax(-1, keepdim=True).clamp(min=EPSILON)
    return ((size / largest).pow(p).sum(-1) + EPSILON).pow(1 / p) * largest.squeeze(-1)
