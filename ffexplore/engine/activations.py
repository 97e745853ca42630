"""The nonlinearities; each knows its derivative from its own output, so that the pre-activation need not be kept."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ffexplore.registry import Entry, Registry


@dataclass(frozen=True)
class Activation(Entry):
    """A nonlinearity; ``function(z)`` may write into ``z``.

    The trait ``backward(delta, h)`` multiplies ``delta`` by the derivative at the output ``h`` and may write
    into ``delta``. The trait ``by_sign`` tells that the derivative depends on the sign of ``h`` alone.
    """

    @property
    def by_sign(self) -> bool:
        """Whether the derivative depends on the sign of the output alone."""
        return bool(self.traits.get("by_sign", False))

    def backward(self, delta: Tensor, h: Tensor) -> Tensor:
        """Carry a derivative with respect to the output ``h`` back to the pre-activation; same shape."""
        result: Tensor = self.traits["backward"](delta, h)
        return result


activations: Registry[Activation] = Registry("activation", Activation)


@activations.register(
    "relu",
    source="Hinton 2022, section 2",
    backward=lambda delta, h: torch.ops.aten.threshold_backward(delta, h, 0),
    by_sign=True,
)
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
