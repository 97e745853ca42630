"""Which numbers of a step were not finite, noted where they lie, so that the host need not wait for one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


class Watch:
    """The first step in which each of some sums was not finite.

    Parameters
    ----------
    words
        What it means where a sum is not finite, one for each.
    device
        Where the sums lie.
    """

    def __init__(self, words: Sequence[str], device: torch.device) -> None:
        self._words = words
        self.notes = torch.empty(
            len(words) + 1, device=device
        )  #: those steps, inf for none; and the number of this one
        self._firsts, self._step = self.notes[:-1], self.notes[-1]
        self._told = torch.empty_like(self.notes, device="cpu", pin_memory=device.type == "cuda")
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        for notes in (self.notes, self._told):
            notes.fill_(math.inf)
            notes[-1] = 0

    def begin(self) -> None:
        """Begin a step."""
        self._step.add_(1)

    def see(self, first: int, sums: Tensor) -> Tensor:
        """Note which of these sums, those from number ``first`` on, are not finite.

        Returns
        -------
        Tensor
            Whether any sum was not, in this step or before, () bool.
        """
        is_finite = (sums * 0) == 0
        found = self._step.expand_as(sums).masked_fill(is_finite, math.inf)
        noted = self._firsts[first : first + len(sums)]
        torch.minimum(noted, found, out=noted)
        return self._firsts.amin() < math.inf

    def tell(self) -> None:
        """Send the notes to the host, which does not wait for them."""
        self._told.copy_(self.notes, non_blocking=True)

    @property
    def has_found(self) -> bool:
        """Whether the host was told of a sum that is not finite, perhaps some steps after it."""
        return bool(self._told[:-1].isfinite().any())

    def finding(self) -> tuple[str, int]:
        """What was not finite first, and how many steps there were from then on, that one included.

        To be asked when the device has done what it was given.
        """
        firsts, step = self._told[:-1], int(self._told[-1])
        number = int(firsts.argmin())
        return self._words[number], step - int(firsts[number]) + 1
