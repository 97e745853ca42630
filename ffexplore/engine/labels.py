"""The catalogue of label encodings: how a class is written into the input of the first layer.

An entry is a function of the number of classes that returns a table (classes + 1, m): the code of each class, and last
the neutral label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.rng import stream
from ffexplore.engine.trial import warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Param, Registry, Value

Strength = Annotated[float, Param("value of the label, in units of the brightest input", 0.0, 100.0)]


@dataclass(frozen=True)
class LabelEncoding(Entry):
    """A label encoding; its function makes the table of codes.

    Traits
    ------
    replaces : bool
        The code takes the place of the first inputs, which must be blank, instead of being appended.
    tells : bool
        The code of one class differs from that of another, so that the network sees the class; True unless said.
    """

    @property
    def tells(self) -> bool:
        """Whether the network sees the class."""
        return bool(self.traits.get("tells", True))

    @property
    def replaces(self) -> bool:
        """Whether the code is written over the first inputs."""
        return bool(self.traits.get("replaces", False))

    def table(self, classes: int, params: Mapping[str, Value] | None = None) -> Tensor:
        """The code of each class and, in the last row, of the neutral label: (classes + 1, m) float32.

        In units of the brightest input; m is 0 where no label is written.

        Raises
        ------
        SettingsError
            When the function returns something else.
        """
        values = {key: value for key, value in dict(params or {}).items() if key != "per_image"}
        result = self.function(classes, **values)
        if not isinstance(result, Tensor) or result.ndim != 2 or len(result) != classes + 1:
            got = f"shape {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
            raise SettingsError(
                f"The label encoding {self.name!r} returned {got} for {classes} classes; it must return a Tensor "
                f"({classes + 1}, m): a row for each class, and one more for the neutral label."
            )
        if not torch.isfinite(result).all():
            raise SettingsError(f"The label encoding {self.name!r} returned values that are not finite.")
        return result.float()


def all_but(labels: Tensor, classes: int) -> Tensor:
    """The numbers that stand for every label but the given ones; any shape, int64.

    A label is the number of a class, ``classes`` for the neutral label, or one of these, from ``classes + 1`` up.
    """
    return labels + classes + 1


def with_inverses(table: Tensor) -> Tensor:
    """Add to a table of codes (classes + 1, m) those of ``all_but``, each the sum of the others: (2·classes + 1, m)."""
    codes = table[:-1]
    return torch.cat([table, codes.sum(0) - codes])


def _try_out(entry: LabelEncoding) -> None:
    instead = " Seed a torch.Generator in it, and draw from that."
    is_random = warn_where_random(f"The label encoding {entry.name!r}", lambda: entry.table(3, entry.defaults), instead)
    codes = entry.table(3, entry.defaults)[:-1]
    if entry.tells and not is_random and (not codes.shape[1] or len(codes.unique(dim=0)) < len(codes)):
        raise SettingsError(
            f"The label encoding {entry.name!r} gives two classes the same code, so that the network could not tell "
            "them apart. Give each a row of its own; or, if that is meant, register it with tells=False."
        )


label_encodings: Registry[LabelEncoding] = Registry(
    "label encoding", LabelEncoding, _try_out, "3 classes", ("replaces", "tells")
)


def _one_hot(classes: int, strength: float) -> Tensor:
    return strength * torch.cat([torch.eye(classes), torch.full((1, classes), 1 / classes)])


@label_encodings.register("overlay", source="Hinton 2022, section 3.3", replaces=True)
def overlay(
    classes: int,
    *,
    strength: Strength = 1.0,
    per_image: Annotated[bool, Param("brightest pixel of each image instead of the brightest of all")] = False,
) -> Tensor:
    """One bright pixel among the first ones of the image: x[k] = strength · max x if k is the class, else 0."""
    return _one_hot(classes, strength)


@label_encodings.register("appended", source="common")
def appended(classes: int, *, strength: Strength = 1.0) -> Tensor:
    """One-hot, put beside the inputs; for tables and for images without blank pixels."""
    return _one_hot(classes, strength)


@label_encodings.register("pixel_block", source="common", replaces=True)
def pixel_block(
    classes: int,
    *,
    strength: Strength = 1.0,
    size: Annotated[int, Param("pixels of a class", 1, 64)] = 3,
) -> Tensor:
    """A block of bright pixels among the first ones of the image, one place for each class."""
    return _one_hot(classes, strength).repeat_interleave(size, 1)


@label_encodings.register("random_patterns", source="common")
def random_patterns(
    classes: int,
    *,
    strength: Strength = 1.0,
    size: Annotated[int, Param("values of a pattern", 8, 1024)] = 32,
    pattern_seed: Annotated[int, Param("another number gives other patterns", 0, 1_000_000)] = 0,
) -> Tensor:
    """A fixed random pattern for each class, half of it bright, put beside the inputs."""
    if classes > math.comb(size, size // 2) // 2:  # beyond that it would take long to find patterns that differ
        raise SettingsError(
            f"size of the label encoding 'random_patterns' is {size}, too small for {classes} classes that differ; "
            "choose a larger one."
        )
    rng = stream(pattern_seed, "label patterns")
    found: dict[tuple[int, ...], None] = {}
    while len(found) < classes:
        found[tuple((torch.randperm(size, generator=rng) < size // 2).long().tolist())] = None
    codes = strength * torch.tensor(list(found), dtype=torch.float32)
    return torch.cat([codes, codes.mean(0, keepdim=True)])


@label_encodings.register("neutral", source="Hinton 2022, section 3.3", replaces=True, tells=False)
def neutral(classes: int, *, strength: Strength = 1.0) -> Tensor:
    """The neutral label of the overlay for every class, x[k] = strength · max x / classes: its place says nothing."""
    return _one_hot(classes, strength)[-1:].repeat(classes + 1, 1)


@label_encodings.register("none", source="Hinton 2022, section 3.2 (unsupervised)", tells=False)
def none(classes: int) -> Tensor:
    """No label in the input; for negatives that differ in the image."""
    return torch.zeros(classes + 1, 0)
