"""The explorer without a browser: controls are turned by setting their values, as a page would."""

from __future__ import annotations

import itertools
import threading
import time
import warnings

import pytest

import ffexplore as ff
from ffexplore.engine.goodness import goodness
from ffexplore.ui.controls import SPANS, USUAL
from ffexplore.ui.explorer import Explorer
from ffexplore.ui.groups import GROUPS
from ffexplore.ui.opening import explore
from ffexplore.ui.rows import HIDDEN


@pytest.fixture
def data(halves):
    return halves


@pytest.fixture
def panel(data):
    opened = Explorer(dataset=data, layers=(8, 6), batch_size=16)
    yield opened
    opened.close()
    assert opened.runner.listener_errors == []


@pytest.fixture
def own():
    """Forget what a test registers."""
    before = dict(goodness._entries)
    yield
    goodness._entries.clear()
    goodness._entries.update(before)


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def menu(panel, name):
    return panel.controls[name]._menu._menu


def row_of(panel, name, number=0):
    return panel.controls[name]._rows[number]


# ---- opening


def test_it_opens_with_the_untrained_network_and_an_invitation(panel):
    until(lambda: panel.runner.snapshot is not None and panel.status.facts)
    assert panel.runner.status == "idle"
    assert panel.runner.snapshot.step == 0
    assert panel.board._latest[0].positive.sum() > 0
    until(lambda: "Press Play" in panel.status.message)
    assert panel.status.facts[:2] == ["step 0", "epoch 0.0"]
    assert "CPU" in panel.status.place or "CUDA" in panel.status.place


def test_its_text_is_short_and_the_same_every_time(panel):
    assert repr(panel) == "<Explorer halves 8-6, idle>"
    text = panel._repr_mimebundle_()["text/plain"]
    assert text == "<Explorer halves 8-6, idle>"


def test_without_settings_it_is_the_classroom():
    opened = Explorer()
    try:
        assert opened.settings == ff.Settings.preset("classroom")
        assert repr(opened) == "<Explorer mnist-5k 256-256, idle>"
    finally:
        opened.close()


def test_settings_a_preset_and_overrides_are_accepted(data):
    for given in ("hinton", ff.Settings.preset("hinton")):
        opened = Explorer(given, dataset=data, layers=(4,), inference="goodness")
        try:
            assert opened.settings.optimizer.name == "smoothed"
            assert opened.settings.layers == (4,)
        finally:
            opened.close()


@pytest.mark.parametrize(
    ("arguments", "fields", "text"),
    [
        (("clasroom",), {}, "Did you mean 'classroom'"),
        ((), {"treshold": 1.0}, "Did you mean 'threshold'"),
        ((3,), {}, "give Settings or the name of a preset"),
    ],
)
def test_what_is_misspelled_is_refused_before_anything_starts(arguments, fields, text):
    threads = threading.active_count()
    with pytest.raises(ff.SettingsError, match=text):
        explore(*arguments, **fields)
    assert threading.active_count() == threads


def test_without_a_notebook_it_says_what_is_missing_and_works(data):
    with pytest.warns(UserWarning, match="no notebook here that could show the explorer") as caught:
        opened = explore(dataset=data, layers=(4,))
    assert caught[0].filename == __file__
    try:
        opened.runner.step(3)
        assert opened.runner.wait(10)
        assert opened.status.facts[0] == "step 3"
    finally:
        opened.close()


def test_in_a_notebook_it_does_not_complain(data, monkeypatch):
    monkeypatch.setattr("ffexplore.ui.opening.has_front_end", lambda: True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explore(dataset=data, layers=(4,)).close()


def test_it_can_start_at_once(data):
    opened = Explorer(dataset=data, layers=(4,), start=True)
    try:
        until(lambda: opened.runner.snapshot is not None and opened.runner.snapshot.step > 0)
        assert opened.runner.is_running
    finally:
        opened.close()


def test_a_dataset_that_needs_another_encoding_is_opened_with_it():
    opened = Explorer(dataset="digits", layers=(8,), start=True)
    try:
        until(lambda: opened.runner.snapshot is not None and opened.runner.snapshot.step > 0)
        assert opened.settings.label_encoding.name == "appended"
        assert menu(opened, "label_encoding").value == "appended"
        assert "label encoding to appended" in opened.status.message
    finally:
        opened.close()


# ---- running


def test_play_pause_step_and_reset(panel):
    panel.bar.play.click()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step > 5)
    assert "Pause" in panel.bar.play.description
    assert panel.status.word == "running"
    panel.bar.play.click()
    panel.runner.wait(10)
    assert "Play" in panel.bar.play.description
    assert panel.status.word == "paused"
    step = panel.runner.snapshot.step
    panel.bar.step.click()
    panel.bar.step.click()
    panel.runner.wait(10)
    assert panel.runner.snapshot.step == step + 2
    assert panel.status.facts[0] == f"step {step + 2:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    panel.bar.reset.click()
    panel.runner.wait(10)
    assert panel.runner.snapshot.step == 0


