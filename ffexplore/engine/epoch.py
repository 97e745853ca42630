"""Both sides of many batches, made at once and handed out one by one.

A draw that depends on nothing but its own row may as well be made for every row at once: then a batch is there
already, and a step spends no time on gathering images, drawing labels and writing their codes. They are made for a
stretch of the epoch that the memory near the processor holds, or for all of it where it is so small.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ffexplore.engine.batches import Batches
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.parts import Part

LAID_BYTES = 1 << 23  # of the images of a stretch; an epoch of no more than twice as many is made whole
COPIED_BYTES = 1 << 20  # of a part of a stretch; copying a larger one takes longer than making views of its batches


class EpochSides:
    """The parts of the first layer for the batches of a stretch of the present order of the training data.

    Parameters
    ----------
    pairs
        What makes the sides.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._sheaves: list[_Sheaf] = []  # whole batches of each part, and then what is left of each
        self._batches: list[list[Part]] = []
        self._first, self._size = 0, 0  # where in the order the first of them begins, and rows of each
        self._order: Tensor | None = None
        self._kept: object = None
        self._room: Tensor | None = None  # where the images of a stretch were gathered; fresh memory takes longer

    @staticmethod
    def serves(pairs: Pairs) -> bool:
        """Whether the sides of many batches can be made at once: plain images, and labels drawn for all rows."""
        lasting = pairs.refresh in ("epoch", "once") and pairs.lasts
        return lasting and not pairs.changes_image and pairs.inputs.is_plain

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
        if not is_drawn or batches.size != self._size or beside or not 0 <= number < len(self._batches):
            index = batches.order[:, first : first + self._stretch(batches)]
            prepared = pairs.inputs.prepare_rows(index, self._room)
            self._room = None if prepared.image is None else prepared.image.x
            sides = pairs.sides(index, None, prepared, period)
            self._lay(_pieces(sides, batches.size))
            self._order, self._kept = batches.order, pairs.kept
            self._first, self._size, number = first, batches.size, 0
        return self._batches[number]

    def _stretch(self, batches: Batches) -> int:
        """How many rows are made at once: all, or those of whole batches, of one at least."""
        row = self.pairs.inputs.features * 4 * len(batches.order)
        if row * batches.count <= 2 * LAID_BYTES:
            return batches.count
        return batches.size * max(1, LAID_BYTES // (row * batches.size))

    def go_on(self, former: EpochSides) -> None:
        """Use what a former one made, as long as its draws are those of ``pairs``."""
        if former.pairs.inputs is self.pairs.inputs:
            self._batches, self._first, self._size = former._batches, former._first, former._size
            self._order, self._kept, self._sheaves = former._order, former._kept, former._sheaves
            self._room = former._room

    def _lay(self, pieces: list[tuple[Part, int]]) -> None:
        """Cut parts into batches of so many rows each; where they are as large as the last ones, in the same memory."""
        variants = self.pairs.network.variants
        if len(pieces) == len(self._sheaves) and all(map(_Sheaf.takes, self._sheaves, pieces)):
            for sheaf, (part, _) in zip(self._sheaves, pieces, strict=True):
                sheaf.fill(part)
            return
        self._sheaves = [_Sheaf(part, size, variants) for part, size in pieces]
        sources = len({part.source for part, _ in pieces})
        groups = [self._sheaves[at : at + sources] for at in range(0, len(pieces), sources)]
        self._batches = [list(batch) for group in groups for batch in zip(*(each.parts for each in group), strict=True)]


def _pieces(parts: list[Part], size: int) -> list[tuple[Part, int]]:
    """The rows that make whole batches, of every part, and then those that are left at the end of an epoch.

    Each with the rows of a batch.
    """
    rows = parts[0].rows
    end = rows // size * size
    ends = [(0, end, size), (end, rows, rows - end)]
    return [(part.cut(a, b), each) for a, b, each in ends if b > a for part in parts]


class _Sheaf:
    """A part in batches, each with its sides one behind the other, as the matrix products want them.

    Parameters
    ----------
    part
        Whole batches of rows.
    size
        Rows of a batch.
    variants
        How many variants the batches are for.
    """

    def __init__(self, part: Part, size: int, variants: int) -> None:
        self._size, self._shape = size, part.x.shape
        cut = self._cut(part.x)
        self._x, self._scales = cut if cut.shape[2] == 1 else cut.contiguous(), None
        scales: Sequence[Tensor | None] = [None] * len(self._x)
        if part.scale is not None:
            self._scales = self._cut(part.scale).contiguous()
            scales = self._scales.unbind(0)
        stack = self._x.flatten(2, 3)
        stack = stack[:, 0] if variants == 1 else stack.expand(-1, variants, -1, -1)
        # all at once: a view costs as much as a small sum
        stacks = zip(stack.unbind(0), stack.mT.unbind(0), strict=True)
        self.parts = []
        for each, scale, pair in zip(self._x.unbind(0), scales, stacks, strict=True):
            self.parts.append(Part(part.source, each, scale))
            self.parts[-1].stacked(variants, pair)

    def _cut(self, values: Tensor) -> Tensor:
        return values.unflatten(2, (-1, self._size)).movedim(2, 0)  # (batches, K or 1, S or 1, size, ...)

    def takes(self, piece: tuple[Part, int]) -> bool:
        """Whether another part fits in the memory of this one, and is so small that this is quicker than new views."""
        part, size = piece
        is_alike = part.source == self.parts[0].source and (part.scale is None) == (self._scales is None)
        return is_alike and size == self._size and part.x.shape == self._shape and part.x.nbytes <= COPIED_BYTES

    def fill(self, part: Part) -> None:
        """Put another part in the place of this one."""
        self._x.copy_(self._cut(part.x))
        if self._scales is not None and part.scale is not None:
            self._scales.copy_(self._cut(part.scale))
