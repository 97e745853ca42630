"""The catalogue of goodness functions: one number that says how positive a layer takes a sample to be.

An entry is a function of the activity; its tunable parameters are keyword-only arguments with defaults. Add
one with::

    @goodness.register("mine", source="where it comes from")
    def mine(activity):
        \"\"\"What it measures, in one line.\"\"\"
        return activity.square().mean(-1)

The function is called with activities of shape ``(batch, units)`` and returns ``(batch,)``. Its derivative is
taken by automatic differentiation unless the trait ``vjp`` gives it in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Registry, Value

EPSILON = 1e-8  # keeps roots, logarithms and quotients finite at zero activity
State = dict[str, Tensor]


@dataclass(frozen=True)
class Goodness(Entry):
    """A goodness function and what is known about it.

    Traits
    ------
    vjp : function (h, g, dg, **params) -> dh, optional
        The derivative in closed form: ``dg[..., None] * dg/dh``. It may write into ``h``.
    natural_threshold : function (width) -> float, optional
        The threshold that a network at its start crosses; 1 per unit of mean square.
    batched : bool
        The function takes any leading dimensions, not only a batch. A person's own function is called once
        for each variant and side.
    coupled : bool
        The function looks across the batch, so positive and negative samples must not be mixed.
    rests_at_zero : bool
        The derivative is zero where the activity is zero, so the derivative of a relu changes nothing.
    permutable : bool
        The order of the units does not matter.
    output : "scalar" or "per_class"
        One number a sample, or one a class.
    """

    @property
    def coupled(self) -> bool:
        """Whether the function looks across the batch."""
        return bool(self.traits.get("coupled", False))

    @property
    def output(self) -> str:
        """What comes out for a sample: "scalar" or "per_class"."""
        return str(self.traits.get("output", "scalar"))

    @property
    def rests_at_zero(self) -> bool:
        """Whether the derivative vanishes with the activity of a unit."""
        return bool(self.traits.get("rests_at_zero", False))

    def init(self, width: int, classes: int, generator: torch.Generator) -> State:
        """Learned tensors and running buffers for one layer; empty for most."""
        make: Callable[[int, int, torch.Generator], State] | None = self.traits.get("init")
        return make(width, classes, generator) if make else {}

    def natural_threshold(self, width: int) -> float | None:
        """The threshold that suits a layer of ``width`` units, or None where nothing is known."""
        natural: Callable[[int], float] | None = self.traits.get("natural_threshold")
        return None if natural is None else natural(width)

    def __call__(
        self, h: Tensor, params: Mapping[str, Value] | None = None, state: State | None = None, *, train: bool = False
    ) -> Tensor:
        """Goodness of activities.

        Parameters
        ----------
        h
            Activities (K, S, B, units); not changed.
        params
            Values of the parameters; missing ones have their defaults.
        state
            Learned tensors and buffers of the layer, for an entry that has some.
        train
            Whether running buffers may be brought up to date.

        Returns
        -------
        Tensor
            (K, S, B), float of the same dtype.
        """
        extra: dict[str, Any] = dict(params or {})
        if state:
            extra |= {"state": state, "train": train}
        if self.traits.get("batched", False):
            return self._shaped(self.function(h, **extra), h.shape[:-1])
        rows = [[self._shaped(self.function(side, **extra), side.shape[:-1]) for side in variant] for variant in h]
        return torch.stack([torch.stack(row) for row in rows])

    def _shaped(self, g: object, shape: torch.Size) -> Tensor:
        if not isinstance(g, Tensor):
            raise SettingsError(f"The goodness {self.name!r} returned {type(g).__name__}; it must return a Tensor.")
        if g.shape != shape:
            raise SettingsError(
                f"The goodness {self.name!r} returned shape {tuple(g.shape)} for a batch of activities "
                f"{(*shape, '...')}; it must return one number a sample, {tuple(shape)}."
            )
        return g

    def derivative(
        self, h: Tensor, g: Tensor, dg: Tensor, params: Mapping[str, Value] | None = None, state: State | None = None
    ) -> Tensor | None:
        """``dg[..., None] * dg/dh`` in closed form, (K, S, B, units), or None where there is none.

        May write into ``h``.
        """
        vjp: Callable[..., Tensor] | None = self.traits.get("vjp")
        if vjp is None:
            return None
        return vjp(h, g, dg, **dict(params or {}))


def _try_out(entry: Goodness) -> None:
    """Call a new function once on a small batch, so that a mistake shows where it was made."""
    if "init" in entry.traits:
        return
    h = torch.rand(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    try:
        entry(h, {key: param.default for key, param in entry.params.items()})
    except SettingsError:
        raise
    except Exception as error:
        raise SettingsError(
            f"The goodness {entry.name!r} failed on a batch of 3 samples and 4 units: {type(error).__name__}: {error}"
        ) from error


goodness: Registry[Goodness] = Registry("goodness", Goodness, _try_out)


def _scaled(h: Tensor, factor: Tensor) -> Tensor:
    """Multiply each sample's activity by its factor, in place."""
    return h.mul_(factor.unsqueeze(-1))


