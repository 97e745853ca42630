"""Negatives with another image: mixed, spoilt, moved, or that of another class."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.masks import blurred_masks
from ffexplore.engine.negatives.batch import Batch
from ffexplore.engine.negatives.entry import Draw, negatives
from ffexplore.engine.negatives.label import other_label
from ffexplore.registry import Param

BANK = 1024  # masks and noise pictures that are kept; a seed is the number of one of them
Blank = Annotated[float, Param("share of the inputs that are blanked", 0.01, 1.0)]


def _partners(batch: Batch, rng: torch.Generator) -> Tensor:
    """Another row of the data for each sample, whatever its class; (B,) int64."""
    partners = torch.randint(0, batch.count, batch.index.shape, generator=rng, device=batch.index.device)
    return torch.where(partners == batch.index, (partners + 1) % batch.count, partners)


def _seeds(batch: Batch, rng: torch.Generator, count: int = BANK) -> Tensor:
    """A number below ``count`` for each sample, (B,) int64."""
    return torch.randint(0, count, batch.index.shape, generator=rng, device=batch.index.device)


def _by_class(batch: Batch, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows in the order of their classes; of each sample's class the first place and the size; a random number each.

    The number is a whole one, so large that its remainder is as good as uniform.
    """
    order = batch.bank("rows by class", lambda _: batch.all_labels.argsort(stable=True))
    sizes = batch.bank("class sizes", lambda _: batch.all_labels.bincount(minlength=batch.classes))
    first = sizes.cumsum(0) - sizes
    return order, first[batch.labels], sizes[batch.labels], _seeds(batch, rng, 1 << 62)


def _make_hybrid(batch: Batch, draw: Draw, *, blur: int) -> Tensor:
    height, width, channels = batch.image_shape
    bank = batch.bank(f"masks {blur}", lambda rng: blurred_masks(BANK, height, width, blur, rng))
    mask = bank[draw["seeds"]].repeat_interleave(channels, dim=1)
    return torch.lerp(batch.partners(draw["partners"]), batch.images, mask)


@negatives.register("hybrid_images", changes="image", needs=("pictures",), paired=True, make=_make_hybrid,
                    source="Hinton 2022, section 3.2")  # fmt: skip
def hybrid_images(
    batch: Batch,
    rng: torch.Generator,
    *,
    blur: Annotated[int, Param("times the mask is blurred; more gives larger patches", 1, 30)] = 8,
) -> Draw:
    """Two images through a blotchy mask m, m·a + (1 − m)·b: right in the small, wrong in the large."""
    return {"partners": _partners(batch, rng), "seeds": _seeds(batch, rng)}


def _range(batch: Batch) -> Tensor:
    """Smallest and largest value of each input over the first rows of the data, (2, features)."""
    seen = torch.arange(min(batch.count, 5000), device=batch.index.device)
    return batch.bank("range", lambda rng: torch.stack(batch.fetch(seen).aminmax(dim=0)))


def _make_noise(batch: Batch, draw: Draw) -> Tensor:
    features = batch.images.shape[-1]
    bank = batch.bank("noise", lambda rng: torch.rand(BANK, features, generator=rng))
    low, high = _range(batch)
    # Rolling a kept picture by a drawn number of places makes many pictures of few.
    turned = (torch.arange(features, device=low.device) + draw["turns"].unsqueeze(1)) % features
    return low + (high - low) * bank[draw["seeds"]].gather(1, turned)


@negatives.register("noise", changes="image", needs=(), paired=False, make=_make_noise,
                    source="common; too easy, because the layer learns to tell noise from any image")  # fmt: skip
def noise(batch: Batch, rng: torch.Generator) -> Draw:
    """Random inputs, evenly spread over the range of the data."""
    return {"seeds": _seeds(batch, rng), "turns": _seeds(batch, rng, 1 << 16)}


def _partner_images(batch: Batch, draw: Draw) -> Tensor:
    return batch.partners(draw["partners"])


@negatives.register("other_image", changes="image", needs=("labels",), paired=False, make=_partner_images,
                    source="common; wrong-class image")  # fmt: skip
def other_image(batch: Batch, rng: torch.Generator) -> Draw:
    """The image of another class with the label left as it was."""
    order, first, size, number = _by_class(batch, rng)
    others = (batch.count - size).clamp(min=1)
    place = number % others
    return {"partners": order[(place + size * (place >= first)) % batch.count]}


@negatives.register("same_class", changes="both", needs=("labels",), paired=False, always_wrong=True,
                    make=_partner_images, source="common; same class, wrong label")  # fmt: skip
