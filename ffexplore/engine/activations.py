"""The nonlinearities; ours know their derivative from their own output, so that the pre-activation need not be kept.

An entry is a function of pre-activations, (..., units), that returns a tensor of the same shape and dtype.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ffexplore.engine.derivative import checked, warn_where_other, why_not_differentiable
from ffexplore.engine.trial import warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Registry


@dataclass(frozen=True)
class Activation(Entry):
    """A nonlinearity; ``function(z)`` may write into ``z``.

    The trait ``backward(delta, h)`` carries a derivative ``delta`` by the output ``h`` back to the input and may write
    into ``delta``. The trait ``by_sign`` tells that this depends on the sign of ``h`` alone. Without ``backward`` the
    derivative is taken by automatic differentiation of the function, which then acts on each number alone.

    The trait ``up(z)`` is given where something else than the activity goes on to the layers above and the read-out,
    and ``z`` stays as it is; then ``up_backward(delta, up)`` is its ``backward``.
    """

    @property
    def states_derivative(self) -> bool:
        """Whether the derivative is known from the output; if not, see ``with_slope``."""
        return "backward" in self.traits

    @property
    def by_sign(self) -> bool:
        """Whether the derivative depends on the sign of the output alone."""
        return bool(self.traits.get("by_sign", False))

    def backward(self, delta: Tensor, h: Tensor) -> Tensor:
        """Carry a derivative with respect to the output ``h`` back to the pre-activation; same shape.

        One that does not state its derivative leaves it as it is: the slope has a part in dropout's factors then.
        """
        result: Tensor = self.traits["backward"](delta, h) if self.states_derivative else delta
        return result

    def with_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The activity of ``z``, which stays, and its derivative there, found by autograd; both like ``z``."""
        leaf = z.detach().clone().requires_grad_()
        with torch.enable_grad():
            h: Tensor = self.function(leaf.clone())  # which it may write into
            (slope,) = torch.autograd.grad(h.sum(), leaf)
        return h.detach(), slope

    @property
    def goes_apart(self) -> bool:
        """Whether something else than the activity goes on to the layers above."""
        return "up" in self.traits

    def up(self, z: Tensor) -> Tensor:
        """What goes on to the layers above; ``z`` stays as it is where that is not the activity itself."""
        result: Tensor = self.traits.get("up", self.function)(z)
        return result

    def up_backward(self, delta: Tensor, up: Tensor) -> Tensor:
        """Carry a derivative with respect to ``up(z)`` back to ``z``; may write into ``delta``."""
        result: Tensor = self.traits.get("up_backward", self.backward)(delta, up)
        return result


def _try_out(entry: Activation) -> None:
    if entry.params:
        raise SettingsError(
            f"The activation {entry.name!r} has the parameter {next(iter(entry.params))!r}; an activation has none: "
            "write the number into the function, and register another one under another name."
        )
    z = torch.randn(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    for name, function in (("function", entry.function), ("up", entry.up)):
        result = function(z.clone())
        if not isinstance(result, Tensor) or (result.shape, result.dtype) != (z.shape, z.dtype):
            got = f"{result.dtype} {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
            raise SettingsError(
                f"The {name} of the activation {entry.name!r} returned {got} for {z.dtype} {tuple(z.shape)}; it must "
                "return a Tensor of the same shape and dtype."
            )
    if entry.goes_apart and not {"backward", "up_backward"} <= set(entry.traits):
        raise SettingsError(
            f"The activation {entry.name!r} has the trait up; then it must have backward and up_backward, too."
        )
    if not torch.isfinite(entry.function(z.clone())).all():
        raise SettingsError(f"The activation {entry.name!r} returned values that are not finite for some around zero.")
    if entry.states_derivative:
        what = f"The backward of the activation {entry.name!r}"
        h, delta = entry.function(z.clone()), torch.rand(z.shape, generator=torch.Generator().manual_seed(1))
        stated = checked(what, entry.backward(delta.clone(), h), z)
        if not entry.is_ours and not why_not_differentiable(entry.function):
            warn_where_other(what, stated, _found(entry, z, delta))
    else:
        reason = why_not_differentiable(entry.function)
        if reason:
            raise SettingsError(f"The activation {entry.name!r} needs the trait backward(delta, h): {reason}.")
        alone = torch.stack([entry.function(column.clone()) for column in z.unbind(-1)], -1)
        if not torch.allclose(entry.function(z.clone()), alone, atol=1e-5):
            raise SettingsError(
                f"The activation {entry.name!r} needs the trait backward(delta, h), because what it makes of a unit "
                "depends on the others, or on chance."
            )
    if not entry.is_ours:
        both = entry.function, entry.up
        warn_where_random(f"The activation {entry.name!r}", lambda: [function(z.clone()) for function in both])


def _found(entry: Activation, z: Tensor, delta: Tensor) -> Tensor:
    """What autograd carries back of ``delta``; both like ``z``."""
    leaf = z.clone().requires_grad_()
    with torch.enable_grad():
        (found,) = torch.autograd.grad(entry.function(leaf * 1.0), leaf, delta)
    return found


activations: Registry[Activation] = Registry(
    "activation", Activation, _try_out, "a batch of 3 samples and 4 units", ("backward", "by_sign", "up", "up_backward")
)


def _relu_backward(delta: Tensor, h: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(delta, h, 0)


@activations.register("relu", source="Hinton 2022, section 2", backward=_relu_backward, by_sign=True)
def relu(z: Tensor) -> Tensor:
    """max(z, 0)."""
    return z.relu_()


@activations.register(
    "leaky_relu",
    source="Maas et al. 2013",
    backward=lambda delta, h: torch.ops.aten.leaky_relu_backward(delta, h, 0.01, True),
    by_sign=True,
)
def leaky_relu(z: Tensor) -> Tensor:
    """z above zero, z/100 below."""
    return torch.nn.functional.leaky_relu_(z, 0.01)


@activations.register("tanh", source="common", backward=lambda delta, h: delta.mul_(1 - h * h))
def tanh(z: Tensor) -> Tensor:
    """The hyperbolic tangent, (exp(z) − exp(−z)) / (exp(z) + exp(−z))."""
    return z.tanh_()


@activations.register("softplus", source="Dugas et al. 2001", backward=lambda delta, h: delta.mul_(-torch.expm1(-h)))
def softplus(z: Tensor) -> Tensor:
    """log(1 + exp(z)), a smooth relu."""
    return torch.nn.functional.softplus(z)


def _over_the_mean(z: Tensor) -> Tensor:
    return torch.relu_(z - z.mean(-1, keepdim=True))


def _over_the_mean_backward(delta: Tensor, up: Tensor) -> Tensor:
    delta = torch.ops.aten.threshold_backward(delta, up, 0)
    return delta.sub_(delta.mean(-1, keepdim=True))


@activations.register(
    "triangle",
    source="SCFF, Chen et al. 2024, arXiv 2409.11593; Coates et al. 2011",
    backward=_relu_backward,
    by_sign=True,
    up=_over_the_mean,
    up_backward=_over_the_mean_backward,
)
def triangle(z: Tensor) -> Tensor:
    """max(z, 0) for the goodness; max(z − z̄, 0) goes on to the layers above and the read-out, z̄ over the units."""
    return z.relu_()
