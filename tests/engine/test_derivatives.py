"""Closed-form derivatives against autograd, in float64."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.engine.goodness import Goodness, State
from ffexplore.engine.objectives import Evidence
from ffexplore.engine.rng import stream
from ffexplore.registry import Entry
from tests.engine.formulas import ALL_CASES, complete
from tests.engine.reference import ACTIVATIONS, GOODNESS, LISTENS_TO, NATURAL, OBJECTIVES, UP, normalized

WITH_VJP = [entry.name for entry in ff.goodness if "vjp" in entry.traits]
WITH_SLOPE = [entry.name for entry in ff.objectives if "slope" in entry.traits]


def defaults(entry: Entry) -> dict[str, Any]:
    return {key: param.default for key, param in entry.params.items()}


def activity(kind: str, units: int = 5) -> Tensor:
    """(2, 2, 3, units) float64."""
    h = torch.randn(2, 2, 3, units, dtype=torch.float64)
    return {"relu": h.relu() + 0.01 * torch.rand_like(h), "any sign": h, "tiny": h * 1e-3, "large": h * 1e4}[kind]


@pytest.mark.parametrize("kind", ["relu", "any sign", "tiny", "large"])
@pytest.mark.parametrize("units", [1, 5])
@pytest.mark.parametrize("name", WITH_VJP)
def test_goodness_derivative_is_that_of_autograd(name: str, units: int, kind: str) -> None:
    entry = ff.goodness[name]
    params = defaults(entry)
    h = activity(kind, units).requires_grad_()
    g = entry(h, params)
    dg = torch.randn_like(g)
    (expected,) = torch.autograd.grad(g, h, dg)
    found = entry.derivative(h.detach().clone(), g.detach(), dg, params)
    assert found is not None
    torch.testing.assert_close(found, expected, rtol=1e-4 if kind == "tiny" else 1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["top_k(share=0.3)", "top_k(share=0.9)", "trimmed(trim=0.2)", "trimmed(trim=0.45)"])
def test_units_that_are_as_loud_as_each_other_share_their_places(name: str) -> None:
    """The mean of the derivatives of the same units in every order, of which torch's sort counts others each time."""
    choice = ff.Settings(goodness=name).per_layer("goodness")[0]
    entry, params = ff.goodness[choice.name], choice.values
    h = torch.tensor([[2.0, -2, 2, 1, 0, 0], [3, 3, 3, 3, 3, 3], [0, 0, 0, 0, 1, 1], [5, 1, 4, 2, 2, 3]])
    h = h.double()[None, None]
    dg = torch.rand(1, 1, 4, dtype=torch.float64)
    expected = torch.zeros_like(h)
    orders = list(itertools.permutations(range(6)))
    for order in orders:
        leaf = h.clone().requires_grad_()
        g = entry(leaf[..., list(order)], params)
        expected += torch.autograd.grad(g, leaf, dg)[0] / len(orders)
    found = entry.derivative(h.clone(), g.detach(), dg, params)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ff.goodness.names())
def test_goodness_is_differentiable(name: str) -> None:
    entry = ff.goodness[name]
    h = (torch.rand(1, 2, 3, 4, dtype=torch.float64) + 0.1).requires_grad_()
    state = None
    if entry.per_class:
        state = {key: value.double() for key, value in entry.init(4, 3, [stream(0)]).items()}
    learned = [state[key].requires_grad_() for key in entry.learned] if state is not None else []
    # what is learned changes with the activity: the derivative runs through the whole formula
    assert torch.autograd.gradcheck(lambda x, *rest: entry(x, defaults(entry), state), (h, *learned))


@pytest.mark.parametrize("name", ff.objectives.names())
def test_objective_is_differentiable(name: str) -> None:
    """By all that it looks at, with a scale of its own for each variant: goodness, threshold and scores of classes."""
    entry = ff.objectives[name]
    labels = torch.tensor([[0, 2, 1, 3], [3, 0, 0, 1]])
    shapes = {"positive": (2, 4), "negative": (2, 4), "theta": (2, 1), "scores": (2, 4, 5)}
    given = {key: torch.randn(shape, dtype=torch.float64) for key, shape in shapes.items()}
    leaves = {key: value.requires_grad_() for key, value in given.items() if key in entry.arguments}
    context = torch.randn(2, 2, 4, dtype=torch.float64)
    scale = torch.tensor([[1.0], [3.5]], dtype=torch.float64)

    def loss(*values: Tensor) -> Tensor:
        told = given | dict(zip(leaves, values, strict=True))
        return entry(Evidence(**told, scale=scale, context=context, labels=labels), defaults(entry))

    assert torch.autograd.gradcheck(loss, tuple(leaves.values()))