def test_the_speed_menu_sets_steps_per_second(panel):
    panel.bar.speed.widget.value = 3.0
    assert panel.runner.speed == 3.0
    panel.bar.speed.widget.value = 0.0
    assert panel.runner.speed is None


def test_a_preset_sets_all_but_data_seed_and_machine(panel, data):
    panel.bar.preset.widget.value = "keras"
    assert panel.settings.negatives.name == "permuted_labels"
    assert panel.settings.layers == (500, 500)
    assert panel.settings.dataset is data
    assert panel.controls["layers"].widget.value == "500, 500"
    assert panel.bar.preset.widget.value == "keras"
    panel.controls["dropout"].row._slider.value = 100
    assert panel.bar.preset.widget.label == "(changed)"


def test_a_second_explorer_pauses_the_first_which_says_why(panel, data):
    panel.runner.start()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step > 0)
    second = Explorer(dataset=data, layers=(4,))
    try:
        assert panel.runner.is_running
        second.bar.play.click()
        panel.runner.wait(10)
        until(lambda: "another" in panel.status.message)
        assert panel.status.word == "paused"
        assert "Play" in panel.bar.play.description
        assert second.runner.is_running
    finally:
        second.close()


def test_closing_ends_the_thread_and_forgets_the_catalogues(data):
    listeners = {name: len(spec.registry._listeners) for name, spec in registries().items()}
    opened = Explorer(dataset=data, layers=(4,), start=True)
    until(lambda: opened.runner.snapshot is not None)
    thread = opened.runner._worker.thread
    assert thread is not None
    opened.close()
    thread.join(10)
    assert not thread.is_alive()
    opened.close()
    assert {name: len(spec.registry._listeners) for name, spec in registries().items()} == listeners
    assert opened.board.comm is None
    assert opened.controls["threshold"].widget.comm is None


def registries():
    return {name: spec for name, spec in ff.Settings.fields().items() if spec.registry is not None}


# ---- changing


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
        (lambda panel: setattr(panel.controls["learning_rate"].row._box, "value", 0.005), "learning_rate", 0.005),
        (change_slider("dropout", 100), "dropout", 0.18),
        (change_slider("logit_scale", 0), "logit_scale", 0.1),
        (change_row("layers", "12, 5 3"), "layers", (12, 5, 3)),
        (change_row("batch_size", "32"), "batch_size", 32),
        (change_row("batch_size", "full"), "batch_size", "full"),
        (change_row("horizon", "2.5"), "horizon", 2.5),
        (change_row("negatives_refresh", "epoch"), "negatives_refresh", "epoch"),
        (change_menu("activation", "tanh"), "activation", ff.Choice("tanh")),
        (lambda panel: setattr(row_of(panel, "threshold")._slider, "value", 250), "threshold", 2.5),
        (lambda panel: setattr(row_of(panel, "threshold")._box, "value", 17.0), "threshold", 17.0),
        (lambda panel: panel.controls["threshold"]._natural.click(), "threshold", None),
        (lambda panel: setattr(panel.controls["seed"].row._box, "value", 7), "seed", 7),
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
    assert panel.controls["goodness"]._menu._menu.label == "mean_square | l2_norm"


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
    until(lambda: row_of(panel, "threshold")._box.value == 2.0)
    assert row_of(panel, "threshold")._slider.value == 200
    assert panel.controls["learning_rate"].row._box.value == 0.05
    assert panel.controls["objective"]._params["margin"]._box.value == 3.0
    assert calls == []


