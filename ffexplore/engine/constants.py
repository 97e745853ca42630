"""Numbers as tensors: of a Python number torch makes a tensor in each call, which takes longer than a small call."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def constant(value: float, like: Tensor) -> Tensor:
    """A number () of the dtype and on the device of another tensor, made once; not to be written to."""
    return _constant(float(value), like.dtype, like.device)


@lru_cache(maxsize=1024)
def _constant(value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(value, dtype=dtype, device=device)