@pytest.mark.parametrize("name", ff.normalizations.names())
def test_normalization_is_differentiable(name: str) -> None:
    """As a gradient meets it that crosses from one layer to the one below: through the length, mean and variance."""
    entry = ff.normalizations[name]
    h = torch.randn(1, 2, 3, 5, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: entry(x, defaults(entry)), (h,))


@pytest.mark.parametrize("name", GOODNESS)
def test_goodness_is_its_formula_row_by_row(name: str) -> None:
    entry = ff.goodness[name]
    h = torch.rand(2, 2, 3, 7, dtype=torch.float64) + 0.01
    g = entry(h, defaults(entry))
    for variant in range(2):
        for side in range(2):
            torch.testing.assert_close(g[variant, side], GOODNESS[name](h[variant, side]), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", NATURAL)
def test_natural_threshold(name: str) -> None:
    for width in (1, 7, 500):
        assert ff.goodness[name].natural_threshold(width) == pytest.approx(NATURAL[name](width))


def test_every_formula_of_the_catalogue_has_a_second_one_here() -> None:
    assert set(GOODNESS) <= set(ff.goodness.names())
    assert set(OBJECTIVES) <= set(ff.objectives.names())
    assert set(ACTIVATIONS) <= set(ff.activations.names())


def evidence(spread: float = 1.0) -> Evidence:
    positive, negative = (spread * torch.randn(2, 9, dtype=torch.float64) for _ in range(2))
    theta = torch.tensor([[0.3], [-1.2]], dtype=torch.float64)
    scale = torch.tensor([[1.0], [3.5]], dtype=torch.float64)
    return Evidence(positive, negative, theta, scale, context=torch.randn(2, 2, 9, dtype=torch.float64))


def slope_of(entry: Any, given: Evidence) -> Tensor:
    """The derivative by the goodness of both sides, (K, 2, B)."""
    sides = torch.stack([given.positive, given.negative], 1)
    scale = None if given.scale is None else given.scale.unsqueeze(-1)
    slope: Tensor = entry.slope(sides, given.theta.unsqueeze(-1), scale, given.context, defaults(entry))
    return slope


@pytest.mark.parametrize("spread", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("name", WITH_SLOPE)
def test_objective_slope_is_that_of_autograd(name: str, spread: float) -> None:
    entry = ff.objectives[name]
    params = defaults(entry)
    given = evidence(spread)
    slope = slope_of(entry, given)
    given.positive.requires_grad_()
    given.negative.requires_grad_()
    expected = torch.autograd.grad(entry(given, params).sum(), (given.positive, given.negative))
    torch.testing.assert_close(slope, torch.stack(expected, 1), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_is_its_formula_on_the_logit_scale(name: str) -> None:
    entry = ff.objectives[name]
    given = evidence()
    loss = entry(given, defaults(entry))
    for variant, (theta, scale) in enumerate([(0.3, 1.0), (-1.2, 3.5)]):
        p, n = scale * given.positive[variant], scale * given.negative[variant]
        if name in LISTENS_TO:
            assert given.context is not None
            p, n = p + scale * given.context[variant, 0], n + scale * given.context[variant, 1]
        expected = OBJECTIVES[name](p, n, torch.tensor(scale * theta, dtype=torch.float64), **defaults(entry))
        torch.testing.assert_close(loss[variant], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ff.objectives.names())
def test_objective_pulls_the_right_way(name: str) -> None:
    """Where a pair is confused, more positive and less negative goodness is better."""
    entry = ff.objectives[name]
    if "classes" in entry.needs:
        scores = torch.tensor([[[0.0, 0.2, -0.1]]])
        told = Evidence(scores[..., 0], scores[..., 1], torch.zeros(1, 1), None, None, scores, torch.tensor([[0]]))
        _, (slope,) = entry.gradients(told, ("scores",), defaults(entry))
        assert float(slope[0, 0, 0]) < 0 < float(slope[0, 0, 1])
        return
    confused = Evidence(torch.tensor([[0.0]]), torch.tensor([[0.2]]), torch.tensor([[0.1]]), torch.ones(1, 1))
    confused.context = torch.zeros(1, 2, 1)
    positive, negative = slope_of(entry, confused).flatten().tolist()
    assert positive < 0 < negative


@pytest.mark.parametrize("name", ff.activations.names())
def test_activation_knows_its_derivative_from_its_output(name: str) -> None:
    entry = ff.activations[name]
    z = 4 * torch.randn(3, 50, dtype=torch.float64)
    leaf = z.clone().requires_grad_()
    h = entry.function(leaf * 1.0)
    delta = torch.randn_like(z)
    (expected,) = torch.autograd.grad(h, leaf, delta)
    found = entry.backward(delta.clone(), entry.function(z.clone()))
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ff.activations.names())
def test_activation_knows_the_derivative_of_what_goes_up(name: str) -> None:
    entry = ff.activations[name]
    z = 4 * torch.randn(3, 50, dtype=torch.float64)
    leaf = z.clone().requires_grad_()
    delta = torch.randn_like(z)
    (expected,) = torch.autograd.grad(entry.up(leaf * 1.0), leaf, delta)
    found = entry.up_backward(delta.clone(), entry.up(z.clone()))
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_its_formula(name: str) -> None:
    z = 4 * torch.randn(3, 50, dtype=torch.float64)
    torch.testing.assert_close(ff.activations[name].function(z.clone()), ACTIVATIONS[name](z))
    torch.testing.assert_close(ff.activations[name].up(z.clone()), (ACTIVATIONS | UP)[name](z))


@pytest.mark.parametrize("name", ["rms", "unit", "layer_norm", "none"])
def test_normalization_is_its_formula(name: str) -> None:
    entry = ff.normalizations[name]
    h = torch.randn(2, 2, 3, 7, dtype=torch.float64)
    for epsilon in (1e-8, 0.3):
        params = {"epsilon": epsilon} if entry.params else {}
        for row, expected in zip(entry(h, params).view(-1, 7), h.view(-1, 7), strict=True):
            torch.testing.assert_close(row, normalized(expected[None], name, epsilon)[0], rtol=1e-7, atol=1e-9)


def states_of(entry: Goodness) -> list[State | None]:
    """None, as in a plain call, and what the entry keeps of six units at the start and after some batches."""
    if "init" not in entry.traits:
        return [None]
    fresh = {key: value.double() for key, value in entry.init(6, 3, [stream(0)]).items()}
    used = {key: value.clone() for key, value in fresh.items()}
    for _ in range(3):
        entry(torch.rand(1, 2, 5, 6, dtype=torch.float64), defaults(entry), used, train=True)
    return [fresh, used] if entry.per_class else [None, fresh, used]


@pytest.mark.parametrize(("name", "params"), ALL_CASES)
def test_rest_at_zero_is_true_where_it_is_claimed(name: str, params: dict[str, Any]) -> None:
    entry = ff.goodness[name]
    if not entry.rests_at_zero:
        return
    for state in states_of(entry):
        h = torch.rand(1, 2, 3, 6, dtype=torch.float64)
        h[..., ::2] = 0
        h.requires_grad_()
        (slope,) = torch.autograd.grad(entry(h, complete(entry, params), state).sum(), h)
        assert float(slope[..., ::2].abs().max()) == 0


@pytest.mark.parametrize(("name", "params"), ALL_CASES)
def test_permutable_is_claimed_where_it_is_true(name: str, params: dict[str, Any]) -> None:
    """In every state that a layer may come to: at the start, after training, and in a plain call without one."""
    entry = ff.goodness[name]
    h = torch.rand(1, 2, 3, 6, dtype=torch.float64)
    turned = h[..., torch.tensor([3, 1, 5, 0, 2, 4])]
    values = complete(entry, params)
    same = [torch.allclose(entry(turned, values, state), entry(h, values, state)) for state in states_of(entry)]
    assert all(same) == bool(entry.traits.get("permutable"))
