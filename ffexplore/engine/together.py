"""A step of several layers that know of each other, from the activities of the whole stack.

The usual step needs none of this: each layer learns and is done while the walk goes up. Here the walk is finished
first, and no weight changes before every derivative is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ffexplore.engine.layers import Layer, Others, Part

Step = tuple[Layer, list[Part], Tensor, Tensor | None]  #: what the walk hands out of a layer


def listening(layers: Sequence[Layer], learning: Collection[int]) -> set[str]:
    """To whom the layers that learn want to listen: of "all" and "earlier"; empty for the usual objectives."""
    rules = [rule for number in learning for rule in layers[number].rules]
    return {rule.objective.listens_to for rule in rules if "context" in rule.objective.needs}


def learn_together(walked: Sequence[Step], learning: Collection[int]) -> None:
    """Take one step of every layer that learns, each told what the others say of the batch.

    Parameters
    ----------
    walked
        What the walk handed out, from the first layer on.
    learning
        Numbers of the layers that learn.

    Raises
    ------
    DivergedError
        When a loss or a gradient is not finite.
    """
    with torch.no_grad():
        heard = hear([_margin(layer, h) for layer, _, h, _ in walked])
        deltas = []
        for (layer, _, h, masks), others in zip(walked, heard, strict=True):
            if layer.number in learning:
                layer.meet_peers(h)
                deltas.append(layer.delta(h, masks, others))
        taught = [step for step in walked if step[0].number in learning]
        for (layer, parts, _, _), delta in zip(taught, deltas, strict=True):
            layer.accumulate(parts, delta)


def _margin(layer: Layer, h: Tensor) -> Tensor:
    """How far the goodness of activities (K, 2, B, units) is above the layer's threshold, (K, 2, B)."""
    return layer.measure(h) - layer.theta.unsqueeze(-1)


def hear(margins: Sequence[Tensor]) -> list[Others]:
    """For each layer the sum of the margins (K, 2, B) of all other layers, and of those below it."""
    nothing = torch.zeros_like(margins[0])
    below, above = [nothing], [nothing]
    for margin in margins[:-1]:
        below.append(below[-1] + margin)
    for margin in reversed(margins[1:]):
        above.append(above[-1] + margin)
    return [{"earlier": earlier, "all": earlier + later} for earlier, later in zip(below, reversed(above), strict=True)]
