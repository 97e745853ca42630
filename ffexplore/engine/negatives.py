"""The catalogue of negatives: how bad data is made from good.

An entry is a function of a batch and a random generator. It returns what it changes: a tensor of labels
(``changes="label"``), a tensor of images (``changes="image"``), or a dictionary with ``labels``, ``images`` or
both (``changes="both"``). ::

    @negatives.register("mine", changes="label")
    def mine(batch, rng):
        \"\"\"What is wrong with them, in one line.\"\"\"
        return (batch.labels + 1) % batch.classes

An entry whose negatives are to last (refresh every epoch, or once) but which changes images draws whole numbers
only (partners, seeds), and makes the images of them in the trait ``make(batch, draw, **params)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from ffexplore.engine.masks import blurred_masks
from ffexplore.errors import SettingsError, unknown_name
from ffexplore.registry import Entry, Param, Registry, Value

Draw = dict[str, Tensor]
BANK = 1024  # masks and noise pictures that are kept; a seed is the number of one of them


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
    fetch: Callable[[Tensor], Tensor]  #: rows of the training data -> images (B, features) float32
    scores: Callable[[str], Tensor]  #: "first", "all" or "readout" -> (B, classes), one natural threshold high
    given: Tensor | None = None  #: the images of the batch where they are not those of the data (shifted, say)
    bank: Callable[[str, Callable[[torch.Generator], Tensor]], Tensor] = lambda name, make: make(torch.Generator())

    @property
    def images(self) -> Tensor:
        """The images of the batch, (B, features) float32."""
        return self.fetch(self.index) if self.given is None else self.given


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
        return frozenset(self.traits.get("needs", ()))

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
            raise SettingsError(f"The negatives {self.name!r} returned {type(drawn).__name__}; a Tensor is expected.")
        size = len(batch.index)
        for key, value in drawn.items():
            if not isinstance(value, Tensor) or len(value) != size:
                raise SettingsError(f"The negatives {self.name!r} returned {key} that are not one row for each sample.")
        labels = drawn.get("labels")
        if labels is not None and size and not 0 <= int(labels.min()) <= int(labels.max()) < batch.classes:
            raise SettingsError(f"The negatives {self.name!r} returned labels outside 0 to {batch.classes - 1}.")
        return drawn

    def make(self, batch: Batch, draw: Draw, params: Mapping[str, Value] | None = None) -> tuple[Tensor, Tensor]:
        """Images and labels of the negatives; the images are ``None``-free and may be those of the batch itself.

        Returns
        -------
        tuple
            Images (B, features) float32, identical to ``batch.images`` where nothing changes, and labels (B,).
        """
        make: Callable[..., Tensor] | None = self.traits.get("make")
        labels = draw.get("labels", batch.labels)
        if make is not None:
            return make(batch, draw, **dict(params or {})), labels
        if "images" not in draw:
            raise SettingsError(f"The negatives {self.name!r} were to change images and returned none.")
        images = draw["images"]
        expected = (len(batch.index), batch.fetch(batch.index[:1]).shape[-1])
        if images.numel() != expected[0] * expected[1]:
            raise SettingsError(
                f"The negatives {self.name!r} returned images of shape {tuple(images.shape)}, not {expected}."
            )
        return images.reshape(expected), labels


def _known_traits(entry: Negatives) -> None:
    if entry.changes not in ("label", "image", "both"):
        raise SettingsError(unknown_name("value of changes,", entry.changes, ("label", "image", "both")))


negatives: Registry[Negatives] = Registry("negatives", Negatives, _known_traits)


def other_label(labels: Tensor, classes: int, rng: torch.Generator) -> Tensor:
    """A label that is not the given one, each of the others alike; (B,) int64."""
    step = torch.randint(1, classes, labels.shape, generator=rng, device=labels.device)
    return (labels + step) % classes


def sample_wrong(logits: Tensor, labels: Tensor, rng: torch.Generator) -> Tensor:
    """Sample a wrong label with probability ∝ exp(logits), the true one left out; logits (B, C) -> (B,) int64."""
    masked = logits.scatter(1, labels.unsqueeze(1), float("-inf"))
    # Gumbel's trick: the largest of logit + noise is a sample of the softmax, with no sum over the classes.
    noise = torch.rand(logits.shape, generator=rng, device=logits.device).clamp_(min=1e-20)
    return (masked - noise.log_().neg_().log_()).argmax(1)


@negatives.register("uniform_label", changes="label", needs=("labels",), paired=True, always_wrong=True,
                    source="Hinton 2022, section 3.3")  # fmt: skip
def uniform_label(batch: Batch, rng: torch.Generator) -> Tensor:
    """The same image with a wrong label, each wrong label alike."""
    return other_label(batch.labels, batch.classes, rng)


@negatives.register("hard_label", changes="label", needs=("labels", "scores"), paired=True, always_wrong=True,
                    source="after dah33/explore_forward_forward; first layer and temperature ours")  # fmt: skip
def hard_label(
    batch: Batch,
    rng: torch.Generator,
    *,
    temperature: Annotated[float, Param("how sharply the more plausible labels are preferred", 0.0, 100.0)] = 6.0,
    layers: Annotated[str, Param("whose goodness says what is plausible", choices=("first", "all"))] = "first",
) -> Tensor:
    """A wrong label that the network finds plausible: probability ∝ exp(temperature · goodness)."""
    return sample_wrong(temperature * batch.scores(layers), batch.labels, rng)


@negatives.register("readout_label", changes="label", needs=("labels", "readout"), paired=True, always_wrong=True,
                    source="Hinton's MATLAB code")  # fmt: skip
def readout_label(
    batch: Batch,
    rng: torch.Generator,
    *,
    temperature: Annotated[float, Param("how sharply the more probable labels are preferred", 0.0, 100.0)] = 1.0,
) -> Tensor:
    """A wrong label sampled from what the one-pass read-out believes of the image with a neutral label."""
    return sample_wrong(temperature * batch.scores("readout"), batch.labels, rng)


@negatives.register("permuted_labels", changes="label", needs=("labels",), paired=False, always_wrong=False,
                    source="Pezeshki 2022 (issue 8 there), Keras example; a mistake, kept to be seen")  # fmt: skip
def permuted_labels(batch: Batch, rng: torch.Generator) -> Tensor:
    """A well-known mistake: the labels of the batch in another order, so that one in ten is the right one."""
    return batch.labels[torch.randperm(len(batch.labels), generator=rng, device=batch.labels.device)]


def _make_hybrid(batch: Batch, draw: Draw, *, blur: int) -> Tensor:
    height, width, channels = batch.image_shape
    bank = batch.bank(f"masks {blur}", lambda rng: blurred_masks(BANK, height, width, blur, rng))
    mask = bank[draw["seeds"]].repeat_interleave(channels, dim=1)
    return torch.lerp(batch.fetch(draw["partners"]), batch.images, mask)


@negatives.register("hybrid_images", changes="image", needs=("pictures",), paired=True, make=_make_hybrid,
                    source="Hinton 2022, section 3.2")  # fmt: skip
def hybrid_images(
    batch: Batch,
    rng: torch.Generator,
    *,
    blur: Annotated[int, Param("times the mask is blurred; more gives larger patches", 1, 30)] = 8,
) -> Draw:
    """Two images through a blotchy mask: right in the small, wrong in the large."""
    device = batch.index.device
    partners = torch.randint(0, batch.count, batch.index.shape, generator=rng, device=device)
    return {
        "partners": torch.where(partners == batch.index, (partners + 1) % batch.count, partners),
        "seeds": torch.randint(0, BANK, batch.index.shape, generator=rng, device=device),
    }


def _make_noise(batch: Batch, draw: Draw) -> Tensor:
    features = batch.images.shape[-1]
    bank = batch.bank("noise", lambda rng: torch.rand(BANK, features, generator=rng))
    seen = torch.arange(min(batch.count, 5000), device=batch.index.device)
    low, high = batch.bank("range", lambda rng: torch.stack(batch.fetch(seen).aminmax(dim=0)))
    # Rolling a kept picture by a drawn number of places makes many pictures of few.
    turned = (torch.arange(features, device=low.device) + draw["turns"].unsqueeze(1)) % features
    return low + (high - low) * bank[draw["seeds"]].gather(1, turned)


@negatives.register("noise", changes="image", needs=(), paired=False, make=_make_noise,
                    source="common; too easy, because the layer learns to tell noise from any image")  # fmt: skip
def noise(batch: Batch, rng: torch.Generator) -> Draw:
    """Random inputs, evenly spread over the range of the data."""
    device = batch.index.device
    return {
        "seeds": torch.randint(0, BANK, batch.index.shape, generator=rng, device=device),
        "turns": torch.randint(0, 1 << 16, batch.index.shape, generator=rng, device=device),
    }
