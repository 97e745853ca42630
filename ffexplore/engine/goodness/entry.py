"""What a goodness function is: one number that says how positive a layer takes a sample to be.

An entry is a function of the activity; its tunable parameters are keyword-only arguments with defaults. Add
one with::

    @goodness.register("mine", source="where it comes from")
    def mine(activity):
        \"\"\"What it measures, in one line.\"\"\"
        return activity.square().mean(-1)

The function is called with activities of shape ``(batch, units)`` and returns ``(batch,)``. Its derivative is
taken by automatic differentiation unless the trait ``vjp`` gives it in closed form. An entry with the trait
``init`` has tensors of its own for each layer, learned or running; it is also given ``state`` and ``train``.
An entry with ``output="per_class"`` returns ``(batch, classes)`` instead, one score a class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.goodness.trial import try_out
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
    of_energy : function (energy, width) -> g, optional
        The goodness from the sum of squares, which others may have computed already, where it depends on nothing else.
        Then ``factor(g, width)``, a number or a tensor like ``g``, is what the activity times is its derivative.
    natural_threshold : function (width, **params) -> float, optional
        The threshold that a network at its start crosses; 1 per unit of mean square. It is given the parameters
        that it names.
    init : function (width, classes, generator) -> state, optional
        Learned tensors and running buffers of one layer of one variant, by name.
    batched : bool
        The function takes any leading dimensions, not only a batch. A person's own function is called once
        for each variant and side.
    coupled : bool
        The function looks across the batch: what it gives for a sample depends on those beside it, of the same side.
        At inference, where ``train`` is False, it should go by running means, which it keeps in a state (``init``).
    rests_at_zero : bool
        The derivative is zero where the activity is zero, so the derivative of a relu changes nothing.
    permutable : bool
        The order of the units does not matter, whatever the state: nothing is kept of a single unit.
    output : "scalar" or "per_class"
        One number a sample, or one a class.
    learned : names, optional
        The tensors of the state that follow the gradient of the layer's objective.
    group_of_units : bool
        Each class has units of its own, so a layer needs at least one unit a class.
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
    def per_class(self) -> bool:
        """Whether it gives a score for each class, so that the label must not be in the input."""
        return self.output == "per_class"

    @property
    def of_energy(self) -> Callable[[Tensor, int], Tensor] | None:
        """The goodness from the sum of squares of a row and the number of units; None where that does not tell it."""
        return self.traits.get("of_energy")

    def factor(self, g: Tensor, width: int) -> Tensor | float:
        """What the activity times is its derivative, where the goodness follows from the sum of squares."""
        factor: Tensor | float = self.traits["factor"](g, width)
        return factor

    @property
    def learned(self) -> tuple[str, ...]:
        """The tensors of the state that follow the gradient."""
        return tuple(self.traits.get("learned", ()))

    @property
    def rests_at_zero(self) -> bool:
        """Whether the derivative vanishes with the activity of a unit."""
        return bool(self.traits.get("rests_at_zero", False))

    def init(self, width: int, classes: int, generators: Sequence[torch.Generator]) -> State:
        """Learned tensors and running buffers of one layer, by name; none for most.

        Parameters
        ----------
        width
            Units of the layer.
        classes
            Number of classes.
        generators
            One source of random numbers for each of K variants.

        Returns
        -------
        dict
            Tensors (K, ...), on the CPU.
        """
        make: Callable[[int, int, torch.Generator], State] | None = self.traits.get("init")
        if make is None:
            return {}
        each = [make(width, classes, generator) for generator in generators]
        return {name: torch.stack([state[name] for state in each]) for name in each[0]}

    def natural_threshold(self, width: int, params: Mapping[str, Value] | None = None) -> float | None:
        """The threshold that suits a layer of ``width`` units, or None where nothing is known."""
        natural: Callable[..., float] | None = self.traits.get("natural_threshold")
        if natural is None:
            return None
        if not self.params:
            return natural(width)
        named = inspect.signature(natural).parameters.values()
        takes_all = any(one.kind is one.VAR_KEYWORD for one in named)
        known = self.defaults | dict(params or {})
        wanted = known if takes_all else {one.name: known[one.name] for one in named if one.name in known}
        return natural(width, **wanted)

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
            Learned tensors and buffers of the layer (K, ...), for an entry that has some.
        train
            Whether running buffers may be brought up to date.

        Returns
        -------
        Tensor
            (K, S, B), or (K, S, B, classes) of scores per class; float of the same dtype.
        """
        values: dict[str, Any] = dict(params or {})
        if self.per_class and state is None and "init" in self.traits:
            raise SettingsError(f"The goodness {self.name!r} has tensors of its own; give the state that init makes.")
        if self.traits.get("batched", False):
            extra = values | {"state": state, "train": train} if state else values
            return self._shaped(self.function(h, **extra), h.shape[:-1])
        rows = []
        for number, variant in enumerate(h):
            extra = dict(values)
            if state:
                extra |= {"state": {name: value[number] for name, value in state.items()}, "train": train}
            rows.append([self._shaped(self.function(side, **extra), side.shape[:-1]) for side in variant])
        return torch.stack([torch.stack(row) for row in rows])

    def _shaped(self, g: object, shape: torch.Size) -> Tensor:
        if not isinstance(g, Tensor):
            raise SettingsError(f"The goodness {self.name!r} returned {type(g).__name__}; it must return a Tensor.")
        wanted = g.shape[:-1] if self.per_class and g.ndim else g.shape
        if wanted != shape:
            what = (
                "one number a class, with the classes last"
                if self.per_class
                else f"one number a sample, {tuple(shape)}"
            )
            raise SettingsError(
                f"The goodness {self.name!r} returned shape {tuple(g.shape)} for a batch of activities "
                f"({', '.join(map(str, shape))}, units); it must return {what}."
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


TRAITS = (
    "vjp", "of_energy", "factor", "natural_threshold", "init", "batched", "coupled", "rests_at_zero", "permutable",
    "output", "learned", "group_of_units",
)  # fmt: skip


goodness: Registry[Goodness] = Registry("goodness", Goodness, try_out, "a batch of 3 samples and 4 units", TRAITS)


@lru_cache(maxsize=1024)
def _mean_over_noise(function: Callable[..., Tensor], width: int, params: tuple[tuple[str, Value], ...]) -> float:
    rows = max(8, min(8192, (1 << 18) // width))
    z = torch.randn(rows, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        return float(f"{float(function((2**0.5 * z).relu(), **dict(params)).mean()):.3g}")


def measured(name: str) -> Callable[..., float]:
    """A natural threshold for which there is no short formula, for the trait ``natural_threshold``.

    It is what the goodness of that name gives, on average and to three digits, for rectified normal activities with
    a mean square of 1.
    """

    def natural(width: int, **params: Value) -> float:
        return _mean_over_noise(goodness[name].function, width, tuple(sorted(params.items())))

    return natural


def scaled(h: Tensor, factor: Tensor) -> Tensor:
    """Multiply each sample's activity (..., units) by its factor (...), in place."""
    return h.mul_(factor.unsqueeze(-1))
