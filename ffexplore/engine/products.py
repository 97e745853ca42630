"""The two matrix products of a layer, for K variants at once, in float32 or bfloat16.

Shapes: K variants, S sides, B rows, n inputs, d units. A dimension of 1 where the other operand has more is
shared: an image that two sides share is multiplied once, in the forward product and in the gradient. A single variant
has weights without that dimension, because a small step is made of calls more than of arithmetic.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ffexplore.engine.scratch import Scratch


def project(x: Tensor, weight: Tensor, bias: Tensor | None = None, scratch: Scratch | None = None) -> Tensor:
    """``x @ weight (+ bias)`` for x (K or 1, S, B, n), weight (K, n, d) of one dtype, bias (K, d) float32.

    Of a single variant the weight is (n, d) and the bias (d,).

    With ``scratch`` the result lies in a buffer that the next such call overwrites.

    Returns
    -------
    Tensor
        (K, S, B, d); float32 when there is a bias, else of the operands' dtype.
    """
    _, sides, rows, inputs = x.shape
    if weight.dim() == 2:
        matrix, flat = x.reshape(sides * rows, inputs), (sides * rows, weight.shape[1])
        if bias is None:
            z = torch.mm(matrix, weight)
        elif scratch is not None:
            z = scratch.get("z", flat, bias.dtype, x.device)
            if x.dtype == bias.dtype:
                torch.addmm(bias, matrix, weight, out=z)
            else:
                torch.add(torch.mm(matrix, weight, out=scratch.get("product", flat, x.dtype, x.device)), bias, out=z)
        elif x.dtype == bias.dtype:
            z = torch.addmm(bias, matrix, weight)
        else:
            z = torch.mm(matrix, weight).float().add_(bias)  # adding across types would take five times as long
        return z.view(1, sides, rows, flat[1])
    variants, _, units = weight.shape
    shape = (variants, sides, rows, units)
    stack = x.reshape(x.shape[0], sides * rows, inputs).expand(variants, -1, -1)
    if bias is None:
        return torch.bmm(stack, weight).view(shape)
    if x.dtype == bias.dtype:
        return torch.baddbmm(bias.unsqueeze(1), stack, weight).view(shape)
    return torch.add(bias.unsqueeze(1), torch.bmm(stack, weight)).view(shape)


def pull_back(delta: Tensor, weight: Tensor) -> Tensor:
    """``delta @ weight.T``, the derivative by the inputs: delta (K, S, B, d) float32, weight (K, n, d) -> (K, S, B, n).

    Of a single variant the weight is (n, d). Where ``weight`` is bfloat16 the product is taken in bfloat16; the result
    is float32.
    """
    return torch.matmul(delta.to(weight.dtype), weight.mT if weight.dim() == 2 else weight.mT.unsqueeze(1)).float()


def gradient(x: Tensor, delta: Tensor, out: Tensor) -> None:
    """``x.T @ delta`` summed over sides and rows: x (K or 1, S or 1, B, n), delta (K, S, B, d) -> out (K, n, d).

    Of a single variant the result is (n, d).
    ``delta`` and ``out`` are float32; where ``x`` is bfloat16 the product is taken in bfloat16.
    """
    if x.shape[1] < delta.shape[1]:
        delta = torch.add(*delta.unbind(1)).unsqueeze(1) if delta.shape[1] == 2 else delta.sum(1, keepdim=True)
    variants, sides, rows, units = delta.shape
    inputs = x.shape[-1]
    if out.dim() == 2:
        matrix, flat = x.reshape(sides * rows, inputs).t(), delta.reshape(sides * rows, units)
        if x.dtype == out.dtype:
            torch.mm(matrix, flat, out=out)
        else:
            out.copy_(torch.mm(matrix, flat.to(x.dtype)))
        return
    flat = delta.reshape(variants, sides * rows, units).to(x.dtype)
    stack = x.reshape(x.shape[0], sides * rows, inputs).expand(variants, -1, -1).transpose(1, 2)
    if x.dtype == out.dtype and out.is_contiguous():
        torch.bmm(stack, flat, out=out)
    else:
        out.copy_(torch.bmm(stack, flat))
