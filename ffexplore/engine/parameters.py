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

    Of a single variant the rows are (size, units).
    """

    flat: Tensor
    rows: dict[str, Tensor]
    bias: Tensor


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
    scratch
        Buffers by size, shared by the layers of one network.
    """

    def __init__(
        self,
        sources: Sources,
        weight: Tensor,
        bias: Tensor,
        half: bool = False,
        scratch: dict[int, Tensor] | None = None,
    ) -> None:
        self.sources = dict(sources)
        self.variants, self.inputs, self.units = weight.shape
        self.decayed = self.inputs * self.units
        self.flat = torch.empty(self.variants, self.decayed + self.units, device=weight.device)
        self.weight = self._matrix(self.flat)
        self.bias = self.flat[:, self.decayed :]
        self.weight.copy_(weight)
        self.bias.copy_(bias)
        self.added = self._plain(self.bias)  #: the bias as the matrix products take it
        self.half = self.weight.to(torch.bfloat16) if half else None
        self.version = 0  # grows with each change of the weights
        self._scratch = {} if scratch is None else scratch
        self._views: dict[tuple[str, bool], Tensor] = {}
        self._buffer: Gradient | None = None

    def _matrix(self, flat: Tensor) -> Tensor:
        return flat[:, : self.decayed].view(self.variants, self.inputs, self.units)

    def gradient(self) -> Gradient:
        """The buffer for the gradient, shared by layers of one size."""
        if self._buffer is None:
            size = self.flat.numel()
            if size not in self._scratch:
                self._scratch[size] = torch.empty_like(self.flat).view(-1)
            flat = self._scratch[size].view(self.flat.shape)
            weight = self._matrix(flat)
            rows = {source: self._plain(weight[:, first:last]) for source, (first, last) in self.sources.items()}
            self._buffer = Gradient(flat, rows, flat[:, self.decayed :])
        return self._buffer

    def _plain(self, stack: Tensor) -> Tensor:
        """A stack (K, ...) as the matrix products take it: without its first dimension where K is 1."""
        return stack[0] if self.variants == 1 else stack

    def weight_for(self, source: str, dtype: torch.dtype) -> Tensor:
        """The weights of a source in the precision of its input, (K, size, units), or (size, units) where K is 1."""
        half = self.half is not None and dtype == torch.bfloat16
        view = self._views.get((source, half))
        if view is None:
            first, last = self.sources[source]
            whole = self.half if self.half is not None and half else self.weight
            view = self._views[source, half] = self._plain(whole[:, first:last])
        return view

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
