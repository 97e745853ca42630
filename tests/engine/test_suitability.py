"""What the data rule out: told beforehand as it is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.engine.compatibility import Draft
from ffexplore.engine.plan import plan
from ffexplore.engine.suitability import RULED, RULES, objections, unsuited

FIELDS = [name for name, spec in ff.Settings.fields().items() if spec.registry is not None or spec.choices]


def bordered() -> ff.Dataset:
    """Pictures with blank first rows, where a label can be written."""
    images = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
    images[:, :3] = 0
    return ff.Dataset.from_arrays(images, np.arange(60) % 3, name="bordered")


CASES: dict[str, dict[str, Any]] = {
    "a table": {"dataset": ff.load("moons")},
    "pictures that are not blank": {"dataset": ff.load("digits")},
    "pictures with a border": {"dataset": bordered()},
    "few units": {"dataset": bordered(), "layers": (2, 8), "label_encoding": "none", "negatives": "hybrid_images"},
    "class scores": {"dataset": ff.load("digits"), "label_encoding": "none", "goodness": "class_groups"},
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_beforehand_is_what_is_refused(case):
    settings = ff.Settings(**({"label_encoding": "appended", "layers": (12, 12)} | CASES[case]))
    for field in FIELDS:
        spec = settings.field(field)
        said = unsuited(settings, field, settings.dataset)
        for name in spec.registry.names() if spec.registry is not None else spec.choices:
            try:
                other = settings.replace(**{field: name})
            except ff.SettingsError:
                continue  # what the other settings rule out is told by refusals()
            if name in said:
                with pytest.raises(ff.SettingsError) as caught:
                    plan(other)
                assert str(caught.value) == said[name].sentence
                assert {field, "dataset"} <= set(said[name].fields)
            elif field != "device":
                plan(other)


def test_the_cases_meet_rules_of_every_kind():
    def met(case, field):
        settings = ff.Settings(**({"label_encoding": "appended", "layers": (12, 12)} | CASES[case]))
        return set(unsuited(settings, field, settings.dataset))

    assert {"overlay", "pixel_block"} <= met("a table", "label_encoding")
    assert "appended" not in met("a table", "label_encoding")
    assert "hybrid_images" in met("a table", "negatives")
    assert "overlay" in met("pictures that are not blank", "label_encoding")
    assert met("pictures with a border", "label_encoding") == set()
    assert met("few units", "goodness") == {"class_groups"}


def test_what_another_field_is_at_odds_with_rules_nothing_out():
    settings = ff.Settings(dataset=ff.load("moons"), label_encoding="appended", shift=2)
    assert [refusal.fields for refusal in objections(settings, settings.dataset)] == [("shift", "dataset")]
    assert "appended" not in unsuited(settings, "label_encoding", settings.dataset)
    assert unsuited(settings, "rate_course", settings.dataset) == {}


def test_every_rule_looks_at_the_fields_that_are_listed():
    seen = set()

    class Watched(Draft):
        def __getattr__(self, name):
            seen.add(name)
            return super().__getattr__(name)

    for changes in CASES.values():
        settings = ff.Settings(**({"label_encoding": "appended", "layers": (12, 12)} | changes))
        for rule in RULES:
            rule(Watched(settings), settings.dataset)
    assert seen == set(RULED)
