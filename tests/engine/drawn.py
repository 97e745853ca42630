"""A batch without a trainer, for tests of what generators of negatives draw from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.engine.negatives import Batch
from ffexplore.engine.rng import stream

CLASSES = 5


def batch(rows: int = 4000, scores: Callable[[str], Tensor] | None = None) -> Batch:
    """Pictures of 4×5 in five classes; the number of a picture is its own index."""
    x = torch.rand(rows, 20, generator=torch.Generator().manual_seed(1))
    index = torch.randperm(rows)
    return Batch(
        index=index, labels=index % CLASSES, classes=CLASSES, image_shape=(4, 5, 1), count=rows,
        all_labels=torch.arange(rows) % CLASSES,
        fetch=lambda rows: x[rows],
        scores=scores or (lambda what: torch.randn(rows, CLASSES, generator=torch.Generator().manual_seed(3))),
        bank=lambda name, make: make(torch.Generator().manual_seed(2)),
    )  # fmt: skip


def drawn_by(name: str, given: Batch, seed: int = 0, **params: Any) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    entry = ff.negatives[name]
    values = {key: param.default for key, param in entry.params.items()} | params
    draw = entry.draw(given, stream(seed), values)
    return draw, *entry.make(given, draw, values)


def chi_square(counts: Tensor, expected: Tensor) -> float:
    return float(((counts - expected) ** 2 / expected).sum())
