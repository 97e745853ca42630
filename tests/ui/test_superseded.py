"""A cell run twice: the old panel says why it paused, and gives back what nobody can see any more."""

from __future__ import annotations

HELLO = {"kind": "hello", "view": "v", "panes": ["histograms"], "have": {}, "seq": 0}


def supersede(open_panel, until, *messages):
    old = open_panel(start=True)
    until(lambda: old.runner.snapshot is not None and old.runner.snapshot.step > 3)
    for message in messages:
        old.board._receive(None, message, [])
    kept = len(old.runner.moments)
    assert kept > 0
    new = open_panel(start=True)
    until(lambda: new.runner.snapshot is not None and new.runner.snapshot.step > 3)
    until(lambda: "another runner was started" in old.status.message)
    assert old.status.word == "paused"
    return old


def test_a_panel_without_a_page_gives_its_moments_back_and_can_still_go_on(open_panel, until):
    old = supersede(open_panel, until, HELLO, {"kind": "bye", "view": "v"})
    until(lambda: old.runner.moments == ())
    step = old.runner.snapshot.step
    old.runner.step(2)
    assert old.runner.wait(10)
    assert old.runner.snapshot.step == step + 2
    assert len(old.runner.history) > 0


def test_a_panel_that_is_still_shown_keeps_them(open_panel, until):
    old = supersede(open_panel, until, HELLO)
    old.runner.ask(lambda _: None).result(10)
    assert len(old.runner.moments) > 0
