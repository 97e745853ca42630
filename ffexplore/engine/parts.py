"""What one source feeds into a layer: a layer's pre-activation is the sum over its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ffexplore.engine import products
from ffexplore.engine.parameters import Parameters

if TYPE_CHECKING:
    from ffexplore.engine.scratch import Space

BELOW = "below"  #: the source of a layer above the first: what the layer below passes on
LABEL_ABOVE = "label above"  #: the label as a further source of every layer above the first


class Part:
    """What one source feeds into a layer.

    Parameters
    ----------
    source
        The name of the weights it meets.
    x
        Inputs (K or 1, S or 1, B, n); a side of 1 is shared by all sides.
    scale
        Factor of each row of the product (K or 1, S, B), or None.
    """

    def __init__(self, source: str, x: Tensor, scale: Tensor | None = None) -> None:
        self.source, self.x, self.scale = source, x, scale
        self.sides, self.rows = x.shape[1], x.shape[2]
        self._products: dict[int, Tensor] = {}  # by version of the weights; shared with copies that scale otherwise
        self._stacks: dict[int, tuple[Tensor, Tensor]] = {}  # by number of variants

    def stacks(self, variants: int) -> tuple[Tensor, Tensor]:
        """The rows of all sides as the matrix products take them, and the same transposed; made once.

        (S·B, n) and (n, S·B) for one variant, else (K, S·B, n) and (K, n, S·B).
        """
        found = self._stacks.get(variants)
        if found is None:
            flat = flattened(self.x) if variants == 1 else self.x.flatten(1, 2).expand(variants, -1, -1)
            found = self._stacks[variants] = flat, flat.mT
        return found

    def stacked(self, variants: int, stacks: tuple[Tensor, Tensor]) -> None:
        """Take these for ``stacks``: the same numbers."""
        self._stacks[variants] = stacks

    def product(self, parameters: Parameters, space: Space | None = None) -> Tensor:
        """Inputs times weights, (K, S or 1, B, units) unscaled; not to be written to.

        It is the one that was kept, where there is one of the present weights; else, with ``space``, it may lie there.
        """
        kept = self._products.get(parameters.version)
        if kept is not None:
            return kept
        variants = parameters.variants
        x, weight = self.stacks(variants)[0], parameters.weight_for(self.source, self.x.dtype)
        if space is not None and self.sides == 1:
            products.project(x, weight, None, space.shared_rows, space.halves)
            return space.shared
        return products.project(x, weight).view(variants, self.sides, self.rows, parameters.units)

    def keep(self, parameters: Parameters) -> None:
        """Keep the product with the present weights for whoever asks next."""
        product = self.product(parameters)
        self._products.clear()
        self._products[parameters.version] = product

    def is_kept(self, parameters: Parameters) -> bool:
        """Whether the product with the present weights is at hand."""
        return parameters.version in self._products

    def scaled_product(self, parameters: Parameters, space: Space | None = None) -> Tensor:
        """The product with its row factors; not to be written to."""
        product = self.product(parameters, space)
        return product if self.scale is None else product * self.scale.unsqueeze(-1)

    def scaled(self) -> Tensor:
        """The inputs with their row factors, (K or 1, S or 1, B, n)."""
        return self.x if self.scale is None else (self.x * self.scale.unsqueeze(-1)).to(self.x.dtype)

    def gradient(self, delta: Tensor, rows: Tensor, parameters: Parameters, space: Space | None = None) -> None:
        """Write the derivative by this source's weights into its rows of the gradient.

        Parameters
        ----------
        delta
            The derivative by the pre-activation, (K, S, B, units).
        rows
            The same as the matrix products take it.
        parameters
            The weights.
        space
            Buffers, if ``delta`` lies in one of them.
        """
        halves = None if space is None else space.halves
        if self.scale is not None:
            delta = delta * self.scale.unsqueeze(-1)
            rows, space = flattened(delta), None
        if self.sides < delta.shape[1]:  # what the sides share meets their sum
            if space is not None and len(space.sides) == 2:
                torch.add(*space.sides, out=space.shared)
                rows = space.shared_rows
            else:
                rows = flattened(delta.sum(1, keepdim=True))
        products.gradient(self.stacks(parameters.variants)[1], rows, parameters.gradient.rows[self.source], halves)

    def cut(self, first: int, last: int) -> Part:
        """Some rows, with their products; what all rows share stays as it is."""

        def cut(values: Tensor) -> Tensor:
            return values if values.shape[2] == 1 else values[:, :, first:last]

        part = Part(self.source, cut(self.x), None if self.scale is None else self.scale[:, :, first:last])
        part._products = {version: cut(product) for version, product in self._products.items()}
        return part

    def with_scale(self, scale: Tensor | None) -> Part:
        """The same inputs with other row factors; the product is shared."""
        part = Part(self.source, self.x, scale)
        part._products = self._products
        return part


def flattened(values: Tensor) -> Tensor:
    """(K, S, B, units) as the matrix products take it: (S·B, units) for one variant, else (K, S·B, units)."""
    return values.reshape(-1, values.shape[-1]) if values.shape[0] == 1 else values.flatten(1, 2)


def by_sides(parts: list[Part]) -> list[Part]:
    """The parts with the most sides first."""
    if len(parts) == 2:
        one, other = parts
        return parts if one.sides >= other.sides else [other, one]
    return sorted(parts, key=lambda part: -part.sides)
