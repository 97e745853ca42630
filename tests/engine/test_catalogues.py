"""What every entry of every catalogue says of itself, and that it trains, saves and shares."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.registry import Entry, Param, Registry
from tests.engine.catalogues import ALL, CATALOGUES
from tests.engine.sets import pictures


@pytest.mark.parametrize("entry", ALL)
def test_every_entry_says_what_it_is_and_where_it_is_from(entry: Entry) -> None:
    assert entry.summary.strip()
    assert entry.summary.endswith(".")
    assert "\n" not in entry.summary
    assert entry.source.strip()
    assert entry.name == entry.name.lower()


@pytest.mark.parametrize("entry", ALL)
def test_every_keyword_is_a_parameter_with_meaning_and_a_default_in_range(entry: Entry) -> None:
    keywords = [
        name
        for name, argument in inspect.signature(entry.function).parameters.items()
        if argument.kind is argument.KEYWORD_ONLY and argument.default is not argument.empty
    ]
    assert sorted(keywords) == sorted(entry.params)
    for name, param in entry.params.items():
        assert isinstance(param, Param)
        assert param.meaning, f"{name} of {entry.name} has no meaning"
        assert param.check(name, param.default) == param.default
        assert type(param.check(name, param.default)) is type(param.default)
        number = not isinstance(param.default, bool | str)
        if number:
            assert param.low is not None
            assert param.high is not None
            for outside in (param.low - 1, param.high + 1, math.nan, math.inf, "many", None):
                with pytest.raises(ff.SettingsError, match=f"{name} is"):
                    param.check(name, outside)


@pytest.mark.parametrize("registry", CATALOGUES.values(), ids=CATALOGUES.keys())
def test_every_catalogue_finds_its_entries_and_suggests_the_nearest(registry: Registry[Any]) -> None:
    names = registry.names()
    assert names == [entry.name for entry in registry]
    assert len(names) == len(set(names)) == len(registry) > 0
    for name in names:
        assert name in registry
        assert registry[name].name == name
        assert registry.choice(str(registry.choice(name))) == registry.choice(name)
    with pytest.raises(ff.SettingsError, match=f"Did you mean '{names[0]}'"):
        registry[names[0] + "x"]
    assert 3 not in registry


FIELD_OF = {
    "goodness": "goodness", "objectives": "objective", "negatives": "negatives", "label_encodings": "label_encoding",
    "normalizations": "normalization", "activations": "activation", "initializations": "initialization",
    "inferences": "inference", "optimizers": "optimizer", "rate_courses": "rate_course", "schedules": "schedule",
    "black_boxes": "black_box",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "name"),
    [
        pytest.param(FIELD_OF[catalogue], entry.name, id=f"{FIELD_OF[catalogue]}-{entry.name}")
        for catalogue, entries in CATALOGUES.items()
        if catalogue in FIELD_OF
        for entry in entries
    ],
)
def test_every_entry_trains_saves_and_shares(field: str, name: str) -> None:
    changes: dict[str, Any] = {field: name}
    if field == "label_encoding" and not ff.label_encodings[name].tells:
        changes["negatives"] = "hybrid_images"
    if field == "goodness" and ff.goodness[name].per_class:
        changes["label_encoding"] = "none"
    if field == "objective" and "classes" in ff.objectives[name].needs:
        changes |= {"goodness": "projection", "label_encoding": "none"}
    if (field, name) == ("label_encoding", "pixel_block"):
        changes[field] = "pixel_block(size=1)"  # as many as are blank in these pictures
    settings = Settings(dataset=pictures(), layers=(7, 6), batch_size=10, device="cpu", **changes)
    assert Settings.from_share(settings.share()) == settings
    trainer = Trainer(settings).fit(steps=6, progress=False)
    report = trainer.evaluate()
    assert all(bool(torch.isfinite(layer.parameters.flat).all()) for layer in trainer.network.layers)
    assert 0 <= report.readout_accuracy <= 1
    assert all(0 <= value <= 1 for value in report.auc)
    assert len(trainer.predict(settings.dataset.test.x)) == len(settings.dataset.test)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("name", ff.negatives.names())
def test_every_generator_works_on_a_gpu(name: str) -> None:
    trainer = Trainer(Settings(dataset=pictures(), layers=(7, 6), negatives=name, device="cuda", dropout=0.1))
    trainer.fit(steps=3, progress=False)
    assert all(layer.parameters.flat.is_cuda for layer in trainer.network.layers)
    assert 0 <= trainer.evaluate().accuracy <= 1
