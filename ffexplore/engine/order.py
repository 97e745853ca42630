"""Numbers in order: on a CPU by numpy, which sorts many times as fast as torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function


def in_order(values: Tensor) -> Tensor:
    """The numbers (..., N) sorted along the last axis, the smallest first and nan last; contiguous.

    One call to whoever records what torch is asked for.
    """
    if has_torch_function((values,)):
        result: Tensor = handle_torch_function(in_order, (values,), values)
        return result
    if not values.is_cpu or values.dtype == torch.bfloat16 or (values.requires_grad and torch.is_grad_enabled()):
        return values.sort(-1).values.contiguous()
    return torch.from_numpy(np.sort(values.detach().contiguous().numpy(), -1))
