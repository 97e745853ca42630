"""Small tensors that learn beside a layer's weights: a matrix of its goodness, its threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.diverged import Diverged
from ffexplore.engine.optimize import make_optimizer


class Learned:
    """Tensors by name as views of one flat tensor (K, P), with an optimizer of their own.

    They take the layer's optimizer, rate and momentum; weight decay spares them.

    Parameters
    ----------
    tensors
        Initial values (K, ...), by name.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        first = next(iter(tensors.values()))
        self.flat = torch.cat([value.reshape(len(value), -1) for value in tensors.values()], 1).float()
        sizes = [value[0].numel() for value in tensors.values()]
        pieces = self.flat.split(sizes, 1)
        self.tensors = {
            name: piece.view(value.shape) for (name, value), piece in zip(tensors.items(), pieces, strict=True)
        }
        self._gradient: Tensor | None = None
        self.variants = len(first)

    def set_optimizer(self, name: str, params: Mapping[str, Any]) -> None:
        """Begin with a fresh optimizer."""
        self.optimizer = make_optimizer(name, params, self.flat)

    def leaves(self) -> dict[str, Tensor]:
        """The tensors as leaves of a graph, by name."""
        return {name: value.detach().requires_grad_() for name, value in self.tensors.items()}

    def take(self, gradients: Sequence[Tensor | None]) -> None:
        """Keep a gradient for the next step, one for each tensor in order; None for one that had no say."""
        parts = [
            torch.zeros_like(value) if gradient is None else gradient
            for value, gradient in zip(self.tensors.values(), gradients, strict=True)
        ]
        self._gradient = torch.cat([part.reshape(self.variants, -1) for part in parts], 1)

    @property
    def is_finite(self) -> bool:
        """Whether the kept gradient has finite values only."""
        return self._gradient is None or math.isfinite(float(self._gradient.sum()))

    @property
    def sums(self) -> Tensor:
        """The sum of the kept gradient of each variant, (K,)."""
        return torch.zeros(self.variants) if self._gradient is None else self._gradient.sum(1)

    def spare(self, diverged: Diverged, rows: slice) -> None:
        """Take the kept gradient from variants that rest; ``rows`` are those that these tensors belong to."""
        if self._gradient is not None:
            diverged.spare([0.0] * self.variants, self._gradient, rows.start or 0)

    def step(self, rates: Sequence[float], momentum: float) -> None:
        """Follow the kept gradient, if there is one; one rate for each variant."""
        if self._gradient is not None:
            self.optimizer.step(self.flat, self._gradient, rates, momentum)
            self._gradient = None

    def state(self) -> dict[str, Tensor]:
        """The tensors and what the optimizer keeps, by name; no copies."""
        return {**self.tensors, **{f"optimizer.{key}": value for key, value in self.optimizer.state.items()}}


class Threshold(Learned):
    """The thresholds (K, 1) of a layer's variants, learned in units of the natural threshold.

    A step of Adam is as long as the rate: the same for a threshold near 1 and for one near 500. So the rate and the
    gradient are taken times the unit, as if θ / unit were what learns.

    Parameters
    ----------
    theta
        Where it starts, (K, 1).
    unit
        Size of the natural threshold of each variant, (K, 1), at least 1.
    factors
        Rate of each variant in units of the layer's rate; 0 keeps its threshold.
    """

    def __init__(self, theta: Tensor, unit: Tensor, factors: Sequence[float]) -> None:
        super().__init__({"theta": theta})
        self.theta, self.unit, self.factors = self.tensors["theta"], unit, list(factors)
        self.start = theta.clone()
        self._slope = torch.zeros_like(theta)

    def pull(self, rows: slice, slope: Tensor) -> None:
        """Keep the derivative of the loss by the thresholds of some variants, (rows, 1), for the next step."""
        self._slope[rows] = slope
        self.take([self._slope * self.unit])

    def step(self, rates: Sequence[float], momentum: float) -> None:
        """Follow the kept derivative, each variant at its own share of the layer's rate."""
        units = self.unit[:, 0].tolist()
        own = [rate * factor * unit for rate, factor, unit in zip(rates, self.factors, units, strict=True)]
        super().step(own, momentum)