@pytest.mark.parametrize(
    ("change", "widget", "before", "text"),
    [
        (lambda p: setattr(p.controls["learning_rate"].row._box, "value", -1.0),
         lambda p: p.controls["learning_rate"].row._box, 2e-3, "learning_rate is -1.0; it must be a number from 0"),
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
    box.value = -1.0
    assert panel.status.tone == "warn"
    panel.status._handle_custom_msg({"kind": "other"}, [])
    assert panel.status.message.startswith("learning_rate is -1.0")
    panel.status._handle_custom_msg({"kind": "entered"}, [])  # the page sends no value that stands there already
    assert "learning_rate" not in panel.status.message
    assert panel.status.tone == ""
    assert (panel.settings, box.value) == (settings, 2e-3)


def test_entering_a_value_takes_back_no_word_that_is_not_a_warning(panel):
    panel.controls["readout_rate"].row._box.value = 0.0
    panel.controls["negatives"]._menu._menu.value = "readout_label"
    panel.status._handle_custom_msg({"kind": "entered"}, [])
    assert panel.status.message.startswith("Also changed: readout rate to 0.1.")


def test_a_change_that_needs_another_takes_it_along_and_says_so(panel):
    panel.controls["readout_rate"].row._box.value = 0.0
    assert panel.controls["readout_interval"].row._box.disabled
    panel.controls["negatives"]._menu._menu.value = "readout_label"
    assert panel.settings.negatives.name == "readout_label"
    assert panel.settings.readout_rate == 0.1
    assert panel.controls["readout_rate"].row._box.value == 0.1
    assert panel.status.message.startswith("Also changed: readout rate to 0.1. Without that: negatives is")


def test_no_label_takes_negatives_along_that_need_none(panel):
    panel.controls["label_encoding"]._menu._menu.value = "none"
    assert panel.settings.label_encoding.name == "none"
    assert panel.settings.negatives.name == "hybrid_images"
    assert panel.settings.inference.name == "readout"


def test_parameters_of_the_chosen_function_come_with_it(panel):
    objective = panel.controls["objective"]
    assert list(objective._params) == []
    objective._menu._menu.value = "symba"
    assert panel.settings.objective == ff.Choice("symba", (("alpha", 4.0),))
    assert objective.widget.children[1] is objective._params["alpha"].widget
    objective._params["alpha"]._box.value = 9.0
    assert panel.settings.objective.values == {"alpha": 9.0}
    objective._menu._menu.value = "hinge"
    assert list(objective._params) == ["margin"]
    panel.controls["negatives"]._menu._menu.value = "hard_label"
    panel.controls["negatives"]._params["layers"].widget.value = "all"
    assert panel.settings.negatives.values["layers"] == "all"


def test_what_has_no_effect_is_greyed_out_with_the_reason(panel):
    box = row_of(panel, "threshold")._box
    panel.controls["objective"]._menu._menu.value = "symba"
    assert box.disabled
    assert "the objective 'symba' compares each positive with its negative" in box.tooltip
    panel.controls["objective"]._menu._menu.value = "logistic"
    assert not box.disabled
    assert "Not in use" not in box.tooltip
    assert panel.controls["horizon"].widget.disabled
    panel.controls["rate_course"]._menu._menu.value = "linear"
    assert not panel.controls["horizon"].widget.disabled
    assert not panel.controls["label_layers"].widget.disabled
    panel.controls["label_encoding"]._menu._menu.value = "none"
    assert panel.settings.label_encoding.name == "none"
    assert panel.controls["label_layers"].widget.disabled


def test_the_tooltip_tells_meaning_and_source_of_every_entry(panel):
    tip = panel.controls["goodness"]._menu._menu.tooltip
    for entry in goodness:
        assert f"{entry.name}: {entry.summary}" in tip
        assert entry.source in tip
    assert "▸ mean_square" in tip
    for control in panel.controls.controls.values():
        shown = control.row if hasattr(control, "row") else getattr(control, "_menu", None) or control._rows[0]
        assert control.spec.meaning in shown._tip


# ---- threshold


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("mean_square", 0.0, 5.0), ("sum_of_squares", 0.0, 40.0), ("minus_sum_of_squares", -40.0, 0.0)],
)
def test_the_slider_reaches_as_far_as_the_goodness_does(panel, name, low, high):
    panel.controls["goodness"]._menu._menu.value = name
    span = row_of(panel, "threshold")._span
    assert (span.low, span.high) == (low, high)


