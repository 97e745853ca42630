"""A step of layers that know of each other: they are told what the others say, or gradient crosses between them.

The usual step needs none of this: each layer learns and is done while the walk goes up. Here the walk is finished
first, and no weight changes before every derivative is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ffexplore.engine.layers import Layer
from ffexplore.engine.network import Network, Stage
from ffexplore.engine.rules import Activity, Others
from ffexplore.engine.schedule import Blocks


def listening(layers: Sequence[Layer], learning: Collection[int]) -> set[str]:
    """To whom the layers that learn want to listen: of "all" and "earlier"; empty for the usual objectives."""
    rules = [rule for number in learning for rule in layers[number].rules]
    return {rule.objective.listens_to for rule in rules if "context" in rule.objective.needs}


def deltas(
    network: Network, walked: Sequence[Stage], blocks: Blocks, labels: Tensor | None = None
) -> dict[int, Tensor]:
    """The derivative of the summed objectives by the pre-activation of each layer that learns, (K, S, B, units).

    The objective of a block is that of its last layer. A layer in several blocks learns once, from the sum of what
    reaches it.

    Parameters
    ----------
    network
        The network.
    walked
        What the walk handed out, from the first layer on.
    blocks
        Neighbouring layers, over whose borders gradient crosses.
    labels
        Classes (K', S', B) that the sides are said to have, for a goodness with a score a class.

    Returns
    -------
    dict
        By number of the layer, ascending.
    """
    heard: Sequence[Others | None] = [None] * len(walked)
    if listening(network.layers, [block[-1] for block in blocks]):
        # by the same means of the batch as the layers themselves learn by
        said = [layer.measure(h, labels, e, train=True) - layer.theta.unsqueeze(-1) for layer, _, h, _, e, *_ in walked]
        heard = hear(said)
    found: dict[int, Tensor] = {}
    for *lower, last in blocks:
        layer, _, h, masks, energy, *_ = walked[last]
        # a copy, because a layer may be the last of one block and within another
        delta = layer.delta(Activity(h.clone(), energy, masks, heard[last], labels))
        found[last] = found[last] + delta if last in found else delta
        for number in reversed(lower):
            below = walked[number]
            pulled = network.pull_back(delta, number + 1, below.up)
            delta = below.layer.delta_from_above(pulled, below.up, below.mask)
            found[number] = found[number] + delta if number in found else delta
    return dict(sorted(found.items()))


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
