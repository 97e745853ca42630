"""The matrix products of a layer against float64."""

from __future__ import annotations

import pytest
import torch

import ffexplore as ff
from ffexplore.engine import onednn, products
from ffexplore.engine.recording import Recorder
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


@pytest.mark.parametrize("variants", [1, 3])
def test_products_in_given_memory_are_those_in_fresh_memory(variants: int) -> None:
    lead = () if variants == 1 else (variants,)
    x, weight = torch.randn(*lead, 24, 40).bfloat16(), torch.randn(*lead, 40, 16).bfloat16()
    start, delta, out = torch.randn(*lead, 1, 16), torch.randn(*lead, 24, 16), torch.empty(*lead, 24, 16)
    halves = torch.full((5000,), float("nan")).bfloat16(), torch.full((5000,), float("nan")).bfloat16()
    for begun in (start, None):
        fresh = products.project(x, weight, begun)
        got = products.project(x, weight, begun, out, halves)
        assert got.data_ptr() == out.data_ptr()
        assert torch.equal(got, fresh.float())
    gradients = torch.empty(2, *lead, 40, 16)
    products.gradient(x.mT, delta, gradients[0])
    products.gradient(x.mT, delta, gradients[1], halves)
    assert torch.equal(*gradients)


by_onednn = pytest.mark.skipif(not onednn.serves(), reason="MKL serves this processor as well")


@by_onednn
@pytest.mark.parametrize("variants", [1, 3])
@pytest.mark.parametrize("shape", [(200, 500, 301), (64, 784, 96), (1000, 10, 500), (17, 1000, 999)])
def test_large_products_by_onednn_are_those_of_float64(variants: int, shape: tuple[int, int, int]) -> None:
    rows, inputs, units = shape
    assert rows * inputs * units >= onednn.LARGE
    lead = () if variants == 1 else (variants,)
    x, weight, start, delta = (
        torch.randn(*lead, *each) for each in ((rows, inputs), (inputs, units), (1, units), (rows, units))
    )
    product = x.double() @ weight.double()
    got = products.project(x, weight, start[0] if variants == 1 else start)
    _compare(got, start.double() + product, 1e-6)
    _compare(products.project(x, weight), product, 1e-6)
    gradient = torch.empty_like(weight)
    products.gradient(x.mT, delta, gradient)
    _compare(gradient, x.double().mT @ delta.double(), 1e-6)
    back = products.pull_back(delta if variants == 1 else delta.unsqueeze(1), weight)
    _compare(back.view_as(x), delta.double() @ weight.double().mT, 1e-6)


@by_onednn
def test_onednn_is_asked_for_large_products_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    called = onednn.called

    def noted(function: object, *tensors: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        asked.append(function)
        return called(function, *tensors, out=out)  # type: ignore[arg-type]

    monkeypatch.setattr(onednn, "called", noted)
    products.project(torch.randn(64, 64), torch.randn(64, 64))
    products.project(torch.randn(256, 256).bfloat16(), torch.randn(256, 256).bfloat16())
    assert not asked
    products.project(torch.randn(256, 256), torch.randn(256, 256))
    assert asked == [torch.mm]


@by_onednn
def test_the_permission_of_the_process_is_given_back() -> None:
    former = torch.backends.mkldnn.matmul.fp32_precision  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="shapes"):
        onednn.called(torch.mm, torch.randn(300, 300), torch.randn(301, 300))
    assert torch.backends.mkldnn.matmul.fp32_precision == former  # type: ignore[attr-defined]
    torch.get_float32_matmul_precision()  # refuses to answer while it stands


@by_onednn
def test_it_is_chosen_for_large_products_on_a_cpu() -> None:
    def precision_within(multiplications: int, device: str) -> str:
        with onednn.chosen(multiplications, torch.device(device)):
            return str(torch.backends.mkldnn.matmul.fp32_precision)  # type: ignore[attr-defined]

    assert precision_within(onednn.LARGE, "cpu") == "bf16"
    assert precision_within(onednn.LARGE - 1, "cpu") != "bf16"
    assert precision_within(onednn.LARGE, "cuda") != "bf16"


@by_onednn
def test_it_is_one_call_to_a_recorder() -> None:
    x, other, weight = torch.randn(200, 200), torch.randn(200, 200), torch.randn(200, 200)
    with Recorder([x]) as recorder:
        product = products.project(x, weight)
    played = recorder.played([product])
    former = torch.backends.mkldnn.matmul.fp32_precision  # type: ignore[attr-defined]
    assert torch.equal(played(other)[0], products.project(other, weight))  # type: ignore[arg-type]
    assert torch.backends.mkldnn.matmul.fp32_precision == former  # type: ignore[attr-defined]


@by_onednn
def test_a_run_and_its_twin_come_to_the_same_by_either_library(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ff.Settings(dataset="mnist-5k", layers=(256, 256), precision="float32", device="cpu", seed=3)
    weights = []
    for serves in (True, False):
        monkeypatch.setattr(onednn, "serves", lambda serves=serves: serves)
        for kind in (ff.Trainer, ff.BackpropTwin):
            trained = kind(settings)
            for _ in range(12):  # some of them recorded
                trained.step()
            weights.append(trained.weights(1)[0])
    assert not torch.equal(weights[0], weights[2])
    for one, other in (weights[::2], weights[1::2]):
        _compare(one, other.double(), 1e-4)


def _compare(got: torch.Tensor, wanted: torch.Tensor, rounding: float) -> None:
    assert float((got.double() - wanted).norm() / wanted.norm()) < rounding
