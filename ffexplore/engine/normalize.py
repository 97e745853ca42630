"""The catalogue of normalizations: what a layer may learn of the activity below it.

Hinton passes on only the direction of the activity: could its length get through, the next layer would read the
goodness of the layer below off it and have nothing to learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ffexplore.registry import Entry, Param, Registry, Value

Epsilon = Annotated[float, Param("added to the length, so that a silent layer stays finite", 0.0, 1.0)]


@dataclass(frozen=True)
class Normalization(Entry):
    """A normalization of the last axis.

    The trait ``row_scale(sum_of_squares, size, **params)`` is given where the normalization only multiplies each
    row by a number, (...,) -> (...,): then an image shared by several labels is multiplied by the weights once.
    """

    @property
    def row_scale(self) -> Callable[..., Tensor | None] | None:
        """The factor of each row from its sum of squares, or None where a row is not merely scaled."""
        scale: Callable[..., Tensor | None] | None = self.traits.get("row_scale")
        return scale

    def __call__(self, h: Tensor, params: Mapping[str, Value] | None = None, out: Tensor | None = None) -> Tensor:
        """Normalize ``h`` (..., units), written into ``out`` when given; ``h`` is not changed."""
        if self.row_scale is not None:
            squares = torch.linalg.vector_norm(h, dim=-1).square()
            scale = self.row_scale(squares, h.shape[-1], **dict(params or {}))
            if scale is None:
                return h.clone() if out is None else out.copy_(h)
            return torch.mul(h, scale.unsqueeze(-1), out=out)
        result: Tensor = self.function(h, **dict(params or {}))
        return result if out is None else out.copy_(result)


normalizations: Registry[Normalization] = Registry("normalization", Normalization)


def _rms_scale(squares: Tensor, size: int, *, epsilon: float) -> Tensor:
    return 1 / ((squares / size).sqrt() + epsilon)


def _unit_scale(squares: Tensor, size: int, *, epsilon: float) -> Tensor:
    return 1 / (squares.sqrt() + epsilon)


@normalizations.register("rms", source="Hinton's MATLAB code", row_scale=_rms_scale)
def rms(h: Tensor, *, epsilon: Epsilon = 1e-8) -> Tensor:
    """Scaled to a root mean square of 1: h / (ε + √mean h²)."""
    return h * _rms_scale(h.square().sum(-1, keepdim=True), h.shape[-1], epsilon=epsilon)


@normalizations.register("unit", source="Hinton 2022, section 2", row_scale=_unit_scale)
def unit(h: Tensor, *, epsilon: Epsilon = 1e-8) -> Tensor:
    """Scaled to length 1: h / (ε + ‖h‖)."""
    return h * _unit_scale(h.square().sum(-1, keepdim=True), h.shape[-1], epsilon=epsilon)


@normalizations.register("layer_norm", source="Ba et al. 2016; DeeperForward, ICLR 2025")
def layer_norm(h: Tensor, *, epsilon: Epsilon = 1e-5) -> Tensor:
    """Mean taken away, then scaled to variance 1; without learned factors."""
    return torch.nn.functional.layer_norm(h, h.shape[-1:], eps=epsilon)


@normalizations.register("none", source="shows why one is needed", row_scale=lambda squares, size: None)
def none(h: Tensor) -> Tensor:
    """Passed on as it is: the next layer sees the length, and with it the goodness."""
    return h
