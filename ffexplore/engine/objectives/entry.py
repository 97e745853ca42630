"""What an objective is: what a layer tries to make small, from the goodness of its two sides.

An entry is a function of the arguments it names: ``positive`` and ``negative`` (goodness), and, where it wants
a threshold, ``theta``. All have the same shape, (1, B); it returns the loss of each pair. One that names ``context``
is also told what the other layers say of both sides, (1, 2, B). One that compares classes names ``scores``, the
goodness of every class of the positive side, (1, B, C), and ``labels``, the right ones, (1, B). Where variants are
trained together it is called for each of them.
Its derivative is taken by automatic differentiation on the goodness alone unless the trait ``slope`` gives it in
closed form. ::

    @objectives.register("mine")
    def mine(positive, negative, theta):
        \"\"\"What it asks for, in one line.\"\"\"
        return (theta - positive).relu() + (negative - theta).relu()
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import torch
from torch import Tensor

from ffexplore.engine.constants import constants
from ffexplore.engine.objectives.evidence import ARGUMENTS, Evidence
from ffexplore.engine.objectives.trial import try_out
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Registry, Value


@dataclass(frozen=True)
class Objective(Entry):
    """An objective; see the module for how one is written.

    Traits
    ------
    slope : function (sides, ..., **params) -> Tensor, optional
        The derivative in closed form, by the goodness of both sides (K, 2, B), the positive one first: a fresh tensor
        of that shape. It may name ``theta`` (K, 1, 1) and ``context`` (K, 2, B) as further arguments.
    listens_to : "all" or "earlier"
        Whose goodness is the context: that of all other layers, or of those below.
    """

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """The arguments the function names, of positive, negative, theta, context, scores, labels."""
        return tuple(name for name in inspect.signature(self.function).parameters if name in ARGUMENTS)

    @property
    def needs(self) -> frozenset[str]:
        """What the function asks for, of pairs, theta, context, classes."""
        return frozenset(ARGUMENTS[name] for name in self.arguments)

    @property
    def listens_to(self) -> str:
        """Which other layers make the context: "all" or "earlier"."""
        return str(self.traits.get("listens_to", "all"))

    def _arguments(self, evidence: Evidence) -> dict[str, Tensor]:
        # An objective sees goodness on the logit scale, so that every one of them has the same scale factor.
        positive, negative, theta = evidence.positive, evidence.negative, evidence.theta
        context = evidence.context
        if evidence.scale is not None:
            positive, negative, theta = (value * evidence.scale for value in (positive, negative, theta))
            context = None if context is None else context * evidence.scale.unsqueeze(-1)
        given = {"positive": positive, "negative": negative, "theta": theta.expand_as(positive)}
        if context is not None:
            given["context"] = context
        if evidence.scores is not None and evidence.labels is not None:
            scores = evidence.scores
            given["scores"] = scores if evidence.scale is None else scores * evidence.scale.unsqueeze(-1)
            given["labels"] = evidence.labels
        return {name: given[name] for name in self.arguments if name in given}

    def __call__(self, evidence: Evidence, params: Mapping[str, Value] | None = None) -> Tensor:
        """The loss of each pair, (K, B)."""
        given = self._arguments(evidence)

        def ask(*values: Tensor) -> Tensor:
            asked: Tensor = self.function(**dict(zip(given, values, strict=True)), **dict(params or {}))
            return asked

        loss = self._apart(ask, tuple(given.values()))
        if not isinstance(loss, Tensor) or loss.shape != evidence.positive.shape:
            got = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise SettingsError(
                f"The objective {self.name!r} returned {got}; it must return one loss a pair, "
                f"{tuple(evidence.positive.shape)}."
            )
        return loss

    def slope(
        self,
        sides: Tensor,
        theta: Tensor,
        scale: Tensor | None = None,
        context: Tensor | None = None,
        params: Mapping[str, Value] | None = None,
    ) -> Tensor:
        """The derivative of each pair's loss by the goodness of its two sides, for an objective of pairs.

        Parameters
        ----------
        sides
            Goodness (K, 2, B), the positive side first.
        theta, scale
            Threshold and logit scale, (K, 1, 1); None for a scale of 1.
        context
            What other layers say of each side, (K, 2, B), for an objective that asks.
        params
            Values of the parameters.

        Returns
        -------
        Tensor
            (K, 2, B), fresh.
        """
        if self._slope is None:
            evidence = Evidence(sides[:, 0], sides[:, 1], theta[:, 0], None if scale is None else scale[:, 0], context)
            _, slopes = self.gradients(evidence, ("positive", "negative"), params)
            return torch.stack(slopes, 1)
        if scale is not None:
            sides, theta = sides * scale, theta * scale
            context = None if context is None else context * scale
        slope: Tensor
        if self.is_ours and self._beside == ("theta",):  # the usual case, in every step
            slope = self._slope(sides, theta, **(params or {}))
        else:
            beside = [theta if name == "theta" else context for name in self._beside]
            slope = self._apart(partial(self._slope, **(params or {})), (sides, *beside))
        return slope if scale is None else slope.mul_(scale)

    def _apart(self, ask: Callable[..., Tensor], values: Sequence[Tensor | None]) -> Tensor:
        """Ask for all variants at once; somebody else's function for each apart, as it may look across the batch."""
        variants = 1 if self.is_ours else max(len(value) for value in values if value is not None)
        if variants == 1:
            return ask(*values)
        found = [
            ask(*(None if value is None else _of(value, variant) for value in values)) for variant in range(variants)
        ]
        return torch.cat(found) if all(isinstance(each, Tensor) for each in found) else found[0]

    @cached_property
    def _slope(self) -> Callable[..., Tensor] | None:
        return self.traits.get("slope")

    @cached_property
    def _beside(self) -> tuple[str, ...]:
        """What the closed form names beside the sides."""
        assert self._slope is not None
        return tuple(name for name in inspect.signature(self._slope).parameters if name in ("theta", "context"))

    def gradients(
        self, evidence: Evidence, by: Sequence[str], params: Mapping[str, Value] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The loss of each pair (K, B), and the derivative of their sum by what is named of the evidence.

        Taken by automatic differentiation; zero where the objective does not look.
        """
        with torch.enable_grad():
            leaves = {name: getattr(evidence, name).detach().requires_grad_() for name in by}
            loss = self(replace(evidence, **leaves), params)
            if not loss.requires_grad:
                raise SettingsError(
                    f"The objective {self.name!r} lets no derivative through, so that a layer would learn nothing. Use "
                    "functions of torch that have one, without detach, item or numpy; or give it as the trait slope."
                )
            slopes = torch.autograd.grad(loss.sum(), tuple(leaves.values()), allow_unused=True, materialize_grads=True)
        return loss.detach(), slopes

    @cached_property
    def looked_at(self) -> tuple[str, ...]:
        """What of the goodness the function looks at: positive, negative or scores."""
        return tuple(name for name in self.arguments if name in ("positive", "negative", "scores"))


def _of(value: Tensor, variant: int) -> Tensor:
    """The part of one variant, or of all where they have the same."""
    return value if len(value) == 1 else value[variant : variant + 1]


def by_side(dtype: torch.dtype, device: torch.device, positive: float = -1.0, negative: float = 1.0) -> Tensor:
    """A number for each side, (1, 2, 1), made once.

    Unless others are given they are the signs of a derivative: −1 for the positive side, whose goodness is to grow.
    """
    return constants((((positive,), (negative,)),), dtype, device)


objectives: Registry[Objective] = Registry("objective", Objective, try_out, "three pairs", ("slope", "listens_to"))
