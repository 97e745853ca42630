"""A goodness that looks across the batch: running means in training, scores without neighbours after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.goodness import Goodness
from ffexplore.engine.rng import stream
from tests.engine.formulas import COUPLED, OTHER_PARAMS, TOGETHER, column_means, complete, squares
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures


def states(entry: Goodness, units: int, variants: int = 2) -> dict[str, Tensor]:
    made = entry.init(units, 10, [stream(seed) for seed in range(variants)])
    return {name: value.double() for name, value in made.items()}


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
        init=lambda width, classes, generator: {"usual": torch.rand(width, generator=generator)}, coupled=True,
    )  # fmt: skip
    base = Settings(dataset=pictures(), layers=(6,), goodness="habit", batch_size=10, device="cpu")
    variants = [base, base.replace(seed=1)]
    together = Trainer.variants(variants).fit(steps=4, progress=False)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=4, progress=False)
        usual = alone.network.layers[0].states[0]["usual"]
        torch.testing.assert_close(together.network.layers[0].states[0]["usual"][number : number + 1], usual)
