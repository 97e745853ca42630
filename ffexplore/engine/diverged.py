"""Variants that met a value that is not finite: they rest from then on, while the others go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from ffexplore.errors import DivergedError


class Diverged:
    """Those of the variants of a network that diverged; asked for only once a sum over all of them is not finite.

    Parameters
    ----------
    variants
        Number of variants K.

    Attributes
    ----------
    words
        What happened to each variant that rests, by its number from 0.
    steps
        The step at which it happened.
    """

    def __init__(self, variants: int) -> None:
        self.variants = variants
        self.words: dict[int, str] = {}
        self.steps: dict[int, int] = {}

    def find(self, sums: Tensor, words: str, first: int = 0) -> None:
        """Let those variants rest whose sum is not finite.

        Parameters
        ----------
        sums
            A sum for each variant, (K,), or for some neighbours of them.
        words
            What happened, as in "layer 2 met a loss that is not finite".
        first
            The number of the first of those neighbours.

        Raises
        ------
        DivergedError
            When none is left that could go on.
        """
        found = torch.nonzero(~torch.isfinite(sums)).flatten().tolist()
        all_words = {first + row: words for row in found} | self.words
        if len(all_words) == self.variants:
            raise DivergedError(words)
        self.words = all_words

    def to_list(self) -> list[tuple[int, str, int | None]]:
        """Number, words and step of each that rests, as JSON has them."""
        return [(variant, words, self.steps.get(variant)) for variant, words in self.words.items()]

    def take(self, resting: Iterable[Sequence[Any]]) -> None:
        """Let those rest, and no others, that ``to_list`` named."""
        found = [(int(variant), str(words), step) for variant, words, step in resting]
        self.words = {variant: words for variant, words, _ in found}
        self.steps = {variant: int(step) for variant, _, step in found if step is not None}

    def date(self, step: int) -> None:
        """Say at which step those diverged that are new."""
        for variant in self.words:
            self.steps.setdefault(variant, step)

    def spare(self, rates: Sequence[float], gradient: Tensor, first: int = 0) -> list[float]:
        """Take the gradient (K, P) from those that rest, and return rates that leave their weights as they are."""
        resting = [row for row in range(len(rates)) if first + row in self.words]
        gradient[resting] = 0
        return [0.0 if row in resting else rate for row, rate in enumerate(rates)]
