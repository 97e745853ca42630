"""Start, pause, step, stop, and who may train."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import numpy as np
import pytest

import ffexplore as ff
from tests.patience import until


def test_a_session_as_in_the_readme(make_runner):
    run = make_runner()
    assert (run.status, run.snapshot, run.error) == ("idle", None, None)
    run.start()
    assert run.status == "running"
    assert run.is_running
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 5)
    run.update(threshold=3.0)
    run.pause()
    assert run.wait(timeout=10)
    assert run.status == "paused"
    rested = run.snapshot.step
    assert run.snapshot.status == "paused"
    assert np.allclose(run.snapshot.threshold, 3.0)
    run.step(5)
    run.stop()
    assert run.wait(timeout=10)
    assert run.snapshot.step == rested + 5
    assert not run._worker.thread.is_alive()
    assert run.status == "paused"
    assert len(run.history.to_frame()) >= 2
    run.check()


def test_nothing_runs_before_something_is_asked(make_runner):
    run = make_runner()
    run.update(threshold=2.0)
    assert run._worker.thread is None
    assert run.wait(timeout=1)
    assert run.settings.threshold == 2.0


def test_publish_shows_the_untrained_network(make_runner):
    run = make_runner()
    run.publish()
    assert run.wait(10)
    assert run.status == "idle"
    assert run.snapshot.step == 0
    assert run.snapshot.positive.sum(-1).tolist() == [[run.snapshot.positive[0, 0].sum()] * 2]
    assert np.isfinite(run.snapshot.accuracy).all()


def test_steps_add_up_and_reset_waits_its_turn(make_runner):
    run = make_runner()
    seen = []
    run.observe(lambda moment: seen.append(moment.step))
    run.step(3)
    run.step(4)
    run.reset()
    run.step(2)
    assert run.wait(10)
    assert max(seen) == 7
    assert run.snapshot.step == 2
    assert [text for _, text in run.history.changes] == ["started anew"]


def test_reset_gives_the_numbers_of_a_new_runner(make_runner):
    run, other = make_runner(), make_runner()
    run.step(20)
    run.reset()
    run.step(10)
    run.wait(10)
    other.step(10)
    other.wait(10)
    assert np.array_equal(run.snapshot.mean_positive, other.snapshot.mean_positive)


def test_pause_drops_queued_steps(make_runner):
    run = make_runner()
    run.speed = 50.0
    run.step(100_000)
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 0)
    run.pause()
    assert run.wait(10)
    assert run.snapshot.step < 1000
    assert run.status == "paused"


def test_stop_at_pauses_there_and_play_goes_on(make_runner):
    run = make_runner()
    run.stop_at = 40
    run.start()
    assert run.wait(20)
    assert (run.status, run.snapshot.step) == ("paused", 40)
    assert "40" in run.message
    run.start()
    assert until(lambda: run.snapshot.step > 40)
    assert run.message == ""


def test_speed_limits_the_steps(make_runner, monkeypatch):
    monkeypatch.setattr("ffexplore.live.publisher.PROBE_SHARE", 1.0)  # on a busy machine looks would come less often
    run = make_runner(rate=100.0)
    run.publish()
    run.wait(10)
    run.speed = 40.0
    began = time.perf_counter()
    run.step(20)
    run.wait(20)
    took = time.perf_counter() - began
    assert took > 0.4
    assert len(run.history) > 3  # at such a speed many of the steps are seen


def test_impatient_stop_drops_the_queue(make_runner):
    run = make_runner()
    run.step(10_000_000)
    assert until(lambda: run.snapshot is not None)
    run.stop(finish=False)
    assert run.wait(10)
    assert not run._worker.thread.is_alive()
    assert run.status == "paused"


def test_it_can_go_on_after_stop(make_runner):
    run = make_runner()
    run.step(3)
    run.stop()
    run.wait(10)
    run.step(3)
    run.wait(10)
    assert run.snapshot.step == 6


def test_a_second_runner_pauses_the_first(make_runner):
    first, second = make_runner(), make_runner()
    first.start()
    assert until(lambda: first.snapshot is not None)
    second.start()
    assert first.status == "paused"
    assert first.wait(10)
    assert "another runner" in first.message
    assert "another runner" in first.snapshot.message
    assert second.is_running
    first.start()
    assert first.message == "" or first.wait(0) is False
    assert until(lambda: second.status == "paused" and first.is_running)


def test_a_forgotten_runner_ends_its_thread(small):
    run = ff.Runner(small)

    class Owner:
        def __init__(self, runner):
            self.runner = runner
            runner.observe(self.show, weak=True)

        def show(self, snapshot):
            self.last = snapshot

    owners = [Owner(run)]
    run.start()
    assert until(lambda: hasattr(owners[0], "last"))
    thread, trace = run._worker.thread, weakref.ref(run)
    assert thread is not None
    owners.clear()
    del run
    gc.collect()
    assert trace() is None
    thread.join(5)
    assert not thread.is_alive()


def test_an_idle_forgotten_runner_ends_its_thread_too(small):
    run = ff.Runner(small)
    run.publish()
    run.wait(10)
    thread = run._worker.thread
    assert thread is not None
    del run
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


def test_it_goes_on_with_a_trainer(make_runner, small):
    trainer = ff.Trainer(small).fit(steps=7, progress=False)
    run = make_runner(trainer)
    run.step(3)
    run.wait(10)
    assert run.snapshot.step == 10
    with pytest.raises(ff.SettingsError, match="update"):
        ff.Runner(trainer, seed=1)


@pytest.mark.parametrize("n", [0, -1, 1.5, True])
def test_bad_numbers_of_steps_are_refused(make_runner, n):
    with pytest.raises(ff.SettingsError, match="whole number"):
        make_runner().step(n)


def test_bad_limits_are_refused(make_runner):
    run = make_runner()
    with pytest.raises(ff.SettingsError, match="stop_at"):
        run.stop_at = 0
    with pytest.raises(ff.SettingsError, match="speed"):
        run.speed = -1.0
    with pytest.raises(ff.SettingsError, match="rate"):
        ff.Runner(rate=0)
    with pytest.raises(ff.SettingsError, match="rate"):
        run.rate = float("nan")
    run.rate = 2.0
    assert run.rate == 2.0


def test_save_writes_a_checkpoint_in_turn(make_runner, tmp_path):
    run = make_runner()
    run.step(4)
    saved = run.save(tmp_path / "here")
    run.step(4)
    assert ff.Trainer.restore(saved.result(20)).steps == 4
    assert run.wait(10)
    assert run.snapshot.step == 8


def test_a_save_that_fails_is_told_and_training_goes_on(make_runner, tmp_path):
    (tmp_path / "file").write_text("in the way")
    run = make_runner()
    run.step(1)
    saved = run.save(tmp_path / "file" / "below")
    assert saved.exception(20) is not None
    run.step(1)
    assert run.wait(10)
    assert run.snapshot.step == 2


def test_wait_in_the_trainer_thread_is_refused(make_runner):
    run = make_runner()
    caught = []

    def listener(snapshot):
        try:
            run.wait()
        except RuntimeError as error:
            caught.append(str(error))

    run.observe(listener)
    run.publish()
    assert run.wait(10)
    assert "itself" in caught[0]


def test_many_threads_may_turn_the_knobs(make_runner):
    run = make_runner(rate=50.0)
    run.start()
    assert until(lambda: run.snapshot is not None)

    def hammer(seed):
        for number in range(250):
            run.update(threshold=float(seed + number))
            if number % 50 == 0:
                run.step(1)
                run.start()

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.update(threshold=7.5)
    run.pause()
    assert run.wait(20)
    assert run.status == "paused"
    assert np.allclose(run.snapshot.threshold, 7.5)
    assert len(run.history.changes) <= 500
    run.check()


def test_that_somebody_looks_is_known_after_a_new_beginning_too(make_runner):
    run = make_runner()
    run.attend()
    for begin in (run.publish, run.reset):
        begin()
        run.wait(10)
        assert run.ask(lambda _: run._worker.publisher.is_watched).result(10)


def test_training_breathes_only_while_a_hand_moves_that_somebody_watches(make_runner, monkeypatch):
    runner = make_runner()
    runner.start()
    breaths = []
    worker = runner._worker
    monkeypatch.setattr(worker, "_breathe", lambda step: breaths.append(step))

    def steps(count):
        runner.ask(lambda _: breaths.clear()).result(30)
        until = runner.ask(lambda trainer: trainer.steps).result(30) + count
        while runner.ask(lambda trainer: trainer.steps).result(30) < until:
            assert runner.is_running
        return len(breaths)

    monkeypatch.setattr("ffexplore.live.publisher.REST", 60.0)
    runner.attend()
    assert steps(3) == 0
    runner.update(threshold=2.0)
    while worker.publisher._rests_at < time.perf_counter():
        assert runner.is_running
    assert steps(3) >= 2
    runner.attend(False)
    assert steps(3) == 0
