"""Both sides of a whole epoch, made at once and handed out batch by batch.

A draw that depends on nothing but its own row may as well be made for every row at once: then a batch is a view, and
a step spends no time on gathering images, drawing labels and writing their codes.
"""

from __future__ import annotations

from torch import Tensor

from ffexplore.engine.batches import Batches
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.parts import Part


class EpochSides:
    """The parts of the first layer for the present order of the training data.

    Parameters
    ----------
    pairs
        What makes the sides.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._parts: list[Part] = []
        self._order: Tensor | None = None
        self._kept: object = None

    @staticmethod
    def serves(pairs: Pairs) -> bool:
        """Whether the sides of an epoch can be made at once: small data, and labels that are drawn for all its rows."""
        lasting = pairs.refresh in ("epoch", "once") and pairs.lasts
        return lasting and not pairs.changes_image and pairs.inputs.keeps_prepared

    def batch(self, batches: Batches, rows: int, period: object) -> list[Part]:
        """Parts of both sides of the batch of so many rows that was taken last.

        Parameters
        ----------
        batches
            Where the batch was taken from.
        rows
            Rows of the batch.
        period
            Changes when the negatives are to be drawn anew.
        """
        pairs = self.pairs
        if self._order is not batches.order or self._kept is not pairs.kept or pairs.kept_for != period:
            prepared = pairs.inputs.prepare_rows(batches.order)
            self._parts = pairs.sides(batches.order, None, prepared, period)
            self._order, self._kept = batches.order, pairs.kept
        first = batches.position - rows
        return [_compact(part.rows(first, batches.position)) for part in self._parts]

    def go_on(self, former: EpochSides) -> None:
        """Use what a former one made, as long as its draws are those of ``pairs``."""
        if former.pairs.inputs is self.pairs.inputs:
            self._parts, self._order, self._kept = former._parts, former._order, former._kept


def _compact(part: Part) -> Part:
    """The part with its sides one behind the other, as matrix products want them; small where both share the image."""
    part.x = part.x.contiguous()
    return part
