"""Changing settings while training: what is kept, what is rebuilt, what starts anew; thresholds that carry over."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, SettingsError, Trainer
from ffexplore.engine.plan import carry_threshold, plan
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures, table

BASE: dict[str, Any] = {"layers": (8, 6, 5), "batch_size": 10, "device": "cpu"}


def trained(**changes: Any) -> Trainer:
    return Trainer(Settings(**{**BASE, "dataset": pictures(), **changes})).fit(steps=5, progress=False)


def first_moments(trainer: Trainer) -> list[Tensor]:
    return [layer.parameters.optimizer.state["first"][0].clone() for layer in trainer.network.layers]


def kept(before: list[Tensor], after: list[Tensor]) -> list[bool]:
    return [a.shape == b.shape and torch.equal(a, b) for a, b in zip(before, after, strict=False)]


LIVE: list[dict[str, Any]] = [
    {"threshold": 3.0}, {"goodness": "sum_of_squares"}, {"goodness": ("mean", "l2_norm", "mean_square")},
    {"objective": "swish_symba"}, {"negatives": "hybrid_images"}, {"negatives": "hard_label"},
    {"negatives_refresh": "once"}, {"learning_rate": (0.1, 0.2, 0.3)}, {"rate_course": "cosine"}, {"momentum": 0.5},
    {"weight_decay": 0.2}, {"peer_normalization": 0.1}, {"dropout": 0.3}, {"shift": 1}, {"batch_size": 7},
    {"batch_size": "full"},
    {"schedule": "rotation"}, {"inference": "readout"}, {"logit_scale": 9.0}, {"readout_rate": 0.0},
    {"normalization": "unit"}, {"activation": "tanh"}, {"input_scaling": "standardize"},
    {"label_encoding": "overlay(strength=3)"}, {"readout_interval": 1},
]  # fmt: skip


@pytest.mark.parametrize("changes", LIVE, ids=str)
def test_what_changes_no_shape_keeps_weights_and_moments(changes: dict[str, Any]) -> None:
    trainer = trained()
    weights, moments, epochs = flat_weights(trainer), first_moments(trainer), trainer.epochs
    trainer.apply(trainer.settings.replace(**changes))
    assert kept(weights, flat_weights(trainer)) == [True] * 3
    assert kept(moments, first_moments(trainer)) == [True] * 3
    assert (trainer.steps, trainer.epochs) == (5, epochs)
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 8
    assert False in kept(weights, flat_weights(trainer))
    assert all(bool(torch.isfinite(each).all()) for each in flat_weights(trainer))


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 3.0},
        {"threshold": (1.0, 2.0, 3.0)},
        {"learning_rate": 0.05},
        {"logit_scale": 9.0, "weight_decay": 0.1},
    ],
    ids=str,
)
def test_other_numbers_leave_the_network_and_train_as_if_it_were_built_anew(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    light, anew = trained(dropout=0.2, negatives="hard_label"), trained(dropout=0.2, negatives="hard_label")
    network, pairs = light.network, light.pairs
    light.apply(light.settings.replace(**changes))
    assert (light.network is network, light.pairs is pairs) == (True, True)
    assert light.settings == light.settings.replace(**changes)
    monkeypatch.setattr("ffexplore.engine.training.NUMBERS", frozenset())
    former = anew.network
    anew.apply(anew.settings.replace(**changes))
    assert anew.network is not former
    for trainer in (light, anew):
        trainer.fit(steps=7, progress=False)
    assert all(map(torch.equal, flat_weights(light), flat_weights(anew)))


def test_applying_the_same_settings_changes_no_bit() -> None:
    still, touched = trained(dropout=0.2, negatives="hard_label"), trained(dropout=0.2, negatives="hard_label")
    touched.apply(touched.settings.replace())
    for trainer in (still, touched):
        trainer.fit(steps=6, progress=False)
    assert kept(flat_weights(still), flat_weights(touched)) == [True] * 3


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((8, 6, 7), [True, True, False]),
        ((8, 7, 5), [True, False, False]),  # the third layer meets other inputs
        ((9, 6, 5), [False, False, True]),
        ((8, 6), [True, True]),
        ((8, 6, 5, 4), [True, True, True]),
    ],
)
def test_layers_whose_shapes_stay_keep_their_weights(layers: tuple[int, ...], expected: list[bool]) -> None:
    trainer = trained()
    weights, moments = flat_weights(trainer), first_moments(trainer)
    trainer.apply(trainer.settings.replace(layers=layers))
    assert kept(weights, flat_weights(trainer)) == expected
    assert kept(moments, first_moments(trainer)) == expected
    assert trainer.network.widths == layers
    trainer.fit(steps=2, progress=False)
    assert trainer.steps == 7
    assert len(trainer.evaluate().auc) == len(layers)


def test_another_encoding_rebuilds_the_first_layer_alone() -> None:
    trainer = trained()
    weights = flat_weights(trainer)
    trainer.apply(trainer.settings.replace(label_encoding="appended"))
    assert kept(weights, flat_weights(trainer)) == [False, True, True]
    trainer.step()


@pytest.mark.parametrize(
    "changes", [{"seed": 4}, {"dataset": pictures(seed=8)}, {"initialization": "torch_linear"},
                {"dataset": table(), "label_encoding": "appended"}], ids=["seed", "data", "initialization", "table"],
)  # fmt: skip
def test_another_seed_or_dataset_starts_anew_and_the_count_goes_on(changes: dict[str, Any]) -> None:
    trainer = trained()
    settings = trainer.settings.replace(**changes)
    epochs = trainer.epochs
    trainer.apply(settings)
    fresh = Trainer(settings)
    assert kept(flat_weights(fresh), flat_weights(trainer)) == [True] * 3
    assert trainer.steps == 5
    assert trainer.epochs == epochs
    trainer.step()
    fresh.step()
    assert kept(flat_weights(fresh), flat_weights(trainer)) == [True] * 3
    assert trainer.steps == 6


@pytest.mark.parametrize("optimizer", ["sgd", "smoothed", "adam(beta2=0.9)", "adam(shared_count=True)"])
@pytest.mark.parametrize("former", ["adam", "sgd"])
def test_another_optimizer_begins_afresh_on_the_same_weights(former: str, optimizer: str) -> None:
    trainer = trained(optimizer=former)
    weights = flat_weights(trainer)
    trainer.apply(trainer.settings.replace(optimizer=optimizer))
    assert kept(weights, flat_weights(trainer)) == [True] * 3
    for layer in trainer.network.layers:
        assert all(float(value.abs().sum()) == 0 for value in layer.parameters.optimizer.state.values()) or (
            former == optimizer
        )
    trainer.step()
    if "shared" in optimizer:
        counts = [float(layer.parameters.optimizer.state["count"]) for layer in trainer.network.layers]
        assert counts == [3.0] * 3  # one count for three layers


def test_a_refused_change_changes_nothing() -> None:
    data = pictures()
    trainer, control = trained(dataset=data), trained(dataset=data)
    for changes in ({"layers": (10_000, 100_000, 100_000, 100_000)}, {"dataset": "digits"}, {"device": "mps"}):
        with pytest.raises(SettingsError):
            trainer.apply(trainer.settings.replace(**changes))
    assert trainer.settings == control.settings
    for each in (trainer, control):
        each.fit(steps=3, progress=False)
    assert kept(flat_weights(control), flat_weights(trainer)) == [True] * 3


def only_for_four(width: int, classes: int, generator: torch.Generator) -> dict[str, Tensor]:
    if width != 4:
        raise SettingsError(f"of {width} units it knows nothing")
    return {"count": torch.zeros(1)}


def for_four(activity: Tensor, state: Any = None, train: bool = False) -> Tensor:
    return activity.square().mean(-1)


IN_THE_MIDDLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing else": ({}, {}),
    "activation, batches, shift": (
        {"dropout": 0.2, "negatives": "hard_label"}, {"activation": "tanh", "batch_size": 7, "shift": 1}
    ),
    "widths": ({}, {"layers": (4, 7, 4)}),
    "more layers": ({}, {"layers": (4, 4, 4, 4, 5)}),
    "fewer layers": ({}, {"layers": (9, 4)}),
    "input": ({}, {"label_encoding": "appended", "input_scaling": "standardize"}),
    "no read-out": ({}, {"readout_rate": 0.0}),
    "read-out of other layers": ({}, {"readout_layers": "1"}),
    "negatives": ({"schedule": "rotation(turn=2)", "negatives_refresh": "once"}, {"negatives": "hybrid_images"}),
    "black box": ({"black_box": "coin_toss"}, {"black_box": "none"}),
    "normalization with running means": ({"normalization": "batch_norm"}, {"normalization": "rms"}),
    "optimizer": ({}, {"optimizer": "sgd"}),
    "count of the optimizer": ({"optimizer": "adam(shared_count=True)"}, {"optimizer": "adam"}),
    "seed": ({}, {"seed": 3}),
    "initialization": ({}, {"initialization": "torch_linear"}),
    "data": ({}, {"dataset": pictures(seed=8)}),
    "goodness with running means": ({"goodness": "predictive_coding"}, {}),
    "learned threshold": ({"threshold_rate": 1.0}, {"threshold": 3.0}),
    "threshold learns no more": ({"threshold_rate": 1.0}, {"threshold_rate": 0.0}),
}  # fmt: skip


@pytest.mark.parametrize("layers", [(8, 6, 5), (4, 4, 5)], ids=["at the first layer", "at the last layer"])
@pytest.mark.parametrize(("before", "changes"), IN_THE_MIDDLE.values(), ids=IN_THE_MIDDLE.keys())
def test_a_change_that_fails_in_the_middle_leaves_everything_as_it_was(
    before: dict[str, Any], changes: dict[str, Any], layers: tuple[int, ...], register: Callable[..., Any]
) -> None:
    """As when a goodness of somebody else's cannot do with the widths of these layers, which shows only here."""
    register(ff.goodness, "for_four", for_four, init=only_for_four)
    data = pictures()
    asked, control = (trained(dataset=data, layers=layers, **before) for _ in range(2))
    with pytest.raises(SettingsError, match="it knows nothing"):
        asked.apply(asked.settings.replace(goodness="for_four", **changes))
    for steps in (0, 6):  # at once, and after going on
        for trainer in (asked, control):
            for _ in range(steps):
                trainer.step()
        assert asked.settings == control.settings
        assert asked.plan.units == control.plan.units == asked.network.widths
        assert [layer.activation for layer in asked.network.layers] == [
            layer.activation for layer in control.network.layers
        ]
        assert (asked.steps, asked.epochs) == (control.steps, control.epochs)
        mine, theirs = asked.state(), control.state()
        assert mine.keys() == theirs.keys()
        assert [name for name, value in mine.items() if not torch.equal(value, theirs[name])] == []
    assert asked.evaluate("validation").auc == control.evaluate("validation").auc
    asked.apply(asked.settings.replace(goodness="for_four", layers=(4, 4, 4)))
    asked.step()


