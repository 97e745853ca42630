"""The read-out is fitted while a run rests or trains; whatever else is asked for comes first."""

from __future__ import annotations

import pytest
import torch

import ffexplore as ff
from ffexplore.engine import readout_fit
from ffexplore.live import orders
from ffexplore.live.journal import Journal
from ffexplore.live.moments import Moment
from tests.live.test_journal import assert_same_run, train
from tests.patience import until


def readout_of(runner: ff.Runner) -> torch.Tensor:
    return runner.ask(lambda trainer: trainer.state()["readout.flat"].clone()).result(10)


def test_a_fit_is_that_of_the_trainer_and_stands_in_the_script(make_runner, capsys):
    runner = make_runner(negatives="readout_label")
    train(runner, 9)
    runner.fit_readout(seconds=60)
    assert runner.wait(60)
    runner.check()
    (note,) = runner.journal.notes
    assert note.step == 9
    assert note.passes > 10
    assert runner.snapshot.changes == (f"read-out fitted, {note.passes} passes",)
    assert (9, runner.snapshot.changes[0]) in runner.history.changes
    alone = ff.Trainer(runner.settings).fit(steps=9, progress=False).fit_readout(epochs=note.passes, progress=False)
    torch.testing.assert_close(readout_of(runner), alone.state()["readout.flat"])
    train(runner, 3)
    assert f"train_to(9)\ntrainer.fit_readout(epochs={note.passes})\ntrain_to(12)" in runner.as_python()
    assert_same_run(runner, capsys)


def test_training_goes_on_after_a_fit(make_runner):
    runner = make_runner()
    runner.start()
    assert until(lambda: runner.snapshot is not None and runner.snapshot.step > 5)
    runner.fit_readout(seconds=60)
    assert until(lambda: bool(runner.journal.notes))
    fitted = runner.journal.notes[0].step
    assert until(lambda: runner.snapshot.step > fitted)
    assert runner.is_running
    assert runner.message == ""


def test_a_change_comes_first_and_what_was_found_is_kept(make_runner, monkeypatch):
    runner = make_runner()
    train(runner, 5)
    before, passes = readout_of(runner), []
    search = readout_fit.minimum

    def interrupted(chunks, size, classes, decay, passes_at_most, is_over, bar):
        def is_over_now() -> bool:
            passes.append(1)
            if len(passes) == 3:
                runner.update(threshold=2.0)
            return is_over()

        return search(chunks, size, classes, decay, passes_at_most, is_over_now, bar)

    monkeypatch.setattr(readout_fit, "minimum", interrupted)
    runner.fit_readout(seconds=60)
    assert runner.wait(60)
    assert [note.passes for note in runner.journal.notes] == [3, 0]
    assert runner.settings.threshold == 2.0
    assert not torch.equal(readout_of(runner), before)


def test_a_question_does_not_end_it(make_runner, monkeypatch):
    runner = make_runner()
    train(runner, 5)
    asked = []
    search = readout_fit.minimum

    def questioned(chunks, size, classes, decay, passes_at_most, is_over, bar):
        def is_over_now() -> bool:
            asked.append(runner.ask(lambda trainer: trainer.steps))
            return is_over()

        return search(chunks, size, classes, decay, min(6, passes_at_most), is_over_now, bar)

    monkeypatch.setattr(readout_fit, "minimum", questioned)
    runner.fit_readout(seconds=60)
    assert runner.wait(60)
    assert runner.journal.notes[0].passes == 6
    assert {answer.result(10) for answer in asked} == {5}


def test_what_cannot_be_fitted_is_said_and_nothing_is_lost(make_runner):
    runner = make_runner(readout_rate=0.0)
    train(runner, 3)
    runner.fit_readout()
    with pytest.raises(ff.SettingsError, match="readout_rate is 0, which switches the read-out off"):
        runner.wait(20)
    assert "readout_rate is 0" in runner.message
    train(runner, 2)
    assert runner.snapshot.step == 5
    assert runner.journal.notes == []
    with pytest.raises(ff.SettingsError, match="seconds is -1"):
        runner.fit_readout(seconds=-1)
    runner.compare("threshold", [1.0, 2.0])
    with pytest.raises(ff.SettingsError, match="to fit the read-out"):
        runner.fit_readout()


def test_while_it_lasts_the_panel_can_say_so(make_runner):
    runner, seen = make_runner(), []
    train(runner, 3)
    runner.observe(lambda snapshot: seen.append(snapshot.message))
    runner.fit_readout(seconds=60)
    assert runner.wait(60)
    assert seen == [orders.FITTING, ""]


def test_going_back_leaves_a_later_fit_behind():
    journal, settings = Journal(), ff.Settings()
    journal.begin(settings)
    journal.note_fit(4, settings, 10)
    journal.note_fit(8, settings, 20)
    journal.branch(Moment(number=1, step=8, epoch=0.0, settings=settings, noted=1))
    assert [note.passes for note in journal.notes] == [10]
    journal.branch(Moment(number=2, step=9, epoch=0.0, settings=settings, noted=2, fork=8))
    assert [note.passes for note in journal.notes] == [10, 20]
    journal.rewind(6)
    assert [note.passes for note in journal.notes] == [10]
    assert journal.changes == []


def test_a_moment_kept_after_a_fit_at_its_step_has_it(make_runner, capsys):
    runner = make_runner(negatives="readout_label")
    train(runner, 5)
    runner.speed = 0.05  # the step after the next is far away
    runner.start()
    assert until(lambda: runner.snapshot.step == 6)
    runner.fit_readout(seconds=60)
    assert until(lambda: bool(runner.journal.notes))
    runner.pause()
    assert runner.wait(20)
    fitted = readout_of(runner)
    assert [moment.step for moment in runner.moments][-1] == 6
    runner.speed = None
    train(runner, 4)
    runner.branch(6)
    assert runner.wait(20)
    assert torch.equal(readout_of(runner), fitted)
    assert [note.step for note in runner.journal.notes] == [6]
    train(runner, 2)
    assert_same_run(runner, capsys)


def test_a_moment_kept_before_a_fit_at_its_step_has_it_not(make_runner, capsys):
    runner = make_runner(negatives="readout_label")
    train(runner, 5)
    before = readout_of(runner)
    runner.fit_readout(seconds=60)
    train(runner, 2)
    runner.branch(5)
    assert runner.wait(60)
    assert torch.equal(readout_of(runner), before)
    assert runner.journal.notes == []
    train(runner, 2)
    assert_same_run(runner, capsys)


def test_after_diverging_a_fit_at_the_step_that_is_gone_back_to_is_still_there(make_runner, small, capsys):
    fragile = {"goodness": "sum_of_squares", "normalization": "none", "activation": "leaky_relu", "optimizer": "sgd"}
    runner = make_runner(small.replace(**fragile, learning_rate=1e-4))
    train(runner, 5)
    runner.fit_readout(seconds=60)
    assert runner.wait(60)
    fitted = readout_of(runner)
    runner.update(learning_rate=100.0)
    runner.step(2000)
    with pytest.raises(ff.DivergedError):
        runner.wait(20)
    assert runner.snapshot.step == 5
    assert torch.equal(readout_of(runner), fitted)
    assert [note.passes > 0 for note in runner.journal.notes] == [True, False]
    runner.update(learning_rate=1e-4)
    train(runner, 1)
    assert_same_run(runner, capsys)
