"""A panel whose runner compares variants: it says so, changes nothing meanwhile, and shows what was chosen."""

from __future__ import annotations


def inputs(control):
    return control.row._inputs if hasattr(control, "row") else control._menu._inputs


def test_while_variants_are_compared_the_panel_stands_still_and_says_why(open_panel, until):
    panel = open_panel()
    panel.runner.step(3)
    assert panel.runner.wait(10)
    panel.runner.compare("learning_rate", [0.001, 0.01, 0.1])
    assert panel.runner.wait(10)
    until(lambda: "Comparing learning_rate 0.001 | 0.01 | 0.1" in panel.status.message)
    assert panel.runner.snapshot.auc.shape == (3, 2)
    for name in ("batch_size", "learning_rate", "goodness", "negatives"):
        for item in inputs(panel.controls[name]):
            assert item.disabled
            assert "3 variants of learning_rate are compared" in item.tooltip
    assert panel.bar.reset.disabled
    assert "3 variants of learning_rate" in panel.bar.reset.tooltip
    assert not panel.bar.play.disabled
    assert not panel.board.threshold_is_movable
    panel.reset()
    assert "choose one, or None for the run from before, to begin anew" in panel.status.message
    assert panel.runner.compared is not None
    panel.runner.choose(2)
    assert panel.runner.wait(10)
    until(lambda: not panel.bar.reset.disabled)
    assert panel.board.threshold_is_movable
    assert not any(item.disabled for item in inputs(panel.controls["learning_rate"]))
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
