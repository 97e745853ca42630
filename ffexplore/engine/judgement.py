"""What an objective makes of a layer's goodness where more than two numbers a pair are asked for.

That is where the goodness gives a score a class, or where the threshold learns. The usual case, one number a side and
a given threshold, takes a shorter way in ``layers``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from ffexplore.engine.objectives import Evidence, Objective
from ffexplore.registry import Value


class Given(NamedTuple):
    """What a layer is given beside its goodness.

    θ and the logit scale (K, 1), None for 1; what other layers say (K, 2, B), where somebody asks; whether the
    derivative by θ is wanted.
    """

    theta: Tensor
    scale: Tensor | None = None
    context: Tensor | None = None
    learns_theta: bool = False


class Judgement(NamedTuple):
    """The loss of each pair (K, B), its derivative by the goodness, of the goodness's shape, and by θ (K, 1)."""

    loss: Tensor
    by_goodness: Tensor
    by_theta: Tensor | None


def of_label(scores: Tensor, labels: Tensor) -> Tensor:
    """The score of each row's label: scores (K, S', B, C) and labels (K', S, B) -> (K, S, B); S' may be 1."""
    sides = max(scores.shape[1], labels.shape[1])
    wanted = labels.expand(scores.shape[0], sides, -1).unsqueeze(-1)
    return scores.expand(-1, sides, -1, -1).gather(-1, wanted).squeeze(-1)


def judge(
    objective: Objective,
    params: Mapping[str, Value],
    g: Tensor,
    given: Given,
    labels: Tensor | None = None,
) -> Judgement:
    """Ask an objective what it makes of the goodness.

    Parameters
    ----------
    objective, params
        The objective and the values of its parameters.
    g
        Goodness (K, 2, B), or scores of the classes (K, S, B, C), where S is 1 when both sides share the input.
    given
        What the layer is given.
    labels
        Classes (K, S', B) that the sides are said to have, the right ones first; for scores of the classes.
    """
    theta, scale, context, learns_theta = given
    if labels is None:
        evidence = Evidence(g[:, 0], g[:, 1], theta, scale, context)
    else:
        right, named = labels[:, 0], labels[:, -1]
        pair = of_label(g, torch.stack([right, named], 1))
        evidence = Evidence(pair[:, 0], pair[:, 1], theta, scale, context, scores=g[:, 0], labels=right)
    by = (*objective.looked_at, *(("theta",) if learns_theta and "theta" in objective.arguments else ()))
    loss, slopes = objective.gradients(evidence, by, params)
    found = dict(zip(by, slopes, strict=True))
    slope = torch.zeros_like(g)
    if labels is None:
        for side, name in enumerate(("positive", "negative")):
            if name in found:
                slope[:, side] = found[name]
    else:
        if "scores" in found:
            slope[:, 0] += found["scores"]
        for side, name, label in ((0, "positive", right), (-1, "negative", named)):
            if name in found:
                slope[:, side].scatter_add_(-1, label.unsqueeze(-1), found[name].unsqueeze(-1))
    return Judgement(loss, slope, found.get("theta"))
