"""Every goodness once more with plain Python loops over samples and units, and what belongs to it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import ffexplore as ff
from ffexplore import Settings
from ffexplore.engine.goodness.entropy import entmax
from ffexplore.engine.objectives import Evidence
from ffexplore.engine.rng import stream
from tests.engine.formulas import (
    ALL_CASES,
    ALONE,
    CASES,
    COUPLED,
    OTHER_PARAMS,
    SCORES,
    TOGETHER,
    column_means,
    complete,
    entmax_weights,
    squares,
)
from tests.engine.sets import pictures


def test_every_goodness_is_here() -> None:
    assert set(ALONE) | set(TOGETHER) | set(SCORES) == set(ff.goodness.names())
    assert set(SCORES) == {entry.name for entry in ff.goodness if entry.per_class}
    assert set(TOGETHER) == set(COUPLED)
    assert {name for name in ff.goodness.names() if ff.goodness[name].params} == set(OTHER_PARAMS)


@pytest.mark.parametrize("units", [1, 2, 11])
@pytest.mark.parametrize(("name", "params"), CASES)
def test_goodness_is_its_formula(name: str, params: dict[str, Any], units: int) -> None:
    """The plain call: without a state the means are those of the samples of a side."""
    entry = ff.goodness[name]
    params = complete(entry, params)
    h = (torch.randn(2, 2, 4, units, dtype=torch.float64) + 0.3).relu() + 0.1
    g = entry(h, params)
    for variant in range(2):
        for side in range(2):
            rows = h[variant, side].tolist()
            mean = sum(map(squares, rows)) / len(rows)
            for row, found in zip(rows, g[variant, side].tolist(), strict=True):
                if name in TOGETHER:
                    expected = TOGETHER[name](row, mean, column_means(rows), **params)
                else:
                    expected = ALONE[name](row, **params)
                assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("units", [1, 3, 11])
@pytest.mark.parametrize(("name", "params"), [case for case in ALL_CASES if case[0] in SCORES])
def test_scores_of_classes_are_their_formula(name: str, params: dict[str, Any], units: int) -> None:
    entry = ff.goodness[name]
    params = complete(entry, params)
    h = (torch.randn(2, 2, 4, units, dtype=torch.float64) + 0.3).relu() + 0.1
    made = entry.init(units, 3, [stream(seed) for seed in range(2)])
    state = {key: value.double() for key, value in made.items()}
    g = entry(h, params, state)
    assert g.shape == (2, 2, 4, 3)
    for variant in range(2):
        own = {key: value[variant].tolist() for key, value in state.items()}
        for row, found in zip(h[variant].reshape(-1, units).tolist(), g[variant].reshape(-1, 3).tolist(), strict=True):
            expected = [SCORES[name](row, c, own, **params) for c in range(3)]
            assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_cosine_and_cross_entropy_are_together_the_softmax_of_cosines() -> None:
    """The goodness gives the cosines, the objective takes their softmax, once."""
    entry, objective = ff.goodness["cosine"], ff.objectives["class_cross_entropy"]
    h, labels = torch.rand(1, 1, 4, 6, dtype=torch.float64), torch.tensor([[2, 0, 1, 2]])
    state = {key: value.double() for key, value in entry.init(6, 3, [stream(0)]).items()}
    own = {"prototypes": state["prototypes"][0].tolist()}
    scores = entry(h, {"temperature": 0.3}, state)[:, 0]
    told = Evidence(scores[..., 0], scores[..., 1], torch.zeros(1, 1), None, None, scores, labels)
    for row, label, loss in zip(h[0, 0].tolist(), labels[0].tolist(), objective(told)[0].tolist(), strict=True):
        powers = [math.exp(SCORES["cosine"](row, c, own, 0.3)) for c in range(3)]
        assert loss == pytest.approx(-math.log(powers[label] / sum(powers)), rel=1e-5)


@pytest.mark.parametrize(("units", "classes"), [(10, 10), (11, 3), (64, 10), (7, 5)])
def test_every_class_has_its_share_of_the_units(units: int, classes: int) -> None:
    share = ff.goodness["class_groups"].init(units, classes, [stream(0)])["share"][0]
    members = share > 0
    assert members.sum(0).tolist() == [1] * units
    assert int(members.sum(1).max()) - int(members.sum(1).min()) <= 1
    torch.testing.assert_close(share.sum(1), torch.ones(classes))


@pytest.mark.parametrize("name", [name for name in OTHER_PARAMS if "vjp" in ff.goodness[name].traits])
def test_derivative_with_other_parameters(name: str) -> None:
    entry = ff.goodness[name]
    params = complete(entry, OTHER_PARAMS[name])
    h = torch.randn(1, 2, 3, 6, dtype=torch.float64).requires_grad_()
    g = entry(h, params)
    dg = torch.randn_like(g)
    (expected,) = torch.autograd.grad(g, h, dg)
    found = entry.derivative(h.detach().clone(), g.detach(), dg, params)
    assert found is not None
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("alpha", [1.1, 1.3, 1.5, 1.9, 2.0])
def test_entmax(alpha: float) -> None:
    z = 2 * torch.randn(8, 9, dtype=torch.float64)
    weights = entmax(z, alpha)
    for row, found in zip(z.tolist(), weights.tolist(), strict=True):
        assert found == pytest.approx(entmax_weights(row, alpha), abs=1e-8)
    torch.testing.assert_close(weights.sum(-1), torch.ones(8, dtype=torch.float64))
    assert alpha < 1.5 or bool((weights == 0).any())
    probe = torch.randn(8, 9, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: (entmax(x, alpha) * probe).sum(), (z.requires_grad_(),))


@pytest.mark.parametrize("alpha", [1.1, 1.4, 1.5, 1.7, 1.95, 1.999, 2.0])
def test_entmax_of_many_units(alpha: float) -> None:
    rows = torch.randn(3, 600, dtype=torch.float64) * torch.tensor([[1e-3], [1.0], [30.0]])
    for z in (rows, rows.relu()):
        for row, found, in_float32 in zip(z, entmax(z, alpha), entmax(z.float(), alpha), strict=True):
            expected = torch.tensor(entmax_weights(row.tolist(), alpha), dtype=torch.float64)
            torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)
            torch.testing.assert_close(in_float32.double(), expected, rtol=1e-3, atol=1e-5)


def test_entmax_of_equal_large_and_single_numbers() -> None:
    for alpha in (1.1, 1.5, 2.0):
        torch.testing.assert_close(entmax(torch.zeros(1, 4), alpha), torch.full((1, 4), 0.25))
        torch.testing.assert_close(entmax(torch.tensor([[1e4, 0.0, -1e4]]), alpha), torch.tensor([[1.0, 0.0, 0.0]]))
        torch.testing.assert_close(entmax(torch.tensor([[-3.0]]), alpha), torch.ones(1, 1))


@pytest.mark.parametrize(("name", "params"), CASES)
def test_the_natural_threshold_is_the_goodness_of_a_mean_square_of_one(name: str, params: dict[str, Any]) -> None:
    entry = ff.goodness[name]
    params = complete(entry, params)
    h = (math.sqrt(2) * torch.randn(1, 1, 500, 200, dtype=torch.float64)).relu()
    natural = entry.natural_threshold(200, params)
    assert natural is not None
    assert natural == pytest.approx(float(entry(h, params).mean()), rel=0.03, abs=0.02)


def test_the_natural_threshold_follows_the_parameters() -> None:
    def threshold(choice: str) -> float:
        return Settings(dataset=pictures(), goodness=choice, layers=(50,)).thresholds()[0]

    assert threshold("top_k(share=0.5)") > 1.5 * threshold("top_k(share=0.1)")
    assert threshold("lp_norm(p=2)") == pytest.approx(math.sqrt(50))
