"""Whether a derivative comes through a function, found by trial: what backpropagation needs and Forward-Forward not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ffexplore.engine.rng import stream

TRIED_ROWS = 32  # rows of the trial


def why_not_differentiable(function: Callable[[Tensor], Tensor], width: int = 16) -> str:
    """Say why no derivative comes through a function of (B, width), found by trial; empty where one does."""
    rng = stream(0, "trial")
    x = torch.randn(TRIED_ROWS, width, generator=rng).requires_grad_()
    try:
        y = function(x * 1.0)  # an entry may write into what it is given
        gradient = torch.autograd.grad(y, x, torch.randn(y.shape, generator=rng))[0] if y.requires_grad else None
    except RuntimeError as error:  # how torch says that something is not differentiable
        return f"torch says {str(error).rstrip('.')!r}"
    if gradient is None:
        return "torch knows no derivative of it"
    return "" if gradient.any() else "its derivative is zero everywhere"
