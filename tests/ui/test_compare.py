"""A panel whose runner compares variants: it says so, changes nothing meanwhile, and shows what was chosen."""

from __future__ import annotations


def row_of(control):
    return control.row if hasattr(control, "row") else control._menu


def test_while_variants_are_compared_the_panel_stands_still_and_says_why(open_panel, until):
    panel = open_panel()
    panel.runner.step(3)
    assert panel.runner.wait(10)
    panel.runner.compare("learning_rate", [0.001, 0.01, 0.1])
    assert panel.runner.wait(10)
    until(lambda: "Comparing 3 values of learning rate. Press Choose" in panel.status.message)
    assert panel.runner.snapshot.auc.shape == (3, 2)
    for name in ("batch_size", "learning_rate", "goodness", "negatives"):
        row = row_of(panel.controls[name])
        assert all(item.disabled for item in row._inputs)
        assert "3 variants of learning rate are compared" in row.widget.tooltip
    assert panel.bar.reset.disabled
    assert "3 variants of learning rate" in panel.bar.reset.tooltip
    assert not panel.bar.play.disabled
    assert not panel.board.threshold_is_movable
    panel.reset()
    assert "choose one, or None for the run from before, to begin anew" in panel.status.message
    assert panel.runner.compared is not None
    panel.runner.choose(2)
    assert panel.runner.wait(10)
    until(lambda: not panel.bar.reset.disabled)
    assert panel.board.threshold_is_movable
    assert not any(item.disabled for item in row_of(panel.controls["learning_rate"])._inputs)
    assert panel.settings.learning_rate == 0.1
    panel.undo()
    assert panel.settings.learning_rate == 0.002


def test_without_a_choice_every_control_is_back(open_panel, until):
    panel = open_panel()
    before = panel.settings
    panel.runner.compare("goodness", ["mean", "l2_norm"])
    panel.runner.start()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.auc.shape[0] == 2)
    panel.runner.choose(None)
    panel.runner.pause()
    assert panel.runner.wait(10)
    until(lambda: not panel.bar.reset.disabled)
    assert panel.settings == before
    assert panel.runner.snapshot.auc.shape == (1, 2)
    assert panel.board.errors == {}


def receive(panel, kind, target=None, values=None):
    """What the page's drawer sends."""
    drawer = panel.comparing.drawer
    values = drawer.values if values is None else values
    drawer._receive(drawer, {"kind": kind, "target": target or drawer.target, "values": values}, [])


def opened(panel):
    panel.comparing.drawer.toggle.value = True
    return panel.comparing.drawer


def test_the_drawer_offers_values_that_suit_and_begins(open_panel, until):
    panel = open_panel(learning_rate=0.01)
    drawer = opened(panel)
    assert drawer.is_open
    assert (drawer.target, drawer.values) == ("threshold", "0.25, 0.5, 1, 2, 4")
    receive(panel, "target", "learning rate", "0.25, 0.5")
    assert drawer.values == "0.001, 0.003, 0.01, 0.03, 0.1"
    assert drawer.meaning.endswith("Now 0.01.")
    receive(panel, "begin", values="0.01, 0.1")
    assert not drawer.is_open
    until(lambda: panel.board.is_comparing and panel.runner.snapshot.auc.shape[0] == 2)
    assert panel.runner.is_running
    assert panel.runner.compared.labels == ("0.01", "0.1")
    until(lambda: "2 variants" in panel.status.facts)
    panel.comparing.choose(1)
    until(lambda: not panel.board.is_comparing)
    assert panel.settings.learning_rate == 0.1
    assert panel.runner.is_running
    panel.comparing.choose(0)  # a second click
    assert panel.settings.learning_rate == 0.1


def test_the_click_on_begin_counts_with_what_stands_in_the_page_then(open_panel, until):
    panel = open_panel()
    opened(panel)
    receive(panel, "begin", "goodness", "mean_square, l2_norm")  # the page's menu was not heard of before
    assert panel.runner.compared.field == "goodness"
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.auc.shape[0] == 2)
    panel.comparing.choose(None)
    until(lambda: not panel.board.is_comparing)


def test_what_is_wrong_is_said_in_the_drawer_and_nothing_is_lost(open_panel):
    panel = open_panel()
    drawer = opened(panel)
    for values, words in (("0.5, two", "threshold is 'two'"), ("1", "'1' is one value; write 2 to 16 of them")):
        receive(panel, "begin", values=values)
        assert words in drawer.problem
        assert (drawer.values, drawer.is_open) == (values, True)
    receive(panel, "values", values="1, 2")
    assert drawer.problem == ""
    assert panel.runner.compared is None
    assert panel.status.message == "" or "two" not in panel.status.message


def test_what_a_person_wrote_stays_when_settings_change_and_a_suggestion_follows_them(open_panel):
    panel = open_panel()
    drawer = opened(panel)
    panel.controls["threshold"].send(2.0)
    assert drawer.values == "0.5, 1, 2, 4, 8"
    receive(panel, "values", values="0.1, 0.2")
    panel.controls["threshold"].send(4.0)
    assert drawer.values == "0.1, 0.2"


def test_hidden_and_locked_fields_are_not_offered(open_panel):
    panel = open_panel(controls="minimal", lock=["goodness"])
    drawer = opened(panel)
    assert [label for label in drawer.labels if ":" not in label] == ["threshold", "negatives", "learning rate"]
    assert dict(zip(drawer.labels, drawer.groups, strict=True))["threshold"] == "Goodness"
    assert list(dict.fromkeys(drawer.groups)) == ["Goodness", "Data", "Learning"]
    nothing = open_panel(controls=["dataset"])
    assert "ffx-hidden" in nothing.comparing.drawer.toggle.classes


def test_a_field_without_effect_says_why_it_cannot_be_compared(open_panel):
    panel = open_panel(objective="symba")
    drawer = opened(panel)
    receive(panel, "target", "threshold")
    assert "compares each positive with its negative" in drawer.reason
    receive(panel, "target", "learning rate")
    assert drawer.reason == ""


def test_while_variants_are_compared_the_drawer_says_why_it_rests(open_panel, until):
    panel = open_panel()
    panel.runner.compare("seed", [1, 2])
    until(lambda: panel.board.is_comparing)
    drawer = opened(panel)
    until(lambda: "2 variants of seed are compared" in drawer.reason)


def test_the_views_that_can_be_saved_are_those_of_the_variants(open_panel, until):
    panel = open_panel()
    panel.keep.is_open = True
    panel.runner.compare("threshold", [1, 2])
    until(lambda: list(panel.keep.views) == ["compare"])
    assert "compare" in panel.keep.pages
    panel.runner.choose(None)
    until(lambda: list(panel.keep.views) == ["histograms", "curves"])


def test_no_view_asks_the_trainer_of_several_variants(open_panel, until):
    panel = open_panel()
    panel.board.panes = ["histograms", "confusion"]
    asked = []
    panel.board.asked_panes["confusion"].look = lambda trainer, at_rest: asked.append(len(trainer.all_settings))
    view = {"view": "a", "have": {}, "seq": 0, "panes": ["confusion", "compare"]}
    panel.board._receive(panel.board, {"kind": "hello", **view}, [])
    panel.runner.compare("threshold", [1, 2])
    panel.runner.step(20)
    until(lambda: panel.board.is_comparing and panel.runner.snapshot.step == 20)
    assert panel.runner.wait(10)
    panel.runner.choose(None)
    until(lambda: not panel.board.is_comparing and asked)
    assert set(asked) == {1}
