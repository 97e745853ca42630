"""The pane of the variants without a page: what it sends, how much, and what a click brings about."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ffexplore.engine.settings import Settings
from ffexplore.live.compared import make_compared
from ffexplore.ui.board import COMPARE, RESTS, Board
from tests.ui.synthetic import History, snapshot
from tests.ui.test_board import Page

SIXTEEN = [0.1 * (step + 1) for step in range(16)]


@pytest.fixture
def board():
    board = Board()
    yield board
    board.close()


@pytest.fixture
def page(board):
    return Page(board)


def compare(*values, field="threshold", layers=(256, 128)):
    return make_compared(Settings(layers=layers), field, values)


def history_of(moments):
    history = History(len(moments[0].accuracy))
    for moment in moments:
        history.append(moment)
    return history


def test_the_variants_take_the_place_of_histograms_and_curves_and_the_others_rest(board, page):
    board.panes = ["histograms", "curves", "gallery"]
    board.show(snapshot(variants=2), History(2), compared=compare(1.0, 2.0))
    assert board.is_comparing
    assert board.shown == [COMPARE, "gallery"]
    page.say("hello", panes=[COMPARE, "gallery", "histograms"])
    panes = page.frames[-1][0]["panes"]
    assert set(panes) == {COMPARE, "gallery"}
    assert panes["gallery"] == {"rests": RESTS}
    board.show(snapshot(), History())
    assert not board.is_comparing
    assert board.shown == ["histograms", "curves", "gallery"]


def test_whether_layers_are_shown_stays_as_chosen_until_other_variants_are_compared(board):
    first, second = compare(1.0, 2.0), compare(3.0, 4.0)
    board.show(snapshot(variants=2), History(2), compared=first)
    assert board.shows_layers is None
    board.shows_layers = False
    board.show(snapshot(step=101, variants=2), History(2), compared=first)
    assert board.shows_layers is False
    board.show(snapshot(variants=2), History(2), compared=second)
    assert board.shows_layers is None


def test_a_late_moment_of_all_variants_does_not_show_the_first_one_as_the_run(board, page):
    board.show(snapshot(variants=2), History(2), compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    board.show(snapshot(step=101, variants=2), History(2), compared=None)
    assert board.is_comparing


def test_until_the_variants_are_there_it_says_so(board, page):
    board.show(snapshot(), History(), compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    assert page.frames[-1][0]["panes"][COMPARE] == {"words": "The variants are being built ..."}


def test_labels_the_present_value_and_the_best_are_named(board, page):
    accuracy = np.array([0.5, 0.9, 0.7], np.float32)
    board.show(snapshot(variants=3, accuracy=accuracy), History(3), compared=compare(0.5, 1.0, None))
    page.say("hello", panes=[COMPARE])
    pane = page.frames[-1][0]["panes"][COMPARE]
    assert pane["field"] == "threshold"
    assert pane["labels"] == ["0.5", "1", "natural"]
    assert pane["present"] == 2
    assert pane["best"] == 1
    assert pane["measure"] == "validation accuracy"
    np.testing.assert_allclose(page.array(COMPARE, "value"), accuracy)


def test_one_that_diverged_is_never_the_best(board, page):
    accuracy = np.array([0.5, 0.9], np.float32)
    words = ("", "at step 3 layer 1 met a loss that is not finite")
    board.show(snapshot(variants=2, accuracy=accuracy, diverged=words), History(2), compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    pane = page.frames[-1][0]["panes"][COMPARE]
    assert pane["best"] == 0
    assert pane["diverged"] == list(words)


@pytest.mark.parametrize(
    ("changes", "measure", "best"),
    [
        ({"accuracy": [np.nan, np.nan], "readout_accuracy": [0.3, 0.2]}, "validation accuracy of the read-out", 0),
        ({"accuracy": [np.nan] * 2, "readout_accuracy": [np.nan] * 2}, "separation (AUC), mean of the layers", -1),
        ({"accuracy": [0.4, 0.4]}, "validation accuracy", -1),
    ],
)
def test_they_are_judged_by_what_there_is(board, page, changes, measure, best):
    values = {name: np.array(value, np.float32) for name, value in changes.items()}
    board.show(snapshot(variants=2, **values), History(2), compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    pane = page.frames[-1][0]["panes"][COMPARE]
    assert (pane["measure"], pane["best"]) == (measure, best)


def test_an_inference_that_looks_at_the_read_out_judges_by_it(board, page):
    compared = make_compared(Settings(layers=(256, 128), inference="readout"), "threshold", [1.0, 2.0])
    board.show(snapshot(variants=2), History(2), compared=compared)
    page.say("hello", panes=[COMPARE])
    assert page.frames[-1][0]["panes"][COMPARE]["measure"] == "validation accuracy of the read-out"


def test_each_is_judged_by_its_own_inference(board, page):
    compared = make_compared(Settings(layers=(256, 128)), "inference", ["goodness", "readout"])
    accuracies = {
        "accuracy": np.array([0.3, 0.9], np.float32),
        "readout_accuracy": np.array([0.8, 0.4], np.float32),
    }
    board.show(snapshot(variants=2, **accuracies), History(2), compared=compared)
    page.say("hello", panes=[COMPARE])
    pane = page.frames[-1][0]["panes"][COMPARE]
    assert (pane["measure"], pane["best"]) == ("validation accuracy, each by its own inference", 1)
    np.testing.assert_allclose(page.array(COMPARE, "value"), [0.3, 0.4], atol=1e-6)


def test_counts_are_shares_of_the_tallest_bin(board, page):
    moment = snapshot(variants=2)
    board.show(moment, History(2), compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    counts = page.array(COMPARE, "counts")
    assert counts.dtype == np.uint8
    assert counts.shape == (2, 2, 2, 64)
    tallest = max(moment.positive[1, 0].max(), moment.negative[1, 0].max())
    np.testing.assert_allclose(counts[1, 0, 0], 255 * moment.positive[1, 0] / tallest, atol=0.51)
    assert (counts.max((2, 3)) == 255).all()


def test_only_rows_that_a_view_lacks_are_sent_and_names_once(board, page):
    moments = [snapshot(step=step, variants=2) for step in (10, 20, 30)]
    history = history_of(moments)
    board.show(moments[-1], history, compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    pane = page.frames[-1][0]["panes"][COMPARE]
    assert pane["from"] == 0
    assert page.array(COMPARE, "curve").shape == (3, 2)
    have = {COMPARE: {"of": pane["of"], "generation": pane["generation"], "rows": 3}}
    history.append(snapshot(step=40, variants=2))
    board.show(snapshot(step=40, variants=2), history, compared=board._compare_pane.compared)
    page.say("ack", panes=[COMPARE], have=have)
    pane = page.frames[-1][0]["panes"][COMPARE]
    assert pane["from"] == 3
    assert "labels" not in pane
    np.testing.assert_array_equal(page.array(COMPARE, "step"), [40])


def test_an_update_of_sixteen_variants_is_small(board, page):
    moments = [snapshot(step=step, layers=4, variants=16) for step in range(20)]
    history = history_of(moments)
    compared = compare(*SIXTEEN, layers=(256, 128, 64, 32))
    board.show(moments[-1], history, compared=compared)
    page.say("hello", panes=[COMPARE])
    pane = page.frames[-1][0]["panes"][COMPARE]
    have = {COMPARE: {"of": pane["of"], "generation": pane["generation"], "rows": 19}}
    board.show(moments[-1], history, compared=compared)
    page.say("ack", panes=[COMPARE], have=have)
    header, buffer = page.frames[-1]
    assert page.array(COMPARE, "counts").shape == (16, 4, 2, 32)
    assert len(json.dumps(header)) + len(buffer) < 8_000


def axis(page):
    left, right = page.array(COMPARE, "left"), page.array(COMPARE, "right")
    return left[:, 0].tolist(), right[:, 0].tolist(), page.frames[-1][0]["panes"][COMPARE]["is_shared"]


def test_one_axis_serves_where_scales_agree(board, page):
    low = np.array([[0.0, 0.0], [1.0, 0.0]], np.float32)
    high = np.array([[2.0, 1.0], [3.0, 50.0]], np.float32)
    board.show(snapshot(variants=2, low=low, high=high), History(2), compared=compare(1.0, 2.0))
    page.say("hello", panes=[COMPARE])
    left, right, is_shared = axis(page)
    assert (left, right) == ([0.0, 0.0], [3.0, 3.0])
    assert is_shared == [True, False]  # in layer 2 the first histogram would be lost


def test_another_goodness_has_an_axis_of_its_own(board, page):
    compared = compare("mean_square", "l2_norm", field="goodness")
    board.show(snapshot(variants=2), History(2), compared=compared)
    page.say("hello", panes=[COMPARE])
    assert axis(page)[2] == [True, True]  # the same numbers by chance
    low = np.array([[0.0, 0.0], [0.5, 0.0]], np.float32)
    board.show(snapshot(variants=2, low=low), History(2), compared=compared)
    page.say("ack", panes=[COMPARE])
    left, _, is_shared = axis(page)
    assert left == [0.0, 0.5]
    assert is_shared == [False, True]


def test_one_that_diverged_does_not_stretch_the_axis_of_the_others(board, page):
    high = np.array([[2.0, 2.0], [3.0, 3.0], [1e30, 1e30]], np.float32)
    moment = snapshot(variants=3, high=high, diverged=("", "", "at step 3 it diverged"))
    board.show(moment, History(3), compared=compare(1.0, 2.0, 3.0))
    page.say("hello", panes=[COMPARE])
    _, right, is_shared = axis(page)
    assert right[:2] == [3.0, 3.0]
    assert is_shared == [True, True]


def test_a_click_chooses_a_variant_or_the_run_from_before(board, page):
    chosen: list[int | None] = []
    board.on_choose(chosen.append)
    board.show(snapshot(variants=2), History(2), compared=compare(1.0, 2.0))
    for number in (1, None):
        page.say("pane", panes=[COMPARE], pane=COMPARE, choose=number)
    assert chosen == [1, None]
    assert board.errors == {}


def test_it_is_no_pane_that_one_switches_on():
    assert COMPARE not in Board.pane_names
