"""The catalogue of black boxes: functions between two layers that torch cannot differentiate.

Backpropagation stops at such a function; Forward-Forward trains the layers below and above it all the same. An
entry is a NumPy function of the activities of a batch, ``(rows, units)`` float32, normalized as the next layer
would see them; what it returns, of the same shape, is normalized again and passed on::

    @black_boxes.register("mine")
    def mine(activity):
        \"\"\"What it does, in one line.\"\"\"
        return np.floor(activity)

One that names the argument ``chance`` is also given a random number from 0 to 1 for each value: in training fresh
ones for each row and shared by both sides; at inference one row, ``(1, units)``, that stays as it is for the seed, so
that no answer depends on its neighbours and labels are compared fairly.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.rng import Streams
from ffexplore.engine.trial import tell, warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Param, Registry, Value

Array = NDArray[np.float32]


@dataclass(frozen=True)
class BlackBox(Entry):
    """A function between two layers; see the module for how one is written."""

    @cached_property
    def tosses(self) -> bool:
        """Whether chance has a part in it."""
        return "chance" in inspect.signature(self.function).parameters

    def __call__(
        self, activity: Tensor, params: Mapping[str, Value] | None = None, chance: Tensor | None = None
    ) -> Tensor:
        """What comes out for activities; no gradient passes.

        Parameters
        ----------
        activity
            (K, S, B, units); not changed.
        params
            Values of the parameters.
        chance
            Numbers from 0 to 1, (K or 1, B or 1, units), for a function that names them.

        Returns
        -------
        Tensor
            (K, S, B, units) float32, on the device of the activities.

        Raises
        ------
        SettingsError
            When the function returns something of another shape, or values that are not finite.
        """
        given = activity.detach().float().cpu().numpy()
        drawn = None if chance is None else chance.cpu().numpy()
        out = np.empty_like(given)
        for variant, sides in enumerate(given):
            extra: dict[str, Any] = dict(params or {})
            if drawn is not None:
                extra["chance"] = drawn[min(variant, len(drawn) - 1)]
            for side, rows in enumerate(sides):
                out[variant, side] = self._checked(self.function(rows.copy(), **extra), rows.shape)
        return torch.from_numpy(out).to(activity.device)

    def _checked(self, result: object, shape: tuple[int, ...]) -> NDArray[Any]:
        array = np.asarray(result)
        if array.shape != shape or array.dtype.kind not in "biuf":
            raise SettingsError(
                f"The black box {self.name!r} returned {array.dtype} of shape {array.shape} for activities "
                f"{shape}; it must return real numbers of the same shape."
            )
        if not np.isfinite(array).all():
            raise SettingsError(f"The black box {self.name!r} returned values that are not finite.")
        return array


def _try_out(entry: BlackBox) -> None:
    h = torch.rand(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    params = entry.defaults
    chance = torch.full((1, 3, 4), 0.5) if entry.tosses else None
    instead = " Name the argument chance and take the random numbers from there."
    is_random = warn_where_random(f"The black box {entry.name!r}", lambda: entry(h, params, chance), instead)
    if entry.is_ours or is_random:
        return
    alone = entry(h[:, :, :1], params, None if chance is None else chance[:, :1])
    if not torch.allclose(entry(h, params, chance)[:, :, :1], alone, rtol=1e-4, atol=1e-6, equal_nan=True):
        tell(
            f"The black box {entry.name!r} looks across the batch, so that the class of a sample depends on those "
            "beside it. If that is not meant, take sums and means over the units alone, as in "
            "activity.mean(-1, keepdims=True)."
        )


black_boxes: Registry[BlackBox] = Registry("black box", BlackBox, _try_out, "a batch of 3 samples and 4 units", ())


class PlacedBox:
    """A black box in its place between two layers of a network.

    Parameters
    ----------
    entry, params
        What it does.
    after
        The number of the layer below it, from 0.
    seeds
        One seed for all variants, or one for each.
    """

    def __init__(self, entry: BlackBox, params: Mapping[str, Value], after: int, seeds: Sequence[int]) -> None:
        self.entry, self.params, self.after, self.seeds = entry, params, after, list(seeds)
        self.streams = Streams(seeds, "black box")

    def __call__(self, activity: Tensor, train: bool) -> Tensor:
        """What comes out for activities (K, S, B, units); ``train`` tells that chance is tossed anew."""
        if not self.entry.tosses:
            return self.entry(activity, self.params)
        rows, units = activity.shape[2:]
        streams = self.streams if train else Streams(self.seeds, "black box", "inference")
        shape = (rows if train else 1, units)
        return self.entry(activity, self.params, streams.stack(lambda rng: torch.rand(shape, generator=rng)))


@black_boxes.register("none", source="common")
def none(activity: Array) -> Array:
    """Nothing: each layer sees what the one below it passes on."""
    return activity


@black_boxes.register("quantizer", source="Hinton 2022, section 1 (black boxes); this one is ours")
def quantizer(
    activity: Array,
    *,
    levels: Annotated[int, Param("levels from the smallest to the largest value of a row", 2, 256)] = 4,
) -> Array:
    """Each value rounded to the nearest of a few levels, evenly spaced between the extremes of its row."""
    low, high = activity.min(1, keepdims=True), activity.max(1, keepdims=True)
    step = np.where(high > low, high - low, 1) / (levels - 1)
    rounded: Array = low + np.round((activity - low) / step) * step
    return rounded


@black_boxes.register("coin_toss", source="Hinton 2022, section 1 (black boxes); this one is ours")
def coin_toss(
    activity: Array,
    chance: Array,
    *,
    heads: Annotated[float, Param("probability that a coin shows heads", 0.01, 1.0)] = 0.5,
) -> Array:
    """Each value passed on if a coin shows heads, else zero; tossed for every sample in training, then left lying."""
    return np.where(chance < heads, activity, np.float32(0))
