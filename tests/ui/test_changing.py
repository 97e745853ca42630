"""Each control changes its field, shows what is in force, and says what was refused or went along."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.engine.goodness import goodness
from ffexplore.ui.controls import SPANS, USUAL
from ffexplore.ui.field_control import with_source
from ffexplore.ui.groups import GROUPS
from ffexplore.ui.hints import flat_layers, hint
from tests.ui.turning import menu, row_of, until


def write(panel, name, text):
    """What a page sends when a person hands in what stands in a box, whatever that is."""
    panel.controls._hear(None, {"part": panel.controls[name].row._box.number, "value": text}, [])


def change_slider(name, position):
    return lambda panel: setattr(panel.controls[name].row._slider, "value", position)


def change_row(name, value):
    return lambda panel: setattr(panel.controls[name].widget, "value", value)


def change_menu(name, value):
    return lambda panel: setattr(panel.controls[name]._menu._menu, "value", value)


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        (change_slider("learning_rate", 300), "learning_rate", 0.01),
        (lambda panel: setattr(panel.controls["learning_rate"].row._box, "value", "0.005"), "learning_rate", 0.005),
        (change_slider("dropout", 100), "dropout", 0.18),
        (change_slider("logit_scale", 0), "logit_scale", 0.1),
        (change_row("layers", "12, 5 3"), "layers", (12, 5, 3)),
        (change_row("batch_size", "32"), "batch_size", 32),
        (change_row("batch_size", "full"), "batch_size", "full"),
        (change_row("horizon", "2.5"), "horizon", 2.5),
        (change_row("negatives_refresh", "epoch"), "negatives_refresh", "epoch"),
        (change_menu("activation", "tanh"), "activation", ff.Choice("tanh")),
        (lambda panel: setattr(row_of(panel, "threshold")._slider, "value", 250), "threshold", 2.5),
        (lambda panel: setattr(row_of(panel, "threshold")._box, "value", "17.0"), "threshold", 17.0),
        (lambda panel: panel.controls["threshold"]._natural.click(), "threshold", None),
        (lambda panel: setattr(panel.controls["seed"].row._box, "value", "7"), "seed", 7),
    ],
)
def test_a_control_sets_its_field(panel, change, field, expected):
    change(panel)
    assert getattr(panel.settings, field) == expected
    assert panel.status.tone == ""


def test_every_field_has_a_control_and_it_shows_every_preset_without_an_echo(panel, monkeypatch):
    sent = []
    monkeypatch.setattr(panel.runner, "update", lambda **changes: sent.append(changes))
    assert list(panel.controls.controls) == list(ff.Settings.fields())
    for name in ff.presets.names():
        panel.controls.show(ff.Settings.preset(name))
    panel.controls.show(ff.Settings(goodness=("mean_square", "l2_norm"), threshold=(1.0, 9.0)))
    assert sent == []
    assert menu(panel, "goodness").label == "mean_square | l2_norm"


def test_a_slider_reaches_nothing_that_its_field_forbids():
    for name, span in SPANS.items():
        field = ff.Settings.field(name)
        for end in (span.low, span.high):
            assert field.check(name, span.value(span.position(end))) == end
        assert span.whole == field.whole
    assert set(USUAL) <= set(ff.Settings.fields())
    assert {field.group for field in ff.Settings.fields().values()} == set(GROUPS)


def test_a_change_from_a_cell_is_shown_and_not_sent_back(panel, monkeypatch):
    until(lambda: panel.runner.snapshot is not None)
    update, calls = panel.runner.update, []
    monkeypatch.setattr(panel.runner, "update", lambda **changes: calls.append(changes))
    update(threshold=2.0, learning_rate=0.05, objective="hinge(margin=3)")
    panel.runner.wait(10)
    until(lambda: row_of(panel, "threshold")._box.value == "2")
    assert row_of(panel, "threshold")._slider.value == 200
    assert panel.controls["learning_rate"].row._box.value == "0.05"
    assert panel.controls["objective"]._params["margin"]._box.value == "3"
    assert calls == []


@pytest.mark.parametrize(
    ("change", "widget", "before", "text"),
    [
        (lambda p: setattr(p.controls["learning_rate"].row._box, "value", "-1.0"),
         lambda p: p.controls["learning_rate"].row._box, "0.002", "learning_rate is -1.0; it must be a number from 0"),
        (lambda p: setattr(p.controls["seed"].row._box, "value", "1e99"),
         lambda p: p.controls["seed"].row._box, "0", "seed is 1e+99; it must be a whole number from 0"),
        (lambda p: setattr(p.controls["seed"].row._box, "value", "seven"),
         lambda p: p.controls["seed"].row._box, "0", "seed is 'seven'; it must be a whole number from 0"),
        (change_row("layers", "12, x"), lambda p: p.controls["layers"].widget, "8, 6", "layers[1] is 'x'"),
        (change_row("layers", ""), lambda p: p.controls["layers"].widget, "8, 6", "layers is empty"),
        (change_row("batch_size", "ful"), lambda p: p.controls["batch_size"].widget, "16", "batch_size is 'ful'"),
    ],
)  # fmt: skip
def test_what_is_refused_goes_back_and_is_explained(panel, change, widget, before, text):
    until(lambda: panel.runner.snapshot is not None)
    settings = panel.settings
    change(panel)
    assert panel.settings == settings
    assert widget(panel).value == before
    assert text in panel.status.message
    assert panel.status.tone == "warn"
    row_of(panel, "threshold")._slider.value = 150
    assert panel.status.message == "" or "Press Play" in panel.status.message
    assert panel.status.tone == ""


def test_a_warning_goes_when_the_old_value_is_entered_again(panel):
    until(lambda: panel.runner.snapshot is not None)
    settings, box = panel.settings, panel.controls["learning_rate"].row._box
    box.value = "-1.0"
    assert panel.status.tone == "warn"
    panel.controls._hear(None, {"part": "none"}, [])
    assert panel.status.message.startswith("learning_rate is -1.0")
    write(panel, "learning_rate", box.value)
    assert "learning_rate" not in panel.status.message
    assert panel.status.tone == ""
    assert (panel.settings, box.value) == (settings, "0.002")


def test_entering_a_value_takes_back_no_word_that_is_not_a_warning(panel):
    panel.controls["readout_rate"].row._box.value = "0.0"
    menu(panel, "negatives").value = "readout_label"
    write(panel, "seed", "0")
    assert panel.status.message.startswith("Also changed: readout rate to 0.1.")


def test_a_change_that_needs_another_takes_it_along_and_says_so(panel):
    panel.controls["readout_rate"].row._box.value = "0.0"
    assert panel.controls["readout_interval"].row._box.disabled
    menu(panel, "negatives").value = "readout_label"
    assert panel.settings.negatives.name == "readout_label"
    assert panel.settings.readout_rate == 0.1
    assert panel.controls["readout_rate"].row._box.value == "0.1"
    assert panel.status.message.startswith("Also changed: readout rate to 0.1. Without that: negatives is")


def test_what_a_change_needs_is_taken_along_also_where_it_is_refused_before_it_is_shown(panel, monkeypatch):
    assert panel.runner.wait(10)
    update = panel.runner.update

    def slow(**changes):
        settings = update(**changes)
        until(lambda: panel.runner.error is not None)
        return settings

    monkeypatch.setattr(panel.runner, "update", slow)
    panel.controls["dataset"].send("moons")
    until(lambda: panel.runner.journal.present.dataset == "moons")
    assert panel.settings.label_encoding.name == "appended"
    assert panel.status.message.startswith("Also changed: label encoding to appended")


def test_no_label_takes_negatives_along_that_need_none(panel):
    menu(panel, "label_encoding").value = "none"
    assert panel.settings.label_encoding.name == "none"
    assert panel.settings.negatives.name == "hybrid_images"
    assert panel.settings.inference.name == "readout"


def test_parameters_of_the_chosen_function_come_with_it(panel):
    objective = panel.controls["objective"]
    assert list(objective._params) == []
    objective._menu._menu.value = "symba"
    assert panel.settings.objective == ff.Choice("symba", (("alpha", 4.0),))
    assert objective.widget.children[1] is objective._params["alpha"].widget
    objective._params["alpha"]._box.value = "9.0"
    assert panel.settings.objective.values == {"alpha": 9.0}
    objective._menu._menu.value = "hinge"
    assert list(objective._params) == ["margin"]
    menu(panel, "negatives").value = "hard_label"
    panel.controls["negatives"]._params["layers"].widget.value = "all"
    assert panel.settings.negatives.values["layers"] == "all"


def test_what_has_no_effect_is_greyed_out_with_the_reason(panel):
    box, tip = row_of(panel, "threshold")._box, lambda: row_of(panel, "threshold").widget.tooltip
    menu(panel, "objective").value = "symba"
    assert box.disabled
    assert "the objective 'symba' compares each positive with its negative" in tip()
    menu(panel, "objective").value = "logistic"
    assert not box.disabled
    assert "Not in use" not in tip()
    assert panel.controls["horizon"].widget.disabled
    menu(panel, "rate_course").value = "linear"
    assert not panel.controls["horizon"].widget.disabled
    assert not panel.controls["label_layers"].widget.disabled
    menu(panel, "label_encoding").value = "none"
    assert panel.settings.label_encoding.name == "none"
    assert panel.controls["label_layers"].widget.disabled


def test_negatives_that_training_does_not_draw_can_be_changed_and_say_so(panel):
    """The histograms still show them."""
    negatives, refresh = panel.controls["negatives"], panel.controls["negatives_refresh"]
    assert "draws no negatives" not in menu(panel, "negatives").tooltip
    assert not refresh.widget.disabled
    classes = {"goodness": "projection", "label_encoding": "none", "objective": "class_cross_entropy"}
    panel._change(classes)
    assert "'class_cross_entropy' compares the scores of all classes" in menu(panel, "negatives").tooltip
    assert "training draws no negatives; histograms and pictures still show" in menu(panel, "negatives").tooltip
    assert refresh.widget.disabled
    assert "training draws no negatives" in refresh.widget.tooltip
    assert not menu(panel, "negatives").disabled
    menu(panel, "negatives").value = "mix_up"
    assert panel.settings.negatives.name == "mix_up"
    assert negatives.spec.meaning in menu(panel, "negatives").tooltip


@pytest.mark.parametrize("objective", ["collaboration", "collaboration_earlier"])
def test_collaboration_of_a_single_layer_says_that_it_is_none(panel, objective):
    said = f"With one layer the objective '{objective}' is the logistic one"
    panel._change({"objective": objective})
    assert said not in menu(panel, "objective").tooltip
    assert said not in hint(panel.runner, False)
    panel._change({"layers": (8,)})
    assert said in menu(panel, "objective").tooltip
    until(lambda: said in hint(panel.runner, False))
    panel._change({"objective": "logistic"})
    assert said not in menu(panel, "objective").tooltip
    assert said not in hint(panel.runner, False)


def test_a_layer_whose_goodness_is_the_same_for_every_input_is_told_of(open_panel):
    panel = open_panel()
    panel._change({"goodness": "trimmed(trim=0.49)", "activation": "relu"})
    panel.runner.step(2)
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step == 2)
    flat = dataclasses.replace(
        panel.runner.snapshot,
        positive=np.array([[[1, 99], [50, 50]]], np.int32),
        negative=np.array([[[0, 100], [50, 50]]], np.int32),
        auc=np.array([[0.505, 0.5]], np.float32),
        dead=np.zeros((1, 2), np.int32),
    )
    assert flat_layers(flat) == [1]
    assert flat_layers(dataclasses.replace(flat, auc=np.array([[0.6, 0.5]], np.float32))) == []


def test_every_tooltip_tells_what_is_allowed_and_the_bar_has_one_everywhere(panel):
    for name, control in panel.controls.controls.items():
        shown = control.row if hasattr(control, "row") else getattr(control, "_menu", None) or control._rows[0]
        if control.spec.registry is None and name != "dataset":
            assert f"Allowed: {control.spec.allowed()}." in shown._tip, name
        for key, row in getattr(control, "_params", {}).items():
            assert f"\nAllowed: {control.registry[control._choice.name].params[key].allowed()}." in row._tip
    for child in panel.bar.children[:-1]:
        assert child.tooltip
    for toggle in panel.bar.children[-1].children:
        assert toggle.tooltip


def test_the_rate_has_a_logarithmic_slider(panel):
    row = panel.controls["learning_rate"].row
    row._slider.value = row._span.ticks // 2
    assert panel.settings.learning_rate == pytest.approx((1e-5 * 1.0) ** 0.5, rel=0.01)


def test_the_tooltip_tells_meaning_and_source_of_every_entry(panel):
    tip = menu(panel, "goodness").tooltip
    for entry in goodness:
        assert f"{entry.name}: {entry.summary}" in tip
        assert entry.source in tip
    assert "▸ mean_square" in tip
    for control in panel.controls.controls.values():
        shown = control.row if hasattr(control, "row") else getattr(control, "_menu", None) or control._rows[0]
        assert with_source(control.spec.meaning, control.spec.source) in shown._tip


def test_the_read_out_is_fitted_at_a_press_where_there_is_one(panel):
    control = panel.controls["readout_rate"]
    panel.runner.step(3)
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step == 3)
    control.fit.click()
    until(lambda: bool(panel.runner.journal.notes))
    assert panel.runner.journal.notes[0].passes > 0
    panel.runner.update(readout_rate=0.0)
    until(lambda: control.fit.disabled)
    control.disable("")
    assert control.fit.disabled  # there is nothing to fit
    panel.runner.update(readout_rate=0.1)
    until(lambda: not control.fit.disabled)
