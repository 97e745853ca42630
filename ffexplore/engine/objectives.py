"""The catalogue of objectives: what a layer tries to make small, from the goodness of its two sides.

An entry is a function of the arguments it names: ``positive`` and ``negative`` (goodness), and, where it wants
a threshold, ``theta``. All have the same shape; it returns the loss of each pair. One that names ``context`` is
also told what the other layers say of both sides. Its derivative is taken by automatic differentiation on the
goodness alone unless the trait ``slope`` gives it in closed form. ::

    @objectives.register("mine")
    def mine(positive, negative, theta):
        \"\"\"What it asks for, in one line.\"\"\"
        return (theta - positive).relu() + (negative - theta).relu()
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import silu, softplus

from ffexplore.errors import SettingsError, unknown_name
from ffexplore.registry import Entry, Param, Registry, Value

ARGUMENTS = ("positive", "negative", "theta", "context")


@dataclass
class Evidence:
    """What an objective may look at; K variants, B pairs.

    ``positive`` and ``negative`` are goodness (K, B); ``theta`` the threshold and ``scale`` the factor that turns
    a distance in goodness into a logit (None for 1), both (K, 1); ``context`` what other layers say of each side:
    how far their goodness is above their thresholds, summed, (K, 2, B).
    """

    positive: Tensor
    negative: Tensor
    theta: Tensor
    scale: Tensor | None
    context: Tensor | None = None


@dataclass(frozen=True)
class Objective(Entry):
    """An objective; see the module for how one is written.

    Traits
    ------
    slope : function (positive, negative, ..., **params) -> tuple, optional
        The derivative in closed form, ``(dL/d positive, dL/d negative)``.
    listens_to : "all" or "earlier"
        Whose goodness is the context: that of all other layers, or of those below.
    """

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """The arguments the function names, of positive, negative, theta, context."""
        return tuple(name for name in inspect.signature(self.function).parameters if name in ARGUMENTS)

    @property
    def needs(self) -> frozenset[str]:
        """What the function asks for, of pairs, theta, context."""
        return frozenset("pairs" if name in ("positive", "negative") else name for name in self.arguments)

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
        return {name: given[name] for name in self.arguments if name in given}

    def __call__(self, evidence: Evidence, params: Mapping[str, Value] | None = None) -> Tensor:
        """The loss of each pair, (K, B)."""
        loss: Tensor = self.function(**self._arguments(evidence), **dict(params or {}))
        if not isinstance(loss, Tensor) or loss.shape != evidence.positive.shape:
            got = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise SettingsError(
                f"The objective {self.name!r} returned {got}; it must return one loss a pair, "
                f"{tuple(evidence.positive.shape)}."
            )
        return loss

    def loss_and_slope(
        self, evidence: Evidence, params: Mapping[str, Value] | None = None, want_loss: bool = True
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        """The loss of each pair and its derivative by positive and by negative goodness, each (K, B).

        The loss is None where it is not wanted and the derivative is known without it.
        """
        slope: Callable[..., tuple[Tensor, Tensor]] | None = self.traits.get("slope")
        if slope is not None:
            arguments = self._arguments(evidence)
            with torch.no_grad():
                loss = self.function(**arguments, **dict(params or {})) if want_loss else None
                positive, negative = slope(**arguments, **dict(params or {}))
            if evidence.scale is None:
                return loss, positive, negative
            return loss, positive * evidence.scale, negative * evidence.scale
        with torch.enable_grad():
            leaf = Evidence(
                evidence.positive.detach().requires_grad_(),
                evidence.negative.detach().requires_grad_(),
                evidence.theta,
                evidence.scale,
                evidence.context,
            )
            loss = self(leaf, params)
            slopes = torch.autograd.grad(
                loss.sum(), (leaf.positive, leaf.negative), allow_unused=True, materialize_grads=True
            )
        return loss.detach(), slopes[0], slopes[1]


def _try_out(entry: Objective) -> None:
    """Call a new function once on three pairs, so that a mistake shows where it was made."""
    for name, argument in inspect.signature(entry.function).parameters.items():
        if argument.kind is not argument.KEYWORD_ONLY and name not in ARGUMENTS:
            raise SettingsError(unknown_name(f"argument of the objective {entry.name!r},", name, ARGUMENTS))
    g = torch.tensor([[0.5, 1.0, 2.0]])
    one = torch.ones(1, 1)
    try:
        entry.loss_and_slope(
            Evidence(g, g.flip(1), one, one, torch.zeros(1, 2, 3)),
            {key: param.default for key, param in entry.params.items()},
        )
    except SettingsError:
        raise
    except Exception as error:
        raise SettingsError(
            f"The objective {entry.name!r} failed on three pairs: {type(error).__name__}: {error}"
        ) from error


objectives: Registry[Objective] = Registry("objective", Objective, _try_out)

Steepness = Annotated[float, Param("how steeply the loss falls as the two goodnesses part", 0.1, 50.0)]


@objectives.register(
    "logistic",
    source="Hinton 2022, section 2",
    slope=lambda positive, negative, theta: (-torch.sigmoid(theta - positive), torch.sigmoid(negative - theta)),
)
def logistic(positive: Tensor, negative: Tensor, theta: Tensor) -> Tensor:
    """Positive goodness above the threshold, negative below: −log σ(g⁺ − θ) − log σ(θ − g⁻)."""
    return softplus(theta - positive) + softplus(negative - theta)


def _symba_slope(positive: Tensor, negative: Tensor, *, alpha: float) -> tuple[Tensor, Tensor]:
    slope = alpha * torch.sigmoid(alpha * (negative - positive))
    return -slope, slope


@objectives.register("symba", source="Lee and Song 2023, arXiv 2303.08418", slope=_symba_slope)
def symba(positive: Tensor, negative: Tensor, *, alpha: Steepness = 4.0) -> Tensor:
    """Positive goodness above that of the negative partner, with no threshold: log(1 + exp(−α(g⁺ − g⁻)))."""
    return softplus(alpha * (negative - positive))


def _swish_slope(positive: Tensor, negative: Tensor, *, alpha: float) -> tuple[Tensor, Tensor]:
    x = alpha * (negative - positive)
    s = torch.sigmoid(x)
    slope = alpha * (s + x * s * (1 - s))
    return -slope, slope


@objectives.register("swish_symba", source="dah33/explore_forward_forward", slope=_swish_slope)
def swish_symba(positive: Tensor, negative: Tensor, *, alpha: Steepness = 6.0) -> Tensor:
    """SymBa with SiLU in place of softplus: pairs that are told apart well enough no longer pull."""
    return silu(alpha * (negative - positive))


def _margin_slope(positive: Tensor, negative: Tensor, *, margin: float) -> tuple[Tensor, Tensor]:
    active = (margin > positive - negative).to(positive.dtype)
    return -active, active


@objectives.register("hinge", source="common", slope=_margin_slope)
def hinge(
    positive: Tensor,
    negative: Tensor,
    *,
    margin: Annotated[float, Param("distance that positive goodness is to keep from negative", 0.0, 100.0)] = 1.0,
) -> Tensor:
    """Positive goodness at least a margin above that of the negative partner: max(0, m − (g⁺ − g⁻))."""
    return (margin - (positive - negative)).relu()


def _two_slope(
    positive: Tensor, negative: Tensor, theta: Tensor, *, above: float, below: float, a: float, b: float
) -> tuple[Tensor, Tensor]:
    return (
        -a * torch.sigmoid(a * (theta + above - positive)),
        b * torch.sigmoid(b * (negative - theta + below)),
    )


@objectives.register("two_thresholds", source="SCFF, Chen et al. 2024, arXiv 2409.11593", slope=_two_slope)
def two_thresholds(
    positive: Tensor,
    negative: Tensor,
    theta: Tensor,
    *,
    above: Annotated[float, Param("distance of the positive threshold above θ, in logits", -100.0, 100.0)] = 1.0,
    below: Annotated[float, Param("distance of the negative threshold below θ, in logits", -100.0, 100.0)] = 1.0,
    a: Annotated[float, Param("how steeply the positive side is pulled up", 0.01, 50.0)] = 1.0,
    b: Annotated[float, Param("how steeply the negative side is pushed down", 0.01, 50.0)] = 1.0,
) -> Tensor:
    """A threshold for each side: log(1 + exp(a(θ₁ − g⁺))) + log(1 + exp(b(g⁻ − θ₂))), θ₁ above θ and θ₂ below."""
    return softplus(a * (theta + above - positive)) + softplus(b * (negative - theta + below))


def _threshold_hinge_slope(
    positive: Tensor, negative: Tensor, theta: Tensor, *, margin: float
) -> tuple[Tensor, Tensor]:
    return (
        -(theta + margin > positive).to(positive.dtype),
        (negative > theta - margin).to(positive.dtype),
    )


@objectives.register("threshold_hinge", source="common", slope=_threshold_hinge_slope)
def threshold_hinge(
    positive: Tensor,
    negative: Tensor,
    theta: Tensor,
    *,
    margin: Annotated[float, Param("distance that both sides are to keep from the threshold", 0.0, 100.0)] = 1.0,
) -> Tensor:
    """Positive goodness a margin above the threshold, negative a margin below: max(0, θ+m−g⁺) + max(0, g⁻−θ+m)."""
    return (theta + margin - positive).relu() + (negative - theta + margin).relu()


def _collaboration_slope(positive: Tensor, negative: Tensor, theta: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    for_positive, for_negative = context.unbind(1)
    return -torch.sigmoid(theta - positive - for_positive), torch.sigmoid(negative + for_negative - theta)


@objectives.register(
    "collaboration", source="Lorberbom et al. 2024, arXiv 2305.12393", slope=_collaboration_slope, listens_to="all"
)
def collaboration(positive: Tensor, negative: Tensor, theta: Tensor, context: Tensor) -> Tensor:
    """Logistic on the goodness of the whole network: −log σ(g⁺ + γ⁺ − θ) − log σ(θ − g⁻ − γ⁻), γ from all other layers.

    γ is the sum of what the other layers' goodness is above their thresholds, and no gradient goes there. Every layer
    sees the same probability: the paper's θ is the sum of the layers' thresholds.
    """
    for_positive, for_negative = context.unbind(1)
    return softplus(theta - positive - for_positive) + softplus(negative + for_negative - theta)


@objectives.register(
    "collaboration_earlier",
    source="Lorberbom et al. 2024, arXiv 2305.12393",
    slope=_collaboration_slope,
    listens_to="earlier",
)
def collaboration_earlier(positive: Tensor, negative: Tensor, theta: Tensor, context: Tensor) -> Tensor:
    """Logistic on the goodness of a layer and those below it: collaboration in which γ is from earlier layers alone."""
    return collaboration(positive, negative, theta, context)
