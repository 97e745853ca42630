"""What one source feeds into a layer: a layer's pre-activation is the sum over its parts."""

from __future__ import annotations

from torch import Tensor

from ffexplore.engine import products
from ffexplore.engine.parameters import Parameters

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
        self._products: dict[int, Tensor] = {}  # by version of the weights; shared with copies that scale otherwise

    def product(self, parameters: Parameters) -> Tensor:
        """Inputs times weights, (K, S or 1, B, units) unscaled; kept while the weights stay."""
        if not self.is_kept(parameters):
            self._products.clear()
            weight = parameters.weight_for(self.source, self.x.dtype)
            self._products[parameters.version] = products.project(self.x, weight)
        return self._products[parameters.version]

    def is_kept(self, parameters: Parameters) -> bool:
        """Whether the product with the present weights is at hand."""
        return parameters.version in self._products

    def scaled_product(self, parameters: Parameters) -> Tensor:
        """The product with its row factors; not to be written to."""
        product = self.product(parameters)
        return product if self.scale is None else product * self.scale.unsqueeze(-1)

    def scaled(self) -> Tensor:
        """The inputs with their row factors, (K or 1, S or 1, B, n)."""
        return self.x if self.scale is None else (self.x * self.scale.unsqueeze(-1)).to(self.x.dtype)

    def rows(self, first: int, last: int) -> Part:
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
