"""What goes wrong is kept, named, and can be gone on from."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.live.faults import culprit, explain
from tests.patience import until


def diverging(small):
    return small.replace(
        goodness="sum_of_squares", normalization="none", activation="leaky_relu", optimizer="sgd", learning_rate=1e-4
    )


def test_divergence_goes_back_and_recovers(make_runner, small):
    run = make_runner(diverging(small))
    run.step(20)
    run.wait(10)
    good = run.ask(lambda trainer: trainer.network.layers[0].parameters.flat.clone()).result(10)
    run.update(learning_rate=100.0)
    run.start()
    assert until(lambda: run.status == "diverged", 20)
    with pytest.raises(ff.DivergedError):
        run.wait(10)
    assert "layer" in run.message
    assert "learning_rate" in run.message
    assert "went back to step" in run.message
    assert run.snapshot.status == "diverged"
    assert np.isfinite(run.snapshot.mean_positive).all()
    weights = run.ask(lambda trainer: trainer.network.layers[0].parameters.flat.clone()).result(10)
    assert torch.isfinite(weights).all()
    assert weights.shape == good.shape
    steps = run.history.curve()["step"]
    assert (np.diff(steps) > 0).all()
    run.update(learning_rate=1e-5)
    run.step(10)
    assert run.wait(10)
    assert run.status == "paused"
    assert run.error is None
    assert run.message == ""
    assert np.isfinite(run.snapshot.mean_positive).all()


def test_it_goes_back_to_the_very_state_it_kept(make_runner, small):
    run = make_runner(small)
    run.step(8)
    run.wait(10)

    def spoil(trainer):
        run._worker.keeper.keep()
        before = {name: value.clone() for name, value in trainer.state().items()}
        trainer.step()
        trainer.network.layers[0].parameters.flat.fill_(float("nan"))
        return before

    before = run.ask(spoil).result(10)
    run.step()
    assert until(lambda: run.status == "diverged")
    assert run.snapshot.step == 8
    after = run.ask(lambda trainer: {name: value.clone() for name, value in trainer.state().items()}).result(10)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_copy_is_never_taken_of_spoilt_weights(make_runner, small):
    run = make_runner(small)
    run.step(4)
    run.wait(10)

    def spoil(trainer):
        keeper = run._worker.keeper
        keeper.keep()
        trainer.network.layers[1].parameters.flat[0, 0] = float("inf")
        trainer.steps += 1
        keeper.keep()
        return keeper.step

    assert run.ask(spoil).result(10) == 4


def test_a_failing_goodness_is_named_and_can_be_mended(make_runner):
    mood = {"bad": False}

    @ff.goodness.register("moody")
    def moody(activity):
        """Fails when told to."""
        if mood["bad"]:
            raise ValueError("no patience")
        return activity.square().mean(-1)

    run = make_runner()
    run.update(goodness="moody")
    run.step(5)
    run.wait(10)
    mood["bad"] = True
    run.start()
    assert until(lambda: run.status == "failed")
    assert "goodness 'moody'" in run.message
    assert "ValueError: no patience" in run.message
    assert run.snapshot.status == "failed"
    assert run.snapshot.message == run.message
    with pytest.raises(ValueError, match="no patience") as caught:
        run.check()
    assert any(entry.name == "moody" for entry in caught.traceback)

    @ff.goodness.register("moody")
    def mended(activity):
        """Does not fail."""
        return activity.square().mean(-1)

    run.step(5)
    assert run.wait(10)
    assert run.status == "paused"
    assert run.snapshot.step == 10
    assert run.error is None


def test_choosing_another_function_mends_it_too(make_runner):
    calls = []

    @ff.negatives.register("gives up", changes="label")
    def gives_up(batch, rng):
        """Works a few times."""
        calls.append(1)
        if len(calls) > 6:
            raise KeyError("enough")
        return (batch.labels + 1) % batch.classes

    run = make_runner()
    run.update(negatives="gives up")
    run.start()
    assert until(lambda: run.status == "failed")
    assert "negatives 'gives up'" in run.message
    run.update(negatives="uniform_label")
    run.step(3)
    assert run.wait(10)
    assert run.status == "paused"


def test_a_function_that_exits_does_not_end_the_thread(make_runner):
    @ff.objectives.register("quits")
    def quits(positive, negative):
        """Tries to leave."""
        if positive.shape[-1] > 3:
            raise SystemExit(1)
        return negative - positive

    run = make_runner()
    run.update(objective="quits")
    run.step()
    assert until(lambda: run.status == "failed")
    assert "quits" in run.message
    assert run._worker.thread.is_alive()


def test_an_error_that_was_raised_does_not_keep_the_runner(small):
    run = ff.Runner(small.replace(label_encoding="overlay"))
    run.publish()
    for _ in range(2):
        with pytest.raises(ff.SettingsError):
            run.wait(10)
    thread = run._worker.thread
    assert thread is not None
    del run
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


def test_what_breaks_while_it_is_taken_up_leaves_the_former_settings(make_runner):
    @ff.initializations.register("no start")
    def no_start(inputs, units, rng):
        """Fails for all but a handful of inputs."""
        if inputs > 5:
            raise OSError("nowhere to begin")
        return torch.zeros(units, inputs), torch.zeros(units)

    run = make_runner()
    run.step(3)
    run.wait(10)
    run.update(initialization="no start")
    with pytest.raises(OSError, match="nowhere"):
        run.wait(10)
    assert "initialization 'no start'" in run.message
    assert run.settings.initialization.name == "normal"
    run.step(3)
    assert run.wait(10)
    assert run.snapshot.step == 6


def test_what_cannot_be_built_is_told(make_runner, small):
    run = make_runner(small.replace(label_encoding="overlay"))
    run.start()
    with pytest.raises(ff.SettingsError, match="not blank"):
        run.wait(10)
    assert run.status == "failed"
    assert "appended" in run.message
    assert run.snapshot.message == run.message
    assert run.snapshot.widths == (24, 16)
    run.update(label_encoding="appended")
    assert run.wait(10)
    assert run.status == "idle"
    run.step(2)
    assert run.wait(10)
    assert run.snapshot.step == 2


def test_a_listener_that_raises_is_dropped(make_runner):
    run = make_runner()
    calls, others = [], []

    def broken(snapshot):
        calls.append(snapshot.step)
        raise RuntimeError("my own fault")

    run.observe(broken)
    run.observe(lambda snapshot: others.append(snapshot.step))
    run.publish()
    run.step(3)
    assert run.wait(10)
    assert len(calls) == 1
    assert others[-1] == 3
    assert [str(error) for error in run.listener_errors] == ["my own fault"]
    assert run.status == "paused"


def test_observing_can_end(make_runner):
    run = make_runner()
    seen: list[ff.Snapshot] = []
    end = run.observe(seen.append)
    run.step()
    run.wait(10)
    count = len(seen)
    end()
    end()
    run.step()
    run.wait(10)
    assert count > 0
    assert len(seen) == count


def test_questions_are_answered_idle_running_and_paused(make_runner):
    run = make_runner()
    assert run.ask(lambda trainer: trainer.steps).result(10) == 0
    run.start()
    assert until(lambda: run.snapshot.step > 0)
    assert run.ask(lambda trainer, more: trainer.steps + more, 1000).result(10) > 1000
    assert run.is_running
    run.pause()
    run.wait(10)
    assert run.ask(lambda trainer: trainer.steps).result(10) == run.snapshot.step
    assert run.ask(lambda trainer: trainer.evaluate("validation")).result(10).rows > 0


def test_a_question_that_fails_harms_nobody(make_runner):
    run = make_runner()
    answer = run.ask(lambda trainer: 1 / 0)
    assert isinstance(answer.exception(10), ZeroDivisionError)
    assert run.error is None
    run.step()
    assert run.wait(10)


def test_a_listener_may_ask(make_runner):
    run = make_runner()
    answers = []
    run.observe(lambda snapshot: answers.append(run.ask(lambda trainer: trainer.steps).result(0)))
    run.step(2)
    assert run.wait(10)
    assert answers[-1] == 2


def test_the_innermost_function_is_named():
    @ff.goodness.register("outer of two")
    def outer(activity):
        """Calls nothing registered."""
        return activity.mean(-1)

    @ff.activations.register("inner of two")
    def inner(z):
        """Fails on a single number."""
        if z.numel() == 1:
            raise IndexError("deep")
        return z

    with pytest.raises(IndexError) as caught:
        outer(inner(torch.zeros(1)))
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = caught.value
    assert culprit(wrapped) == ("activation", "inner of two")
    assert culprit(ValueError("nobody's")) is None


def test_memory_that_ran_out_is_explained():
    assert "narrower layers" in explain(RuntimeError("DefaultCPUAllocator: not enough memory: you tried"))
    assert "runner.error" in explain(RuntimeError("something else"))


def test_a_dataset_that_cannot_be_had_blames_no_function():
    @ff.datasets.register("out of reach")
    def out_of_reach():
        """Cannot be fetched."""
        raise ff.DatasetError("The dataset cannot be fetched. These work without a network: digits.")

    with pytest.raises(ff.DatasetError) as caught:
        out_of_reach()
    assert explain(caught.value) == "The dataset cannot be fetched. These work without a network: digits."
