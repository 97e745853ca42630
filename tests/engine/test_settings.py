"""Settings: ranges, joint refusals, JSON, share strings; each message names what a person needs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ffexplore as ff
from ffexplore import Choice, Settings, SettingsError
from ffexplore.engine import own_data as module
from tests.engine.sets import pictures

FIELDS = Settings.fields()
GROUPS = {"Data", "Layers", "Goodness", "Learning", "Run"}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_says_what_it_is(name: str) -> None:
    spec = Settings.field(name)
    assert spec.meaning.endswith(".")
    assert spec.meaning[0].isupper()
    assert spec.group in GROUPS
    assert isinstance(spec.unit, str)
    assert spec.allowed()
    number = spec.registry is None and name != "dataset" and not (spec.choices and spec.low is None)
    if number:
        assert spec.low is not None
        assert spec.high is not None
        assert spec.low < spec.high


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("negatives_refresh", "PFF, arXiv 2404.08573"), ("shift", "Hinton 2022, section 3.3"),
        ("label_layers", "common"), ("dropout", "jesper-olsen/forward-forward-rs"),
        ("threshold", "arXiv 2307.04205"), ("threshold_rate", "common"),
        ("logit_scale", "Hinton's MATLAB code"), ("momentum", "Hinton's MATLAB code"),
        ("weight_decay", "Hinton's MATLAB code"), ("peer_normalization", "Hinton's MATLAB code"),
        ("readout_rate", "Hinton's MATLAB code"), ("readout_decay", "Hinton's MATLAB code"),
        ("readout_interval", "Hinton's MATLAB code"), ("readout_layers", "Hinton's MATLAB code"),
    ],
)  # fmt: skip
def test_a_field_that_was_taken_from_somewhere_says_where(name: str, source: str) -> None:
    assert source in Settings.field(name).source


def test_the_one_number_of_the_logits_is_named_as_scale_and_as_temperature() -> None:
    meaning = Settings.field("logit_scale").meaning
    assert "scale of the logits" in meaning
    assert "1 over their temperature" in meaning


def test_defaults_are_allowed_and_frozen() -> None:
    settings = Settings()
    for name, spec in FIELDS.items():
        if name != "dataset":
            assert spec.check(name, getattr(settings, name)) == getattr(settings, name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.seed = 3  # type: ignore[misc]
    assert settings == Settings()
    assert hash(settings) == hash(Settings())


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"goodness": "mean_sqare"}, ["goodness 'mean_sqare'", "Did you mean 'mean_square'?", "sum_of_squares"]),
    ({"objective": "symbaa"}, ["objective 'symbaa'", "Did you mean 'symba'?"]),
    ({"objective": "symba(alpa=3)"}, ["'symba'", "'alpa'", "Did you mean 'alpha'?"]),
    ({"objective": "symba(alpha=0)"}, ["alpha of the objective 'symba' is 0", "from 0.1 to 50"]),
    ({"objective": "logistic(alpha=3)"}, ["'logistic' has no parameters", "'alpha'"]),
    ({"objective": "symba(alpha=3"}, ["closing bracket"]),
    ({"objective": "symba(3)"}, ["key=value"]),
    ({"objective": 3}, ["objective is 3", "give a name"]),
    ({"objective": None}, ["objective is None"]),
    ({"objective": {"name": "symba", "params": [1]}}, ["params of the objective 'symba'", "mapping"]),
    ({"objective": ("logistic", "symba", "hinge")}, ["objective has 3 values for 2 layers"]),
    ({"goodness": ()}, ["goodness is empty"]),
    ({"layers": ()}, ["layers is empty"]),
    ({"layers": (0, 5)}, ["layers[0] is 0", "from 1 to 100000 units"]),
    ({"layers": (4.5,)}, ["layers[0] is 4.5", "a whole number"]),
    ({"layers": "wide"}, ["layers is 'wide'"]),
    ({"threshold": "2"}, ["threshold is '2'", "a number from -1000000 to 1000000", "or None (the natural threshold"]),
    ({"threshold": math.nan}, ["threshold is nan"]),
    ({"threshold": (1.0,)}, ["threshold has 1 values for 2 layers"]),
    ({"learning_rate": -1}, ["learning_rate is -1", "from 0 to 100"]),
    ({"learning_rate": math.inf}, ["learning_rate is inf"]),
    ({"learning_rate": (0.1, "a")}, ["learning_rate[1] is 'a'"]),
    ({"momentum": 1.0}, ["momentum is 1.0", "0.9999"]),
    ({"dropout": True}, ["dropout is True"]),
    ({"seed": 1.5}, ["seed is 1.5", "a whole number"]),
    ({"seed": 10**400}, ["seed is 1000", "a whole number"]),
    ({"batch_size": "ful"}, ["batch_size is 'ful'", "full or a whole number from 1"]),
    ({"batch_size": 0}, ["batch_size is 0"]),
    ({"negatives_refresh": "epok"}, ["value of negatives_refresh, 'epok'", "Did you mean 'epoch'?", "once"]),
    ({"device": "gpu"}, ["value of device, 'gpu'", "Allowed: auto, cpu, cuda, mps"]),
    ({"precision": 16}, ["value of precision, 16"]),
    ({"input_scaling": ["unit"]}, ["input_scaling"]),
    ({"dataset": "mnist-5"}, ["dataset 'mnist-5'", "Did you mean 'mnist-5k'?", "digits"]),
    ({"dataset": "moons(noise=7)"}, ["noise of the dataset 'moons' is 7", "from 0 to 1"]),
    ({"dataset": 5}, ["dataset 5"]),
    ({"dataset": {"name": "mine", "fingerprint": "0"}}, ["'mine'", "Dataset.from_arrays"]),
    ({"inference": "goodness(layers=3)"}, ["layers of the inference is '3'", "numbers from 1 to 2"]),
    ({"inference": "goodness(layers=lots)"}, ["layers of the inference is 'lots'", "without_first"]),
    ({"inference": "goodness(layers=0)"}, ["layers of the inference is '0'"]),
    # together
    ({"label_encoding": "none"}, ["negatives is 'uniform_label'", "label_encoding is 'none'", "hybrid_images"]),
    ({"label_encoding": "none", "negatives": "noise", "readout_rate": 0}, ["label_encoding is 'none'", "readout_rate"]),
    ({"negatives": "readout_label", "readout_rate": 0}, ["'readout_label'", "readout_rate is 0"]),
    ({"inference": "readout", "readout_rate": 0}, ["inference is 'readout'", "readout_rate is 0"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), REFUSED, ids=lambda given: str(given)[:60])
def test_refusals_name_the_field_the_value_and_what_is_allowed(changes: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(**changes)
    for each in said:
        assert each in str(error.value)
    with pytest.raises(SettingsError):
        Settings().replace(**changes)


def test_negatives_that_cannot_last_are_refused_to(register: Callable[..., Any]) -> None:
    register(ff.negatives, "passing", lambda batch, rng: 1 - batch.images, changes="image")
    assert Settings(negatives="passing").negatives == Choice("passing")
    with pytest.raises(SettingsError, match=r"negatives_refresh is 'epoch', but 'passing' .* choose 'batch'"):
        Settings(negatives="passing", negatives_refresh="epoch")


def test_unknown_fields_suggest_the_nearest() -> None:
    calls: list[Callable[[], object]] = [
        lambda: Settings().replace(treshold=1),
        lambda: Settings.preset("fast", treshold=1),
        lambda: Settings.field("treshold"),
        lambda: Settings.from_dict({"treshold": 1}),
    ]
    for call in calls:
        with pytest.raises(SettingsError, match=r"setting 'treshold'. Did you mean 'threshold'\?"):
            call()
    with pytest.raises(SettingsError, match="Did you mean 'hinton'"):
        Settings.preset("hintn")
    with pytest.raises(SettingsError, match="setting 'tempo'"):
        Settings.from_json('{"tempo": 1}')


def test_values_are_taken_in_many_forms_and_kept_in_one() -> None:
    expected = Choice("symba", (("alpha", 3.0),))
    for given in (
        "symba(alpha=3)",
        " symba( alpha = 3.0 )",
        ("symba", {"alpha": 3}),
        {"name": "symba", "params": {"alpha": 3}},
        expected,
    ):
        assert Settings(objective=given).objective == expected
    assert Settings(objective="symba").objective == Choice("symba", (("alpha", 4.0),))
    widths: list[tuple[Any, tuple[int, ...]]] = [(64, (64,)), ([64.0, 32], (64, 32)), ((1,), (1,))]
    for layers, kept in widths:
        assert Settings(layers=layers).layers == kept
    assert Settings(batch_size="full").batch_size == "full"
    assert Settings(threshold=2).threshold == 2.0
    assert Settings(inference="goodness(layers=2)").inference.values == {"layers": "2"}
    assert Settings(inference="goodness(layers=1+2)").inference.values == {"layers": "1+2"}
    assert Settings(label_encoding="overlay(per_image=True)").label_encoding.values["per_image"] is True
    assert Settings(dataset="moons(noise=0.3)", label_encoding="appended").dataset == "moons(noise=0.3)"


def test_per_layer() -> None:
    settings = Settings(
        layers=(8, 9), goodness=("mean", ("sum_of_squares", {})), learning_rate=[0.1, 0.2], objective=("symba", "hinge")
    )
    assert settings.per_layer("goodness") == (Choice("mean"), Choice("sum_of_squares"))
    assert settings.per_layer("learning_rate") == (0.1, 0.2)
    assert settings.per_layer("objective")[1].name == "hinge"
    assert settings.per_layer("threshold") == (None, None)
    assert settings.thresholds() == (1 / math.sqrt(math.pi), 9.0)
    assert settings.replace(threshold=3).thresholds() == (3.0, 3.0)
    assert settings.replace(threshold=(3, -4)).thresholds() == (3.0, -4.0)
    with pytest.raises(SettingsError, match="goodness has 2 values for 3 layers"):
        settings.replace(layers=(1, 2, 3))


def test_two_choices_are_not_a_choice_with_parameters() -> None:
    settings = Settings(objective=("logistic", "symba(alpha=2)"), goodness=["mean", {"name": "l2_norm"}])
    assert [each.name for each in settings.objective] == ["logistic", "symba"]
    assert [each.name for each in settings.goodness] == ["mean", "l2_norm"]
    assert Settings.from_json(settings.to_json()) == settings
    assert Settings.from_share(settings.share()) == settings


def test_own_data_is_named_by_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pictures(seed=11)
    settings = Settings(dataset=data, seed=4)
    text, shared = settings.to_json(), settings.share()
    assert json.loads(text)["dataset"] == {"name": "pictures", "fingerprint": data.fingerprint}
    assert Settings.from_json(text).dataset is data
    assert Settings.from_share(shared) == settings
    monkeypatch.setattr(module, "_own_data", {})  # as in another kernel
    for read in (lambda: Settings.from_json(text), lambda: Settings.from_share(shared)):
        with pytest.raises(SettingsError, match="'pictures' is a person's own and not at hand here; make it first"):
            read()
    again = pictures(seed=11)
    Settings(dataset=again)
    assert Settings.from_share(shared).dataset is again


def test_a_registered_function_travels_by_name(register: Callable[..., Any]) -> None:
    def sharp(activity: Any, *, power: float = 2.0) -> Any:
        """Mean of a power."""
        return activity.abs().pow(power).mean(-1)

    register(ff.goodness, "sharp", sharp)
    settings = Settings(goodness="sharp(power=3)")
    assert settings.goodness == Choice("sharp", (("power", 3.0),))
    assert Settings.from_share(settings.share()) == settings
    with pytest.raises(SettingsError, match="power of the goodness 'sharp' is inf"):
        Settings(goodness="sharp(power=inf)")


@pytest.mark.parametrize("name", ff.presets.names())
def test_presets_are_settings_with_a_source_and_take_changes(name: str) -> None:
    settings = Settings.preset(name)
    assert ff.presets[name].source
    assert ff.presets[name].summary
    assert Settings.preset(name, seed=7) == settings.replace(seed=7)
    assert Settings.from_share(settings.share()) == settings


ANY: Any = ff  # what a type checker would refuse is what is to be tried


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ANY.Settings(treshold=2), "Did you mean 'threshold'"),
        (lambda: ANY.Settings(dataset=np.zeros((3, 4))), "Dataset.from_arrays"),
        (lambda: ANY.Settings(goodness=lambda h: h.mean(-1)), "register it under a name first"),
        (lambda: ANY.Settings(seed=-1), "from 0 to 2147483647"),
        (lambda: ANY.Trainer("fast"), r"Settings\.preset\('fast'\)"),
        (lambda: ANY.Runner("fast"), "or a Trainer"),
        (lambda: ANY.goodness.register(lambda h: h.mean(-1)), r"@register\('mine'\)"),
    ],
)
def test_a_slip_is_met_with_what_to_write(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ff.SettingsError, match=said):
        make()


def test_a_long_wrong_value_is_shown_by_its_beginning() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings(threshold="9" * 400)
    assert str(refused.value).startswith("threshold is '999")
    assert "…; it must be" in str(refused.value)
    assert len(str(refused.value)) < 300
    with pytest.raises(SettingsError, match=r"Unknown goodness 'q{79}…\."):
        Settings(goodness="q" * 400)
