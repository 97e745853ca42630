"""The panes of diagnostics and of the twin, and the twin that trains beside a run; no browser."""

from __future__ import annotations

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.engine.footprint import footprint_of_step
from ffexplore.live.companion import Companion
from ffexplore.ui.backprop_pane import BackpropPane
from ffexplore.ui.diagnostics_pane import DiagnosticsPane
from ffexplore.ui.frames import Arrays
from tests.ui.synthetic import snapshot


@pytest.fixture
def trainer():
    chosen = ff.Settings(dataset="digits", layers=(24, 16), batch_size=64, label_encoding="appended", threshold=1.0)
    return ff.Trainer(chosen).fit(steps=30, progress=False)


class Past:
    """A history of three moments, the accuracy read at two of them."""

    changes = ()
    generation = 0

    def curve(self):
        accuracy = np.array([[0.1], [np.nan], [0.6]], np.float32)
        return {"step": np.array([0, 5, 10]), "accuracy": accuracy, "readout_accuracy": np.full((3, 1), np.nan)}

    def at(self, step):
        return snapshot(step)


def catch_up(companion, trainer):
    found = companion.advance(trainer, 0.05)
    while companion.is_behind:
        found = companion.advance(trainer, 0.5)
    return found


def test_the_twin_catches_up_batch_for_batch_and_leaves_the_run_alone(trainer, monkeypatch):
    monkeypatch.setattr("ffexplore.live.companion.LOOK", 1e9)
    weights, companion = trainer.weights(1)[0], Companion()
    first = companion.advance(trainer, 1e-9)
    assert companion.is_behind
    assert first.batches == (30, 1)
    found = catch_up(companion, trainer)
    assert found.batches == (30, 30)
    assert found.seconds[0] == pytest.approx(trainer.seconds)
    alone = ff.BackpropTwin(trainer.settings).fit(steps=30, progress=False)
    assert found.steps[-1] == 30
    assert found.accuracy[-1] == pytest.approx(alone.accuracy("validation"))
    assert (trainer.weights(1)[0] == weights).all()
    assert trainer.steps == 30
    assert found.held == tuple(footprint_of_step(each).held for each in (trainer, alone))


def test_another_network_or_a_run_that_began_anew_gets_another_twin(trainer):
    companion = Companion()
    catch_up(companion, trainer)
    trainer.apply(trainer.settings.replace(threshold=2.0, learning_rate=1e-3))
    assert companion.advance(trainer, 0.1).batches == (30, 30)
    trainer.apply(trainer.settings.replace(layers=(24, 8)))
    assert companion.advance(trainer, 1e-9).batches == (30, 1)
    begun = ff.Trainer(trainer.settings)
    assert companion.advance(begun, 0.1).batches == (0, 0)


def test_a_network_that_backpropagation_cannot_train_is_said_so(trainer):
    trainer.apply(trainer.settings.replace(black_box="quantizer"))
    pane = BackpropPane()
    pane.take(pane.look(trainer, True))
    packed = pane.pack(snapshot(), Past(), [], Arrays())
    assert "Backpropagation cannot train this network" in packed["words"]
    assert not pane.has_more
    trainer.apply(trainer.settings.replace(black_box="none"))
    assert pane.look(trainer, True).refusal == ""


def test_the_looks_of_a_long_run_are_thinned(trainer, monkeypatch):
    monkeypatch.setattr("ffexplore.live.companion.POINTS", 8)
    monkeypatch.setattr("ffexplore.live.companion.LOOK", 1e9)
    companion = Companion()
    for _ in range(60):
        trainer.step()
        found = companion.advance(trainer, 10.0)
    assert len(found.steps) == len(found.accuracy) <= 9
    assert list(found.steps) == sorted(found.steps)
    assert found.steps[0] <= 31


def test_the_pane_packs_both_curves(trainer):
    pane, arrays = BackpropPane(), Arrays()
    assert pane.pack(snapshot(), Past(), [], arrays) == {"words": "nothing to show yet"}
    pane.take(pane.look(trainer, True))
    packed = pane.pack(snapshot(), Past(), [], arrays)
    assert packed["batches"][0] == 30
    assert packed["held"][1] > 0
    assert packed["arrays"]["run_step"][2] == [2]
    assert np.frombuffer(arrays.buffer(), "<u2")[:2].tolist() == [0, 10]


def test_diagnostics_are_those_of_the_engine_and_the_meter_is_read_once(trainer, monkeypatch):
    pane, arrays = DiagnosticsPane(), Arrays()
    answer = pane.look(trainer, True)
    found = ff.diagnose(trainer)
    np.testing.assert_array_equal(answer[0].counts, found.counts)
    assert answer[1] == ff.shortcut_meter(trainer)
    monkeypatch.setattr("ffexplore.ui.diagnostics_pane.shortcut_meter", lambda _: pytest.fail("read again"))
    assert pane.look(trainer, True)[1] is answer[1]
    pane.take(answer)
    packed = pane.pack(snapshot(), None, [], arrays)
    assert packed["arrays"]["counts"][2] == [2, 10]
    for name in ("layer_accuracy", "cumulative_accuracy", "dead", "sparsity"):
        kind, place, shape = packed["arrays"][name]
        assert np.frombuffer(arrays.buffer(), f"<{kind}", 2, place) == pytest.approx(
            getattr(found, name)[0], rel=1e-6
        ), shape
    assert packed["shortcut"] == str(answer[1])
    assert pane.pack(snapshot(), None, [{"version": packed["version"]}], Arrays()) == {
        "version": packed["version"],
        "is_held": True,
    }
