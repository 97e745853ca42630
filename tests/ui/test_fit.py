"""Menus say which choices do not fit the others, and what is in their way changes along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.engine.compatibility import RULED, RULES, Draft, refusals
from ffexplore.ui.fit import MARK, Fit

FIELDS = [name for name, spec in ff.Settings.fields().items() if spec.registry is not None or spec.choices]
MANY: list[dict[str, Any]] = [
    {},
    {"label_encoding": "none", "goodness": "projection", "objective": "class_cross_entropy"},
    {"label_encoding": "none", "negatives": "hybrid_images"},
    {"readout_rate": 0.0},
    {"black_box": "quantizer", "layers": (8, 8, 8)},
    {"goodness": ("mean_square", "mean"), "layers": (8, 8)},
    {"normalization": "batch_norm"},
]


@pytest.fixture
def panel(open_panel):
    return open_panel()


def labels(panel, name):
    control = panel.controls[name]
    row = control.row if hasattr(control, "row") else control._menu
    return {value: label for label, value in row._menu.options}


@pytest.mark.parametrize("changes", MANY, ids=range(len(MANY)))
def test_what_is_said_beforehand_is_what_settings_do(changes):
    settings = ff.Settings(dataset="digits", **({"label_encoding": "appended"} | changes))
    for field in FIELDS:
        spec = settings.field(field)
        refused = refusals(settings, field)
        for name in spec.registry.names() if spec.registry is not None else spec.choices:
            if name in refused:
                with pytest.raises(ff.SettingsError) as caught:
                    settings.replace(**{field: name})
                assert str(caught.value) == refused[name].sentence
                assert field in refused[name].fields
                assert "; choose " in refused[name].sentence or "; set " in refused[name].sentence
            else:
                settings.replace(**{field: name})


def test_every_rule_looks_at_the_fields_that_are_listed():
    seen = set()

    class Watched(Draft):
        def __getattr__(self, name):
            seen.add(name)
            return super().__getattr__(name)

    for changes in MANY:
        settings = ff.Settings(dataset="digits", **({"label_encoding": "appended"} | changes))
        for field in FIELDS:
            spec = settings.field(field)
            for name in spec.registry.names() if spec.registry is not None else ():
                for rule in RULES:
                    rule(Watched(settings, **{field: spec.check(field, name)}))
    # every generator of the catalogue lasts, so nobody asks how often it is drawn; a person's own may not
    assert seen == set(RULED) - {"negatives_refresh"}


def test_a_choice_that_does_not_fit_is_marked_and_explained(panel):
    offered = labels(panel, "goodness")
    encoding = panel.settings.label_encoding.name
    assert offered["class_groups"] == f"class groups{MARK}{encoding}"
    assert offered["mean_square"] == "mean square"
    assert labels(panel, "objective")["class_cross_entropy"] == f"class cross entropy{MARK}mean square"
    tip = panel.controls["goodness"]._menu._menu.tooltip
    assert (
        f"✕ class_groups: goodness is 'class_groups', which scores every class, but label_encoding is {encoding!r}"
        in tip
    )


def test_taking_it_changes_what_is_in_its_way_and_the_marks_follow(panel):
    panel.controls["goodness"]._menu._menu.value = "class_groups"
    assert panel.settings.goodness.name == "class_groups"
    assert panel.settings.label_encoding.name == "none"
    assert "Also changed: label encoding to none" in panel.status.message
    assert labels(panel, "goodness")["class_groups"] == "class groups"
    assert labels(panel, "objective")["class_cross_entropy"] == "class cross entropy"
    assert MARK in labels(panel, "goodness")["mean_square"]
    panel.controls["objective"]._menu._menu.value = "class_cross_entropy"
    assert panel.settings.objective.name == "class_cross_entropy"
    assert panel.controls["threshold"]._rows[0]._box.disabled
    panel.controls["goodness"]._menu._menu.value = "sum_of_squares"
    assert panel.settings.goodness.name == "sum_of_squares"
    assert panel.settings.objective.name == "logistic"
    assert panel.settings.label_encoding.name in ("overlay", "appended")


def test_an_objective_of_classes_brings_a_goodness_along(panel):
    panel.controls["objective"]._menu._menu.value = "n_pair"
    assert panel.settings.objective.name == "n_pair"
    assert panel.settings.goodness.name == "projection"
    assert panel.settings.label_encoding.name == "none"


def test_what_the_data_rule_out_is_marked_once_they_are_there(open_panel, until):
    panel = open_panel(ff.Settings(dataset="moons", label_encoding="appended", layers=(8,)))
    until(lambda: panel.runner.snapshot is not None)
    until(lambda: labels(panel, "label_encoding")["overlay"] == f"overlay{MARK}moons")
    assert labels(panel, "negatives")["hybrid_images"] == f"hybrid images{MARK}moons"
    assert "✕ hybrid_images: negatives is 'hybrid_images', which mixes pictures" in (
        panel.controls["negatives"]._menu._menu.tooltip
    )
    panel.controls["dataset"].send("digits")
    until(lambda: labels(panel, "label_encoding")["overlay"] == f"overlay{MARK}digits")  # its corner is not blank
    assert labels(panel, "negatives")["hybrid_images"] == "hybrid images"


def test_own_data_are_named(open_panel):
    rows = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    own = ff.Dataset.from_arrays(rows, np.arange(40) % 2, name="mine")
    panel = open_panel(dataset=own, label_encoding="appended")
    assert labels(panel, "label_encoding")["overlay"] == f"overlay{MARK}mine"


def test_words_are_marked_too(panel):
    panel.controls["label_encoding"]._menu._menu.value = "none"
    assert labels(panel, "label_layers")["all"] == f"all{MARK}none"


def test_nothing_is_worked_out_again_while_no_rule_is_touched(monkeypatch):
    counted = []

    def count(*what):
        counted.append(what)
        return {}

    monkeypatch.setattr("ffexplore.ui.fit.refusals", count)
    fit, settings = Fit("goodness"), ff.Settings()
    fit.look(settings)
    fit.look(settings.replace(threshold=2.0, learning_rate=0.1))
    assert len(counted) == 1
    fit.look(settings.replace(goodness="mean"))
    assert len(counted) == 2
