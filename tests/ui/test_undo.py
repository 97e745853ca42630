"""Undo and redo: a line of settings, and the buttons of the panel."""

from __future__ import annotations

import torch

from ffexplore import Settings
from ffexplore.ui.changer import KEPT
from ffexplore.ui.undo import MOST, Undo

FIRST = Settings()


def make(*later):
    now = [0.0]
    undo = Undo(FIRST, clock=lambda: now[0])
    for settings in later:
        now[0] += 10
        undo.saw(settings)
    return undo, now


def test_back_and_forth():
    second, third = FIRST.replace(threshold=2.0), FIRST.replace(threshold=2.0, learning_rate=0.1)
    undo, _ = make(second, third)
    assert undo.back == second
    assert undo.words(undo.back) == "learning_rate 0.1 → 0.002"
    undo.saw(second)
    assert (undo.back, undo.forth) == (FIRST, third)
    undo.saw(FIRST)
    assert (undo.back, undo.forth) == (None, second)
    undo.saw(second)
    undo.saw(third)
    assert (undo.back, undo.forth) == (second, None)


def test_a_new_change_forgets_what_was_undone():
    second = FIRST.replace(threshold=2.0)
    undo, _ = make(second, FIRST, FIRST.replace(threshold=3.0))
    assert (undo.back, undo.forth) == (FIRST, None)


def test_a_slider_on_its_way_is_one_change_and_another_field_a_second_one():
    undo, now = make()
    for number in range(20):
        now[0] += 0.1
        undo.saw(FIRST.replace(threshold=1.0 + number))
    undo.saw(FIRST.replace(threshold=20.0, dropout=0.5))
    assert undo.back == FIRST.replace(threshold=20.0)
    undo.saw(undo.back)
    assert undo.back == FIRST
    assert undo.words(None) == ""


def test_it_does_not_grow_without_bound():
    undo, _ = make(*(FIRST.replace(seed=number) for number in range(1, 3 * MOST)))
    assert len(undo._past) == MOST
    assert undo.back == FIRST.replace(seed=3 * MOST - 2)


def test_what_was_refused_is_never_gone_back_to():
    tried, taken = FIRST.replace(seed=1), FIRST.replace(seed=1, dropout=0.5)
    undo, _ = make(tried)
    undo.refused()
    undo.saw(taken)
    assert (undo.back, undo.present, undo.forth) == (FIRST, taken, None)
    undo.saw(FIRST)
    assert (undo.back, undo.forth) == (None, taken)
    undo, _ = make(tried)
    undo.refused()
    undo.saw(FIRST)
    assert (undo.back, undo.forth) == (None, None)
    undo.saw(tried)  # which went with something else meanwhile
    assert undo.back == FIRST


# ---- in the panel


def test_other_data_and_what_went_along_go_back_at_once(open_panel, until):
    jitters = {"shift": 1, "rotation": 10.0, "zoom": 0.1, "elastic": 1.0, "inference_shift": 1}
    panel = open_panel(**jitters)
    until(lambda: panel.runner.snapshot is not None)
    first, said, handed = panel.settings, [], []
    say, update = panel._note.say, panel.runner.update

    def noted(text, **how):
        said.append(text)
        say(text, **how)

    def counted(**changes):
        handed.append(changes)
        return update(**changes)

    panel._note.say, panel.runner.update = noted, counted
    panel.controls["dataset"].send("rings")
    until(lambda: panel.runner.ask(lambda trainer: trainer.settings.dataset == "rings").result(10))
    until(lambda: panel.status.message.startswith("Also changed: label encoding to appended, shift to 0"))
    assert len(handed) == 2  # alone, and with all that it takes
    assert len([text for text in said if text.startswith("Also changed")]) == 1
    assert all(getattr(panel.settings, name) == 0 for name in jitters)
    panel.undo()
    assert panel.settings == first
    until(lambda: panel.runner.ask(lambda trainer: trainer.settings == first).result(10))
    assert panel._changer.undo.back is None
    assert panel._changer.undo.forth.dataset == "rings"
    assert panel.status.tone == ""


def test_the_buttons_take_back_what_a_slider_a_preset_and_a_cell_changed(open_panel, until):
    panel = open_panel()
    until(lambda: panel.runner.snapshot is not None)
    bar, first = panel.bar, panel.settings
    assert bar.undo.disabled
    assert bar.redo.disabled
    panel.controls["learning_rate"].row._box.value = "0.05"
    panel.bar.preset.widget.value = "keras"
    assert panel.settings.layers == (500, 500)
    assert bar.undo.tooltip.startswith("Take back the last change: ")
    bar.undo.click()
    assert panel.settings == first.replace(learning_rate=0.05)
    assert panel.controls["layers"].widget.value == "8, 6"
    bar.undo.click()
    assert panel.settings == first
    assert bar.undo.disabled
    bar.redo.click()
    assert panel.settings == first.replace(learning_rate=0.05)
    assert panel.status.tone == ""
    panel.runner.update(dropout=0.5)
    panel.runner.wait(10)
    until(lambda: "dropout 0.5 → 0" in bar.undo.tooltip)
    bar.undo.click()
    assert panel.settings.dropout == 0.0


def test_a_threshold_that_was_carried_over_goes_back_with_the_goodness(open_panel):
    panel = open_panel(threshold=2.0)
    before = panel.settings
    panel.controls["goodness"]._menu._menu.value = "sum_of_squares"
    assert panel.settings.threshold != 2.0
    panel.bar.undo.click()
    assert panel.settings == before


def test_weights_stay_where_shapes_do(open_panel):
    panel = open_panel()
    panel.runner.step(5)
    panel.runner.wait(10)
    panel.controls["threshold"]._rows[0]._box.value = "3.0"
    weights = panel.runner.ask(lambda trainer: trainer.weights(0)[0]).result(10)
    panel.bar.undo.click()
    assert torch.equal(weights, panel.runner.ask(lambda trainer: trainer.weights(0)[0]).result(10))
    assert panel.runner.snapshot.step == 5


def test_where_layers_are_built_anew_it_says_so_and_where_the_weights_are(open_panel):
    panel = open_panel()
    panel.runner.step(5)
    panel.runner.compare("label_encoding", ["overlay", "appended"])
    panel.runner.choose(1)
    assert panel.runner.wait(10)
    panel.bar.undo.click()
    assert panel.settings.label_encoding.name == "overlay"
    assert panel.status.message == f"{Settings.field('label_encoding').renews} {KEPT.format(step=5)}"
    assert panel.runner.wait(10)
    panel.controls["threshold"]._rows[0]._box.value = "3.0"
    panel.bar.undo.click()
    assert "are kept" not in panel.status.message


def test_what_was_refused_leaves_nothing_to_undo(open_panel):
    panel = open_panel()
    panel.controls["learning_rate"].row._box.value = "-1.0"
    assert panel.bar.undo.disabled


def test_what_a_cell_asks_in_vain_does_not_try_a_former_change_again(open_panel, until):
    panel = open_panel()
    until(lambda: panel.runner.snapshot is not None)
    panel.controls["label_encoding"].send("none")  # takes other negatives along
    until(lambda: panel.runner.journal.present == panel.settings)
    until(lambda: panel._changer.attempts == [])
    before = panel.settings
    panel.runner.update(dataset="moons")  # hybrid pictures of points: seen only when the data is there
    until(lambda: panel.status.tone == "warn", 3)
    assert panel.settings == before
    assert panel.status.message.startswith(
        "negatives is 'hybrid_images', which mixes pictures, but the data is a table"
    )