@goodness.register(
    "mean_square",
    source="Pezeshki 2022 (PyTorch), Mukherjee 2023 (Keras)",
    vjp=lambda h, g, dg: _scaled(h, dg * (2 / h.shape[-1])),
    natural_threshold=lambda width: 1.0,
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def mean_square(activity: Tensor) -> Tensor:
    """Mean of the squared activities; the same scale at any width."""
    return torch.linalg.vector_norm(activity, dim=-1).square() / activity.shape[-1]


@goodness.register(
    "sum_of_squares",
    source="Hinton 2022, section 2",
    vjp=lambda h, g, dg: _scaled(h, 2 * dg),
    natural_threshold=lambda width: float(width),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def sum_of_squares(activity: Tensor) -> Tensor:
    """Sum of the squared activities; grows with the width."""
    return torch.linalg.vector_norm(activity, dim=-1).square()


@goodness.register(
    "minus_sum_of_squares",
    source="Hinton 2022, section 2 (best on CIFAR-10)",
    vjp=lambda h, g, dg: _scaled(h, -2 * dg),
    natural_threshold=lambda width: -float(width),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def minus_sum_of_squares(activity: Tensor) -> Tensor:
    """The sum of squares turned round: positive samples are to be quiet; the threshold is negative."""
    return -torch.linalg.vector_norm(activity, dim=-1).square()


@goodness.register(
    "l2_norm",
    source="common",
    vjp=lambda h, g, dg: _scaled(h, dg / g),
    natural_threshold=lambda width: math.sqrt(width),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def l2_norm(activity: Tensor) -> Tensor:
    """Length of the activity vector."""
    return (torch.linalg.vector_norm(activity, dim=-1).square() + EPSILON**2).sqrt()


@goodness.register(
    "mean",
    source="Hinton 2022, future work; DeeperForward, ICLR 2025",
    vjp=lambda h, g, dg: (dg / h.shape[-1]).unsqueeze(-1).expand_as(h).clone(),
    natural_threshold=lambda width: 0.5,
    batched=True,
    permutable=True,
)
def mean(activity: Tensor) -> Tensor:
    """Mean of the activities, not squared."""
    return activity.mean(-1)


@goodness.register(
    "log_energy",
    source="common",
    vjp=lambda h, g, dg: _scaled(h, 2 * dg * (-g).exp()),
    natural_threshold=lambda width: math.log(width),
    batched=True,
    rests_at_zero=True,
    permutable=True,
)
def log_energy(activity: Tensor) -> Tensor:
    """Logarithm of the sum of squares; equal ratios of energy are equal steps."""
    return (torch.linalg.vector_norm(activity, dim=-1).square() + EPSILON).log()
