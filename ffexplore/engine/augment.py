"""Pictures that are jittered at random, or moved to every place near by; units that are dropped at random."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ffexplore.engine.rng import Streams

if TYPE_CHECKING:
    from ffexplore.engine.settings import Settings


class Jittered(Protocol):
    """Jitters pictures (K', S', B, features), by the chance of the streams if some are given."""

    def __call__(self, raw: Tensor, streams: Streams | None = None) -> Tensor:
        """Fresh pictures of the same shape."""


#: How far a push of one place carries, as a share of the longer side (Simard et al. 2003: 4 pixels of 29).
SMOOTHNESS = 1 / 7
NEGLIGIBLE = 1e-3  # singular value of the smoothing, beside the largest one


class Jitter:
    """Moves, turns, scales and bends each picture a little, filling with zeros; both sides of a pair share that.

    An image that a negative takes from another sample is jittered, too, by a draw of its own: else the jitter would
    tell the sides apart.

    Parameters
    ----------
    shape
        (height, width, channels) of a picture.
    seeds
        One seed for all variants, or one for each.
    device
        Where the pictures lie.
    """

    def __init__(self, shape: tuple[int, ...], seeds: Sequence[int], device: torch.device) -> None:
        self.shape = shape
        self.streams = Streams(seeds, "shifts", device=device)
        self._smoothing: tuple[Tensor, Tensor] | None = None

    def by(self, settings: Settings) -> Jittered | None:
        """What jitters as the settings say; None where they ask for nothing of it."""
        if not jitters(settings):
            return None
        return lambda raw, streams=None: self(raw, settings, streams)

    def __call__(self, raw: Tensor, settings: Settings, streams: Streams | None = None) -> Tensor:
        """Jitter pictures (K', S', B, features) as the settings say, which ask for it; a fresh tensor.

        Chance is that of the streams, its own unless others are given.
        """
        rows, device, streams = raw.shape[2], raw.device, streams or self.streams
        if settings.shift:
            raw = self._moved(raw, settings.shift, streams)
        if not (settings.rotation or settings.zoom or settings.elastic):
            return raw
        parts = streams.stack(lambda rng: torch.rand(2, rows, generator=rng, device=device)).mul_(2).sub_(1)
        angle = parts[:, 0] * math.radians(settings.rotation)
        places = self._turned(angle, 1 + settings.zoom * parts[:, 1])
        if settings.elastic:
            self._push(places, settings.elastic, streams)
        return self._between(raw.expand(len(parts), -1, -1, -1), places)

    def _moved(self, raw: Tensor, reach: int, streams: Streams) -> Tensor:
        """Pictures moved by up to ``reach`` pixels in each direction, each by a draw of its own."""
        height, width, channels = self.shape
        rows, device, moves = raw.shape[2], raw.device, 2 * reach + 1
        drawn = streams.stack(lambda rng: torch.randint(0, moves**2, (rows,), generator=rng, device=device))
        raw = raw.expand(len(drawn), -1, -1, -1)
        framed = _framed(raw.reshape(-1, raw.shape[-1]), self.shape, reach)
        line = framed.shape[2]
        corner = (2 * reach - drawn // moves) * line + (2 * reach - drawn % moves) * channels
        number = torch.arange(len(framed), device=device).view(raw.shape[:-1])
        first = number * framed[0].numel() + corner.unsqueeze(1)
        # whatever begins at any value, as if it were a picture: a row of one is copied whole, not value by value
        last = framed.numel() - (height - 1) * line - width * channels
        anywhere = framed.as_strided((last + 1, height, width * channels), (1, line, 1))
        return anywhere.index_select(0, first.flatten()).view(raw.shape)

    def _turned(self, angle: Tensor, size: Tensor) -> Tensor:
        """Where the values of pictures come from that are turned by an angle, and scaled to a size, both (K', B).

        Turned about their middle. Places are (K', B, height, width, 2), across and down, each from -1 to 1.
        """
        height, width, _ = self.shape
        cos, sin = angle.cos() / size, angle.sin() / size
        right, down = _middles(width, angle.device), _middles(height, angle.device)[:, None]
        places = angle.new_empty(*angle.shape, height, width, 2)
        for direction, (of_right, of_down) in enumerate(
            [(cos, sin * (-height / width)), (sin * (width / height), cos)]
        ):
            columns, rows = right * of_right[..., None, None], down * of_down[..., None, None]
            torch.add(columns, rows, out=places[..., direction])
        return places

    def _push(self, places: Tensor, far: float, streams: Streams) -> None:
        """Push places (K', B, height, width, 2) as noise does that a Gaussian has smoothed.

        ``far`` is the standard deviation of a push in pixels, in each direction. Simard et al. 2003, section 2; what
        smoothing leaves of the noise of all pixels hangs on a few numbers, see ``patterns``, and only those are drawn.
        """
        height, width, _ = self.shape
        if self._smoothing is None:
            reach = SMOOTHNESS * max(height, width)
            self._smoothing = patterns(height, reach).to(places.device), patterns(width, reach).to(places.device)
        down, across = self._smoothing
        size = (places.shape[1], 2, down.shape[1], across.shape[1])
        noise = streams.stack(lambda rng: places.new_empty(size).normal_(generator=rng))
        pushes = down @ noise @ across.mT
        for direction, side in enumerate((width, height)):
            places[..., direction].add_(pushes[:, :, direction], alpha=2 * far / side)

    def _between(self, raw: Tensor, places: Tensor) -> Tensor:
        """Pictures (K', S', B, features) read at places (K', B, height, width, 2), between their pixels."""
        height, width, channels = self.shape
        pictures = raw.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        grid = places.unsqueeze(1).expand(-1, raw.shape[1], -1, -1, -1, -1).flatten(0, 2)
        found = functional.grid_sample(pictures, grid, "bilinear", "zeros", align_corners=False)
        return found.permute(0, 2, 3, 1).reshape(raw.shape)


def jitter_of(settings: Settings) -> tuple[float, ...]:
    """How far training pictures are moved, turned, scaled and bent."""
    return settings.shift, settings.rotation, settings.zoom, settings.elastic


def jitters(settings: Settings) -> bool:
    """Whether training pictures are moved, turned, scaled or bent."""
    return any(jitter_of(settings))


def moved_copies(raw: Tensor, shape: tuple[int, ...], reach: int) -> Iterator[Tensor]:
    """Pictures (B, features) in every place within ``reach`` pixels in each direction, filled with zeros.

    The inputs themselves, which need be no pictures, where ``reach`` is 0; else each is a fresh tensor.
    """
    if not reach:
        yield raw
        return
    height, width, channels = shape
    framed = _framed(raw, shape, reach)
    for down in range(2 * reach, -1, -1):
        for right in range(2 * reach * channels, -1, -channels):
            yield framed[:, down : down + height, right : right + width * channels].flatten(1)


def _framed(raw: Tensor, shape: tuple[int, ...], reach: int) -> Tensor:
    """Pictures (B, features) with zeros around them, (B, height + 2·reach, (width + 2·reach)·channels)."""
    height, width, channels = shape
    beside = reach * channels
    return functional.pad(raw.reshape(-1, height, width * channels), (beside, beside, reach, reach))


def _middles(side: int, device: torch.device) -> Tensor:
    """The middles of the pixels of a side that goes from -1 to 1, (side,)."""
    return (2 * torch.arange(side, device=device) + 1) / side - 1


def patterns(side: int, reach: float) -> Tensor:
    """Patterns (side, R) along a side whose sum, each times a normal number, is normal noise smoothed by a Gaussian.

    Smoothing weighs the places along a side by a matrix W whose rows have squares that sum to 1. Of its singular value
    decomposition U S V', V' turns normal noise into other normal noise, so that U S is as good as W; what hardly
    counts is left out.
    """
    places = torch.arange(side, dtype=torch.float64)
    weights = torch.exp(-0.5 * ((places[:, None] - places) / reach) ** 2)
    u, s, _ = torch.linalg.svd(weights / weights.norm(dim=1, keepdim=True))
    return (u * s)[:, s > NEGLIGIBLE * s[0]].float()


class Dropout:
    """Silences units of a training batch at random, the same on both sides.

    Parameters
    ----------
    seeds
        One seed for all variants, or one for each.
    device
        Where the activities lie.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device) -> None:
        self.streams = Streams(seeds, "dropout", device=device)
        self._known: dict[tuple[float, ...], tuple[Tensor, Tensor]] = {}

    def mask(self, h: Tensor, shares: tuple[float, ...]) -> Tensor:
        """Factors for activities (K, S, B, units): 0 or 1/(1 − share), of shape (K or 1, 1, B, units).

        One share for each variant.
        """
        drawn = self.streams.stack(lambda rng: _words(h.shape[2:], rng, h.device)).unsqueeze(1)
        if shares.count(shares[0]) == len(shares):
            keep = 1 - shares[0]
            return (drawn < _limit(keep)).to(h.dtype).div_(keep)
        if shares not in self._known:
            kept = torch.tensor([1 - share for share in shares], dtype=torch.float64).view(-1, 1, 1, 1)
            limits = torch.tensor([_limit(keep) for keep in kept.flatten().tolist()]).view_as(kept)
            self._known[shares] = limits.to(h.device), kept.to(h.device, h.dtype)
        limits, kept = self._known[shares]
        return (drawn < limits) / kept


def _limit(keep: float) -> int:
    """Below which an int32 number, drawn evenly, lies with this probability."""
    return round(keep * 2**32) - 2**31


def _words(shape: torch.Size, rng: torch.Generator, device: torch.device) -> Tensor:
    """Evenly distributed int32 numbers; two from each draw of 64 bits, half the price of a draw for each."""
    count = shape.numel()
    drawn = torch.empty(-(-count // 2), dtype=torch.int64, device=device).random_(-(2**63), None, generator=rng)
    return drawn.view(torch.int32)[:count].view(shape)
