"""What negatives are: bad data that is made from good.

An entry is a function of a batch (``ffexplore.engine.negatives.Batch``) and a random generator. It returns what it
changes: a tensor of labels (``changes="label"``), a tensor of images (``changes="image"``), or a dictionary with
``labels``, ``images`` or both (``changes="both"``). ::

    @negatives.register("mine", changes="label")
    def mine(batch, rng):
        \"\"\"What is wrong with them, in one line.\"\"\"
        return (batch.labels + 1) % batch.classes

A label may also be ``all_but(labels, classes)``, which stands for every label but the given one (``inverse=True``).

An entry whose negatives are to last (refresh every epoch, or once) but which changes images draws whole numbers
only (partners, seeds), and makes the images of them in the trait ``make(batch, draw, **params)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from ffexplore.engine.negatives.batch import Batch
from ffexplore.engine.negatives.trial import warn_of_chance
from ffexplore.errors import SettingsError, unknown_name
from ffexplore.registry import Entry, Registry, Value

Draw = dict[str, Tensor]
NEEDS = ("labels", "pictures", "scores", "readout")  # what must be there for a generator
SCORES = ("first", "all", "readout")  # whose scores it may ask for


@dataclass(frozen=True)
class Negatives(Entry):
    """A generator of negative data; see the module for how one is written.

    Traits
    ------
    changes : "label", "image" or "both"
        What differs from the positive sample.
    needs : set of "labels", "pictures", "scores", "readout"
        What must be there.
    paired : bool
        Each negative belongs to the positive it was made from.
    make : function (batch, draw, **params) -> images, optional
        Makes the images of a draw of whole numbers.
    always_wrong : bool
        No negative carries the right label.
    by_row : bool
        What is drawn for a sample depends on its own label and on chance alone, so that the draws of an epoch can be
        made at once.
    inverse : bool
        The labels are numbers of ``all_but``.
    beside : bool
        The image made is put beside that of the sample, and both meet the same weights: the layer sees the mean of
        the two inputs, each scaled and normalized on its own. The positive is put beside itself, which changes
        nothing, so that nothing is different when a class is read.
    """

    traits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> Literal["label", "image", "both"]:
        """What differs from the positive sample."""
        changes: Literal["label", "image", "both"] = self.traits.get("changes", "label")
        return changes

    @property
    def needs(self) -> frozenset[str]:
        """What must be there for this generator to work."""
        needs = self.traits.get("needs", ())
        return frozenset([needs] if isinstance(needs, str) else needs)

    def check_scores(self, what: str) -> None:
        """Refuse scores that there are not, and those of which ``needs`` says nothing."""
        if what not in SCORES:
            raise SettingsError(unknown_name("value of scores,", what, SCORES))
        need = "readout" if what == "readout" else "scores"
        if need not in self.needs:
            raise SettingsError(
                f"The negatives {self.name!r} ask for the scores {what!r}; register them with needs=({need!r},), so "
                "that they are refused where there are none."
            )

    @property
    def by_row(self) -> bool:
        """Whether a draw depends on its own row alone."""
        return bool(self.traits.get("by_row", False))

    @property
    def inverse(self) -> bool:
        """Whether the labels stand for every label but one."""
        return bool(self.traits.get("inverse", False))

    @property
    def beside(self) -> bool:
        """Whether the image made is put beside that of the sample instead of in its place."""
        return bool(self.traits.get("beside", False))

    @property
    def lasting(self) -> bool:
        """Whether a draw can be kept for an epoch or for good."""
        return self.changes == "label" or "make" in self.traits

    def draw(self, batch: Batch, rng: torch.Generator, params: Mapping[str, Value] | None = None) -> Draw:
        """Draw what the negatives of a batch are to be; each tensor has B rows.

        Raises
        ------
        SettingsError
            When the function returns labels or images of the wrong shape or out of range.
        """
        drawn = self.function(batch, rng, **dict(params or {}))
        if isinstance(drawn, Tensor):
            drawn = {"labels" if self.changes == "label" else "images": drawn}
        if not isinstance(drawn, dict):
            raise SettingsError(
                f"The negatives {self.name!r} returned {type(drawn).__name__}; a Tensor is expected, or a dictionary "
                "with labels, images or both."
            )
        size = len(batch.index)
        for key, value in drawn.items():
            if not isinstance(value, Tensor) or value.shape[:1] != (size,):
                raise SettingsError(f"The negatives {self.name!r} returned {key} that are not one row for each sample.")
        labels = drawn.get("labels")
        if labels is None and self.changes != "image":
            raise SettingsError(f"The negatives {self.name!r} were to change labels and returned none.")
        if labels is not None and (labels.ndim != 1 or labels.dtype != torch.int64):
            raise SettingsError(
                f"The negatives {self.name!r} returned labels of {labels.dtype} {tuple(labels.shape)}; they must be "
                f'torch.int64 ({size},). Images want the trait changes="image", or "both".'
            )
        first = batch.classes + 1 if self.inverse else 0
        last = first + batch.classes - 1
        is_checked = labels is not None and size and not (self.is_ours and _is_captured(batch.labels))
        if labels is not None and is_checked and not first <= int(labels.min()) <= int(labels.max()) <= last:
            raise SettingsError(f"The negatives {self.name!r} returned labels outside {first} to {last}.")
        return drawn

    def make(self, batch: Batch, draw: Draw, params: Mapping[str, Value] | None = None) -> tuple[Tensor, Tensor]:
        """Images and labels of the negatives, for an entry that changes images.

        Returns
        -------
        tuple
            Images (B, features) float32, and labels (B,) int64: those of the batch where none were drawn.

        Raises
        ------
        SettingsError
            When there are no images, or too few or too many numbers in them.
        """
        make: Callable[..., Tensor] | None = self.traits.get("make")
        labels = draw.get("labels", batch.labels)
        if make is not None:
            return make(batch, draw, **dict(params or {})), labels
        if "images" not in draw:
            raise SettingsError(f"The negatives {self.name!r} were to change images and returned none.")
        images = draw["images"]
        if images.dtype != torch.float32:
            raise SettingsError(
                f"The negatives {self.name!r} returned images of {images.dtype}; they must be torch.float32, in the "
                "units of batch.images."
            )
        expected = (len(batch.index), batch.fetch(batch.index[:1]).shape[-1])
        if images.numel() != expected[0] * expected[1]:
            raise SettingsError(
                f"The negatives {self.name!r} returned images of shape {tuple(images.shape)}, not {expected}."
            )
        return images.reshape(expected), labels


def _try_out(entry: Negatives) -> None:
    if entry.changes not in ("label", "image", "both"):
        raise SettingsError(unknown_name("value of changes,", entry.changes, ("label", "image", "both")))
    needs = entry.traits.get("needs", ())
    for need in [needs] if isinstance(needs, str) else needs:
        if need not in NEEDS:
            raise SettingsError(unknown_name("value of needs,", need, NEEDS))
    try:
        inspect.signature(entry.function).bind("batch", "rng", **entry.defaults)
    except TypeError as error:
        raise SettingsError(
            f"The negatives {entry.name!r} must take a batch and a random generator, as in mine(batch, rng): {error}."
        ) from error
    if not entry.is_ours:
        warn_of_chance(entry)


negatives: Registry[Negatives] = Registry(
    "negatives",
    Negatives,
    _try_out,
    traits=("changes", "needs", "paired", "make", "always_wrong", "by_row", "inverse", "beside"),
)


def _is_captured(like: Tensor) -> bool:
    """Whether calls with such a tensor are being captured in a CUDA graph, where no number can be looked at."""
    return like.is_cuda and torch.cuda.is_current_stream_capturing()


def check_negatives(kind: str, generator: Negatives) -> None:
    """Refuse negatives that the data cannot give.

    Raises
    ------
    SettingsError
        Saying why, and what fits.
    """
    if "pictures" in generator.needs and kind != "images":
        raise SettingsError(
            f"negatives is {generator.name!r}, which mixes pictures, but the data is a table; choose uniform_label, "
            "hard_label or self_contrastive."
        )