def test_the_threshold_is_carried_over_and_the_panel_says_so(panel):
    panel.runner.update(layers=(8, 8), threshold=2.0)
    panel.controls["goodness"]._menu._menu.value = "sum_of_squares"
    assert panel.settings.threshold == 16.0
    assert row_of(panel, "threshold")._box.value == 16.0
    assert "Went along: threshold 2 → 16 (the same multiple of the natural one)" in panel.status.message


def test_rows_that_were_made_stay_in_their_box_and_only_those_in_use_show(panel):
    control = panel.controls["goodness"]
    boxes = [tuple(control.widget.children)]
    for name in ("top_k", "lp_norm", "top_k", "mean_square"):
        control._chosen(name)
        boxes.append(tuple(control.widget.children))
        shown = [row for row in control.widget.children[1:] if HIDDEN not in row._dom_classes]
        assert shown == [row.widget for row in control._params.values()]
    assert all(after[: len(before)] == before for before, after in itertools.pairwise(boxes))
    assert len(boxes[-1]) == len(boxes[2]) == 3


def test_a_row_that_is_hidden_says_nothing(panel):
    threshold, control = panel.controls["threshold"], panel.controls["goodness"]
    threshold._each.value = True
    threshold._each.value = False
    before = panel.settings
    row_of(panel, "threshold", 1)._box.value = 3.0
    assert panel.settings == before
    control._chosen("top_k")
    of_top_k = control._params["share"]
    control._chosen("lp_norm")
    before = panel.settings
    of_top_k._box.value += 0.1
    assert panel.settings == before


def test_one_threshold_for_each_layer(panel):
    control = panel.controls["threshold"]
    control._each.value = True
    assert panel.settings.threshold == (1.0, 1.0)
    assert [row._box.description for row in control._rows] == ["threshold 1", "threshold 2"]
    control._rows[1]._slider.value = 200
    assert panel.settings.threshold == (1.0, 2.0)
    control._each.value = False
    assert panel.settings.threshold == 1.0
    assert sum(HIDDEN not in row.widget._dom_classes for row in control._rows) == 1


def test_natural_thresholds_that_differ_are_shown_for_each_layer(panel):
    panel.runner.update(threshold=None)
    panel.controls["goodness"]._menu._menu.value = "sum_of_squares"
    control = panel.controls["threshold"]
    assert [row._box.value for row in control._rows] == [8.0, 6.0]
    assert control._each.value is True


def drag(panel, layer, value, final=True):
    panel.board._receive(None, {"kind": "threshold", "layer": layer, "value": value, "final": final}, [])


def test_dragging_on_the_board_moves_the_slider(panel):
    drag(panel, 1, 2.34)
    assert panel.settings.threshold == 2.34
    assert row_of(panel, "threshold")._box.value == 2.34
    assert row_of(panel, "threshold")._slider.value == 234
    panel.controls["threshold"]._each.value = True
    drag(panel, 1, 3.0, final=False)
    assert panel.settings.threshold == (2.34, 3.0)


def test_the_board_shows_a_new_threshold_at_once_while_paused(panel):
    until(lambda: panel.board._latest is not None)
    row_of(panel, "threshold")._slider.value = 300
    until(lambda: float(panel.board._latest[0].threshold[0, 0]) == 3.0)


# ---- a person's own functions


def test_a_function_from_a_cell_joins_the_menu_and_a_second_run_of_the_cell_is_taken_up(panel, own):
    def cell(scale, **more):
        @goodness.register("mine", batched=True)
        def mine(activity, *, power: float = 2.0):
            """My own."""
            return scale * (activity.abs() ** power).mean(-1)

    cell(1.0)
    assert "mine" in [value for _, value in panel.controls["goodness"]._menu._menu.options]
    panel.controls["goodness"]._menu._menu.value = "mine"
    assert panel.settings.goodness == ff.Choice("mine", (("power", 2.0),))
    panel.runner.wait(10)
    before = float(panel.runner.snapshot.mean_positive[0, 0])
    cell(10.0)
    until(lambda: float(panel.runner.snapshot.mean_positive[0, 0]) > 5 * before)


