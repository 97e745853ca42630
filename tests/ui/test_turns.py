"""What a person does counts in the order in which they did it, whichever thread of the kernel hears of it, and when."""

from __future__ import annotations

import itertools
import threading

import pytest

from ffexplore.ui.turns import Turns
from tests.ui.turning import until

pages = (f"page {number}" for number in itertools.count())


@pytest.fixture
def said():
    return []


@pytest.fixture
def turns():
    return Turns(patience=60.0)


def test_what_comes_too_early_waits(turns, said):
    for number in (3, 2, 5, 1, 4):
        turns.take(number, lambda number=number: said.append(number))
    assert said == [1, 2, 3, 4, 5]


def test_what_comes_while_something_else_is_done_comes_after_it(turns, said):
    has_begun, may_end = threading.Event(), threading.Event()

    def slow():
        has_begun.set()
        may_end.wait(10)
        said.append(1)

    thread = threading.Thread(target=turns.take, args=(1, slow))
    thread.start()
    has_begun.wait(10)
    turns.take(2, lambda: said.append(2))
    assert said == []
    may_end.set()
    thread.join(10)
    assert said == [1, 2]


def test_what_was_lost_is_waited_for_but_not_for_ever(said):
    turns = Turns(patience=0.05)
    turns.take(2, lambda: said.append(2))
    turns.take(5, lambda: said.append(5))
    assert said == []
    until(lambda: said == [2, 5])
    turns.take(1, lambda: said.append(1))  # late, and done all the same
    turns.take(6, lambda: said.append(6))
    assert said == [2, 5, 1, 6]


def test_what_goes_wrong_holds_nothing_up(turns, said):
    def fail():
        raise KeyboardInterrupt

    turns.take(2, lambda: said.append(2))
    with pytest.raises(KeyboardInterrupt):
        turns.take(1, fail)
    assert said == [2]
    turns.take(3, lambda: said.append(3))
    assert said == [2, 3]


def test_very_many_may_wait(turns, said):
    for number in range(5000, 0, -1):
        turns.take(number, lambda number=number: said.append(number))
    assert said == list(range(1, 5001))


def test_many_threads_keep_the_order(turns, said):
    numbers = range(1, 401)

    def bring(first):
        for number in numbers[first::4]:
            turns.take(number, lambda number=number: said.append(number))

    threads = [threading.Thread(target=bring, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert said == list(numbers)


def messages(panel):
    """What a page sends of a rate that is written and a click on Step at once."""
    page = next(pages)
    box = panel.controls["learning_rate"].row._box.number
    write = {"part": box, "message": ["view", 1], "value": "0.015", "turn": [page, 1]}
    press = {"part": panel.bar.step.number, "message": ["view", 1], "turn": [page, 2]}
    return (panel.controls, write), (panel.bar, press)


def trained_with(panel):
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step == 1)
    return [(step, settings.learning_rate) for step, settings in panel.runner.journal.changes]


@pytest.fixture
def panel(open_panel):
    opened = open_panel()
    until(lambda: opened.runner.snapshot is not None)
    return opened


def test_a_step_that_is_heard_of_first_is_trained_with_what_was_written_before_it(panel):
    for widget, message in reversed(messages(panel)):
        widget._handle_custom_msg(message, [])
        assert panel.runner.wait(10)
    assert trained_with(panel) == [(0, 0.015)]


def test_a_step_that_is_heard_of_meanwhile_is_trained_with_what_was_written_before_it(panel):
    (controls, write), (bar, press) = messages(panel)

    def hear_in_another_thread():
        other = threading.Thread(target=bar._handle_custom_msg, args=(press, []))
        other.start()
        other.join(10)
        assert panel.runner.wait(10)

    controls.on_entry(hear_in_another_thread)
    controls._handle_custom_msg(write, [])
    assert trained_with(panel) == [(0, 0.015)]
