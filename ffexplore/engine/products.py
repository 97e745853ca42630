"""The two matrix products of a layer, for K variants at once, in float32 or bfloat16.

Shapes: K variants, S sides, B rows, n inputs, d units. A dimension of 1 where the other operand has more is
shared: an image that two sides share is multiplied once, in the forward product and in the gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from ffexplore.engine.scratch import Scratch


def project(x: Tensor, weight: Tensor, bias: Tensor | None = None, scratch: Scratch | None = None) -> Tensor:
    """``x @ weight (+ bias)`` for x (K or 1, S, B, n), weight (K, n, d) of one dtype, bias (K, d) float32.

    With ``scratch`` the result lies in a buffer that the next such call overwrites.

    Returns
    -------
    Tensor
        (K, S, B, d); float32 when there is a bias, else of the operands' dtype.
    """
    variants, inputs, units = weight.shape
    _, sides, rows, _ = x.shape
    shape = (variants, sides, rows, units)
    if variants == 1 and scratch is not None and bias is not None:
        matrix, flat = x.reshape(sides * rows, inputs), (sides * rows, units)
        z = scratch.get("z", flat, bias.dtype, x.device)
        if x.dtype == bias.dtype:
            torch.addmm(bias[0], matrix, weight[0], out=z)
        else:
            torch.add(torch.mm(matrix, weight[0], out=scratch.get("product", flat, x.dtype, x.device)), bias[0], out=z)
        return z.view(shape)
    if variants == 1:
        if bias is None or x.dtype == bias.dtype:
            return linear(x, weight[0].t(), None if bias is None else bias[0])
        return linear(x, weight[0].t()).float().add_(bias)  # adding across types would take five times as long
    stack = x.reshape(x.shape[0], sides * rows, inputs).expand(variants, -1, -1)
    if bias is None:
        return torch.bmm(stack, weight).view(shape)
    if x.dtype == bias.dtype:
        return torch.baddbmm(bias.unsqueeze(1), stack, weight).view(shape)
    return torch.add(bias.unsqueeze(1), torch.bmm(stack, weight)).view(shape)


def pull_back(delta: Tensor, weight: Tensor) -> Tensor:
    """``delta @ weight.T``, the derivative by the inputs: delta (K, S, B, d) float32, weight (K, n, d) -> (K, S, B, n).

    Where ``weight`` is bfloat16 the product is taken in bfloat16; the result is float32.
    """
    return torch.matmul(delta.to(weight.dtype), weight.transpose(1, 2).unsqueeze(1)).float()


def gradient(x: Tensor, delta: Tensor, out: Tensor) -> None:
    """``x.T @ delta`` summed over sides and rows: x (K or 1, S or 1, B, n), delta (K, S, B, d) -> out (K, n, d).

    ``delta`` and ``out`` are float32; where ``x`` is bfloat16 the product is taken in bfloat16.
    """
    if x.shape[1] < delta.shape[1]:
        delta = delta[:, :1] + delta[:, 1:] if delta.shape[1] == 2 else delta.sum(1, keepdim=True)
    variants, sides, rows, units = delta.shape
    flat = delta.reshape(variants, sides * rows, units).to(x.dtype)
    inputs = x.shape[-1]
    if variants == 1:
        matrix = x.reshape(sides * rows, inputs).t()
        if x.dtype == out.dtype:
            torch.mm(matrix, flat[0], out=out[0])
        else:
            out[0].copy_(torch.mm(matrix, flat[0]))
        return
    stack = x.reshape(x.shape[0], sides * rows, inputs).expand(variants, -1, -1).transpose(1, 2)
    if x.dtype == out.dtype and out.is_contiguous():
        torch.bmm(stack, flat, out=out)
    else:
        out.copy_(torch.bmm(stack, flat))