def test_a_parameter_that_a_cell_adds_gets_its_row(panel, own):
    @goodness.register("mine", batched=True)
    def first(activity):
        """My own."""
        return activity.square().mean(-1)

    panel.controls["goodness"]._menu._menu.value = "mine"
    panel.runner.wait(10)

    @goodness.register("mine", batched=True)
    def second(activity, *, power: float = 2.0):
        """My own."""
        return (activity.abs() ** power).mean(-1)

    until(lambda: panel.settings.goodness.values == {"power": 2.0})
    assert list(panel.controls["goodness"]._params) == ["power"]
    panel.controls["goodness"]._params["power"]._box.value = 3.0
    assert panel.settings.goodness.values == {"power": 3.0}


def test_a_function_that_raises_is_named_and_training_can_go_on(panel, own):
    trouble: list[int] = []

    @goodness.register("mine", batched=True)
    def mine(activity):
        """My own."""
        if trouble:
            raise RuntimeError("no such thing")
        return activity.square().mean(-1)

    panel.controls["goodness"]._menu._menu.value = "mine"
    panel.bar.play.click()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step > 2)
    trouble.append(1)
    until(lambda: panel.status.word == "failed")
    assert "'mine' raised RuntimeError: no such thing" in panel.status.message
    assert panel.status.tone == "warn"
    assert "Play" in panel.bar.play.description
    step = panel.runner.snapshot.step
    panel.controls["goodness"]._menu._menu.value = "mean_square"
    panel.bar.play.click()
    until(lambda: panel.runner.snapshot.step > step and panel.status.word == "running" and not panel.status.message)


# ---- many at once


def test_slider_spam_from_several_threads_ends_with_the_last_value(panel):
    panel.runner.start()
    slider = row_of(panel, "threshold")._slider

    def spam(offset):
        for number in range(250):
            slider.value = (7 * number + offset) % 400

    threads = [threading.Thread(target=spam, args=(100 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slider.value = 450
    assert panel.settings.threshold == 4.5
    panel.runner.pause()
    panel.runner.wait(10)
    assert float(panel.runner.snapshot.threshold[0, 0]) == 4.5
    assert row_of(panel, "threshold")._box.value == 4.5
    assert slider.value == 450
    assert len(panel.runner.history.changes) < 50


# ---- what an impatient person does


def test_points_in_the_plane_bring_along_all_that_they_need(panel):
    until(lambda: panel.runner.snapshot is not None)
    panel.controls["negatives"].send("hybrid_images")
    panel.controls["shift"].send(1)
    taken = panel.runner.ask(lambda trainer: (trainer.settings.negatives.name, trainer.settings.shift)).result(10)
    assert taken == ("hybrid_images", 1)
    panel.controls["dataset"].send("moons")
    until(lambda: panel.runner.ask(lambda trainer: trainer.settings.dataset == "moons").result(10))
    taken = panel.settings
    assert (taken.label_encoding.name, taken.negatives.name, taken.shift) == ("appended", "uniform_label", 0)
    until(
        lambda: panel.status.message.startswith("Also changed: label encoding to appended, negatives to uniform_label")
    )


def test_a_preset_begins_anew_and_bends_to_the_data(panel):
    panel.controls["dataset"].send("moons")
    until(lambda: panel.settings.label_encoding.name == "appended" and panel.settings.shift == 0)
    until(lambda: panel.runner.snapshot is not None)
    panel.runner.step(3)
    until(lambda: panel.runner.snapshot.step == 3)
    panel.bar.preset.widget.value = "classroom"
    until(lambda: panel.runner.snapshot.step == 0 and panel.settings.negatives.name == "hard_label")
    assert panel.settings.layers == (256, 256)
    until(lambda: panel.settings.label_encoding.name == "appended" and panel.settings.shift == 0)
    assert panel.settings.dataset == "moons"


def test_it_says_what_to_do_next_until_something_was_changed(panel):
    panel.runner.start()
    until(lambda: "drag the line" in panel.status.message)
    panel.controls["learning_rate"].send(0.01)
    until(lambda: panel.status.message == "")


def test_layers_without_life_are_named(panel):
    until(lambda: panel.runner.snapshot is not None)

    def kill(trainer):
        trainer.network.layers[1].parameters.bias.fill_(-1e3)

    panel.runner.ask(kill).result(10)
    panel.runner.step()
    until(lambda: panel.status.message.startswith("Most units of layer 2 are dead"))
    assert "a smaller learning rate keeps" in panel.status.message
    panel.controls["threshold"].send(0.01)
    panel.runner.step()
    until(lambda: "a higher threshold keeps" in panel.status.message)
