"""Every goodness once more with plain Python loops over samples and units, and what belongs to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.goodness import Goodness
from ffexplore.engine.goodness.entropy import by_halving, entmax
from ffexplore.engine.rng import stream
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

Row = list[float]


def squares(h: Row) -> float:
    return sum(x * x for x in h)


def total(h: Row) -> float:
    return sum(abs(x) for x in h)


def entropy(weights: Row) -> float:
    return -sum(w * math.log(w) for w in weights if w > 0)


def softmax(h: Row) -> Row:
    powers = [math.exp(x - max(h)) for x in h]
    return [power / sum(powers) for power in powers]


def by_size(h: Row) -> Row:
    return sorted((abs(x) for x in h), reverse=True)


def kurtosis(h: Row) -> float:
    middle = sum(h) / len(h)
    second = sum((x - middle) ** 2 for x in h) / len(h)
    return sum((x - middle) ** 4 for x in h) / len(h) / second**2 - 3 if second else -3.0


def variance(h: Row) -> float:
    return sum((x - sum(h) / len(h)) ** 2 for x in h) / len(h)


def entmax_weights(h: Row, alpha: float) -> Row:
    """Weights [(α − 1)h − τ]₊^(1/(α−1)) with τ found by halving an interval two hundred times."""
    low, high = (alpha - 1) * max(h) - 1, (alpha - 1) * max(h)

    def weights(tau: float) -> Row:
        return [max(0.0, (alpha - 1) * x - tau) ** (1 / (alpha - 1)) for x in h]

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(weights(middle)) >= 1 else (low, middle)
    return weights(low)


def halves(h: Row) -> tuple[float, float]:
    first = math.ceil(len(h) / 2)
    return squares(h[:first]) / first, squares(h[first:]) / max(1, len(h) - first)


def dot(one: Row, other: Row) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def group_mean(h: Row, c: int, classes: int) -> float:
    mine = [x * x for unit, x in enumerate(h) if unit * classes // len(h) == c]
    return sum(mine) / max(1, len(mine))


def whole(number: float) -> int:
    return math.floor(number + 0.5)


def huber(x: float, bend: float) -> float:
    return x * x / 2 if abs(x) <= bend else bend * (abs(x) - bend / 2)


def trimmed(h: Row, trim: float) -> float:
    out = min(whole(trim * len(h)), (len(h) - 1) // 2)
    return squares(by_size(h)[out : len(h) - out])


# One sample's units, and the parameters -> its goodness.
ALONE: dict[str, Callable[..., float]] = {
    "mean_square": lambda h: squares(h) / len(h),
    "sum_of_squares": squares,
    "minus_sum_of_squares": lambda h: -squares(h),
    "l2_norm": lambda h: math.sqrt(squares(h)),
    "mean": lambda h: sum(h) / len(h),
    "log_energy": lambda h: math.log(squares(h)),
    "sum": sum,
    "lp_norm": lambda h, p: sum(abs(x) ** p for x in h) ** (1 / p),
    "max": max,
    "top_k": lambda h, share: squares(by_size(h)[: max(1, whole(share * len(h)))]),
    "trimmed": trimmed,
    "entmax": lambda h, alpha: sum(w * x * x for w, x in zip(entmax_weights(h, alpha), h, strict=True)),
    "burstiness": kurtosis,
    "sparse": lambda h, penalty: squares(h) - penalty * total(h),
    "huber": lambda h, penalty, bend: squares(h) - penalty * sum(huber(x, bend) for x in h),
    "oja": lambda h, penalty: squares(h) - penalty * sum(x**4 for x in h),
    "game_theoretic": lambda h, weight: squares(h) + weight * sum(x * x * abs(x) / total(h) for x in h),
    "entropy_weighted": lambda h, weight: squares(h) * (1 + weight * entropy(softmax(h)) / math.log(max(2, len(h)))),
    "fractal": lambda h, weight: (
        squares(h) * (1 + weight * entropy([abs(x) / total(h) for x in h]) / math.log(max(2, len(h))))
    ),
    "polarised": lambda h: halves(h)[0] - halves(h)[1],
    "polarised_ratio": lambda h: halves(h)[0] / sum(halves(h)),
}
# The same for those that look across the batch; they are also told the mean energy and what is expected of the units.
TOGETHER: dict[str, Callable[..., float]] = {
    "decorrelation": lambda h, mean, expected, weight, rate: squares(h) + weight * mean * variance(h),
    "energy_margin": lambda h, mean, expected, weight, temperature, rate: (
        squares(h) - weight * mean * math.log(sum(math.exp((x - max(h)) / temperature) for x in h))
    ),
    "predictive_coding": lambda h, mean, expected, weight, rate: (
        squares(h) - weight * mean * min(10.0, squares([x - e for x, e in zip(h, expected, strict=True)]) / squares(h))
    ),
}
# The same for scores of classes: a sample's units, the number of the class, the tensors of the entry as rows by class.
SCORES: dict[str, Callable[..., float]] = {
    "class_groups": lambda h, c, own: group_mean(h, c, len(own["share"])),
    "projection": lambda h, c, own: dot(h, own["matrix"][c]),
    "cosine": lambda h, c, own, temperature: (
        dot(h, own["prototypes"][c]) / math.sqrt(squares(h) * squares(own["prototypes"][c])) / temperature
    ),
    "centroids": lambda h, c, own, temperature: (
        -sum((x * math.sqrt(len(h) / squares(h)) - m) ** 2 for x, m in zip(h, own["centroids"][c], strict=True))
        / len(h)
        / temperature
    ),
}
OTHER_PARAMS: dict[str, dict[str, Any]] = {
    "lp_norm": {"p": 1.0}, "top_k": {"share": 0.5}, "trimmed": {"trim": 0.3}, "entmax": {"alpha": 1.2},
    "sparse": {"penalty": 2.0}, "huber": {"penalty": 0.5, "bend": 0.4}, "oja": {"penalty": 0.2},
    "game_theoretic": {"weight": 2.0}, "entropy_weighted": {"weight": 3.0}, "fractal": {"weight": 3.0},
    "decorrelation": {"weight": 0.7, "rate": 0.4}, "energy_margin": {"weight": 0.5, "temperature": 0.3, "rate": 0.4},
    "predictive_coding": {"weight": 0.5, "rate": 0.4},
    "cosine": {"temperature": 0.7}, "centroids": {"temperature": 2.0},
}  # fmt: skip
ALL_CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in ff.goodness.names()] + list(OTHER_PARAMS.items())
CASES = [case for case in ALL_CASES if case[0] not in SCORES]
COUPLED = [entry.name for entry in ff.goodness if entry.coupled]


def complete(entry: Goodness, params: dict[str, Any]) -> dict[str, Any]:
    return {name: param.default for name, param in entry.params.items()} | params


def states(entry: Goodness, units: int, variants: int = 2) -> dict[str, Tensor]:
    made = entry.init(units, 10, [stream(seed) for seed in range(variants)])
    return {name: value.double() for name, value in made.items()}


def column_means(rows: list[Row]) -> Row:
    return [sum(column) / len(column) for column in zip(*rows, strict=True)]


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


@pytest.mark.parametrize(("units", "classes"), [(10, 10), (11, 3), (64, 10), (7, 5)])
def test_every_class_has_its_share_of_the_units(units: int, classes: int) -> None:
    share = ff.goodness["class_groups"].init(units, classes, [stream(0)])["share"][0]
    members = share > 0
    assert members.sum(0).tolist() == [1] * units
    assert int(members.sum(1).max()) - int(members.sum(1).min()) <= 1
    torch.testing.assert_close(share.sum(1), torch.ones(classes))


@pytest.mark.parametrize("params", [{}, "other"], ids=["defaults", "other"])
@pytest.mark.parametrize("name", COUPLED)
def test_a_goodness_across_the_batch_keeps_running_means(name: str, params: Any) -> None:
    """Three batches in training, then scores that do not depend on the neighbours, all by loops."""
    entry = ff.goodness[name]
    params = complete(entry, OTHER_PARAMS[name] if params else {})
    units, rate = 5, params["rate"]
    state = states(entry, units)
    energy, expected = [units / 2] * 2, [[0.0] * units] * 2
    for _ in range(3):
        h = torch.rand(2, 2, 6, units, dtype=torch.float64) + 0.1
        g = entry(h, params, state, train=True)
        for variant in range(2):
            for side in range(2):
                rows = h[variant, side].tolist()
                mean = sum(map(squares, rows)) / len(rows)
                for row, found in zip(rows, g[variant, side].tolist(), strict=True):
                    assert found == pytest.approx(TOGETHER[name](row, mean, expected[variant], **params), abs=1e-6)
            both = h[variant].reshape(-1, units).tolist()
            energy[variant] += rate * (sum(map(squares, both)) / len(both) - energy[variant])
            expected[variant] = [e + rate * (m - e) for e, m in zip(expected[variant], column_means(both), strict=True)]
    h = torch.rand(2, 10, 7, units, dtype=torch.float64)  # ten candidate labels
    kept = {key: value.clone() for key, value in state.items()}
    g = entry(h, params, state)
    assert all(torch.equal(value, kept[key]) for key, value in state.items())
    for variant in range(2):
        for row, found in zip(h[variant].reshape(-1, units).tolist(), g[variant].flatten().tolist(), strict=True):
            assert found == pytest.approx(TOGETHER[name](row, energy[variant], expected[variant], **params), abs=1e-6)
    torch.testing.assert_close(entry(h[:, 3:4, 2:3], params, state)[:, 0, 0], g[:, 3, 2])


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", COUPLED)
def test_the_gradient_runs_through_the_mean(name: str, train: bool) -> None:
    entry = ff.goodness[name]
    params = complete(entry, OTHER_PARAMS[name])
    h = (torch.rand(1, 2, 3, 4, dtype=torch.float64) + 0.2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: entry(x, params, states(entry, 4, 1), train=train), (h,))


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
    torch.testing.assert_close(weights, by_halving(z, alpha), rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(weights.sum(-1), torch.ones(8, dtype=torch.float64))
    assert alpha < 1.5 or bool((weights == 0).any())
    probe = torch.randn(8, 9, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: (entmax(x, alpha) * probe).sum(), (z.requires_grad_(),))


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
    assert natural == pytest.approx(float(entry(h, params).mean()), rel=0.15, abs=0.05)


def test_the_natural_threshold_follows_the_parameters() -> None:
    def threshold(choice: str) -> float:
        return Settings(dataset=pictures(), goodness=choice, layers=(50,)).thresholds()[0]

    assert threshold("top_k(share=0.5)") > 1.5 * threshold("top_k(share=0.1)")
    assert threshold("lp_norm(p=2)") == pytest.approx(math.sqrt(50))


@pytest.mark.parametrize("name", COUPLED)
def test_variants_with_running_means_are_single_runs(name: str) -> None:
    base = Settings(
        dataset=pictures(), layers=(8, 6), goodness=name, batch_size=10, device="cpu",
        optimizer="adam(epsilon=0.001)",
    )  # fmt: skip
    variants = [base, base.replace(learning_rate=0.01), base.replace(goodness="mean"), base.replace(seed=4)]
    together = Trainer.variants(variants).fit(steps=9, progress=False)
    reports = together.evaluate_variants("test")
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=9, progress=False)
        for one, other in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)
        assert reports[number].accuracy == pytest.approx(alone.evaluate("test").accuracy)
    layer = together.network.layers[0]
    assert [len(state.get("energy", ())) for state in layer.states] == [2, 0, 1]


@pytest.mark.parametrize("name", COUPLED)
def test_running_means_are_saved(name: str, tmp_path: Any) -> None:
    settings = Settings(dataset=pictures(), layers=(8, 6), goodness=name, batch_size=10, device="cpu")
    trainer = Trainer(settings).fit(steps=5, progress=False)
    assert trainer.network.layers[1].states[0]["energy"].item() != 3.0  # half the width, as it began
    trainer.save(tmp_path / "run")
    again = Trainer.restore(tmp_path / "run")
    for key, value in trainer.state().items():
        assert torch.equal(value, again.state()[key]), key
    for each in (trainer, again):
        each.fit(steps=4, progress=False)
    for one, other in zip(flat_weights(trainer), flat_weights(again), strict=True):
        assert torch.equal(one, other)


def test_a_persons_goodness_may_have_a_state_for_each_variant(register: Callable[..., Any]) -> None:
    def habit(activity: Tensor, state: dict[str, Tensor], train: bool) -> Tensor:
        if train:
            with torch.no_grad():
                state["usual"].lerp_(activity.mean(0), 0.5)
        return (activity - state["usual"]).square().mean(-1)

    register(
        ff.goodness, "habit", habit, summary="distance from the usual",
        init=lambda width, classes, generator: {"usual": torch.rand(width, generator=generator)},
    )  # fmt: skip
    base = Settings(dataset=pictures(), layers=(6,), goodness="habit", batch_size=10, device="cpu")
    variants = [base, base.replace(seed=1)]
    together = Trainer.variants(variants).fit(steps=4, progress=False)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=4, progress=False)
        usual = alone.network.layers[0].states[0]["usual"]
        torch.testing.assert_close(together.network.layers[0].states[0]["usual"][number : number + 1], usual)
