"""The catalogue of optimizers: how a gradient becomes a change of weights.

An optimizer works on one flat tensor of parameters for each variant, (K, P) float32, whose first ``decayed``
columns are weights and whose rest are biases. Decay is decoupled and spares the biases:
``W ← W − rate · decay · W``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeAlias

import torch
from torch import Tensor

from ffexplore.registry import Entry, Param, Registry

TENSORS = {3: 48, 4: 36}  # that one launch of torch's fused kernels takes, by how many lists of them it is given
SHARE = 1 << 16  # numbers of a tensor that such a kernel gives to one processor of a GPU, however many there are
PROCESSORS = 128  # about as many as a large GPU has
NOTHING = 1e-30  # an average below this changes no weight, and decays to denormal numbers within some hundred steps
optimizers: Registry[Entry] = Registry("optimizer", Entry, traits=())


class Optimizer(Protocol):
    """Changes parameters by their gradient; its state is a dictionary of tensors.

    One that can ask nothing of the host meanwhile has a function ``fused`` besides, a ``Fused``.
    """

    state: dict[str, Tensor]

    def step(self, flat: Tensor, gradient: Tensor, rates: Sequence[float], momentum: float) -> None:
        """Take one step; ``flat`` and ``gradient`` (K, P), one rate for each variant."""


@dataclass(frozen=True)
class FusedStep:
    """A step that several flat parameters (1, P) take at once on a device, with no look at a number.

    ``rate`` lies there as well, (); where ``spared``, (), is 1 none takes it.
    """

    flats: Sequence[Tensor]
    gradients: Sequence[Tensor]
    rate: Tensor
    momentum: float
    spared: Tensor

    def pieces(self, kept: Sequence[Sequence[Tensor]]) -> list[list[list[Tensor]]]:
        """Parameters, gradients, and what is kept of each, in pieces: so small that all processors have some to do."""
        lists = [self.flats, self.gradients, *kept]
        whole = sum(each.numel() for each in self.flats)
        size = whole
        if whole < SHARE * PROCESSORS:
            size = -(-whole // max(1, TENSORS[len(lists)] - len(self.flats)))
        return [[list(each.view(-1).split(size)) for each in those] for those in lists]


# Takes the step with all optimizers that are alike, the one that is asked among them.
Fused: TypeAlias = "Callable[[Sequence[Any], FusedStep], None]"


def decay(flat: Tensor, decayed: int, rates: Sequence[float], decays: Sequence[float]) -> None:
    """Shrink the weights of each variant by rate · decay, in place."""
    for variant, (rate, amount) in enumerate(zip(rates, decays, strict=True)):
        if amount:
            flat[variant, :decayed].mul_(1 - rate * amount)


def _groups(rates: Sequence[float]) -> list[tuple[slice, float]]:
    """Runs of neighbouring variants that share a rate."""
    if rates.count(rates[0]) == len(rates):
        return [(slice(0, len(rates)), rates[0])]
    groups: list[tuple[slice, float]] = []
    for variant, rate in enumerate(rates):
        if groups and groups[-1][1] == rate:
            groups[-1] = (slice(groups[-1][0].start, variant + 1), rate)
        else:
            groups.append((slice(variant, variant + 1), rate))
    return groups


@optimizers.register("adam", source="Kingma and Ba 2015")
class Adam:
    """Adam; the momentum setting is its β₁."""

    def __init__(
        self,
        flat: Tensor,
        *,
        beta2: Annotated[float, Param("memory of the squared gradient", 0.0, 0.999999)] = 0.999,
        epsilon: Annotated[float, Param("added to the root of the squared gradient", 1e-12, 1.0)] = 1e-8,
        shared_count: Annotated[bool, Param("count the steps of all layers together (the Keras example)")] = False,
        early_epsilon: Annotated[bool, Param("add epsilon before the bias correction, as Keras does")] = False,
    ) -> None:
        self.beta2, self.epsilon, self.shared_count = beta2, epsilon, shared_count
        self.early_epsilon = early_epsilon
        self.state = {
            "first": torch.zeros_like(flat),
            "second": torch.zeros_like(flat),
            "count": torch.zeros((), dtype=torch.float32, device=flat.device),
        }

    def step(self, flat: Tensor, gradient: Tensor, rates: Sequence[float], momentum: float) -> None:
        """Take one step with bias correction."""
        AdamStep([self], [flat], [gradient])(rates, momentum)

    @property
    def fused(self) -> Fused | None:
        """The same on a device; None with settings that torch's kernel does not know."""
        return None if self.shared_count or self.early_epsilon else self._fused

    def _fused(self, all_alike: Sequence[Adam], step: FusedStep) -> None:
        counts = [each.state["count"].add_(1 - step.spared) for each in all_alike]
        pieces = step.pieces([[each.state[name] for each in all_alike] for name in ("first", "second")])
        owners = [number for number, each in enumerate(pieces[0]) for _ in each]
        flat, gradient, first, second = ([piece for each in those for piece in each] for those in pieces)
        torch._fused_adam_(
            flat, gradient, first, second, [], [counts[number] for number in owners],
            amsgrad=False, lr=step.rate, beta1=step.momentum, beta2=self.beta2, weight_decay=0.0, eps=self.epsilon,
            maximize=False, found_inf=step.spared,
        )  # fmt: skip


