"""Which layers learn when, how a fit ends, and the rate over time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, SettingsError, Trainer
from ffexplore.engine.rhythm import Rhythm
from ffexplore.engine.rng import stream
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

BASE: dict[str, Any] = {"layers": (6, 5, 4), "batch_size": 10, "device": "cpu"}


def settings(**changes: Any) -> Settings:
    return Settings(**{**BASE, "dataset": pictures(), **changes})


def who_learns(trainer: Trainer, steps: int) -> list[list[int]]:
    """The layers whose weights change, step by step."""
    learned = []
    for _ in range(steps):
        before = flat_weights(trainer)
        trainer.step()
        learned.append(
            [n for n, (a, b) in enumerate(zip(before, flat_weights(trainer), strict=True)) if not torch.equal(a, b)]
        )
    return learned


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("simultaneous", [[0, 1, 2]] * 7),
        ("greedy(steps=2)", [[0], [0], [1], [1], [2], [2], [2]]),
        ("rotation(turn=1)", [[0], [1], [2], [0], [1], [2], [0]]),
        ("rotation(turn=2)", [[0], [0], [1], [1], [2], [2], [0]]),
        ("overlapping", [[0, 1, 2]] * 7),
    ],
)
def test_a_schedule_trains_its_layers_and_leaves_the_others_untouched(schedule: str, expected: list[list[int]]) -> None:
    assert who_learns(Trainer(settings(schedule=schedule)), 7) == expected


def test_greedy_layers_have_the_weights_of_shallower_networks() -> None:
    """While layer 1 learns nothing above it matters: a network of one layer ends with the same weights."""
    deep = Trainer(settings(schedule="greedy(steps=6)", readout_rate=0)).fit(steps=6, progress=False)
    shallow = Trainer(settings(layers=(6,), readout_rate=0)).fit(steps=6, progress=False)
    assert torch.equal(flat_weights(deep)[0], flat_weights(shallow)[0])


@pytest.mark.parametrize(
    ("schedule", "blocks"),
    [
        ("overlapping", [[0], [0, 1], [1, 2], [2, 3]]),
        ("overlapping(reach=0)", [[0], [1], [2], [3]]),
        ("overlapping(reach=9)", [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]),
    ],
)
def test_blocks_that_overlap(schedule: str, blocks: list[list[int]]) -> None:
    assert Trainer(settings(schedule=schedule, layers=(6, 5, 4, 3))).blocks() == blocks


def test_blocks_without_reach_are_forward_forward() -> None:
    one, other = (Trainer(settings(schedule=name)) for name in ("simultaneous", "overlapping(reach=0)"))
    for trainer in (one, other):
        trainer.fit(steps=5, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(flat_weights(one), flat_weights(other), strict=True))


def test_a_round_lasts_until_every_layer_had_its_turn() -> None:
    for schedule, steps in [("simultaneous", 1), ("overlapping", 1), ("rotation(turn=4)", 12), ("greedy(steps=5)", 15)]:
        chosen = settings(schedule=schedule, negatives_refresh="round")
        periods = [Rhythm(chosen).period("round", step, 0) for step in range(2 * steps)]
        assert periods == [0] * steps + [1] * steps


@pytest.mark.parametrize(("turn", "steps"), [(4.0, 12), (0.25, 3), ("slow", 1)])
def test_a_round_of_a_persons_schedule_may_have_turns_of_any_kind(
    turn: Any, steps: int, register: Callable[..., Any]
) -> None:
    def mine(step: int, depth: int, *, turn: Any = turn) -> list[list[np.int64]]:
        return [[np.int64(step % depth)]]

    register(ff.schedules, "mine", mine)
    chosen = settings(schedule="mine", negatives_refresh="round")
    assert [Rhythm(chosen).period("round", step, 0) for step in (steps - 1, steps)] == [0, 1]
    assert Trainer(chosen).blocks() == [[0]]


def test_fit_by_steps_and_epochs() -> None:
    trainer = Trainer(settings())
    assert len(trainer.plan.dataset.train) == 42  # five batches an epoch, the last of two rows
    assert trainer.fit(steps=3, progress=False) is trainer
    assert trainer.steps == 3
    assert trainer.epochs == pytest.approx(30 / 42)
    trainer.fit(epochs=2, progress=False)
    assert 30 / 42 + 2 <= trainer.epochs < 30 / 42 + 2 + 10 / 42 + 1e-9
    other = Trainer(settings()).fit(epochs=2, progress=False)
    assert (other.steps, other.epochs) == (10, 2.0)
    other.fit(epochs=np.float32(0.5), progress=False)  # type: ignore[arg-type]
    assert other.epochs == pytest.approx(2 + 30 / 42)


def test_fit_by_seconds() -> None:
    trainer = Trainer(settings())
    began = time.perf_counter()
    trainer.fit(seconds=0.2, progress=False)
    took = time.perf_counter() - began
    assert 0.2 <= took < 2
    assert trainer.steps > 1
    assert 0 < trainer.seconds <= took


def test_fit_shows_a_bar_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    Trainer(settings()).fit(steps=2, progress=False)
    assert capfd.readouterr().err == ""
    Trainer(settings()).fit(steps=2)
    assert "step" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "exactly one of epochs, steps and seconds; 0 were given"),
        ({"steps": 1, "epochs": 1}, "2 were given"),
        ({"steps": 0}, "steps is 0; it must be above 0"),
        ({"epochs": -1}, "epochs is -1"),
        ({"seconds": math.nan}, "seconds is nan"),
    ],
)
def test_fit_refuses(given: dict[str, Any], said: str) -> None:
    trainer = Trainer(settings())
    with pytest.raises(SettingsError, match=said):
        trainer.fit(**given, progress=False)
    assert trainer.steps == 0


def test_two_fits_are_one_long_one_at_a_constant_rate() -> None:
    once, twice = Trainer(settings()), Trainer(settings())
    once.fit(steps=9, progress=False)
    twice.fit(steps=4, progress=False).fit(steps=5, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(flat_weights(once), flat_weights(twice), strict=True))


def test_an_interrupt_ends_the_fit_and_leaves_a_usable_trainer(register: Callable[..., Any]) -> None:
    calls = -1000  # of which its trial takes some

    def pressed(activity: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 31:
            raise KeyboardInterrupt
        return activity.square().mean(-1)

    register(ff.goodness, "pressed", pressed)
    calls = 0
    trainer = Trainer(settings(goodness="pressed"))
    assert trainer.fit(epochs=100, progress=False) is trainer
    interrupted = trainer.steps
    assert 0 < interrupted < 31
    trainer.fit(steps=4, progress=False)
    assert trainer.steps == interrupted + 4
    assert all(bool(torch.isfinite(each).all()) for each in flat_weights(trainer))
    assert 0 <= trainer.evaluate().accuracy <= 1


COURSES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "linear": lambda t: 1 - t,
    "half_linear": lambda t: 1.0 if t < 0.5 else 2 - 2 * t,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
}


@pytest.mark.parametrize("course", COURSES)
def test_the_rate_follows_its_course_over_a_fit(course: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(settings(rate_course=course, optimizer="sgd", learning_rate=(0.1, 0.2, 0.3)))
    used: list[list[float]] = []
    step = trainer.step

    def watched() -> None:
        step()
        used.append([float(layer.rates[0]) for layer in trainer.network.layers])

    monkeypatch.setattr(trainer, "step", watched)
    trainer.fit(steps=8, progress=False)
    for number, rates in enumerate(used):
        factor = COURSES[course](number / 8)
        assert rates == pytest.approx([0.1 * factor, 0.2 * factor, 0.3 * factor])


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("horizon", [None, 2.0])
def test_a_step_takes_the_rate_of_what_was_done_before_it(
    course: str, horizon: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(settings(rate_course=course, horizon=horizon, batch_size="full"))
    base, used, step = trainer.settings.learning_rate, [], trainer.step

    def watched() -> None:
        step()
        used.append(float(trainer.network.layers[0].rates[0]))

    monkeypatch.setattr(trainer, "step", watched)
    trainer.fit(epochs=2, progress=False)
    assert used == pytest.approx([base * COURSES[course](t) for t in (0.0, 0.5)])


@pytest.mark.parametrize("course", COURSES)
def test_the_rate_follows_a_stated_horizon_whoever_steps(course: str) -> None:
    trainer = Trainer(settings(rate_course=course, horizon=2.0, batch_size="full"))
    seen = []
    for _ in range(4):
        trainer.step()
        seen.append(trainer.course())
    assert seen == pytest.approx([COURSES[course](t) for t in (0.5, 1.0, 1.0, 1.0)])


def test_streams_of_random_numbers_do_not_touch_each_other() -> None:
    names: list[tuple[int, tuple[object, ...]]] = [(0, ("a",)), (0, ("b",)), (1, ("a",)), (0, ("a", 1))]
    draws = {name: torch.rand(4, generator=stream(name[0], *name[1])).tolist() for name in names}
    assert len({tuple(each) for each in draws.values()}) == 4
    assert torch.rand(4, generator=stream(0, "a")).tolist() == draws[names[0]]


def test_a_global_seed_has_no_say() -> None:
    torch.manual_seed(1)
    one = Trainer(settings(dropout=0.3)).fit(steps=3, progress=False)
    torch.manual_seed(2)
    other = Trainer(settings(dropout=0.3)).fit(steps=3, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(flat_weights(one), flat_weights(other), strict=True))
