"""The weights of a layer: one flat tensor with named views, its gradient, and its optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.optimize import calm, decay, make_optimizer

Sources = Mapping[str, tuple[int, int]]


@dataclass
class Gradient:
    """A buffer for a gradient and its views: all of it (K, P), each source's rows (K, size, units), bias (K, units).

    Of a single variant the rows are (size, units) and the bias is (units,).
    """

    flat: Tensor
    rows: dict[str, Tensor]
    bias: Tensor

    @property
    def sums(self) -> Tensor:
        """The sum over the biases of each variant, (K,): a number that is not finite anywhere above shows here."""
        return self.bias.view(len(self.flat), -1).sum(1)


class Parameters:
    """Weights (K, inputs, units) and a bias (K, units), as views of one tensor (K, P) float32.

    Each source of a layer meets a range of rows of the weights. Ranges may overlap: an overlaid label meets the
    first rows, where the image is blank.

    Parameters
    ----------
    sources
        First and last row (exclusive) of each source, by its name.
    weight, bias
        Initial values (K, inputs, units) and (K, units).
    half
        Whether a bfloat16 copy of the weights is kept for the matrix products.
    """

    def __init__(
        self,
        sources: Sources,
        weight: Tensor,
        bias: Tensor,
        half: bool = False,
    ) -> None:
        self.sources = dict(sources)
        self.variants, self.inputs, self.units = weight.shape
        self.decayed = self.inputs * self.units
        self.flat = torch.empty(self.variants, self.decayed + self.units, device=weight.device)
        self.weight = self._matrix(self.flat)
        self.bias = self.flat[:, self.decayed :]
        self.weight.copy_(weight)
        self.bias.copy_(bias)
        self.added = self._plain(self.bias.unsqueeze(1))  #: the bias as one row, for the matrix products
        self.half = self.weight.to(torch.bfloat16) if half else None
        self.version = 0  # grows with each change of the weights
        self._weights = self._by_source(self.weight)
        self._halves = self._weights if self.half is None else self._by_source(self.half)
        self.place_gradient(torch.empty_like(self.flat))

    def _matrix(self, flat: Tensor) -> Tensor:
        return flat[:, : self.decayed].view(self.variants, self.inputs, self.units)

    def place_gradient(self, buffer: Tensor) -> None:
        """Have the gradient written into a buffer with as many numbers as there are weights and biases."""
        flat = buffer.view(self.flat.shape)
        bias = self._plain(flat[:, self.decayed :])
        self.gradient = Gradient(flat, self._by_source(self._matrix(flat)), bias)

    def _plain(self, stack: Tensor) -> Tensor:
        """A stack (K, ...) as the matrix products take it: without its first dimension where K is 1."""
        return stack[0] if self.variants == 1 else stack

    def weight_for(self, source: str, dtype: torch.dtype) -> Tensor:
        """The weights of a source in the precision of its input, (K, size, units), or (size, units) where K is 1."""
        return self._halves[source] if dtype == torch.bfloat16 else self._weights[source]

    def _by_source(self, weight: Tensor) -> dict[str, Tensor]:
        """The rows of each source as the matrix products take them."""
        return {source: self._plain(weight[:, first:last]) for source, (first, last) in self.sources.items()}

    def set_optimizer(self, name: str, params: Mapping[str, Any]) -> None:
        """Begin with a fresh optimizer."""
        self.optimizer = make_optimizer(name, params, self.flat)

    def update(self, gradient: Tensor, rates: Sequence[float], momentum: float, decays: Sequence[float]) -> None:
        """Change the weights by a flat gradient (K, P); one rate and one decay for each variant."""
        decay(self.flat, self.decayed, rates, decays)
        self.optimizer.step(self.flat, gradient, rates, momentum)
        self.changed()

    def calm(self) -> None:
        """Clear what is left of long past gradients in the optimizer's averages."""
        calm(self.optimizer)

    def changed(self) -> None:
        """Tell that the weights were changed."""
        self.version += 1
        if self.half is not None:
            self.half.copy_(self.weight)

    def state(self) -> dict[str, Tensor]:
        """Every tensor that makes up the present state, by name; no copies."""
        return {"flat": self.flat, **{f"optimizer.{key}": value for key, value in self.optimizer.state.items()}}
