"""The board in the past, before a ghost, and on the way to a kept moment; without a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from ffexplore.ui.board import Board
from ffexplore.ui.explorer import Explorer
from ffexplore.ui.histograms_pane import common_range
from tests.patience import until
from tests.ui.synthetic import snapshot
from tests.ui.test_board import Page, history_of


@dataclass
class Kept:
    """Stands for a moment of the runner."""

    number: int
    step: int
    fork: int | None = None


@pytest.fixture
def board():
    board = Board()
    yield board
    board.close()


@pytest.fixture
def page(board):
    page = Page(board)
    board.show(snapshot(100), history_of(range(0, 101, 10)))
    page.say("hello")
    return page


def histograms(page):
    return page.frames[-1][0]["panes"]["histograms"]


def curves(page):
    return page.frames[-1][0]["panes"]["curves"]


def test_the_past_is_shown_while_the_run_goes_on(board, page):
    page.say("pane", pane="curves", travel=32)
    assert histograms(page)["past"] == {"step": 30, "epoch": snapshot(30).epoch}
    assert curves(page)["past"] == 30
    np.testing.assert_array_equal(page.array("histograms", "positive"), snapshot(30).positive)
    page.say("ack")
    board.show(snapshot(110), history_of(range(0, 111, 10)))
    assert page.frames[-1][0]["step"] == 110
    assert histograms(page)["past"]["step"] == 30
    page.say("ack")
    page.say("pane", pane="histograms", travel=None)
    assert "past" not in histograms(page)
    assert curves(page)["past"] is None
    np.testing.assert_array_equal(page.array("histograms", "positive"), snapshot(110).positive)


@pytest.mark.parametrize("history", [history_of([]), history_of([0, 5]), None])
def test_a_past_that_is_gone_gives_way_to_the_present(board, page, history):
    page.say("pane", pane="curves", travel=90)
    page.say("ack")
    board.show(snapshot(5), history)
    assert "past" not in histograms(page)
    page.say("ack")
    board.show(snapshot(200), history_of(range(0, 201, 10)))
    assert "past" not in histograms(page)


def edges(*values):
    return np.array([values], np.float32)


def test_the_axis_of_the_past_is_the_present_one_and_what_it_needs_itself():
    past = snapshot(10, layers=3, low=edges(1, 0, 2), high=edges(2, 9, 3))
    present = snapshot(90, layers=3, low=edges(0, 1, 0), high=edges(4, 5, 1), goodness=("mean_square",) * 2 + ("l1",))
    left, right = common_range(past, present)
    assert (left.tolist(), right.tolist()) == ([[0, 0, 2]], [[4, 9, 3]])
    left, right = common_range(past, snapshot(90, layers=1))
    assert (left.tolist(), right.tolist()) == ([[0, 0, 2]], [[4, 9, 3]])
    assert past.low.tolist() == [[1, 0, 2]]


def test_a_ghost_is_sent_once_to_each_view(board, page):
    page.say("pane", pane="histograms", pin=True)
    ghost = histograms(page)["ghost"]
    assert (ghost["step"], ghost["goodness"]) == (100, ["mean_square"] * 2)
    np.testing.assert_array_equal(page.array("histograms", "ghost_positive"), snapshot(100).positive)
    have = {"histograms": {"ghost": ghost["number"]}}
    page.say("ack", have=have)
    board.show(snapshot(200), history_of(range(0, 201, 10)))
    assert histograms(page)["ghost"]["step"] == 100
    assert "ghost_positive" not in histograms(page)["arrays"]
    page.say("hello", view="b")
    assert "ghost_positive" in histograms(page)["arrays"]
    page.say("bye", view="b")
    page.say("pane", pane="histograms", pin=False)
    page.say("ack", have=have)
    assert "ghost" not in histograms(page)


def test_the_ghost_is_the_moment_that_is_shown(board, page):
    page.say("pane", pane="curves", travel=20)
    page.say("ack")
    page.say("pane", pane="histograms", pin=True)
    assert histograms(page)["ghost"]["step"] == 20
    first = histograms(page)["ghost"]["number"]
    page.say("ack")
    page.say("pane", pane="histograms", travel=None)
    page.say("pane", pane="histograms", pin=True)
    page.say("ack")
    assert histograms(page)["ghost"]["step"] == 100
    assert histograms(page)["ghost"]["number"] != first


def test_moments_are_offered_and_chosen(board, page):
    chosen: list[int] = []
    assert not board.can_branch
    board.on_branch(chosen.append)
    assert board.can_branch
    page.say("ack")
    board.show(snapshot(100), history_of(range(0, 101, 10)), moments=(Kept(1, 0), Kept(4, 90, 50)))
    assert curves(page)["moments"] == [[1, 0, None], [4, 90, 50]]
    page.say("pane", pane="curves", travel=30)
    page.say("pane", pane="curves", branch=4)
    assert chosen == [4]
    page.say("ack")
    assert curves(page)["past"] is None


def test_locking_is_offered_and_asked_for(board):
    wanted: list[bool] = []
    assert not board.ranges_can_be_locked
    board.on_lock(wanted.append)
    board.ranges_are_locked = True
    board.ranges_are_locked = False
    assert board.ranges_can_be_locked
    assert wanted == [True, False]


def test_separation_and_loss_travel_with_the_accuracy(board, page):
    history = history_of([10, 20])
    history.append(snapshot(30, layers=3))
    page.say("ack")
    board.show(snapshot(30, layers=3), history)
    auc = page.array("curves", "auc")
    assert auc.shape == (3, 1, 3)
    assert np.isfinite(auc).sum(-1).tolist() == [[2], [2], [3]]
    np.testing.assert_array_equal(auc[2], snapshot(30, layers=3).auc)
    np.testing.assert_array_equal(page.array("curves", "loss")[2], snapshot(30, layers=3).loss)


@pytest.fixture
def panel():
    panel = Explorer(dataset="digits", label_encoding="appended", layers=(24, 16), batch_size=32)
    yield panel
    panel.close()


def test_an_explorer_goes_back_and_locks(panel):
    panel.runner.step(10)
    panel.runner.wait(20)
    panel.runner.update(threshold=3.0)
    panel.runner.step(10)
    panel.runner.wait(20)
    page = Page(panel.board)
    page.say("hello")
    numbers = {step: number for number, step, _ in curves(page)["moments"]}
    page.say("pane", pane="curves", branch=numbers[10])
    page.say("pane", pane="curves", branch=999)  # one that had to go
    panel.runner.wait(20)
    assert panel.runner.snapshot.step == 10
    assert panel.settings.threshold != 3.0
    assert until(lambda: panel._shown is panel.settings)
    panel.board.ranges_are_locked = True
    assert panel.runner._worker.publisher.probe.is_locked
