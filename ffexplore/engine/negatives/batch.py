"""A batch of the training data, as negatives are made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Batch:
    """B samples of the training data as a generator sees them; one variant.

    Images are in raw units, 0 to 1 for pictures, before any scaling, and flattened.
    """

    index: Tensor  #: (B,) int64, rows of the training data
    labels: Tensor  #: (B,) int64
    classes: int
    image_shape: tuple[int, ...]  #: (height, width, channels) or (features,)
    count: int  #: rows of the training data
    all_labels: Tensor  #: (count,) int64, the label of every row of the training data
    fetch: Callable[[Tensor], Tensor]  #: rows of the training data -> images (B, features) float32
    scores: Callable[[str], Tensor]  #: "first", "all" or "readout" -> (B, classes), one natural threshold high
    given: Tensor | None = None  #: the images of the batch where they are not those of the data (shifted, say)
    bank: Callable[[str, Callable[[torch.Generator], Tensor]], Tensor] = lambda name, make: make(torch.Generator())
    jitter: Callable[[Tensor], Tensor] = lambda images: images  #: jitters images as those of the batch

    @property
    def images(self) -> Tensor:
        """The images of the batch, (B, features) float32."""
        return self.fetch(self.index) if self.given is None else self.given

    def partners(self, rows: Tensor) -> Tensor:
        """Rows of the training data (B,) -> images (B, features), jittered where those of the batch are.

        Else that alone would tell a negative from its positive.
        """
        return self.jitter(self.fetch(rows))
