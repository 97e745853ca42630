"""A run is written down as a script; the script, executed, gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.live.as_python import literal
from ffexplore.live.journal import MOST, Journal
from ffexplore.live.moments import Moment


def executed(script: str, capsys: pytest.CaptureFixture[str]) -> ff.Trainer:
    space: dict[str, object] = {}
    exec(compile(script, "the script", "exec"), space)
    trainer = space["trainer"]
    assert isinstance(trainer, ff.Trainer)
    assert str(trainer.evaluate()) in capsys.readouterr().out
    return trainer


def weights(trainer: ff.Trainer) -> list[torch.Tensor]:
    return [tensor for layer in range(len(trainer.settings.layers)) for tensor in trainer.weights(layer)]


def state_of(runner: ff.Runner) -> list[torch.Tensor]:
    return runner.ask(weights).result(10)


def assert_same_run(runner: ff.Runner, capsys: pytest.CaptureFixture[str]) -> None:
    runner.wait(20)
    trainer = executed(runner.as_python(), capsys)
    assert trainer.settings == runner.settings
    assert runner.snapshot is not None
    assert trainer.steps == runner.snapshot.step
    for mine, theirs in zip(state_of(runner), weights(trainer), strict=True):
        assert torch.equal(mine, theirs)


def train(runner: ff.Runner, steps: int) -> None:
    runner.step(steps)
    assert runner.wait(20)


def test_the_script_of_a_run_gives_the_same_numbers_bit_for_bit(make_runner, capsys):
    runner = make_runner()
    train(runner, 7)
    runner.update(threshold=2.0, objective="swish_symba(alpha=4.5)")
    train(runner, 3)
    runner.update(layers=(24, 20), optimizer="sgd", learning_rate=(0.01, 0.1))
    runner.update(goodness="sum_of_squares")
    train(runner, 5)
    runner.update(negatives="hard_label(layers='all')", dropout=0.25)
    train(runner, 4)
    runner.update(batch_size=17)
    script = runner.as_python()
    assert_same_run(runner, capsys)
    assert "train_to(7)\ntrainer.apply(trainer.settings.replace(threshold=2.0, objective='swish_symba" in script
    assert "torch.set_num_threads(1)" in script


def test_while_training_a_change_is_written_at_the_step_at_which_it_was_taken_up(make_runner, capsys):
    runner = make_runner()
    runner.start()
    for number in range(5):
        step = runner.snapshot.step if runner.snapshot else 0
        while not (runner.snapshot and runner.snapshot.step > step):
            pass
        runner.update(threshold=1.0 + 0.1 * number)
    runner.pause()
    assert_same_run(runner, capsys)
    assert len({step for step, _ in runner.journal.changes}) > 1


def test_a_reset_begins_the_script_anew(make_runner, capsys):
    runner = make_runner()
    train(runner, 3)
    runner.update(threshold=3.0)
    runner.reset()
    train(runner, 2)
    assert runner.journal.changes == []
    assert "apply" not in runner.as_python()
    assert_same_run(runner, capsys)


def test_going_back_to_a_moment_and_back_again_is_followed(make_runner, capsys):
    runner = make_runner()
    train(runner, 4)
    runner.update(threshold=2.0)
    train(runner, 4)
    runner.update(threshold=3.0)
    train(runner, 4)
    runner.branch(8)
    train(runner, 2)
    assert "threshold=3.0" not in runner.as_python()
    assert_same_run(runner, capsys)
    left = next(moment for moment in runner.moments if moment.fork is not None)
    runner.branch(left)
    train(runner, 1)
    assert "threshold=3.0" in runner.as_python()
    assert_same_run(runner, capsys)


def test_going_back_after_diverging_is_followed(make_runner, small, capsys):
    runner = make_runner(
        small.replace(
            goodness="sum_of_squares",
            normalization="none",
            activation="leaky_relu",
            optimizer="sgd",
            learning_rate=1e-4,
        )
    )
    train(runner, 5)
    runner.update(learning_rate=100.0)
    runner.step(2000)
    with pytest.raises(ff.DivergedError):
        runner.wait(20)
    runner.update(learning_rate=1e-4)
    train(runner, 3)
    assert_same_run(runner, capsys)


def test_a_checkpoint_is_gone_on_from_in_the_panel_and_in_the_script(make_runner, capsys, tmp_path):
    first = make_runner()
    train(first, 6)
    path = first.save(tmp_path / "run").result(10)
    second = make_runner(ff.Settings(dataset="digits", label_encoding="appended", layers=(8,)))
    train(second, 2)
    second.update(threshold=5.0)
    second.restore(path).result(10)
    assert second.settings == first.settings
    assert second.status == "paused"
    assert second.snapshot.step == 6
    assert second.history.changes == [(6, "loaded run.json")]
    train(second, 3)
    train(first, 3)
    for mine, theirs in zip(state_of(first), state_of(second), strict=True):
        assert torch.equal(mine, theirs)
    assert_same_run(second, capsys)


def test_what_is_no_checkpoint_is_refused_and_nothing_changes(make_runner, tmp_path):
    runner = make_runner()
    train(runner, 2)
    (tmp_path / "bad.json").write_text("{}")
    before = state_of(runner)
    for name in ("bad.json", "missing.json"):
        with pytest.raises(ff.CheckpointError, match=name):
            runner.restore(tmp_path / name).result(10)
    assert runner.snapshot.step == 2
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(before, state_of(runner), strict=True))
    train(runner, 1)


def test_an_epoch_ends_where_the_pass_over_the_data_does(make_runner):
    runner = make_runner()
    train(runner, 3)
    for passes in (1.0, 2.0):
        runner.step_epoch()
        assert runner.wait(20)
        assert runner.snapshot.epoch == pytest.approx(passes)
        assert runner.status == "paused"


def test_own_data_and_own_functions_are_named(make_runner):
    @ff.goodness.register("mine", batched=True)
    def mine(activity):
        """My own."""
        return activity.square().mean(-1)

    rng = np.random.default_rng(0)
    data = ff.Dataset.from_arrays(rng.random((40, 5)), np.arange(40) % 2, name="coins")
    runner = make_runner(ff.Settings(dataset=data, label_encoding="appended", layers=(4,), goodness="mine"))
    train(runner, 1)
    script = runner.as_python()
    assert "# Your own goodness 'mine' must be registered first" in script
    assert "# Your own data 'coins' must be made first" in script
    assert data.fingerprint in script


def test_a_function_that_is_taken_up_anew_is_marked_in_the_history(make_runner):
    ff.goodness.register("mine")(lambda activity: activity.square().mean(-1))
    runner = make_runner(goodness="mine")
    train(runner, 2)
    ff.goodness.register("mine")(lambda activity: 2 * activity.square().mean(-1))
    train(runner, 1)
    runner.update(learning_rate=0.001)
    train(runner, 1)
    assert runner.history.changes[-1][1] == "learning_rate 0.002 → 0.001; goodness 'mine' as registered now"
    runner.update(learning_rate=0.003)
    train(runner, 1)
    assert runner.history.changes[-1][1] == "learning_rate 0.001 → 0.003"


def test_a_trainer_that_was_handed_over_is_owned_up_to(make_runner, small):
    trainer = ff.Trainer(small)
    trainer.step()
    runner = make_runner(trainer)
    train(runner, 1)
    assert "# The first 1 steps were made elsewhere" in runner.as_python()


@pytest.mark.parametrize("value", [None, 0.1, "full", (1, 2), (3,), ff.Choice("a"), (ff.Choice("a"), ff.Choice("b"))])
def test_a_literal_is_read_back(value):
    names = {ff.Choice("a"): "a", ff.Choice("b"): "b"}
    expected = tuple(names.get(each, each) for each in value) if isinstance(value, tuple) else names.get(value, value)
    assert eval(literal(value)) == expected


def test_very_many_changes_are_put_together_and_the_journal_says_so():
    journal, settings = Journal(), ff.Settings()
    journal.begin(settings)
    for step in range(MOST + 1):
        assert journal.is_complete
        journal.note(step, settings)
    assert not journal.is_complete
    assert len(journal.changes) < MOST
    assert journal.changes[-1] == (MOST, settings)


def test_changes_at_the_step_of_a_moment_but_after_it_are_left_behind():
    journal, first = Journal(), ff.Settings()
    second, third = first.replace(threshold=2.0), first.replace(threshold=3.0)
    journal.begin(first)
    journal.note(5, second)
    journal.note(5, third)
    assert journal.present == third
    journal.branch(Moment(number=1, step=5, epoch=0.0, settings=second, noted=1))
    assert journal.changes == [(5, second)]
    journal.branch(Moment(number=2, step=5, epoch=0.0, settings=third, noted=2, fork=5))
    assert journal.changes == [(5, second), (5, third)]


def test_a_checkpoint_of_a_function_with_other_code_says_so(make_runner, small, tmp_path):
    def mine(activity):
        """Mine."""
        return activity.mean(-1)

    def other(activity):
        """Mine."""
        return activity.square().mean(-1)

    ff.goodness.register("mine")(mine)
    first = make_runner(small.replace(goodness="mine"))
    path = first.save(tmp_path / "run").result(10)
    ff.goodness.register("mine")(other)
    second = make_runner()
    second.restore(path).result(10)
    assert second.history.changes == [(0, "loaded run.json (The goodness 'mine' has other code than then)")]


def test_a_script_that_begins_with_a_checkpoint_sees_that_it_was_written_over(make_runner, capsys, tmp_path):
    runner = make_runner()
    train(runner, 3)
    path = runner.save(tmp_path / "run").result(10)
    runner.restore(path).result(10)
    train(runner, 2)
    assert_same_run(runner, capsys)
    runner.save(path).result(10)
    with pytest.raises(AssertionError, match="written over"):
        executed(runner.as_python(), capsys)
