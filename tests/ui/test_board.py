"""The board without a page: what it would send, and what it does with messages."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.errors import SettingsError
from ffexplore.ui.board import Board
from tests.ui.synthetic import History, snapshot
from tests.ui.test_frames import read


class Page:
    """Stands for a page with one view of the board."""

    def __init__(self, board, view="a"):
        self.board = board
        self.view = view
        self.frames: list[tuple[dict, bytes]] = []
        board.send = lambda content, buffers: self.frames.append((json.loads(json.dumps(content)), *buffers))

    def say(self, kind, panes=("histograms", "curves"), have=None, **message):
        content = {
            "kind": kind,
            "view": self.view,
            "panes": list(panes),
            "have": have or {},
            "seq": self.seq,
            **message,
        }
        self.board._receive(self.board, content, [])

    @property
    def seq(self):
        return self.frames[-1][0]["seq"] if self.frames else 0

    def array(self, pane, name):
        header, buffer = self.frames[-1]
        return read(header["panes"][pane]["arrays"][name], buffer)


@pytest.fixture
def board():
    board = Board()
    yield board
    board.close()


@pytest.fixture
def page(board):
    return Page(board)


def history_of(steps):
    history = History()
    for step in steps:
        history.append(snapshot(step))
    return history


def test_a_frame_holds_the_snapshot(board, page):
    moment = snapshot(step=123, layers=3, variants=2, threshold=np.nan)
    board.show(moment, History())
    page.say("hello")
    header = page.frames[-1][0]
    assert header["step"] == 123
    assert header["panes"]["histograms"]["widths"] == list(moment.widths)
    assert header["panes"]["histograms"]["goodness"] == ["mean_square"] * 3
    for name in ("low", "high", "positive", "negative", "threshold", "mean_positive", "mean_negative", "auc", "dead"):
        np.testing.assert_array_equal(page.array("histograms", name), getattr(moment, name))


def test_a_frame_of_four_layers_is_small(board, page):
    history = history_of(range(20))
    board.show(snapshot(layers=4), history)
    have = {"curves": {"generation": "1.0", "rows": 19, "changes": 0}}
    page.say("hello", have=have)
    page.say("ack", have=have)
    board.show(snapshot(layers=4), history)
    header, buffer = page.frames[-1]
    assert page.array("curves", "step").shape == (1,)
    assert len(json.dumps(header)) + len(buffer) < 4000


def test_panes_that_nobody_sees_are_not_packed(board, page):
    board.show(snapshot(), History())
    page.say("hello", panes=["curves"])
    assert list(page.frames[-1][0]["panes"]) == ["curves"]
    assert board.visible == {"curves"}


def test_curves_are_sent_from_the_first_row_a_view_lacks(board, page):
    history = history_of([10, 20, 30])
    history.changes = [(10, "threshold 3"), (30, "objective symba")]
    board.show(snapshot(30), history)
    page.say("hello")
    curves = page.frames[-1][0]["panes"]["curves"]
    assert (curves["from"], curves["changes_from"]) == (0, 0)
    assert curves["changes"] == [[10, "threshold 3"], [30, "objective symba"]]
    page.say("ack", have={"curves": {"generation": curves["generation"], "rows": 3, "changes": 1}})
    history.append(snapshot(40))
    board.show(snapshot(40), history)
    curves = page.frames[-1][0]["panes"]["curves"]
    assert (curves["from"], curves["changes_from"]) == (3, 1)
    assert curves["changes"] == [[30, "objective symba"]]
    np.testing.assert_array_equal(page.array("curves", "step"), [40])
    np.testing.assert_array_equal(page.array("curves", "accuracy"), [snapshot(40).accuracy])


def test_the_view_that_knows_least_decides_what_is_sent(board, page):
    history = history_of([10, 20, 30])
    board.show(snapshot(30), history)
    page.say("hello", have={"curves": {"generation": "1.0", "rows": 2, "changes": 0}})
    page.say("hello", view="b", have={"curves": {"generation": "1.0", "rows": 3, "changes": 0}})
    assert page.frames[-1][0]["panes"]["curves"]["from"] == 2
    page.say("hello", view="c")
    assert page.frames[-1][0]["panes"]["curves"]["from"] == 0


@pytest.mark.parametrize("what", ["thinned", "another history"])
def test_curves_start_anew_when_the_rows_are_others(board, page, what):
    history = history_of(range(10))
    board.show(snapshot(), history)
    page.say("hello")
    generation = page.frames[-1][0]["panes"]["curves"]["generation"]
    have = {"curves": {"generation": generation, "rows": 10, "changes": 0}}
    if what == "thinned":
        history.thin()
    else:
        history = history_of(range(5))
    page.say("ack", have=have)
    board.show(snapshot(), history)
    curves = page.frames[-1][0]["panes"]["curves"]
    assert curves["from"] == 0
    assert curves["generation"] != generation
    assert page.array("curves", "step").shape == (5,)


def test_without_a_history_the_curves_are_empty(board, page):
    board.show(snapshot())
    page.say("hello")
    assert page.frames[-1][0]["panes"]["curves"]["arrays"] == {}
    assert board.errors == {}


class Broken(History):
    def curve(self):
        raise KeyError("accuracy")


def test_a_broken_pane_says_so_and_the_others_go_on(board, page):
    board.show(snapshot(), Broken())
    page.say("hello")
    panes = page.frames[-1][0]["panes"]
    assert panes["curves"] == {"error": "KeyError: 'accuracy'"}
    assert "arrays" in panes["histograms"]
    assert isinstance(board.errors["curves"], KeyError)


def wanted_again(board, page):
    page.say("pane", pane="curves", retry=True)


def switched_off_and_on(board, page):
    board.panes = ["histograms"]
    board.panes = ["histograms", "curves"]


def something_changed(board, page):
    board.show(snapshot(changes=("threshold 1 → 2",)), History())


@pytest.mark.parametrize("renew", [wanted_again, switched_off_and_on, something_changed])
def test_a_broken_pane_is_left_alone_until_it_is_wanted_again(board, page, renew):
    board.show(snapshot(), Broken())
    page.say("hello")
    for _ in range(3):
        page.say("ack")
        board.show(snapshot(), History())  # would work, but it is not tried
        assert page.frames[-1][0]["panes"]["curves"] == {"error": "KeyError: 'accuracy'"}
    page.say("ack")
    renew(board, page)
    page.say("ack")
    assert board.errors == {}
    assert "arrays" in page.frames[-1][0]["panes"]["curves"]


def test_the_threshold_callback_gets_layer_value_and_end(board, page):
    moves = []
    assert not board.threshold_is_movable
    board.on_threshold(lambda layer, value, final: moves.append((layer, value, final)))
    assert board.threshold_is_movable
    page.say("threshold", layer=1, value=2.5, final=False)
    page.say("threshold", layer=1, value=3, final=True)
    page.say("threshold", layer=1, value=float("nan"), final=True)
    assert moves == [(1, 2.5, False), (1, 3.0, True)]


def test_unknown_pane_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"Unknown pane 'histogram'\. Did you mean 'histograms'\?"):
        Board(panes=["histogram"])


def test_panes_can_be_chosen_and_changed(page, board):
    board.panes = ["curves"]
    board.show(snapshot(), History())
    page.say("hello")
    assert list(page.frames[-1][0]["panes"]) == ["curves"]
    assert repr(board) == "Board(panes=['curves'])"


def test_panes_that_have_nothing_to_show_of_the_data_are_not_offered(open_panel, until):
    panel = open_panel(ff.Settings(dataset="digits", label_encoding="appended", layers=(8,)))
    assert panel.board.unfit == []  # not known before the data are loaded
    until(lambda: panel.board.unfit == ["landscape"])
    panel.controls["dataset"].send("moons")
    until(lambda: panel.board.unfit == ["gallery", "fields", "draw"])
    assert set(panel.board.unfit) < set(Board.pane_names)


def test_a_closed_board_stays_silent(board, page):
    page.say("hello")
    board.close()
    board.show(snapshot(), History())
    assert page.frames == []


def test_show_from_many_threads_ends_with_the_latest(board, page):
    page.say("hello")
    history = History()

    def show(start):
        for step in range(start, start + 50):
            board.show(snapshot(step, layers=1), history)

    threads = [threading.Thread(target=show, args=(start,)) for start in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    board.show(snapshot(9999), history)
    page.say("ack")
    assert page.frames[-1][0]["step"] == 9999
    assert [header["seq"] for header, _ in page.frames] == list(range(1, len(page.frames) + 1))
