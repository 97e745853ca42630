"""The catalogue of normalizations: what a layer may learn of the activity below it.

Hinton passes on only the direction of the activity: could its length get through, the next layer would read the
goodness of the layer below off it and have nothing to learn.

An entry is a function of activities, (..., units), which it leaves as they are, that returns a tensor of the same shape
and dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.constants import constant
from ffexplore.engine.energy import energy
from ffexplore.engine.trial import tell, warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Param, Registry, Value

Epsilon = Annotated[float, Param("added to the length, so that a silent layer stays finite", 1e-12, 1.0)]


@dataclass(frozen=True)
class Normalization(Entry):
    """A normalization of the last axis.

    The trait ``row_scale(sum_of_squares, size, **params)`` is given where the normalization only multiplies each
    row by a number, (...,) -> (...,): then an image shared by several labels is multiplied by the weights once. With
    the trait ``init(units)`` it has tensors of its own for each layer, and is also given ``state`` and ``train``; then
    the trait ``input`` names the normalization of the input, whose label may differ between candidates.
    """

    @property
    def has_state(self) -> bool:
        """Whether it keeps something of the activities it has seen."""
        return "init" in self.traits

    def init(self, units: int, variants: int, device: torch.device) -> dict[str, Tensor] | None:
        """What it keeps of a layer at the start, (variants, ...) by name; None for one that keeps nothing."""
        make: Callable[[int], dict[str, Tensor]] | None = self.traits.get("init")
        if make is None:
            return None
        return {name: torch.stack([value] * variants).to(device) for name, value in make(units).items()}

    def of_input(self, params: Mapping[str, Value]) -> tuple[Normalization, dict[str, Value]]:
        """The normalization of the input beside this one between layers, and its parameters."""
        name = self.traits.get("input")
        if name is None:
            return self, dict(params)
        return normalizations[name], normalizations[name].defaults

    @cached_property
    def row_scale(self) -> Callable[..., Tensor | None] | None:
        """The factor of each row from its sum of squares, or None where a row is not merely scaled."""
        scale: Callable[..., Tensor | None] | None = self.traits.get("row_scale")
        return scale

    def __call__(
        self,
        h: Tensor,
        params: Mapping[str, Value] | None = None,
        out: Tensor | None = None,
        state: dict[str, Tensor] | None = None,
        train: bool = False,
        known: Tensor | None = None,
    ) -> Tensor:
        """Normalize ``h`` (..., units), written into ``out`` when given; ``h`` is not changed.

        An entry with a state is given it, (K, ...), and ``train`` tells that it is a training batch (K, S, B, units).
        One that scales rows is given their sum of squares (...) where it is ``known`` already.
        """
        if self.row_scale is not None:
            squares = energy(h) if known is None else known
            scale = self.row_scale(squares, h.shape[-1], **(params or {}))
            if scale is None:
                return h.clone() if out is None else out.copy_(h)
            return torch.mul(h, scale.unsqueeze(-1), out=out)
        extra = {"state": state, "train": train} if state is not None else {}
        result: Tensor = self.function(h, **extra, **dict(params or {}))
        return result if out is None else out.copy_(result)


def _try_out(entry: Normalization) -> None:
    h = torch.rand(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    params = entry.defaults
    given = h.clone()
    result = entry(given, params, state=entry.init(4, 1, h.device), train=True)
    if not isinstance(result, Tensor) or (result.shape, result.dtype) != (h.shape, h.dtype):
        got = f"{result.dtype} {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
        raise SettingsError(
            f"The normalization {entry.name!r} returned {got} for an activity {h.dtype} {tuple(h.shape)}; it must "
            "return a Tensor of the same shape and dtype."
        )
    if not torch.equal(given, h):
        raise SettingsError(f"The normalization {entry.name!r} writes into the activity it is given; it must not.")
    if entry.is_ours:
        return
    what = f"The normalization {entry.name!r}"
    if not warn_where_random(what, lambda: entry(h, params, state=entry.init(4, 1, h.device))):
        _check_neighbours(entry, what)
    if entry.row_scale is not None and not torch.allclose(entry.function(h, **params), result, rtol=1e-4, atol=1e-6):
        tell(f"The row_scale of the normalization {entry.name!r} does not what its function does; layers go by it.")


def _check_neighbours(entry: Normalization, what: str) -> None:
    """Refuse one that mixes variants, or looks across the batch and does not say so."""
    is_coupled = bool(entry.traits.get("coupled", False))
    same = (0,) if is_coupled else (0, 0, 0)
    generator = torch.Generator().manual_seed(1)
    h, beside = (torch.rand(2, 2, 3, 4, generator=generator) + 0.1 for _ in range(2))
    beside *= 3
    beside[same] = h[same]

    def asked(h: Tensor, train: bool) -> Tensor:
        return entry(h, entry.defaults, state=entry.init(4, len(h), h.device), train=train)[same]

    for train in (False, True) if entry.has_state else (False,):
        if torch.allclose(asked(h, train), asked(beside, train), rtol=1e-4, atol=1e-6, equal_nan=True):
            continue
        if is_coupled:
            raise SettingsError(
                f"{what} mixes variants: it is given all of them at once, (variants, sides, samples, units). Look "
                "across samples alone, as in h.mean(-2, keepdim=True)."
            )
        raise SettingsError(
            f"{what} looks beyond the sample: what it gives for one depends on those beside it. Take sums and means "
            "over the units alone, as in h.mean(-1, keepdim=True); or, if it is meant to look across the batch, "
            "register it with coupled=True."
        )


normalizations: Registry[Normalization] = Registry(
    "normalization",
    Normalization,
    _try_out,
    "a batch of 3 samples and 4 units",
    ("row_scale", "init", "input", "coupled"),
)


def _rms_scale(squares: Tensor, size: int, *, epsilon: float) -> Tensor:
    mean = squares / constant(size, squares)
    return (mean.sqrt() + constant(epsilon, mean)).reciprocal()  # 1 / x takes torch a product more


def _unit_scale(squares: Tensor, size: int, *, epsilon: float) -> Tensor:
    return (squares.sqrt() + constant(epsilon, squares)).reciprocal()


@normalizations.register("rms", source="Hinton's MATLAB code", row_scale=_rms_scale)
def rms(h: Tensor, *, epsilon: Epsilon = 1e-8) -> Tensor:
    """Scaled to a root mean square of 1: h / (ε + √mean h²)."""
    return h * _rms_scale(h.square().sum(-1, keepdim=True), h.shape[-1], epsilon=epsilon)


@normalizations.register("unit", source="Hinton 2022, section 2", row_scale=_unit_scale)
def unit(h: Tensor, *, epsilon: Epsilon = 1e-8) -> Tensor:
    """Scaled to length 1: h / (ε + ‖h‖)."""
    return h * _unit_scale(h.square().sum(-1, keepdim=True), h.shape[-1], epsilon=epsilon)


@normalizations.register("layer_norm", source="Ba et al. 2016; DeeperForward, ICLR 2025")
def layer_norm(h: Tensor, *, epsilon: Epsilon = 1e-5) -> Tensor:
    """Mean taken away, then scaled to variance 1, (h − h̄) / √(ε + var h); without learned factors."""
    return torch.nn.functional.layer_norm(h, h.shape[-1:], eps=epsilon)


def _fresh(units: int) -> dict[str, Tensor]:
    return {"mean": torch.zeros(units), "variance": torch.ones(units)}


@normalizations.register("batch_norm", source="Ioffe and Szegedy 2015", init=_fresh, input="rms", coupled=True)
def batch_norm(
    h: Tensor,
    state: dict[str, Tensor] | None = None,
    train: bool = False,
    *,
    epsilon: Epsilon = 1e-5,
    rate: Annotated[float, Param("share of the newest batch in the running means", 0.001, 1.0)] = 0.1,
) -> Tensor:
    """Each unit to mean 0 and variance 1 over the batch, (h − m) / √(ε + v); by running means at inference.

    Both sides are one batch, and no factor is learned. The length of an activity gets through, and with it something of
    the goodness. The input is scaled to a root mean square of 1. Without a state, as in a plain call, the batch is
    that of the samples given.
    """
    if state is not None and not train:
        mean, variance = (state[name][:, None, None].to(h.dtype) for name in ("mean", "variance"))
        return (h - mean) * (variance + epsilon).rsqrt()
    axes = tuple(range(max(0, h.ndim - 3), h.ndim - 1))
    variance, mean = torch.var_mean(h, axes, correction=0, keepdim=True)
    if state is not None:
        with torch.no_grad():
            state["mean"].lerp_(mean[:, 0, 0], rate)
            state["variance"].lerp_(variance[:, 0, 0], rate)
    return (h - mean) * (variance + epsilon).rsqrt()


@normalizations.register("none", source="shows why one is needed", row_scale=lambda squares, size: None)
def none(h: Tensor) -> Tensor:
    """Passed on as it is: the next layer sees the length, and with it the goodness."""
    return h
