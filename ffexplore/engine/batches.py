"""The order in which training samples come."""

from __future__ import annotations

import torch
from torch import Tensor

from ffexplore.engine.rng import Streams


class Batches:
    """Endless batches of row numbers: every epoch in a new order, the last batch of an epoch possibly short.

    Parameters
    ----------
    count
        Rows of the training data.
    size
        Rows of a batch; the whole data, in a fixed order, when it is not less than ``count``.
    seeds
        The distinct orders that are wanted: one, or one for each variant.
    device
        Where the numbers are to lie.
    """

    def __init__(self, count: int, size: int, seeds: list[int], device: torch.device) -> None:
        self.count, self.device = count, device
        self._streams = Streams(seeds, "order")
        self.order = self._shuffled()
        self.position = 0
        self.epoch = 0
        self.resize(size)

    def resize(self, size: int) -> None:
        """Change the size of the batches from the next one on."""
        self.size = min(size, self.count)

    def _shuffled(self) -> Tensor:
        return self._streams.stack(lambda rng: torch.randperm(self.count, generator=rng)).to(self.device)

    def next(self) -> Tensor:
        """Row numbers of the next batch, (K', B) int64."""
        if self.position >= self.count:
            self.position, self.epoch = 0, self.epoch + 1
            if self.size < self.count:
                self.order = self._shuffled()
        index = self.order[:, self.position : self.position + self.size]
        self.position += index.shape[1]
        return index

    @property
    def left(self) -> int:
        """Batches to the end of the present pass over the data; of a whole one where a pass has just ended."""
        return -(-(self.count - self.position % self.count) // self.size)

    @property
    def epochs(self) -> float:
        """Passes over the data so far."""
        return self.epoch + self.position / self.count

    def state(self) -> dict[str, Tensor]:
        """What is needed to go on with the same batches."""
        return {"order": self.order, "cursor": torch.tensor([self.position, self.epoch]), **self._streams.state()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on where ``state`` was taken."""
        self.order = state["order"].to(self.device)
        self.position, self.epoch = (int(value) for value in state["cursor"])
        self._streams.load(state)
