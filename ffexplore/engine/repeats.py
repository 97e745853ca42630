"""Layers that learn again and again: after a few batches their calls are recorded and from then on played."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor

from ffexplore.engine.capture import Captured, Standing
from ffexplore.engine.network import Network
from ffexplore.engine.parts import Part
from ffexplore.engine.recording import Recorder, RecordingError
from ffexplore.registry import Entry

# Batches before calls are recorded, which settings that are dragged do not last; a graph takes longer to capture.
PATIENCE = 8
PATIENCE_ON_GPU = 64
CAPTURED = "captured in a CUDA graph"
Learn = Callable[[list[Part]], None]


class Repeats:
    """What lets layers learn from a batch, up to the change of their weights.

    It holds on to nothing that holds on to it, so that with the last who asks a graph and its memory are gone.

    Parameters
    ----------
    network, learning
        The network, and the numbers of its layers that learn.
    chance
        What random numbers are drawn from on the way.
    """

    def __init__(self, network: Network, learning: Collection[int], chance: Sequence[torch.Generator] = ()) -> None:
        self._network, self._chance = network, chance
        self._learners = [layer for layer in network.layers if layer.number in learning]
        self._on_gpu = network.is_on_gpu
        self._played: dict[tuple[object, ...], Callable[[list[Part]], Sequence[Tensor | None]]] = {}
        self._given = 0
        self.obstacle = ""  #: why it is not recorded, once it was tried

    @staticmethod
    def serves(network: Network, learning: Collection[int], lasting: bool) -> bool:
        """Whether layers learn by calls that hang on no number and leave nothing behind but tensors.

        On a GPU what does not is found out by trying. On a CPU that is known of our own entries alone: what somebody
        else wrote may look at a number, or keep one; and only parts that are ``lasting``, as those that are made for a
        whole epoch, bring no product with them.
        """
        if network.black_box is not None or any(network.layers[number].beside() for number in learning):
            return False
        if network.is_on_gpu:
            return not network.per_class
        entries: list[Entry] = [network.normalization]
        for layer in network.layers:
            entries.append(layer.activation)
            entries += [entry for rule in layer.rules for entry in (rule.goodness, rule.objective)]
        return lasting and all(entry.is_ours for entry in entries)

    @property
    def manner(self) -> str:
        """How the layers learn at present, in words."""
        one_by_one = f"call by call: {self.obstacle}" if self.obstacle else "call by call"
        if not self._played:
            return one_by_one
        at_once = CAPTURED if self._on_gpu else "recorded"
        return f"{at_once}, other batches {one_by_one}" if self.obstacle else at_once

    def __call__(self, learn: Learn, parts: list[Part], rows: int) -> None:
        """Learn from the parts of a batch of so many rows; ``learn`` does it call by call, the same each time."""
        key = (rows, *(layer.looks_at_loss for layer in self._learners))
        played = self._played.get(key)
        if played is not None:
            for layer, loss in zip(self._learners, played(parts), strict=True):
                layer.has_learned(loss)
            return
        self._given += 1
        if self._given <= (PATIENCE_ON_GPU if self._on_gpu else PATIENCE) or self.obstacle:
            learn(parts)
            return
        try:
            self._played[key] = self._captured(learn, parts) if self._on_gpu else self._recorded(learn, parts)
        except RecordingError as obstacle:
            self.obstacle = str(obstacle)

    def _captured(self, learn: Learn, parts: list[Part]) -> Callable[[list[Part]], Sequence[Tensor | None]]:
        network, learners, chance = self._network, self._learners, self._chance
        sources, scaled = [part.source for part in parts], [part.scale is not None for part in parts]

        def calls(tensors: Sequence[Tensor]) -> None:
            scales = iter(tensors[len(sources) :])
            factors = [next(scales) if is_scaled else None for is_scaled in scaled]
            learn(list(map(Part, sources, tensors, factors)))

        def inputs(parts: list[Part]) -> list[Tensor]:
            return [*(part.x for part in parts), *(part.scale for part in parts if part.scale is not None)]

        def played(parts: list[Part]) -> Sequence[Tensor | None]:
            captured(inputs(parts))
            return captured.losses

        captured = Captured(
            calls, inputs(parts), lambda: Standing(network, learners, chance), chance, network.scratch.buffers
        )
        return played

    def _recorded(self, learn: Learn, parts: list[Part]) -> Callable[[list[Part]], Sequence[Tensor | None]]:
        variants = self._network.variants

        def inputs(parts: list[Part]) -> list[Tensor]:
            given: list[Tensor] = []
            for part in parts:
                given += (part.x, *part.stacks(variants))
                if part.scale is not None:
                    given.append(part.scale)
            return given

        with Recorder(inputs(parts)) as recorder:
            learn(parts)
        played = recorder.played([layer.loss for layer in self._learners])
        return lambda parts: played(*inputs(parts))
