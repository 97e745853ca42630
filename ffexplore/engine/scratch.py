"""Buffers that are used again, because fresh memory of some megabytes costs more than the arithmetic on it."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Scratch:
    """Buffers by name; what a name held before is lost when it is asked for again."""

    def __init__(self) -> None:
        self._flat: dict[tuple[str, torch.dtype], Tensor] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
        """A buffer of a shape; its values are whatever was there."""
        size = math.prod(shape)
        flat = self._flat.get((name, dtype))
        if flat is None or flat.numel() < size:
            flat = self._flat[name, dtype] = torch.empty(size, dtype=dtype, device=device)
        return flat[:size].view(shape)
