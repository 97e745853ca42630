"""The energy of an activity: what normalizations divide by, and what many a goodness is made of."""

from __future__ import annotations

import torch
from torch import Tensor


def energy(activity: Tensor) -> Tensor:
    """Sum of squares over the units: (..., units) -> (...)."""
    return torch.linalg.vector_norm(activity, dim=-1).square()
