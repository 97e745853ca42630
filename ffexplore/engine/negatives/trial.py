"""Somebody's own negatives are tried out when they are registered: it is told where they go by chance of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ffexplore.engine.negatives.batch import Batch
from ffexplore.engine.rng import stream
from ffexplore.engine.trial import warn_where_random

if TYPE_CHECKING:
    from ffexplore.engine.negatives.entry import Negatives

ROWS, CLASSES, SHAPE = 64, 10, (28, 28, 1)  # of data that are made up


def warn_of_chance(entry: Negatives) -> None:
    """Draw twice from made-up pictures; negatives that fail on these may be for data of another kind."""
    params = entry.defaults

    def drawn() -> list[Tensor]:
        batch, rng = _made_up(), stream(0, "trial")
        draw = entry.draw(batch, rng, params)
        return list(draw.values()) if entry.changes == "label" else [*entry.make(batch, draw, params)]

    instead = " Draw them from the generator that it is given, as in torch.rand(3, generator=rng)."
    try:
        warn_where_random(f"The generator of the negatives {entry.name!r}", drawn, instead)
    except Warning:  # where warnings are errors
        raise
    except Exception:  # what they cannot do is told where they meet the data they are for
        return


def _made_up() -> Batch:
    images = torch.rand(ROWS, 28 * 28, generator=stream(0, "trial", "images"))
    labels = torch.arange(ROWS) % CLASSES
    return Batch(
        index=torch.arange(ROWS // 2),
        labels=labels[: ROWS // 2],
        classes=CLASSES,
        image_shape=SHAPE,
        count=ROWS,
        all_labels=labels,
        fetch=lambda rows: images[rows],
        scores=lambda what: torch.rand(ROWS // 2, CLASSES, generator=stream(0, "trial", what)),
        bank=lambda name, make: make(stream(0, "trial", name)),
    )
