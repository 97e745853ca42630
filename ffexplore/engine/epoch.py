"""Both sides of a whole epoch, made at once and handed out batch by batch.

A draw that depends on nothing but its own row may as well be made for every row at once: then a batch is there
already, and a step spends no time on gathering images, drawing labels and writing their codes.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        self._batches: list[list[Part]] = []
        self._first, self._size = 0, 0  # where in the order the first of them begins, and rows of each
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
        pairs, first = self.pairs, batches.position - rows
        is_drawn = self._order is batches.order and self._kept is pairs.kept and pairs.kept_for == period
        number, beside = divmod(first - self._first, batches.size)
        if not is_drawn or batches.size != self._size or beside or number < 0:
            prepared = pairs.inputs.prepare_rows(batches.order)
            whole, variants = pairs.sides(batches.order, None, prepared, period), pairs.network.variants
            cut = [_cut(part, first, batches.size, variants) for part in whole]
            self._batches = [list(parts) for parts in zip(*cut, strict=True)]
            self._order, self._kept = batches.order, pairs.kept
            self._first, self._size, number = first, batches.size, 0
        return self._batches[number]

    def go_on(self, former: EpochSides) -> None:
        """Use what a former one made, as long as its draws are those of ``pairs``."""
        if former.pairs.inputs is self.pairs.inputs:
            self._batches, self._first, self._size = former._batches, former._first, former._size
            self._order, self._kept = former._order, former._kept


def _cut(part: Part, first: int, size: int, variants: int) -> list[Part]:
    """A part in batches of so many rows from the first on; what is left at the end makes a smaller one."""
    end = first + (part.rows - first) // size * size
    whole = _batches(part.cut(first, end), size, variants) if end > first else []
    return [*whole, *_batches(part.cut(end, part.rows), part.rows - end, variants)] if end < part.rows else whole


def _batches(part: Part, size: int, variants: int) -> list[Part]:
    """A part in batches, each with its sides one behind the other, as the matrix products want them."""
    x = part.x.unflatten(2, (-1, size)).movedim(2, 0).contiguous()  # (batches, K or 1, S or 1, size, n)
    scales: Sequence[Tensor | None] = [None] * len(x)
    if part.scale is not None:
        scales = part.scale.unflatten(2, (-1, size)).movedim(2, 0).contiguous().unbind(0)
    stack = x.flatten(2, 3)
    stack = stack[:, 0] if variants == 1 else stack.expand(-1, variants, -1, -1)
    stacks = zip(stack.unbind(0), stack.mT.unbind(0), strict=True)  # all at once: a view costs as much as a small sum
    cut = []
    for each, scale, pair in zip(x.unbind(0), scales, stacks, strict=True):
        cut.append(Part(part.source, each, scale))
        cut[-1].stacked(variants, pair)
    return cut
