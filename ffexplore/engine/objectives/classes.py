"""Objectives that compare classes; they need no negatives, only a goodness with a score for each class."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.objectives.entry import objectives
from ffexplore.registry import Param

Margin = Annotated[float, Param("distance that the right class is to keep from a wrong one", 0.0, 100.0)]


def _lead(scores: Tensor, labels: Tensor) -> Tensor:
    """How far each wrong class is ahead of the right one, (..., C); the right one itself is at minus infinity."""
    right = labels.unsqueeze(-1)
    return (scores - scores.gather(-1, right)).scatter(-1, right, float("-inf"))


@objectives.register("class_cross_entropy", source="CwComp, arXiv 2312.12668; Mono-Forward, arXiv 2501.09238")
def class_cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """The right class most probable in a softmax over the scores of all classes: −log softmax(g)[y]."""
    return -scores.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)


@objectives.register("n_pair", source="after Distance-Forward, Wu et al. 2024, arXiv 2408.14925")
def n_pair(scores: Tensor, labels: Tensor, *, margin: Margin = 1.0) -> Tensor:
    """The right class a margin above every wrong one, the nearest most of all: log(1 + Σ exp(g[c] − g[y] + m))."""
    lead = _lead(scores, labels) + margin
    return torch.cat([lead, torch.zeros_like(lead[..., :1])], -1).logsumexp(-1)


@objectives.register("centroid_margin", source="after Distance-Forward, Wu et al. 2024, arXiv 2408.14925")
def centroid_margin(scores: Tensor, labels: Tensor, *, margin: Margin = 1.0) -> Tensor:
    """The right class a margin above the nearest wrong one: max(0, m + max g[c] − g[y])."""
    return (_lead(scores, labels).amax(-1) + margin).relu()
