"""Small layers that learn again and again: after a few batches their calls are recorded and from then on played."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from torch import Tensor

from ffexplore.engine.layers import Layer
from ffexplore.engine.network import Network
from ffexplore.engine.parts import Part
from ffexplore.engine.recording import Played, Recorder
from ffexplore.registry import Entry

PATIENCE = 8  # batches before calls are recorded: settings that are dragged do not last so long


class Repeats:
    """What lets layers learn from a batch, up to the change of their weights.

    Parameters
    ----------
    learn
        Does it for the first layer's parts.
    learners
        The layers that learn.
    """

    def __init__(self, learn: Callable[[list[Part]], None], learners: Sequence[Layer]) -> None:
        self._learn, self._learners = learn, list(learners)
        self._variants = learners[0].parameters.variants
        self._played: dict[tuple[object, ...], Played] = {}
        self._given = 0
        self.obstacle = ""  #: why it is not recorded, once it was tried

    @staticmethod
    def serves(network: Network, learning: Collection[int]) -> bool:
        """Whether layers learn by calls that hang on no number and leave nothing behind but tensors.

        That is known of our own entries alone: what somebody else wrote may look at a number, or keep one.
        """
        entries: list[Entry] = [network.normalization]
        for layer in network.layers:
            entries.append(layer.activation)
            entries += [entry for rule in layer.rules for entry in (rule.goodness, rule.objective)]
        is_plain = network.black_box is None and not any(network.layers[number].beside() for number in learning)
        return is_plain and all(entry.function.__module__.startswith("ffexplore.") for entry in entries)

    def __call__(self, parts: list[Part], rows: int) -> None:
        """Learn from the parts of a batch of so many rows."""
        key = (rows, *(layer.looks_at_loss for layer in self._learners))
        played = self._played.get(key)
        if played is not None:
            for layer, loss in zip(self._learners, played(*self._inputs(parts)), strict=True):
                layer.has_learned(loss)
            return
        self._given += 1
        if self._given <= PATIENCE or self.obstacle:
            self._learn(parts)
            return
        with Recorder(self._inputs(parts)) as recorder:
            self._learn(parts)
        self.obstacle = recorder.obstacle
        if not self.obstacle:
            self._played[key] = recorder.played([layer.loss for layer in self._learners])

    def _inputs(self, parts: list[Part]) -> list[Tensor]:
        given: list[Tensor] = []
        for part in parts:
            given += (part.x, *part.stacks(self._variants))
            if part.scale is not None:
                given.append(part.scale)
        return given
