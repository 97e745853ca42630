"""Inputs as pictures for a person: in 0 to 255, with the code of the label where the network sees it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.inputs import Inputs


def hardest_first(goodness: NDArray[np.float32]) -> NDArray[np.int64]:
    """Order each side of a few inputs by how hard they are.

    Parameters
    ----------
    goodness
        (2, E, L) of E positives and E negatives in L layers.

    Returns
    -------
    ndarray
        (2, E) first the weakest positive, with the least goodness summed over the layers, and the hardest negative,
        with the most; what is not a number comes last.
    """
    total = goodness.sum(-1, dtype=np.float64)
    return np.argsort(np.nan_to_num(np.stack([total[0], -total[1]]), nan=np.inf), axis=-1, kind="stable")


def still_hardest(order: Sequence[int], former: Sequence[int], count: int) -> list[int]:
    """The hardest inputs; one that was shown stays as long as it is among the hardest of twice as many.

    Parameters
    ----------
    order
        All inputs of a side, the hardest first.
    former
        Those that were shown.
    count
        How many are to be shown at most.

    Returns
    -------
    list
        Each former input that stays is in its place.
    """
    hard = set(order[: 2 * count])
    others = iter([row for row in order if row not in former])
    return [row if row in hard else next(others) for row in former] or list(order[:count])


class Pictures:
    """Makes pictures of the positive and negative sides of a few rows.

    Parameters
    ----------
    inputs
        How labels are written.
    is_named
        Whether a side is said to have a class.
    """

    def __init__(self, inputs: Inputs, is_named: bool) -> None:
        self.inputs, self.is_named = inputs, is_named
        shape = inputs.dataset.shape
        self._shape = shape if len(shape) == 3 else (1, shape[0], 1)
        self._low, self._span = torch.zeros(()), torch.ones(())
        if inputs.dataset.kind == "table":
            low, high = inputs.x["train"].aminmax(dim=0)
            self._low, self._span = low, (high - low).clamp(min=1e-8)

    def show(self, raw: Tensor, labels: Tensor) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Pictures of both sides.

        Parameters
        ----------
        raw
            Inputs (2, E, features) in raw units.
        labels
            Their labels (2, E).

        Returns
        -------
        tuple
            Pictures (2, E, height, width, channels) and the labels (2, E) written into them or scored: -1 where none
            is and -2 - c where every label but c is. A label code that is put beside the input is drawn as rows below a
            picture, or at the end of a table's row.
        """
        count = raw.shape[1]
        features = self.inputs.features
        written = self.inputs.written(raw, labels)
        body = ((written[..., :features] - self._low) / self._span).clamp(0, 1)
        code = written[..., features:].clamp(0, 1)
        height, width, channels = self._shape
        pictures = body.reshape(2, count, height, width, channels)
        if code.shape[-1]:
            pictures = torch.cat([pictures, self._code(code)], 2 if self.inputs.dataset.kind == "images" else 3)
        classes = self.inputs.classes
        named = torch.where(labels > classes, classes - 1 - labels, labels)
        shown = named if self.is_named else torch.full_like(labels, -1)
        return (pictures * 255).round().byte().cpu().numpy(), shown.int().cpu().numpy()

    def _code(self, code: Tensor) -> Tensor:
        """A label code (2, E, m) as rows of the picture's width, or as one row beside a table's."""
        _, width, channels = self._shape
        if self.inputs.dataset.kind == "images":
            code = torch.nn.functional.pad(code, (0, -code.shape[-1] % width))
            return code.view(*code.shape[:2], -1, width, 1).expand(-1, -1, -1, -1, channels)
        return code.view(*code.shape[:2], 1, -1, 1)
