"""The matrix products of a layer against float64."""

from __future__ import annotations

import pytest
import torch

from ffexplore.engine import products
from tests.engine.sets import DEVICES

ROUNDING = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("variants", [1, 3])
@pytest.mark.parametrize("has_out", [True, False])
def test_products_are_those_of_float64(device: str, dtype: torch.dtype, variants: int, has_out: bool) -> None:
    def stack(*shape: int) -> torch.Tensor:
        return torch.randn(shape if variants == 1 else (variants, *shape)).to(device)

    x, weight, start, delta = stack(24, 40), stack(40, 16), stack(1, 16), stack(24, 16)
    wanted = start.double() + x.double() @ weight.double()
    out = torch.empty_like(delta) if has_out else None
    got = products.project(x.to(dtype), weight.to(dtype), start[0] if variants == 1 else start, out)
    assert got.dtype == torch.float32
    assert out is None or got.data_ptr() == out.data_ptr()
    _compare(got, wanted, ROUNDING[dtype])
    _compare(products.project(x.to(dtype), weight.to(dtype)), wanted - start.double(), ROUNDING[dtype])
    gradient = torch.full_like(weight, float("nan"))
    products.gradient(x.mT.to(dtype), delta, gradient)
    _compare(gradient, x.double().mT @ delta.double(), ROUNDING[dtype])


def _compare(got: torch.Tensor, wanted: torch.Tensor, rounding: float) -> None:
    assert float((got.double() - wanted).norm() / wanted.norm()) < rounding
