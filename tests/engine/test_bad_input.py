"""What a person may well give and is told about: the field, the value, and what is allowed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from tests.engine.sets import pictures


def refuses(words, function, *values, **named):
    with pytest.raises(ff.SettingsError) as caught:
        function(*values, **named)
    assert words in str(caught.value)


@pytest.fixture(scope="module")
def settings():
    return ff.Settings(dataset=pictures(), layers=(7, 5), batch_size=16)


@pytest.fixture(scope="module")
def trainer(settings):
    return ff.Trainer(settings)


@pytest.mark.parametrize("layer", [2, -1, "a", True, 0.5, None])
def test_weights_of_no_layer(trainer, layer):
    refuses(f"layer is {layer!r}; it must be a whole number from 0 to 1.", trainer.weights, layer)


@pytest.mark.parametrize("variant", [1, -1, "a", None])
def test_weights_of_no_variant(trainer, variant):
    refuses(f"variant is {variant!r}; it must be a whole number from 0 to 0.", trainer.weights, 0, variant)
    assert torch.equal(trainer.weights(np.int64(1))[0], trainer.weights(1)[0])


def test_variants_may_come_from_any_iterable(settings):
    one_by_one = ff.Trainer.variants(settings.replace(seed=seed) for seed in (0, 1))
    assert [each.seed for each in one_by_one.all_settings] == [0, 1]


@pytest.mark.parametrize("wrong", [3, None])
def test_variants_that_are_none(settings, wrong):
    refuses(f"variants is a {type(wrong).__name__}; give several Settings", ff.Trainer.variants, wrong)
    refuses("variants is a Settings; give several Settings", ff.Trainer.variants, settings)
    refuses("variants is empty", ff.Trainer.variants, iter([]))


@pytest.mark.parametrize("wrong", [float("nan"), np.array(3)])
def test_several_settings_are_taken_from_what_can_be_gone_through(settings, trainer, wrong):
    refuses(f"variants is a {type(wrong).__name__}; give several Settings", ff.Trainer.variants, wrong)
    refuses(f"variants is a {type(wrong).__name__}; give several Settings", trainer.fan_out, wrong)


def test_what_is_no_settings_is_not_applied(trainer):
    refuses("settings is None; give Settings, as in Settings.preset('fast').", trainer.apply, None)


@pytest.mark.parametrize("wrong", ["x", [], float("nan"), -1])
def test_what_is_no_decay_of_the_readout(trainer, wrong):
    words = f"decay is {wrong!r}; it must be 0 or more."
    refuses(words, trainer.fit_readout, decay=wrong, epochs=1, progress=False)


def test_a_name_of_a_setting_is_a_word(settings):
    refuses("Unknown setting ['layers']", settings.field, ["layers"])


def test_json_with_a_number_that_has_thousands_of_digits():
    refuses("This is not JSON of settings", ff.Settings.from_json, '{"seed": ' + "9" * 5000 + "}")


def test_only_a_trainer_is_diagnosed(settings, trainer):
    refuses("trainer is a Settings; give a Trainer, as in Trainer(settings).", ff.diagnose, settings)
    refuses("what is a str; give Settings or a Trainer", ff.shortcut_meter, "fast")
    assert ff.diagnose(trainer, rows=1).layer_accuracy.shape == (1, 2)
    assert 0 <= ff.shortcut_meter(trainer, rows=1).auc <= 1


@pytest.mark.parametrize("look", [ff.diagnose, ff.shortcut_meter])
def test_looks_at_no_split_and_at_no_rows(trainer, look):
    for split in ("x", None, ["test"], np.array([1, 2])):
        refuses(f"split is {split!r}; allowed: train, validation, test.", look, trainer, split)
    refuses("split is 'x'; allowed: train, validation, test.", trainer.evaluate, "x")
    for rows in (0, -5, 2.5, "7", True):
        refuses(f"rows is {rows!r}; it must be a whole number of 1 or more.", look, trainer, rows=rows)


@pytest.mark.parametrize("steps", ["3", 1.5, True, 0, float("inf")])
def test_a_fit_takes_whole_steps(settings, trainer, steps):
    words = f"steps is {steps!r}; it must be above 0 and a whole number."
    refuses(words, trainer.fit, steps=steps)
    refuses(words, ff.BackpropTwin(settings).fit, steps=steps)
    refuses("seconds is '1'; it must be above 0 and a finite number.", trainer.fit, seconds="1")
    assert trainer.steps == 0
    two: Any = np.int64(2)
    assert ff.Trainer(settings).fit(steps=two, progress=False).steps == 2


def test_an_array_is_taken_as_the_list_that_it_is(settings):
    changed = settings.replace(layers=np.array([32, 16]), learning_rate=np.array([0.1, 0.2]))
    assert changed == settings.replace(layers=[32, 16], learning_rate=[0.1, 0.2])
    assert changed.replace(threshold=torch.tensor([1.0, 2.0])).threshold == (1.0, 2.0)
    assert changed.replace(goodness=np.array(["mean", "max"])) == changed.replace(goodness=["mean", "max"])
    assert isinstance(changed.layers[0], int)
    changed.to_json()


@pytest.mark.parametrize("one", [np.array(8), torch.tensor(8), Decimal(8), np.int64(8)])
def test_one_number_is_one_layer(settings, one):
    assert settings.replace(layers=one).layers == (8,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"layers": "500,x"},
            "layers is '500,x'; it must be a whole number from 1 to 100000 units, or a list of them, one for each",
        ),
        ({"learning_rate": "x"}, "it must be a number from 0 to 100, or a list of them, one for each layer."),
        ({"layers": [5, "x"]}, "layers[1] is 'x'; it must be a whole number from 1 to 100000 units."),
        ({"layers": np.ones((2, 2))}, "layers[0] is [1.0, 1.0]; it must be a whole number from 1 to 100000 units."),
        ({"layers": np.array([3.5, 2])}, "layers[0] is 3.5; it must be a whole number from 1 to 100000 units."),
        ({"layers": np.array([])}, "layers is empty"),
        ({"learning_rate": np.ones(3)}, "learning_rate has 3 values for 2 layers"),
        ({"batch_size": "x"}, "it must be full or a whole number from 1 to 1000000 samples."),
    ],
)
def test_what_is_no_value_for_the_layers(settings, changes, words):
    refuses(words, settings.replace, **changes)


@pytest.mark.parametrize("wrong", ["8", True, [8], 0, float("nan")])
def test_what_is_no_speed_and_no_rate(settings, wrong):
    runner = ff.Runner(settings)
    rate = f"rate is {wrong!r}; it must be a number above 0 and at most 1000 snapshots per second."
    refuses(rate, ff.Runner, settings, rate=wrong)
    refuses(rate, setattr, runner, "rate", wrong)
    speed = f"speed is {wrong!r}; it must be None or a number of steps per second above 0."
    refuses(speed, setattr, runner, "speed", wrong)
