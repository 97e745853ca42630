"""The two matrix products of a layer, for K variants at once, in float32 or bfloat16.

Shapes: K variants, R rows (all sides one behind the other), n inputs, d units. A single variant has matrices where
several have stacks of them, because a small step is made of calls more than of arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from ffexplore.engine import onednn

Halves: TypeAlias = "tuple[Tensor, Tensor] | None"  # flat memory in bfloat16


def project(
    x: Tensor, weight: Tensor, start: Tensor | None = None, out: Tensor | None = None, halves: Halves = None
) -> Tensor:
    """``start + x @ weight``; ``start`` is float32 and may be one row for all.

    Parameters
    ----------
    x, weight
        (R, n) and (n, d), or (K, R, n) and (K, n, d); of one dtype.
    start
        (R, d) or (d,), or (K, R or 1, d); None for nothing.
    out
        Where to write the sum; its dtype is that of the result.
    halves
        Memory for a product in bfloat16 on its way; fresh where there is none.

    Returns
    -------
    Tensor
        (R, d) or (K, R, d); float32 where there is a start, else of the operands' dtype unless ``out`` has another.
    """
    product = _product_of(weight)
    if start is None and (out is None or out.dtype == x.dtype):
        return _taken(product, x, weight, out=out)
    if start is not None and x.dtype == start.dtype:
        return _taken(torch.addmm if weight.dim() == 2 else torch.baddbmm, start, x, weight, out=out)
    if x.is_cuda:
        wide = _wide(x, weight, out)
    else:
        room = None if halves is None else _view(halves[0], (*x.shape[:-1], weight.shape[-1]))
        narrow = product(x, weight, out=room)
        wide = narrow.float() if out is None else out.copy_(narrow)
    return wide if start is None else wide.add_(start)  # adding across types would take five times as long


def gradient(x: Tensor, delta: Tensor, out: Tensor, halves: Halves = None) -> None:
    """``x @ delta`` of transposed inputs: (n, R) and (R, d) -> out (n, d), or each with K in front.

    ``delta`` and ``out`` are float32; where ``x`` is bfloat16 the product is taken in bfloat16. Then ``halves`` is flat
    memory for what stands in bfloat16 meanwhile, the derivative and the product; fresh where there is none.
    """
    if x.dtype != out.dtype and x.is_cuda:
        _wide(x, delta.to(x.dtype), out)
    elif x.dtype != out.dtype:
        narrow = delta.to(x.dtype) if halves is None else _view(halves[0], delta.shape).copy_(delta)
        room = None if halves is None else _view(halves[1], out.shape)
        out.copy_(_product_of(out)(x, narrow, out=room))
    else:
        _taken(_product_of(out), x, delta, out=out)


def pull_back(delta: Tensor, weight: Tensor) -> Tensor:
    """``delta @ weight.T``, the derivative by the inputs: delta (K, S, B, d) float32, weight (K, n, d) -> (K, S, B, n).

    Of a single variant the weight is (n, d). Where ``weight`` is bfloat16 the product is taken in bfloat16; the result
    is float32.
    """
    transposed = weight.mT if weight.dim() == 2 else weight.mT.unsqueeze(1)
    return _taken(torch.matmul, delta.to(weight.dtype), transposed).float()


def _product_of(like: Tensor) -> Callable[..., Tensor]:
    """The product of matrices, or of stacks where ``like`` is one."""
    return torch.mm if like.dim() == 2 else torch.bmm


def _taken(function: Callable[..., Tensor], *tensors: Tensor, out: Tensor | None = None) -> Tensor:
    """A product of the last two tensors, in their type, by the library that is quicker at it."""
    x, weight = tensors[-2:]
    is_large = x.dtype == torch.float32 and x.is_cpu and x.numel() * weight.shape[-1] >= onednn.LARGE
    if is_large and onednn.serves():
        return onednn.called(function, *tensors, out=out)
    return function(*tensors, out=out)


def _view(memory: Tensor, shape: Sequence[int]) -> Tensor:
    """The beginning of flat memory in some shape."""
    return memory[: math.prod(shape)].view(tuple(shape))


def _wide(x: Tensor, weight: Tensor, out: Tensor | None) -> Tensor:
    """The product of bfloat16 as a GPU adds it up, in float32."""
    return _product_of(weight)(x, weight, torch.float32, out=out)
