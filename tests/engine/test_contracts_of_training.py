"""What every initialization, optimizer, rate course, schedule and inference keeps to."""

from __future__ import annotations

import inspect
import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.engine.rng import stream
from tests.engine.catalogues import DTYPES, SCALES, defaults, each, held


@each(ff.initializations)
def test_initialization(entry: Any) -> None:
    weight, bias = entry.function(400, 300, stream(0), **defaults(entry))
    assert weight.shape == (300, 400) or weight.shape == (400, 300)
    assert bias.shape == (300,)
    assert weight.dtype == bias.dtype == torch.float32
    again = entry.function(400, 300, stream(0), **defaults(entry))
    assert torch.equal(weight, again[0])
    assert torch.equal(bias, again[1])
    assert not torch.equal(weight, entry.function(400, 300, stream(1), **defaults(entry))[0])
    expected = {"normal": 1 / 20, "torch_linear": 1 / 20 / math.sqrt(3), "glorot_uniform": math.sqrt(2 / 700)}
    if entry.name in expected:
        assert float(weight.std()) == pytest.approx(expected[entry.name], rel=0.01)
        assert abs(float(weight.mean())) < 0.001
        assert bool(bias.any()) == (entry.name == "torch_linear")
    for inputs, units in ((1, 1), (1, 5), (5, 1)):
        assert bool(torch.isfinite(entry.function(inputs, units, stream(0), **defaults(entry))[0]).all())


@each(ff.optimizers)
def test_optimizer(entry: Any) -> None:
    flat = torch.randn(3, 10)
    kept, gradient = flat.clone(), torch.randn(3, 10)
    kept_gradient = gradient.clone()
    optimizer = entry.function(flat, **defaults(entry))
    optimizer.step(flat, gradient, [0.0, 0.1, 0.1], 0.9)
    assert torch.equal(gradient, kept_gradient)
    assert torch.equal(flat[0], kept[0])  # a rate of zero
    moved = (flat - kept)[1:]
    assert bool(torch.isfinite(flat).all())
    assert bool((moved.sign() == -gradient[1:].sign()).all())  # the first step goes downhill
    assert all(isinstance(value, Tensor) for value in optimizer.state.values())
    before = flat.clone()
    for _ in range(3):
        optimizer.step(flat, torch.zeros_like(flat), [0.0] * 3, 0.9)
    assert torch.equal(flat, before)
    other = kept.clone()
    twin = entry.function(other, **defaults(entry))
    twin.step(other, gradient, [0.0, 0.1, 0.1], 0.9)
    assert torch.equal(other, before)


@each(ff.rate_courses)
def test_rate_course(entry: Any) -> None:
    factors = [entry.function(step / 100, **defaults(entry)) for step in range(101)]
    assert factors[0] == pytest.approx(1.0)
    assert all(0 <= factor <= 1 for factor in factors)
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(factors))


@pytest.mark.parametrize("depth", [1, 2, 5])
@each(ff.schedules)
def test_schedule(entry: Any, depth: int) -> None:
    seen: set[int] = set()
    params = {name: min(2, value) for name, value in defaults(entry).items()}
    for step in range(40):
        blocks = entry.function(step, depth, **params)
        assert blocks == entry.function(step, depth, **params)
        layers = [layer for block in blocks for layer in block]
        assert layers
        lasts = [block[-1] for block in blocks]
        assert len(lasts) == len(set(lasts))  # no objective counts twice
        assert all(block == list(range(block[0], block[-1] + 1)) for block in blocks)
        if not entry.traits.get("crosses"):
            assert all(len(block) == 1 for block in blocks)  # nothing crosses a layer's border
        assert set(layers) <= set(range(depth))
        seen |= set(layers)
    assert seen == set(range(depth))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["usual", "zeros", "large", "batch of one"])
@each(ff.inferences)
def test_inference(entry: Any, kind: str, dtype: torch.dtype) -> None:
    wants = next(iter(inspect.signature(entry.function).parameters))
    rows = 1 if kind == "batch of one" else 5
    shape = (3, 2, rows, 4) if wants in ("layer_goodness", "nearness") else (2, rows, 4)
    given = SCALES.get(kind, 1.0) * torch.randn(shape, dtype=dtype)
    scores = held(lambda: entry.function(given, **defaults(entry)), given, shape=(2, rows, 4))
    for variant in range(2):  # variants and samples do not see each other
        alone = entry.function(given[..., variant : variant + 1, :1, :], **defaults(entry))
        torch.testing.assert_close(alone[0, 0], scores[variant, 0])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@each(ff.optimizers)
def test_an_optimizer_stays_where_nothing_pulls(entry: Any, momentum: float) -> None:
    flat = torch.randn(2, 10)
    kept = flat.clone()
    optimizer = entry.function(flat, **defaults(entry))
    for _ in range(3):
        optimizer.step(flat, torch.zeros_like(flat), [0.1, 0.2], momentum)
    assert torch.equal(flat, kept)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
@each(ff.optimizers)
def test_an_optimizer_takes_gradients_of_any_size(entry: Any, scale: float) -> None:
    """Downhill at first, finite for as long as they last, and at rest some time after they end."""
    flat, gradient = torch.randn(2, 10), scale * torch.randn(2, 10)
    kept = flat.clone()
    optimizer = entry.function(flat, **defaults(entry))
    optimizer.step(flat, gradient, [0.1, 0.2], 0.9)
    assert flat.dtype == torch.float32
    assert bool(((flat - kept).sign() == -gradient.sign()).all())
    for step in range(400):
        optimizer.step(flat, gradient if step < 20 else torch.zeros_like(flat), [0.1, 0.2], 0.9)
    assert bool(torch.isfinite(flat).all())
    assert all(bool(torch.isfinite(value).all()) for value in optimizer.state.values())
    before = flat.clone()
    optimizer.step(flat, torch.zeros_like(flat), [0.1, 0.2], 0.9)
    torch.testing.assert_close(flat, before)
