"""Steps that are played from a recording, against the same steps without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from ffexplore import Settings, Trainer, goodness
from ffexplore.engine import repeats
from ffexplore.engine.repeats import Repeats
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures, table

BASE: dict[str, Any] = {"layers": (9, 8, 7), "batch_size": 10, "device": "cpu", "learning_rate": 0.01}
CASES: dict[str, dict[str, Any]] = {
    "logistic": {},
    "read-out beside": {"readout_rate": 0.1, "readout_interval": 2},
    "appended label": {"label_encoding": "appended"},
    "label above, too": {"label_layers": "all"},
    "swish": {"objective": "swish_symba"},
    "threshold and scale": {"threshold": (0.7, 0.8, 0.9), "logit_scale": 3.0},
    "each layer its own": {"goodness": ("mean_square", "l2_norm", "mean"), "objective": ("logistic", "hinge", "symba")},
    "leaky": {"activation": "leaky_relu"},
    "triangle": {"activation": "triangle"},
    "peers, dropout, decay": {"peer_normalization": 0.2, "dropout": 0.3, "weight_decay": 0.1},
    "batch norm": {"normalization": "batch_norm"},
    "rotation": {"schedule": "rotation(turn=3)"},
    "greedy": {"schedule": "greedy(steps=20)"},
    "falling rate": {"rate_course": "linear"},
    "sgd": {"optimizer": "sgd"},
    "a table": {"dataset": table(), "label_encoding": "appended"},
}


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Repeats]:
    """Everything that is recorded; from the second batch of a kind on."""
    made: list[Repeats] = []
    usual = Repeats.__init__

    def noted(self: Repeats, *given: Any) -> None:
        usual(self, *given)
        made.append(self)

    monkeypatch.setattr(Repeats, "__init__", noted)
    monkeypatch.setattr(repeats, "PATIENCE", 1)
    return made


def _fit(variants: list[Settings]) -> Trainer:
    return Trainer.variants(variants).fit(steps=70, progress=False)


def _settings(**changes: Any) -> Settings:
    return Settings(**{**BASE, "dataset": pictures(), **changes})


def _same(one: Trainer, other: Trainer) -> None:
    for mine, others in zip(flat_weights(one), flat_weights(other), strict=True):
        assert torch.equal(mine, others)
    for layer, others_layer in zip(one.network.layers, other.network.layers, strict=True):
        assert torch.equal(layer.take_loss(), others_layer.take_loss())


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
@pytest.mark.parametrize("many", [False, True], ids=["one", "variants"])
def test_played_steps_are_the_steps_themselves(
    changes: dict[str, Any], many: bool, recorded: list[Repeats], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _settings(**changes)
    variants = [first, first.replace(seed=5), first.replace(threshold=0.4)] if many else [first]
    played = _fit(variants)
    assert any(each._played for each in recorded) or "batch_norm" in changes.values()
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    _same(played, _fit(variants))


@pytest.mark.parametrize("entry", [each.name for each in goodness if "vjp" in each.traits])
def test_every_goodness_with_a_closed_derivative_is_played(
    entry: str, recorded: list[Repeats], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = [_settings(goodness=entry)]
    played = _fit(settings)
    assert [each.obstacle for each in recorded] == [""]
    assert recorded[0]._played
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    _same(played, _fit(settings))


def test_a_change_of_the_settings_ends_what_was_recorded(
    recorded: list[Repeats], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> Trainer:
        trainer = _fit([_settings()])
        for changes in ({"threshold": 2.0}, {"batch_size": 7}, {"objective": "symba"}, {"layers": (9, 5)}):
            trainer.apply(trainer.settings.replace(**changes))
            trainer.fit(steps=20, progress=False)
        state, counters = {name: each.clone() for name, each in trainer.state().items()}, trainer.counters()
        trainer.fit(steps=9, progress=False)
        trainer.load_state(state, counters)
        return trainer.fit(steps=9, progress=False)

    played = run()
    assert len(recorded) == 5
    assert all(each._played for each in recorded)
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    _same(played, run())


def test_a_persons_own_entry_is_called_in_every_step(recorded: list[Repeats], register: Callable[..., Any]) -> None:
    called = 0

    def counted(activity: torch.Tensor) -> torch.Tensor:
        """Mean square that counts."""
        nonlocal called
        called += 1
        return activity.square().mean(-1)

    register(goodness, "counted", counted)
    trainer = Trainer(_settings(goodness="counted", layers=(6,), readout_rate=0.0))
    before = called
    trainer.fit(steps=30, progress=False)
    assert called - before == 2 * 30  # for each side
    assert not recorded
