"""Who asks the trainer, how often, and what happens when a look fails."""

from __future__ import annotations

import time

import pytest

from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.board import Board
from ffexplore.ui.reader import LONGEST, Reader
from tests.ui.asker import Asker, Clock
from tests.ui.synthetic import snapshot
from tests.ui.test_board import Page


class Counting(AskedPane):
    """Shows how often it looked."""

    interval = 0.5

    def __init__(self, clock):
        super().__init__()
        self.clock, self.looks, self.cost, self.left, self.heard = clock, 0, 0.0, 0, []
        self.error = None

    def look(self, trainer, at_rest):
        self.clock.now += self.cost
        self.looks += 1
        if self.error is not None:
            raise self.error
        self.left = max(0, self.left - 1)
        return self.looks

    @property
    def has_more(self):
        return self.left > 0

    def hear(self, content, buffers):
        self.heard.append((content["word"], buffers))

    def pack_answer(self, answer, arrays):
        return {"looks": answer}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(clock):
    made = Board(["histograms", "fields"])
    pane = Counting(clock)
    made._packers["fields"] = made.asked_panes["fields"] = pane
    made.show(snapshot())
    yield made
    made.close()


@pytest.fixture
def pane(board):
    return board.asked_panes["fields"]


@pytest.fixture
def page(board):
    return Page(board)


def test_there_is_one_question_at_a_time_and_the_last_word_is_not_lost(board, page, pane, clock):
    ask = Asker(None, at_once=False)
    reader = Reader(ask, board, clock)
    page.say("hello", panes=["fields"])
    assert ask.count == 1
    for _ in range(5):
        reader.refresh(at_rest=True)
    assert ask.count == 1
    ask.answer()  # five refreshes later there is one more question
    assert ask.count == 2
    ask.answer()
    assert (ask.count, pane.looks, pane.answer) == (2, 2, 2)


def test_a_look_that_takes_long_comes_less_often(board, page, pane, clock):
    reader = Reader(Asker(None), board, clock)
    pane.cost = 0.06
    page.say("hello", panes=["fields"])
    at = clock.now
    while pane.looks == 1:
        clock.now += 0.1
        reader.refresh(at_rest=False)
    assert clock.now - at == pytest.approx(0.06 / AskedPane.share, abs=0.2)
    pane.cost = 10.0
    clock.now += LONGEST + 1
    reader.refresh(at_rest=False)
    at, looks = clock.now, pane.looks
    while pane.looks == looks:
        clock.now += 0.5
        reader.refresh(at_rest=False)
    assert clock.now - pane.cost - at <= LONGEST + 0.5


def test_a_look_that_fails_stops_its_pane_alone(board, page, pane, clock):
    reader = Reader(Asker(None), board, clock)
    pane.error = ValueError("no weights")
    page.say("hello", panes=["histograms", "fields"])
    page.say("ack", panes=["histograms", "fields"])
    panes = page.frames[-1][0]["panes"]
    assert panes["fields"] == {"error": "ValueError: no weights"}
    assert "arrays" in panes["histograms"]
    clock.now += 10
    reader.refresh(at_rest=True)
    assert pane.looks == 1  # it is left alone
    pane.error = None
    page.say("pane", pane="fields", retry=True)
    page.say("ack", panes=["histograms", "fields"])
    assert page.frames[-1][0]["panes"]["fields"] == {"version": 1, "looks": 2}
    assert (board.errors, pane.heard) == ({}, [])


def test_what_a_person_does_in_a_pane_is_heard_and_asked_at_once(board, page, pane, clock):
    ask = Asker(None)
    Reader(ask, board, clock)
    page.say("hello", panes=["fields"])
    page.say("pane", pane="fields", word="next")
    assert (ask.count, pane.heard) == (2, [("next", [])])
    page.say("pane", pane="fields")  # without the word it expects
    assert isinstance(board.errors["fields"], KeyError)


def test_a_hidden_pane_is_not_asked_about(board, page, clock):
    ask = Asker(None)
    reader = Reader(ask, board, clock)
    page.say("hello", panes=["histograms"])
    reader.refresh(at_rest=True)
    page.say("pane", pane="fields", word="next")
    assert ask.count == 0


def test_a_look_with_more_goes_on_by_itself_at_rest(board, page, pane, clock):
    Reader(Asker(None), board, clock)
    pane.left = 4
    page.say("hello", panes=["fields"])
    end = time.monotonic() + 5
    while pane.looks < 4 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)
    assert pane.looks == 4


def test_answers_are_sent_once_to_each_view(board, page, pane, clock):
    Reader(Asker(None), board, clock)
    page.say("hello", panes=["fields"])
    page.say("ack", panes=["fields"])
    assert page.frames[-1][0]["panes"]["fields"] == {"version": 1, "looks": 1}
    page.say("ack", panes=["fields"], have={"fields": {"version": 1}})
    board.show(snapshot(200))
    assert page.frames[-1][0]["panes"]["fields"] == {"version": 1, "is_held": True}
