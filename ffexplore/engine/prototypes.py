"""Class prototypes: the mean direction of each layer's activity over the training data of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ffexplore.engine.inference import asks_prototypes
from ffexplore.engine.rng import stream
from ffexplore.registry import Choice

if TYPE_CHECKING:
    from ffexplore.engine.inputs import Inputs
    from ffexplore.engine.network import Network

ROWS = (1_000, 10_000)  # fewest and most rows of the training data that prototypes are taken from
WORK = 4e10  # multiplications and additions above which fewer rows are taken
CHUNK_ROWS = 1024


def directions(network: Network, images: Tensor) -> list[Tensor]:
    """What each layer passes on in one pass with the neutral label, scaled to length 1, (K, B, units).

    The raw images (B, features) may be overwritten.
    """
    with torch.no_grad():
        parts = network.unlabelled(network.inputs.prepare(images[None, None]))
        return [torch.nn.functional.normalize(stage.up[:, 0], dim=-1) for stage in network.walk(parts)]


class Prototypes:
    """The prototypes of a network, taken anew when its weights have changed.

    They come from the training data alone: up to 10 000 rows of it, fewer for a network that takes long, drawn once
    from a fixed seed.
    """

    def __init__(self) -> None:
        self._made_for: object = None
        self._rows: list[Tensor] = []

    def of(self, network: Network) -> list[Tensor]:
        """The prototype of each class in each layer, (K, classes, units) of length 1; zero for a class without rows."""
        present = (id(network), *((id(layer.parameters), layer.parameters.version) for layer in network.layers))
        if present != self._made_for:
            self._rows, self._made_for = self._take(network), present
        return self._rows

    def _take(self, network: Network) -> list[Tensor]:
        inputs = network.inputs
        index = _sample(inputs, 2 * sum(layer.parameters.flat.numel() for layer in network.layers))
        sums: list[Tensor] = []
        for rows in index.split(CHUNK_ROWS):
            member = torch.nn.functional.one_hot(inputs.y["train"][rows], inputs.classes).float()
            found = [member.mT @ each for each in directions(network, inputs.rows(rows))]
            sums = found if not sums else [total.add_(each) for total, each in zip(sums, found, strict=True)]
        return [torch.nn.functional.normalize(total, dim=-1) for total in sums]

    def nearness(self, network: Network, images: Tensor) -> Tensor:
        """Cosine of the angle between activities and prototypes for raw images (B, features): (L, K, B, C)."""
        prototypes = self.of(network)
        pieces = [
            torch.stack([own @ rows.mT for own, rows in zip(directions(network, chunk), prototypes, strict=True)])
            for chunk in images.split(CHUNK_ROWS)
        ]
        return torch.cat(pieces, 2)


def _sample(inputs: Inputs, work: int) -> Tensor:
    """Rows of the training data; the same ones at each look."""
    count = len(inputs.y["train"])
    wanted = max(ROWS[0], min(ROWS[1], int(WORK / work)))
    drawn = torch.randperm(count, generator=stream(0, "prototypes"))[:wanted]
    return drawn.to(inputs.table.device)


def evidence(network: Network, choice: Choice, images: Tensor, goodness: Tensor) -> Tensor:
    """What an inference weighs in each layer (L, K, B, C): the goodness of the labels, or nearness to prototypes."""
    return network.prototypes.nearness(network, images) if asks_prototypes(choice) else goodness
