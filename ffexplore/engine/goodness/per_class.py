"""Goodness that gives one score a class, from a single pass without the label.

Such a layer does not ask whether an input with its label is positive; it says how well each class fits. The goodness
of a side is then the score of the class that the side is said to have. Each entry has tensors of its own for every
layer; those named in the trait ``learned`` follow the gradient of the layer's objective, at the layer's rate.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.goodness.entry import EPSILON, State, goodness
from ffexplore.registry import Param

START = 0.1  # spread of the class centroids at the start, beside directions with a mean square of 1
Temperature = Annotated[float, Param("what the scores are divided by; a lower one makes the layer surer", 0.001, 100.0)]


def _against(activity: Tensor, rows: Tensor) -> Tensor:
    """Product of each activity (K, S, B, units) with each class's row (K, classes, units): (K, S, B, classes)."""
    return activity @ rows.mT.unsqueeze(1).to(activity.dtype)


def _groups(width: int, classes: int, generator: torch.Generator) -> State:
    """Which share each unit has in the mean of its class; sizes differ by one unit at most."""
    owner = torch.arange(width) * classes // width
    member = torch.nn.functional.one_hot(owner, classes).float().mT
    return {"share": member / member.sum(1, keepdim=True).clamp(min=1)}


@goodness.register(
    "class_groups",
    source="CwComp, Papachristodoulou et al. 2024, arXiv 2312.12668",
    init=_groups,
    natural_threshold=lambda width: 1.0,
    batched=True,
    output="per_class",
    group_of_units=True,
)
def class_groups(activity: Tensor, state: State, train: bool = False) -> Tensor:
    """The units are dealt out to the classes; a class scores its own group: g[c] = mean h² over the units of c."""
    return _against(activity.square(), state["share"])


def _matrix(width: int, classes: int, generator: torch.Generator) -> State:
    return {"matrix": torch.randn(classes, width, generator=generator) / width**0.5}


@goodness.register(
    "projection",
    source="Mono-Forward, Gong et al. 2025, arXiv 2501.09238",
    init=_matrix,
    learned=("matrix",),
    natural_threshold=lambda width: 0.0,
    batched=True,
    output="per_class",
)
def projection(activity: Tensor, state: State, train: bool = False) -> Tensor:
    """A learned matrix turns the activity into one score a class: G = h Mᵀ."""
    return _against(activity, state["matrix"])


def _prototypes(width: int, classes: int, generator: torch.Generator) -> State:
    return {"prototypes": torch.randn(classes, width, generator=generator)}


def _unit(rows: Tensor) -> Tensor:
    """Rows of length 1; silent ones stay zero."""
    return rows * (rows.square().sum(-1, keepdim=True) + EPSILON).rsqrt()


@goodness.register(
    "cosine",
    source="HFF 2026, arXiv 2605.00082; the temperature's default is ours",
    init=_prototypes,
    learned=("prototypes",),
    natural_threshold=lambda width: 0.0,
    batched=True,
    output="per_class",
)
def cosine(activity: Tensor, state: State, train: bool = False, *, temperature: Temperature = 0.1) -> Tensor:
    """Cosine between the activity and a learned prototype of each class: cos(h, p) / τ; softmax is the objective's.

    The source gives the softmax of these over the classes. That is left to the objective ``class_cross_entropy``,
    which would else take it twice; the order of the classes, by which inference goes, is the same without it.
    """
    return _against(_unit(activity), _unit(state["prototypes"])) / temperature


def _centroids(width: int, classes: int, generator: torch.Generator) -> State:
    return {"centroids": START * torch.randn(classes, width, generator=generator)}


@goodness.register(
    "centroids",
    source="after Distance-Forward, Wu et al. 2024, arXiv 2408.14925; learned centroids and temperature ours",
    init=_centroids,
    learned=("centroids",),
    natural_threshold=lambda width, temperature: -1.0 / temperature,
    batched=True,
    output="per_class",
)
def centroids(activity: Tensor, state: State, train: bool = False, *, temperature: Temperature = 0.1) -> Tensor:
    """Nearness of the activity's direction u to a learned centroid of each class: −mean (u − c)² / τ."""
    units = activity.shape[-1]
    direction = _unit(activity) * units**0.5
    middle = state["centroids"].to(activity.dtype)
    # (u − c)² multiplied out, so that no tensor holds a difference for every class
    squares = direction.square().sum(-1, keepdim=True) + middle.square().sum(-1)[:, None, None]
    return (2 * _against(direction, middle) - squares) / (units * temperature)
