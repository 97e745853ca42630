"""Goodness that looks across the batch: at its mean energy, or at what the units usually do.

In training the mean is that of the samples of the same side, and the derivative runs through it. Elsewhere it is
a running mean, so that the score of a sample does not depend on its neighbours. Without a state, as in a plain
call, the mean is that of the samples given.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.energy import energy
from ffexplore.engine.goodness.entry import EPSILON, State, goodness, measured
from ffexplore.registry import Param

SOURCE = "In Search of Goodness 2025, arXiv 2511.18567"
RUNNING = "; the rate of the running mean is ours"
RATIO_LIMIT = 10.0  # of the surprise by the energy, as in the source
Rate = Annotated[float, Param("share of the newest batch in the running mean", 0.001, 1.0)]


def _start(width: int, classes: int, generator: torch.Generator) -> State:
    """The mean energy of a layer of fresh weights."""
    return {"energy": torch.tensor(width / 2)}


def _usual(value: Tensor, kept: Tensor, train: bool, rate: float, own: int) -> Tensor:
    """A running mean from before this batch, in the dimensions of ``value``; in training brought up to date with it.

    The last ``own`` dimensions of ``kept`` are those of one sample, the others the variants; between them ``value``
    has the sides and samples over which the mean goes.
    """
    lead = kept.ndim - own
    usual = kept.clone().view(*kept.shape[:lead], *[1] * (value.ndim - kept.ndim), *kept.shape[lead:])
    if train:
        with torch.no_grad():
            kept.lerp_(value.mean(tuple(range(lead, value.ndim - own))), rate)
    return usual.to(value.dtype)


def _mean_energy(squares: Tensor, state: State | None, train: bool, rate: float) -> Tensor:
    """Mean of the energy (..., B) over the batch of each side, or the running one; (..., 1)."""
    of_batch = squares.mean(-1, keepdim=True)
    if state is None:
        return of_batch
    usual = _usual(squares, state["energy"], train, rate, own=0)
    return of_batch if train else usual


@goodness.register(
    "decorrelation",
    source=SOURCE + RUNNING,
    init=_start,
    natural_threshold=measured("decorrelation"),
    batched=True,
    coupled=True,
    permutable=True,
)
def decorrelation(
    activity: Tensor,
    state: State | None = None,
    train: bool = False,
    *,
    weight: Annotated[float, Param("weight of the spread", 0.0, 10.0)] = 0.001,
    rate: Rate = 0.1,
) -> Tensor:
    """Sum of squares, raised where the units differ: S + w · mean S · variance of h over the units."""
    squares = energy(activity)
    mean = _mean_energy(squares, state, train, rate)
    return squares + weight * mean * activity.var(-1, correction=0)


@goodness.register(
    "energy_margin",
    source=SOURCE + RUNNING,
    init=_start,
    natural_threshold=measured("energy_margin"),
    batched=True,
    coupled=True,
    permutable=True,
)
def energy_margin(
    activity: Tensor,
    state: State | None = None,
    train: bool = False,
    *,
    weight: Annotated[float, Param("weight of the margin", 0.0, 10.0)] = 0.1,
    temperature: Annotated[float, Param("distance from the loudest unit that still counts", 0.01, 100.0)] = 1.0,
    rate: Rate = 0.1,
) -> Tensor:
    """Sum of squares, lowered where many units are as loud as the loudest: S − w · mean S · log Σ e^((h − max h)/τ)."""
    squares = energy(activity)
    mean = _mean_energy(squares, state, train, rate)
    behind = (activity - activity.amax(-1, keepdim=True)) / temperature
    return squares - weight * mean * behind.logsumexp(-1)


def _start_predicting(width: int, classes: int, generator: torch.Generator) -> State:
    """Nothing is expected of a unit at first, as in the source."""
    return {"energy": torch.tensor(width / 2), "expected": torch.zeros(width)}


def _expected(activity: Tensor, state: State | None, train: bool, rate: float) -> Tensor:
    """What the units (..., B, units) usually do, from before this batch; (..., 1, units)."""
    if state is None:
        return activity.mean(-2, keepdim=True)
    return _usual(activity, state["expected"], train, rate, own=1)


@goodness.register(
    "predictive_coding",
    source=SOURCE,
    init=_start_predicting,
    natural_threshold=measured("predictive_coding"),
    batched=True,
    coupled=True,
)
def predictive_coding(
    activity: Tensor,
    state: State | None = None,
    train: bool = False,
    *,
    weight: Annotated[float, Param("weight of the surprise", 0.0, 10.0)] = 0.1,
    rate: Rate = 0.1,
) -> Tensor:
    """Sum of squares less surprise, the distance from the units' running mean: S − w · mean S · min(10, ‖h − h̄‖²/S).

    The ratio ends at 10, as in the source: a nearly silent sample, whose S is next to nothing, would else be pushed
    without bound. Each unit has a running mean of its own, so after training the order of the units matters.
    """
    squares = energy(activity)
    mean = _mean_energy(squares, state, train, rate)
    surprise = energy(activity - _expected(activity, state, train, rate))
    return squares - weight * mean * (surprise / (squares + EPSILON)).clamp(max=RATIO_LIMIT)
