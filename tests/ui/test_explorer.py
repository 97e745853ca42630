"""The explorer without a browser: how it opens, runs, and takes what an impatient person does."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref

import pytest

import ffexplore as ff
from ffexplore.ui.explorer import Explorer
from ffexplore.ui.opening import explore
from tests.ui.turning import menu, row_of, until

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


def test_settings_a_preset_and_overrides_are_accepted(halves):
    for given in ("hinton", ff.Settings.preset("hinton")):
        opened = Explorer(given, dataset=halves, layers=(4,), inference="goodness")
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


def test_without_a_notebook_it_says_what_is_missing_and_works(halves):
    with pytest.warns(UserWarning, match="no notebook here that could show the explorer") as caught:
        opened = explore(dataset=halves, layers=(4,))
    assert caught[0].filename == __file__
    try:
        opened.runner.step(3)
        assert opened.runner.wait(10)
        assert opened.status.facts[0] == "step 3"
    finally:
        opened.close()


def test_in_a_notebook_it_does_not_complain(halves, monkeypatch):
    monkeypatch.setattr("ffexplore.ui.opening.has_front_end", lambda: True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explore(dataset=halves, layers=(4,)).close()


def test_it_can_start_at_once(halves):
    opened = Explorer(dataset=halves, layers=(4,), start=True)
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


def test_a_preset_sets_all_but_data_seed_and_machine(panel, halves):
    panel.bar.preset.widget.value = "keras"
    assert panel.settings.negatives.name == "permuted_labels"
    assert panel.settings.layers == (500, 500)
    assert panel.settings.dataset is halves
    assert panel.controls["layers"].widget.value == "500, 500"
    assert panel.bar.preset.widget.value == "keras"
    panel.controls["dropout"].row._slider.value = 100
    assert panel.bar.preset.widget.label == "(changed)"


def test_a_second_explorer_pauses_the_first_which_says_why(panel, halves):
    panel.runner.start()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step > 0)
    second = Explorer(dataset=halves, layers=(4,))
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


def test_closing_ends_the_thread_and_forgets_the_catalogues(halves):
    listeners = {name: len(spec.registry._listeners) for name, spec in registries().items()}
    opened = Explorer(dataset=halves, layers=(4,), start=True)
    until(lambda: opened.runner.snapshot is not None)
    thread = opened.runner._worker.thread
    assert thread is not None
    opened.close()
    thread.join(10)
    assert not thread.is_alive()
    opened.close()
    assert {name: len(spec.registry._listeners) for name, spec in registries().items()} == listeners
    assert opened.board.comm is None
    assert opened.controls.comm is None
    assert opened.bar.comm is None


def test_a_closed_panel_is_not_kept_by_anybody(halves):
    opened = Explorer(dataset=halves, layers=(4,), task="Look.")
    opened.runner.ask(lambda _: None).result(10)
    gone = weakref.ref(opened), weakref.ref(opened.runner), weakref.ref(opened.board)
    opened.close()
    del opened
    until(lambda: gc.collect() >= 0 and not any(each() is not None for each in gone))


def registries():
    return {name: spec for name, spec in ff.Settings.fields().items() if spec.registry is not None}


# ---- many at once


def test_slider_spam_from_several_threads_ends_with_the_last_value(panel):
    panel.runner.start()
    slider = row_of(panel, "threshold")._slider

    def spam(offset):
        for number in range(500):
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
    assert row_of(panel, "threshold")._box.value == "4.5"
    assert slider.value == 450
    assert len(panel.runner.history.changes) < 50


def test_snapshots_may_cost_more_while_somebody_looks(panel):
    until(lambda: panel.runner.snapshot is not None)
    looks = {"view": "one", "panes": ["histograms"], "have": {}, "seq": 0}
    for panes, is_watched in ((["histograms"], True), ([], False)):
        panel.board._handle_custom_msg({"kind": "hello", **looks, "panes": panes}, [])
        panel.runner.publish()
        panel.runner.wait(10)
        assert panel.runner.ask(lambda _: panel.runner._worker.publisher.is_watched).result(10) is is_watched


# ---- what an impatient person does


def test_points_in_the_plane_bring_along_all_that_they_need(panel):
    until(lambda: panel.runner.snapshot is not None)
    panel.controls["negatives"].send("hybrid_images")
    panel.controls["shift"].send(1)
    panel.controls["rotation"].send(5)
    panel.controls["inference_shift"].send(2)
    turned = panel.runner.ask(lambda trainer: (trainer.settings.rotation, trainer.settings.inference_shift)).result(10)
    assert turned == (5, 2)
    assert panel.settings.negatives.name == "hybrid_images"
    panel.controls["dataset"].send("moons")
    until(lambda: panel.runner.ask(lambda trainer: trainer.settings.dataset == "moons").result(10))
    taken = panel.settings
    assert (taken.label_encoding.name, taken.negatives.name) == ("appended", "uniform_label")
    assert (taken.shift, taken.rotation, taken.inference_shift) == (0, 0, 0)
    until(
        lambda: panel.status.message.startswith("Also changed: label encoding to appended, negatives to uniform_label")
    )


def test_step_waits_until_new_data_has_what_it_needs():
    opened = Explorer("classroom", layers=(8, 6))
    try:
        opened.controls["dataset"].send("moons")  # needs a label beside the inputs, and no moved pictures
        opened.step()
        until(lambda: opened.runner.snapshot is not None and opened.runner.snapshot.step == 1, 60)  # it is loaded first
        taken = opened.settings
        assert (taken.dataset, taken.label_encoding.name, taken.shift) == ("moons", "appended", 0)
        assert taken.negatives.name == "hard_label"  # what was tried in vain has left nothing behind
        until(lambda: opened.status.message.startswith("Also changed: label encoding to appended, shift to 0"))
        assert [settings.dataset for _, settings in opened.runner.journal.changes] == ["moons"]
        assert opened.runner.journal.changes[0][0] == 0
        assert opened.runner.listener_errors == []
    finally:
        opened.close()


def test_what_goes_along_is_found_for_each_of_several_changes(panel):
    until(lambda: panel.runner.snapshot is not None)
    hold = threading.Event()
    panel.runner.ask(lambda trainer: hold.wait(10))
    panel.controls["negatives"].send("hybrid_images")
    panel.controls["dataset"].send("moons")
    panel.controls["learning_rate"].send(0.05)
    hold.set()
    until(lambda: panel.settings.dataset == "moons" and panel.runner.journal.present == panel.settings, 60)
    assert (panel.settings.label_encoding.name, panel.settings.learning_rate) == ("appended", 0.05)
    assert panel.status.tone == ""


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
