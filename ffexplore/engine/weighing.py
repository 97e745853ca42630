"""What is weighed when a class is read: the network's answers to an input, or to moved copies of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ffexplore.engine.augment import moved_copies
from ffexplore.engine.prototypes import evidence

if TYPE_CHECKING:
    from ffexplore.engine.settings import Settings
    from ffexplore.engine.trained import Trained


class Weighed(NamedTuple):
    """What a network says of B inputs, on average over their copies; K variants, L layers, C classes."""

    goodness: Tensor  #: (L, K, B, C) of every label; all zero where no class is named
    layers: Tensor  #: the same shape: what the inference weighs of each layer, goodness or nearness to prototypes
    logits: Tensor | None  #: (K, B, C) of the read-out


@torch.no_grad()
def weigh(trainer: Trained, raw: Tensor) -> Weighed:
    """Ask for the classes of raw inputs (B, features), which may be overwritten, as the settings say.

    Pictures are looked at in every place within ``inference_shift`` pixels, as in "ten-crop" testing (Krizhevsky et
    al. 2012).
    """
    network, settings = trainer.network, trainer.settings
    total: Weighed | None = None
    reach = settings.inference_shift
    for copy in moved_copies(raw, network.inputs.dataset.shape, reach):
        goodness, logits = network.score(copy)
        found = Weighed(goodness, evidence(network, settings.inference, copy, goodness), logits)
        total = found if total is None else _sum(total, found)
    assert total is not None
    count = copies_of(settings)
    logits = None if total.logits is None else total.logits / count
    return Weighed(total.goodness / count, total.layers / count, logits)


def copies_of(settings: Settings) -> int:
    """In how many places the inference looks at a picture."""
    return (2 * settings.inference_shift + 1) ** 2


def _sum(one: Weighed, other: Weighed) -> Weighed:
    logits = None if one.logits is None or other.logits is None else one.logits + other.logits
    return Weighed(one.goodness + other.goodness, one.layers + other.layers, logits)
