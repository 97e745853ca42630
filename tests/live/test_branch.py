"""Going on from a kept moment: the same numbers, an undo, bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.live.moments import COUNT, Moments
from tests.patience import until


def state_of(run):
    return run.ask(lambda trainer: {name: value.clone() for name, value in trainer.state().items()}).result(10)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def go(run, steps):
    run.step(steps)
    assert run.wait(20)
    return run


def test_a_branch_trains_as_the_run_did_then(make_runner):
    run = make_runner()
    go(run, 10)
    then = state_of(run)
    go(run, 10)
    later = state_of(run)
    assert {0, 10, 20} <= {moment.step for moment in run.moments}  # where time passes, moments between them too
    run.branch(10)
    assert run.wait(10)
    assert (run.status, run.snapshot.step) == ("paused", 10)
    assert same(then, state_of(run))
    go(run, 10)
    assert run.snapshot.step == 20
    assert same(later, state_of(run))


def test_settings_and_shapes_of_then_come_back(make_runner):
    run = make_runner()
    go(run, 10)
    then, settings = state_of(run), run.settings
    run.update(layers=(12, 8, 6), threshold=3.0, optimizer="sgd", batch_size=16, negatives_refresh="epoch")
    go(run, 10)
    run.branch(10)
    run.wait(10)
    assert run.settings == settings
    assert run.snapshot.widths == (24, 16)
    assert same(then, state_of(run))
    assert np.allclose(run.snapshot.threshold, settings.threshold if settings.threshold is not None else 1.0)


def test_another_dataset_is_left_for_the_former(make_runner):
    run = make_runner()
    go(run, 10)
    then = state_of(run)
    run.update(dataset="moons")
    go(run, 10)
    run.branch(10)
    run.wait(10)
    assert run.settings.dataset == "digits"
    assert same(then, state_of(run))
    assert go(run, 5).snapshot.step == 15


def test_the_history_ends_there_with_a_mark(make_runner):
    run = make_runner(rate=1000.0)
    go(run, 10)
    run.update(threshold=3.0)
    go(run, 10)
    run.update(threshold=4.0)
    go(run, 10)
    run.branch(20)
    run.wait(10)
    assert run.history.curve()["step"][-1] == 20
    texts = [text for _, text in run.history.changes]
    assert [text.partition(" ")[0] for text in texts] == ["threshold", "went"]
    assert run.history.changes[-1] == (20, "went back from step 30 to step 20")
    assert run.snapshot.changes == ("went back from step 30 to step 20",)
    assert run.settings.threshold == 3.0


def test_going_back_can_be_undone_and_that_too(make_runner):
    run = make_runner(rate=1000.0)
    go(run, 10)
    go(run, 10)
    run.update(threshold=5.0)
    go(run, 10)
    left, curve, changes = state_of(run), run.history.curve(), run.history.changes
    run.branch(10)
    run.wait(10)
    go(run, 5)
    branch = state_of(run)
    *line, behind = run.moments
    assert [moment.step for moment in line] == [0, 10, 15]
    assert (behind.step, behind.fork) == (30, 10)
    run.branch(behind)
    run.wait(10)
    assert same(left, state_of(run))
    assert run.settings.threshold == 5.0
    assert run.history.curve()["step"].tolist() == curve["step"].tolist()
    assert np.array_equal(run.history.curve()["auc"], curve["auc"])
    assert run.history.changes[:-1] == changes
    *line, behind = run.moments
    assert [moment.step for moment in line] == [0, 10, 30]
    assert (behind.step, behind.fork) == (15, 10)
    run.branch(behind)
    run.wait(10)
    assert same(branch, state_of(run))


def test_going_to_and_fro_keeps_no_more_and_more(make_runner):
    run = go(make_runner(), 10)
    run.branch(0)
    for _ in range(6):
        assert run.wait(10)
        run.branch(run.moments[-1])
    assert run.wait(10)
    assert [(moment.step, moment.fork) for moment in run.moments] == [(0, None), (10, 0)]


def test_a_run_goes_on_running(make_runner):
    run = make_runner()
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 50)
    run.branch(0)
    assert until(lambda: any("went back" in text for _, text in run.history.changes))
    assert run.is_running
    assert until(lambda: run.snapshot.step > 5)
    run.pause()
    run.wait(10)
    assert (np.diff(run.history.curve()["step"]) > 0).all()


def test_changes_made_after_the_call_build_on_the_moment(make_runner):
    run = make_runner()
    go(run, 10)
    run.update(threshold=3.0, batch_size=16)
    run.step(30)
    run.branch(10)
    assert run.settings.batch_size == 32
    run.update(learning_rate=0.01)
    run.step(5)
    assert run.wait(10)
    assert (run.snapshot.step, run.settings.learning_rate, run.settings.batch_size) == (15, 0.01, 32)
    left = run.moments[-1]
    assert (left.step, left.settings.batch_size, left.settings.learning_rate) == (40, 16, 0.002)
    assert run._worker.trainer.settings == run.settings


def test_an_impatient_stop_forgets_a_branch_that_waits(make_runner):
    run = make_runner()
    go(run, 10)
    run.update(threshold=3.0)
    run.speed = 20.0
    run.step(1000)
    assert until(lambda: run.snapshot.step > 11)
    run.branch(10)
    run.stop(finish=False)
    run.wait(10)
    assert run.snapshot.step > 11
    assert run.settings.threshold == 3.0
    assert run._worker.trainer.settings == run.settings


def test_after_divergence_an_earlier_moment_helps(make_runner, small):
    run = make_runner(small.replace(goodness="sum_of_squares", normalization="none", activation="leaky_relu",
                                    optimizer="sgd", learning_rate=1e-4))  # fmt: skip
    go(run, 20)
    then = state_of(run)
    run.update(learning_rate=100.0)
    run.start()
    assert until(lambda: run.status == "diverged", 20)
    run.branch(20)
    assert run.wait(10)
    assert (run.status, run.message, run.error) == ("paused", "", None)
    assert run.settings.learning_rate == 1e-4
    assert same(then, state_of(run))


def test_a_moment_that_cannot_be_met_leaves_all_as_it_is(make_runner):
    @ff.goodness.register("passing")
    def passing(activity):
        """Mean square, for a while."""
        return activity.square().mean(-1)

    run = make_runner()
    run.update(goodness="passing")
    go(run, 10)
    run.update(goodness="mean_square")
    go(run, 10)
    before, settings = state_of(run), run.settings
    del ff.goodness._entries["passing"]
    run.branch(10)
    with pytest.raises(ff.SettingsError, match="passing"):
        run.wait(10)
    assert "passing" in run.message
    assert same(before, state_of(run))
    assert run.settings == settings
    assert run.history.curve()["step"][-1] == 20


def test_an_unknown_step_is_refused_with_those_that_are_kept(make_runner):
    run = make_runner()
    with pytest.raises(ff.SettingsError, match="none are kept yet"):
        run.branch(5)
    go(run, 10)
    with pytest.raises(ff.SettingsError, match=r"No weights are kept at step 5; they are kept at 0, 10\."):
        run.branch(5)


def test_reset_forgets_the_moments(make_runner):
    run = make_runner()
    go(run, 10)
    run.branch(0)
    run.reset()
    run.wait(10)
    assert [(moment.step, moment.fork) for moment in run.moments] == [(0, None)]


@pytest.fixture
def trainer(small):
    return ff.Trainer(small)


def kept_over(trainer, moments, steps):
    for step in steps:
        trainer.steps = step
        if moments.wants(step):
            moments.keep(trainer, 0)
    return [moment.step for moment in moments.all]


@pytest.mark.parametrize("stride", [1, 7, 500])
def test_moments_are_few_and_cover_the_run(trainer, stride):
    moments = Moments()
    last = stride * 2000
    steps = kept_over(trainer, moments, range(0, last, stride))
    assert len(steps) == COUNT
    assert steps[0] == 0
    assert steps[-1] >= last * (1 - 2 / COUNT)
    assert np.diff(steps).max() <= last * 3 / COUNT
    assert steps == sorted(set(steps))


def test_where_a_person_paused_is_kept_rather_than_a_moment_nearby(trainer):
    moments = Moments()
    kept_over(trainer, moments, (0, 300, 399))
    assert [moment.step for moment in moments.all] == [0, 300, 399]
    trainer.steps = 400
    assert not moments.wants(400)
    assert moments.wants(400, at_rest=True)
    moments.keep(trainer, 0, at_rest=True)
    assert [moment.step for moment in moments.all] == [0, 300, 400]
    assert not moments.wants(401, at_rest=True)  # one step further is no news
    assert moments.wants(460)


def test_their_bytes_are_bounded(trainer):
    size = sum(value.numel() * value.element_size() for value in trainer.state().values())
    assert len(kept_over(trainer, Moments(limit=3 * size), range(100))) == 3
    assert kept_over(trainer, Moments(limit=size), range(100))[0] > 50
    assert kept_over(trainer, Moments(limit=size - 1), range(100)) == []
    moments = Moments()
    moments.keep(trainer, 0)
    assert moments.all[0].size == size


def test_a_moment_of_a_run_that_began_anew_is_not_gone_back_to(make_runner):
    run = go(make_runner(), 10)
    moment = run.moments[-1]
    run.update(threshold=3.0)
    run.reset()
    go(run, 2)
    run.branch(moment)
    with pytest.raises(ff.SettingsError, match="weights of step 10 are no longer kept"):
        run.wait(10)
    assert run.settings.threshold == 3.0
    assert run.snapshot.step == 2
    assert run.journal.present == run.settings
