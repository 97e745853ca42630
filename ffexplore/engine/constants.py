"""Numbers as tensors: of a Python number torch makes a tensor in each call, which takes longer than a small call."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor

MOST = 1024  # tensors that are kept

Numbers: TypeAlias = "float | tuple[Numbers, ...]"

_kept: dict[tuple[Numbers, torch.dtype, torch.device], Tensor] = {}


def constant(value: float, like: Tensor) -> Tensor:
    """A number () of the dtype and on the device of another tensor, made once; not to be written to."""
    return constants(value, like.dtype, like.device)


def constants(numbers: Numbers, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A tensor of numbers, laid out as their tuples are, made once; not to be written to."""
    key = numbers, dtype, device
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST:
            _kept.clear()
        found = _kept[key] = torch.tensor(numbers, dtype=dtype, device=device)
    return found


def kept_constants() -> list[Tensor]:
    """All that are kept now, for somebody who reads them later without asking for them, as a CUDA graph does."""
    return list(_kept.values())
