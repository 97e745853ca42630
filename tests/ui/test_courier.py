"""The courier alone: a fake clock, a list instead of a page."""

from __future__ import annotations

import threading

import pytest

from ffexplore.ui.courier import FORGET, LATE, Courier


class Desk:
    """A courier with a clock that is set by hand; what it sends is kept, what it composes is counted."""

    def __init__(self):
        self.now = 0.0
        self.sent: list[dict] = []
        self.latest = None
        self.composed = 0
        self.courier = Courier(self.compose, lambda header, buffer: self.sent.append(header), clock=lambda: self.now)

    def compose(self, views):
        self.composed += 1
        return {"what": self.latest, "views": len(views), "have": [view.have for view in views]}, b""

    def offer(self, what, urgent=False):
        self.latest = what
        self.courier.offer(urgent=urgent)

    def say(self, kind, view="a", panes=("histograms",), seq=None, have=None):
        seq = len(self.sent) if seq is None else seq
        self.courier.receive({"kind": kind, "view": view, "panes": list(panes), "have": have or {}, "seq": seq})

    @property
    def shown(self):
        return [header["what"] for header in self.sent]


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.courier.close()


def test_nothing_is_composed_before_a_view_opens(desk):
    desk.offer("one")
    assert desk.composed == 0
    assert desk.courier.visible == frozenset()


def test_a_view_that_opens_gets_the_latest_at_once(desk):
    desk.offer("one")
    desk.offer("two")
    desk.say("hello")
    assert desk.shown == ["two"]
    assert desk.sent[0]["kind"] == "frame"
    assert desk.sent[0]["seq"] == 1


def test_hello_before_the_first_offer_waits_for_it(desk):
    desk.say("hello")
    assert desk.sent == []
    desk.offer("one")
    assert desk.shown == ["one"]


def test_frames_wait_for_the_answer_and_the_latest_wins(desk):
    desk.say("hello")
    for what in ("one", "two", "three"):
        desk.offer(what)
    assert desk.shown == ["one"]
    desk.say("ack")
    assert desk.shown == ["one", "three"]
    desk.say("ack")
    assert desk.shown == ["one", "three"]  # nothing newer, nothing sent


def test_without_an_answer_one_frame_a_second_goes_out(desk):
    desk.say("hello")
    for tenth in range(31):
        desk.now = tenth / 10
        desk.offer(tenth)
    assert desk.shown == [0, 10, 20, 30]


def test_the_last_frame_goes_out_even_if_nothing_follows_and_no_answer_comes(desk, monkeypatch):
    timers = []

    class Timer:
        def __init__(self, seconds, function):
            self.seconds, self.function = seconds, function
            timers.append(self)

        def start(self):
            pass

        cancel = start

    monkeypatch.setattr(threading, "Timer", Timer)
    desk.say("hello")
    desk.offer("one")
    desk.offer("last")
    assert desk.shown == ["one"]
    assert [timer.seconds for timer in timers] == [LATE]
    desk.now = LATE
    timers[0].function()
    assert desk.shown == ["one", "last"]


def test_urgent_overtakes_one_missing_answer_but_not_two(desk):
    desk.say("hello")
    desk.offer("one")
    desk.offer("urgent", urgent=True)
    assert desk.shown == ["one", "urgent"]
    desk.offer("more urgent", urgent=True)
    assert desk.shown == ["one", "urgent"]
    desk.say("ack", seq=1)
    assert desk.shown == ["one", "urgent"]  # one is still on its way
    desk.say("ack", seq=2)
    assert desk.shown == ["one", "urgent", "more urgent"]


def test_a_silent_view_does_not_hold_back_the_other(desk):
    desk.say("hello", view="a")
    desk.say("hello", view="dead")
    desk.offer(0)
    for tenth in range(1, 31):
        desk.now = tenth / 10
        desk.say("ack", view="a")
        desk.offer(tenth)
    assert desk.shown == [0, *range(9, 30)]  # held for a second once, then at the pace of the living


def test_a_silent_view_is_forgotten_and_comes_back_with_a_word(desk):
    desk.say("hello")
    desk.offer("one")
    desk.now = FORGET + 1
    desk.offer("two")
    assert desk.shown == ["one"]
    assert desk.courier.visible == frozenset()
    desk.say("ack", seq=1)
    assert desk.courier.visible == {"histograms"}
    assert desk.shown == ["one", "two"]


def test_bye_ends_a_view_and_frees_the_others(desk):
    desk.say("hello", view="a")
    desk.say("hello", view="b")
    desk.offer("one")
    desk.offer("two")
    desk.say("ack", view="a")
    assert desk.shown == ["one"]
    desk.say("bye", view="b")
    assert desk.shown == ["one", "two"]


def test_a_hidden_view_costs_nothing_and_gets_the_present_when_it_shows(desk):
    desk.say("hello")
    desk.offer("one")
    desk.say("panes", panes=())
    composed = desk.composed
    for what in range(100):
        desk.offer(what, urgent=True)
    assert desk.composed == composed
    desk.say("panes", panes=("curves",))
    assert desk.shown == ["one", 99]
    assert desk.courier.visible == {"curves"}


def test_panes_are_the_union_over_views(desk):
    desk.say("hello", view="a", panes=("histograms",))
    desk.say("hello", view="b", panes=("curves",))
    assert desk.courier.visible == {"histograms", "curves"}


def test_seeing_less_asks_for_nothing(desk):
    desk.say("hello", panes=("histograms", "curves"))
    desk.offer("one")
    desk.say("panes", panes=("curves",))
    assert desk.shown == ["one"]


def test_what_views_hold_reaches_compose(desk):
    desk.say("hello", have={"curves": {"rows": 3}})
    desk.offer("one")
    assert desk.sent[0]["have"] == [{"curves": {"rows": 3}}]


def test_closed_sends_nothing(desk):
    desk.say("hello")
    desk.courier.close()
    desk.offer("one")
    assert desk.sent == []


def test_offers_and_answers_from_many_threads_keep_one_order(desk):
    desk.say("hello")

    def offer():
        for what in range(200):
            desk.offer(what)

    def answer():
        for _ in range(200):
            desk.say("ack")

    threads = [threading.Thread(target=target) for target in (offer, offer, answer, answer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.say("ack")
    assert [header["seq"] for header in desk.sent] == list(range(1, len(desk.sent) + 1))
    assert desk.sent[-1]["what"] == desk.latest