class AdamStep:
    """A step of several parameters, which have a count of steps each, in one call of torch's fused kernel.

    Parameters
    ----------
    optimizers
        What remembers their gradients; alike.
    flats, gradients
        The parameters and their gradients, each (K, P).
    """

    def __init__(self, optimizers: Sequence[Adam], flats: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        self._one_of_them = optimizers[0]
        self._counts = [each.state["count"] for each in optimizers]
        firsts, seconds = ([each.state[name] for each in optimizers] for name in ("first", "second"))
        self._tensors = [list(flats), list(gradients), firsts, seconds]
        self._step = torch.ones((), device=flats[0].device)  # torch would make a tensor of a number each time

    @staticmethod
    def serves(optimizers: Sequence[Optimizer]) -> bool:
        """Whether a step of all may be one call."""
        first = optimizers[0]
        return isinstance(first, Adam) and all(
            isinstance(each, Adam)
            and not (each.shared_count or each.early_epsilon)
            and (each.beta2, each.epsilon) == (first.beta2, first.epsilon)
            for each in optimizers
        )

    def __call__(self, rates: Sequence[float], momentum: float) -> None:
        """Take the step; one rate for each variant."""
        adam, counts = self._one_of_them, self._counts
        epsilon = adam.epsilon
        if adam.early_epsilon:
            # m √c / (√v + ε) is m / (√(v / c) + ε / √c), with c = 1 − β₂ᵗ
            epsilon /= math.sqrt(1 - adam.beta2 ** (float(counts[0]) + 1))
        for count in counts:
            count.add_(self._step)
        for rows, rate in _groups(rates):
            tensors = self._tensors
            if rows.stop - rows.start < len(rates):
                tensors = [[tensor[rows] for tensor in each] for each in tensors]
            # The kernel that torch.optim.Adam(fused=True) calls, without the bookkeeping around it.
            torch._fused_adam_(
                tensors[0], tensors[1], tensors[2], tensors[3], [], counts,
                amsgrad=False, lr=rate, beta1=momentum, beta2=adam.beta2, weight_decay=0.0, eps=epsilon, maximize=False,
            )  # fmt: skip


def _scaled_rates(rates: Sequence[float], like: Tensor) -> float | Tensor:
    if len(set(rates)) == 1:
        return rates[0]
    return torch.tensor(rates, dtype=like.dtype, device=like.device).unsqueeze(1)


@optimizers.register("sgd", source="common")
class Sgd:
    """Gradient descent with heavy-ball momentum: V ← momentum · V + G, W ← W − rate · V."""

    def __init__(self, flat: Tensor) -> None:
        self.state = {"velocity": torch.zeros_like(flat)}

    def step(self, flat: Tensor, gradient: Tensor, rates: Sequence[float], momentum: float) -> None:
        """Take one step."""
        velocity = self.state["velocity"].mul_(momentum).add_(gradient)
        flat.sub_(velocity * _scaled_rates(rates, flat))

    def fused(self, all_alike: Sequence[Sgd], step: FusedStep) -> None:
        """The same on a device."""
        _fused_descent([each.state["velocity"] for each in all_alike], step, 0.0)


@optimizers.register("smoothed", source="Hinton's MATLAB code")
class Smoothed:
    """Descent along a running mean of the gradient: M ← momentum · M + (1 − momentum) · G, W ← W − rate · M."""

    def __init__(self, flat: Tensor) -> None:
        self.state = {"mean": torch.zeros_like(flat)}

    def step(self, flat: Tensor, gradient: Tensor, rates: Sequence[float], momentum: float) -> None:
        """Take one step; damped from the first one on, because the mean begins at zero."""
        mean = self.state["mean"].lerp_(gradient, 1 - momentum)
        flat.sub_(mean * _scaled_rates(rates, flat))

    def fused(self, all_alike: Sequence[Smoothed], step: FusedStep) -> None:
        """The same on a device."""
        _fused_descent([each.state["mean"] for each in all_alike], step, step.momentum)


def _fused_descent(kept: list[Tensor], step: FusedStep, damping: float) -> None:
    flat, gradient, mean = ([piece for each in those for piece in each] for those in step.pieces([kept]))
    torch._fused_sgd_(
        flat, gradient, mean, weight_decay=0.0, momentum=step.momentum or NOTHING, lr=step.rate, dampening=damping,
        nesterov=False, maximize=False, is_first_step=False, found_inf=step.spared,
    )  # fmt: skip


def calm(optimizer: Optimizer) -> None:
    """Set what is left of long past gradients to zero in an optimizer's averages.

    An average that only decays ends in denormal numbers, on which a CPU is ten times slower. What is cleared is too
    small to change any weight.
    """
    for value in optimizer.state.values():
        if value.dim():
            value.copy_(torch.nn.functional.hardshrink(value, NOTHING))


def make_optimizer(name: str, params: Mapping[str, Any], flat: Tensor) -> Any:
    """Make the optimizer of that name for the flat parameters (K, P)."""
    return optimizers[name].function(flat, **params)
