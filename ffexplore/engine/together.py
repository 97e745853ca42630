"""A step of layers that know of each other: they are told what the others say, or gradient crosses between them.

The usual step needs none of this: each layer learns and is done while the walk goes up. Here the walk is finished
first, and no weight changes before every derivative is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ffexplore.engine.layers import Layer, Others
from ffexplore.engine.network import Network
from ffexplore.engine.parts import Part
from ffexplore.engine.schedule import Blocks

Step = tuple[Layer, list[Part], Tensor, Tensor | None]  #: what the walk hands out of a layer


def listening(layers: Sequence[Layer], learning: Collection[int]) -> set[str]:
    """To whom the layers that learn want to listen: of "all" and "earlier"; empty for the usual objectives."""
    rules = [rule for number in learning for rule in layers[number].rules]
    return {rule.objective.listens_to for rule in rules if "context" in rule.objective.needs}


def learn_together(network: Network, walked: Sequence[Step], blocks: Blocks, labels: Tensor | None = None) -> None:
    """Take one step down the objective of each block, which is that of its last layer.

    A layer in several blocks learns once, from the sum of what reaches it.

    Parameters
    ----------
    network
        The network.
    walked
        What the walk handed out, from the first layer on.
    blocks
        Neighbouring layers, over whose borders gradient crosses.
    labels
        Classes (K', S, B) that the sides are said to have, for a goodness with a score a class.

    Raises
    ------
    DivergedError
        When a loss or a gradient is not finite.
    """
    with torch.no_grad():
        for number in {number for block in blocks for number in block}:
            walked[number][0].meet_peers(walked[number][2])
        for number, delta in _deltas(network, walked, blocks, labels).items():
            layer, parts, _, _ = walked[number]
            layer.accumulate(parts, delta)


def _deltas(network: Network, walked: Sequence[Step], blocks: Blocks, labels: Tensor | None) -> dict[int, Tensor]:
    """The derivative of the summed objectives by the pre-activation of each layer that learns, (K, S, B, units)."""
    heard: Sequence[Others | None] = [None] * len(walked)
    if listening(network.layers, [block[-1] for block in blocks]):
        heard = hear([layer.measure(h, labels) - layer.theta.unsqueeze(-1) for layer, _, h, _ in walked])
    deltas: dict[int, Tensor] = {}
    for *lower, last in blocks:
        layer, _, h, masks = walked[last]
        # a copy, because a layer may be the last of one block and within another
        delta = layer.delta(h.clone(), masks, heard[last], labels)
        deltas[last] = deltas[last] + delta if last in deltas else delta
        for number in reversed(lower):
            layer, _, h, masks = walked[number]
            delta = layer.delta_from_above(network.pull_back(delta, number + 1, h), h, masks)
            deltas[number] = deltas[number] + delta if number in deltas else delta
    return deltas


def hear(margins: Sequence[Tensor]) -> list[Others]:
    """What each layer is told: the sum of the margins (K, 2, B) of all other layers, and of those below it.

    A margin is how far a layer's goodness is above its threshold.
    """
    nothing = torch.zeros_like(margins[0])
    below, above = [nothing], [nothing]
    for margin in margins[:-1]:
        below.append(below[-1] + margin)
    for margin in reversed(margins[1:]):
        above.append(above[-1] + margin)
    return [{"earlier": earlier, "all": earlier + later} for earlier, later in zip(below, reversed(above), strict=True)]
