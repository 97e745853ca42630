"""What an objective may look at, and by which names it asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

# What an objective may name, and what that asks for.
ARGUMENTS = {
    "positive": "pairs", "negative": "pairs", "theta": "theta", "context": "context", "scores": "classes",
    "labels": "classes",
}  # fmt: skip


@dataclass
class Evidence:
    """What an objective may look at; K variants, B pairs.

    ``positive`` and ``negative`` are goodness (K, B); ``theta`` the threshold and ``scale`` the factor that turns
    a distance in goodness into a logit (None for 1), both (K, 1); ``context`` what other layers say of each side:
    how far their goodness is above their thresholds, summed, (K, 2, B). Where the goodness gives a score a class,
    ``scores`` (K, B, C) are those of the positive side and ``labels`` (K, B) the right classes; ``positive`` and
    ``negative`` are the scores of the classes that the two sides are said to have.
    """

    positive: Tensor
    negative: Tensor
    theta: Tensor
    scale: Tensor | None
    context: Tensor | None = None
    scores: Tensor | None = None
    labels: Tensor | None = None