def same_class(batch: Batch, rng: torch.Generator) -> Draw:
    """Another image of the same class with a wrong label."""
    order, first, size, number = _by_class(batch, rng)
    places = batch.bank("places by class", lambda _: order.argsort())
    step = 1 + number % (size - 1).clamp(min=1)  # never round to the sample itself, if its class has others
    return {
        "partners": order[first + (places[batch.index] - first + step) % size],
        "labels": other_label(batch.labels, batch.classes, rng),
    }


def _make_mix(batch: Batch, draw: Draw, *, share: float) -> Tensor:
    return torch.lerp(batch.images, batch.partners(draw["partners"]), share)


@negatives.register("self_contrastive", changes="image", needs=(), paired=True, beside=True, make=_partner_images,
                    source="SCFF, Chen et al. 2024, arXiv 2409.11593")  # fmt: skip
def self_contrastive(batch: Batch, rng: torch.Generator) -> Draw:
    """Another image beside the image, as against the image beside itself: W(x + x′) against W(x + x), both halved."""
    return {"partners": _partners(batch, rng)}


@negatives.register("mix_up", changes="image", needs=(), paired=True, make=_make_mix,
                    source="after Zhang et al. 2018, arXiv 1710.09412")  # fmt: skip
def mix_up(
    batch: Batch,
    rng: torch.Generator,
    *,
    share: Annotated[float, Param("share of the second image", 0.05, 0.95)] = 0.5,
) -> Draw:
    """Two images laid over each other: (1 − s)·a + s·b; the layer can tell them by their pale strokes alone."""
    return {"partners": _partners(batch, rng)}


def _pixels(batch: Batch) -> tuple[int, int]:
    """Places of an input and values at each: pixels and channels, or features and 1."""
    if len(batch.image_shape) == 1:
        return batch.image_shape[0], 1
    height, width, channels = batch.image_shape
    return height * width, channels


def _make_masked(batch: Batch, draw: Draw, *, share: float) -> Tensor:
    places, channels = _pixels(batch)
    bank = batch.bank("places", lambda rng: torch.rand(BANK, places, generator=rng))
    blank = (bank[draw["seeds"]] < share).repeat_interleave(channels, dim=1)
    return torch.where(blank, _range(batch)[0], batch.images)


@negatives.register("masked", changes="image", needs=(), paired=True, make=_make_masked,
                    source="common; too easy, because the holes give it away")  # fmt: skip
def masked(batch: Batch, rng: torch.Generator, *, share: Blank = 0.5) -> Draw:
    """The image with a random part of its pixels blanked, which is to say set to the smallest value seen there."""
    return {"seeds": _seeds(batch, rng)}


def _make_shuffled(batch: Batch, draw: Draw) -> Tensor:
    places, channels = _pixels(batch)
    orders = batch.bank("orders", lambda rng: torch.rand(BANK, places, generator=rng).argsort(1))
    order = orders[draw["seeds"]].unsqueeze(-1).expand(-1, -1, channels)
    return batch.images.view(-1, places, channels).gather(1, order).flatten(1)


@negatives.register("pixel_shuffle", changes="image", needs=("pictures",), paired=True, make=_make_shuffled,
                    source="common")  # fmt: skip
def pixel_shuffle(batch: Batch, rng: torch.Generator) -> Draw:
    """The pixels of the image in random order: the right values in the wrong places."""
    return {"seeds": _seeds(batch, rng)}


def _make_rotated(batch: Batch, draw: Draw) -> Tensor:
    height, width, channels = batch.image_shape
    pictures = batch.images.view(-1, height, width, channels)
    turns = (1, 2, 3) if height == width else (2,)
    turned = torch.stack([pictures.rot90(turn, (1, 2)) for turn in turns])
    number = draw["seeds"] % len(turns)
    return turned[number, torch.arange(len(pictures), device=number.device)].flatten(1)


@negatives.register("rotated", changes="image", needs=("pictures",), paired=True, make=_make_rotated,
                    source="common")  # fmt: skip
def rotated(batch: Batch, rng: torch.Generator) -> Draw:
    """The image turned by one, two or three quarters; one that is not square is stood on its head."""
    return {"seeds": _seeds(batch, rng, 6)}


def _make_flipped(batch: Batch, draw: Draw) -> Tensor:
    height, width, channels = batch.image_shape
    pictures = batch.images.view(-1, height, width, channels)
    sideways = (draw["seeds"] == 0)[:, None, None, None]
    return torch.where(sideways, pictures.flip(2), pictures.flip(1)).flatten(1)


@negatives.register("flipped", changes="image", needs=("pictures",), paired=True, make=_make_flipped,
                    source="common")  # fmt: skip
def flipped(batch: Batch, rng: torch.Generator) -> Draw:
    """The image mirrored, left to right or top to bottom."""
    return {"seeds": _seeds(batch, rng, 2)}