def test_networks_that_do_not_fit_into_memory_are_refused_with_sizes() -> None:
    with pytest.raises(SettingsError, match=r"layers is \(100000, 100000, 100000\): .* GiB, but only .* GiB are free"):
        plan(Settings(layers=(100_000,) * 3, dataset=pictures()))


def test_lasting_negatives_last_through_a_change_that_does_not_concern_them() -> None:
    trainer = trained(negatives_refresh="once")
    drawn = trainer.pairs.kept["0.labels"].clone()
    trainer.apply(trainer.settings.replace(learning_rate=0.01, threshold=2.0))
    trainer.step()
    assert torch.equal(trainer.pairs.kept["0.labels"], drawn)
    trainer.apply(trainer.settings.replace(negatives="permuted_labels"))
    trainer.step()
    assert not torch.equal(trainer.pairs.kept["0.labels"], drawn)


@pytest.mark.parametrize(
    ("before", "changes", "expected"),
    [
        ({"threshold": 2.0}, {"goodness": "sum_of_squares"}, (16.0, 12.0, 10.0)),
        ({"threshold": 2.0}, {"goodness": "minus_sum_of_squares"}, (-16.0, -12.0, -10.0)),
        ({"threshold": 2.0}, {"goodness": "mean"}, pytest.approx(2 / math.sqrt(math.pi))),
        ({"threshold": 2.0}, {"layers": (80, 60, 50)}, 2.0),
        ({"threshold": 16.0, "goodness": "sum_of_squares"}, {"layers": (16, 6, 5)}, (32.0, 16.0, 16.0)),
        ({"threshold": (8.0, 3.0, 5.0), "goodness": "sum_of_squares"}, {"goodness": "mean_square"}, (1.0, 0.5, 1.0)),
        ({"threshold": None}, {"goodness": "sum_of_squares"}, None),
        ({"threshold": 2.0}, {"goodness": "mean", "threshold": 7.0}, 7.0),
        ({"threshold": 2.0}, {"learning_rate": 0.5}, 2.0),
    ],
)  # fmt: skip
def test_a_threshold_is_carried_over_as_a_multiple_of_the_natural_one(
    before: dict[str, Any], changes: dict[str, Any], expected: Any
) -> None:
    old = Settings(**{**BASE, "dataset": pictures(), **before})
    new, note = carry_threshold(old, old.replace(**changes))
    assert new.threshold == (pytest.approx(expected) if expected is not None else None)
    assert bool(note) == (new.threshold != old.replace(**changes).threshold)
    if note:
        assert "θ" in note


def test_a_change_of_depth_sets_thresholds_of_layers_back() -> None:
    old = Settings(dataset=pictures(), layers=(8, 6))
    new, note = carry_threshold(old.replace(threshold=(1.0, 2.0)), old.replace(layers=(8, 6, 5), threshold=None))
    assert new.threshold is None
    assert note == ""


def test_a_divergence_names_the_layer_and_leaves_its_weights(register: Callable[..., Any]) -> None:
    spoilt = False

    def fragile(activity: Tensor) -> Tensor:
        g = activity.square().mean(-1)
        return g * float("nan") if spoilt and activity.shape[-1] == 6 else g

    register(ff.goodness, "fragile", fragile)
    trainer = trained(goodness="fragile")
    before, steps = flat_weights(trainer), trainer.steps
    spoilt = True
    with pytest.raises(ff.DivergedError, match=r"At step 5 layer 2 met .* Lower learning_rate \(now 0.002\)"):
        trainer.step()
    assert kept(before, flat_weights(trainer))[1:] == [True, True]
    assert trainer.steps == steps
    spoilt = False
    trainer.fit(steps=2, progress=False)
    assert all(bool(torch.isfinite(each).all()) for each in flat_weights(trainer))
