"""The threshold in the panel: one or one a layer, carried over, dragged."""

from __future__ import annotations

import itertools

import pytest

from ffexplore.ui.rows import HIDDEN
from ffexplore.ui.threshold_control import PRESSED
from tests.ui.turning import menu, row_of, until


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("mean_square", 0.0, 5.0), ("sum_of_squares", 0.0, 40.0), ("minus_sum_of_squares", -40.0, 0.0)],
)
def test_the_slider_reaches_as_far_as_the_goodness_does(panel, name, low, high):
    menu(panel, "goodness").value = name
    span = row_of(panel, "threshold")._span
    assert (span.low, span.high) == (low, high)


def test_the_threshold_is_carried_over_and_the_panel_says_so(panel):
    panel.runner.update(layers=(8, 8), threshold=2.0)
    menu(panel, "goodness").value = "sum_of_squares"
    assert panel.settings.threshold == 16.0
    assert row_of(panel, "threshold")._box.value == "16"
    assert "Went along: threshold 2 → 16 (the same multiple of the natural one)" in panel.status.message


def test_rows_that_were_made_stay_in_their_box_and_only_those_in_use_show(panel):
    control = panel.controls["goodness"]
    boxes = [tuple(control.widget.children)]
    for name in ("top_k", "lp_norm", "top_k", "mean_square"):
        control._chosen(name)
        boxes.append(tuple(control.widget.children))
        shown = [row for row in control.widget.children[1:] if HIDDEN not in row.classes]
        assert shown == [row.widget for row in control._params.values()]
    assert all(after[: len(before)] == before for before, after in itertools.pairwise(boxes))
    assert len(boxes[-1]) == len(boxes[2]) == 3


def test_a_row_that_is_hidden_says_nothing(panel):
    threshold, control = panel.controls["threshold"], panel.controls["goodness"]
    threshold._each.value = True
    threshold._each.value = False
    before = panel.settings
    row_of(panel, "threshold", 1)._box.value = "3.0"
    assert panel.settings == before
    control._chosen("top_k")
    of_top_k = control._params["share"]
    control._chosen("lp_norm")
    before = panel.settings
    of_top_k._box.value = "0.6"
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
    assert sum(HIDDEN not in row.widget.classes for row in control._rows) == 1


def test_as_large_as_the_width_of_each_layer(panel):
    panel.runner.update(layers=(8, 6), goodness="sum_of_squares")
    control = panel.controls["threshold"]
    control._width.click()
    until(lambda: panel.settings.threshold == "width")
    assert panel.settings.thresholds() == (8.0, 6.0)
    until(lambda: PRESSED in control._width.classes)
    assert PRESSED not in control._natural.classes
    assert [row_of(panel, "threshold", number)._box.value for number in (0, 1)] == ["8", "6"]
    control._natural.click()
    until(lambda: panel.settings.threshold is None)
    assert PRESSED in control._natural.classes
    assert PRESSED not in control._width.classes


def test_natural_thresholds_that_differ_are_shown_for_each_layer(panel):
    panel.runner.update(threshold=None)
    menu(panel, "goodness").value = "sum_of_squares"
    control = panel.controls["threshold"]
    assert [row._box.value for row in control._rows] == ["8", "6"]
    assert control._each.value is True


def drag(panel, layer, value, final=True):
    panel.board._receive(None, {"kind": "threshold", "layer": layer, "value": value, "final": final}, [])


def test_dragging_on_the_board_moves_the_slider(panel):
    drag(panel, 1, 2.34)
    assert panel.settings.threshold == 2.34
    assert row_of(panel, "threshold")._box.value == "2.34"
    assert row_of(panel, "threshold")._slider.value == 234
    panel.controls["threshold"]._each.value = True
    drag(panel, 1, 3.0, final=False)
    assert panel.settings.threshold == (2.34, 3.0)


def test_a_drag_shows_one_control_anew_and_what_rules_look_at_all_of_them(panel):
    until(lambda: panel.runner.snapshot is not None and panel.runner.is_settled)
    shown = []

    def note(name, show):
        def noted(settings):
            shown.append(name)
            show(settings)

        return noted

    for name, control in panel.controls.controls.items():
        control.show = note(name, control.show)
    drag(panel, 0, 1.5)
    assert set(shown) == {"threshold"}
    shown.clear()
    panel.controls["seed"].send("seven")  # refused, and taken back in the box
    assert set(shown) == {"seed"}
    shown.clear()
    menu(panel, "objective").value = "symba"
    assert set(shown) == set(panel.controls.controls)


def test_the_board_shows_a_new_threshold_at_once_while_paused(panel):
    until(lambda: panel.board._latest is not None)
    row_of(panel, "threshold")._slider.value = 300
    until(lambda: float(panel.board._latest[0].threshold[0, 0]) == 3.0)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [("Natural", None), ("None", None), ("width", "width"), ("0.5, 2", (0.5, 2.0)), ("[3 4]", (3, 4)), ("0,5", 0.5)],
)
def test_a_threshold_may_be_written_in_words_or_for_each_layer(panel, text, threshold):
    row_of(panel, "threshold")._box.value = "7"
    row_of(panel, "threshold")._box.value = text
    assert panel.settings.threshold == threshold
    assert panel.status.tone == ""
