"""What comes in between: nobody waits for ever, nothing that was asked for is lost, and nothing stale is left."""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait

import pytest
import torch

import ffexplore as ff
from ffexplore.live.keeper import Keeper
from tests.patience import until


def test_whoever_waits_is_told_when_taking_up_a_change_breaks_off(make_runner, monkeypatch, tmp_path):
    run = make_runner()
    run.step(2)
    assert run.wait(10)

    def full(self):
        raise MemoryError("no room for a copy")

    monkeypatch.setattr(Keeper, "keep_if_rebuilt", full)
    with run._mail.lock:  # so that all of it is taken out at once
        run.update(layers=(12, 8))
        question = run.ask(lambda trainer: trainer.steps)
        saved = run.save(tmp_path / "run.json")
    for answer in (question, saved):
        with pytest.raises(MemoryError, match="no room"):
            answer.result(10)
    monkeypatch.undo()
    run.step(1)
    assert run.ask(lambda trainer: trainer.steps).result(10) >= 2


def test_settings_are_those_in_force_when_a_way_back_was_dropped_while_they_were_taken_up(make_runner, monkeypatch):
    run = make_runner()
    run.step(2)
    assert run.wait(10)
    begun, go_on = threading.Event(), threading.Event()
    apply = ff.Trainer.apply

    def slow(self, settings):
        begun.set()
        assert go_on.wait(10)
        apply(self, settings)

    monkeypatch.setattr(ff.Trainer, "apply", slow)
    run.update(threshold=2.5)
    assert begun.wait(10)
    run.branch(run.moments[0])
    run.stop(finish=False)
    go_on.set()
    assert run.wait(10)
    assert run.settings.threshold == 2.5
    assert run.update(learning_rate=0.004).threshold == 2.5


def test_steps_that_wait_for_others_take_no_time_at_a_limited_speed(make_runner):
    run = make_runner()
    run.speed = 2
    run.step(3)
    run.step(2)
    assert until(lambda: run._worker.steps_left in (1, 2))
    assert not run._mail.is_waiting
    run.speed = None
    assert run.wait(10)
    assert run.snapshot.step == 5


def test_variants_of_what_a_checkpoint_replaced_are_not_compared(make_runner, tmp_path):
    other = make_runner(ff.Settings(dataset="digits", label_encoding="appended", layers=(8,), batch_size=32))
    path = other.save(tmp_path / "other.json").result(20)
    run = make_runner()
    run.step(1)
    assert run.wait(10)
    with run._mail.lock:
        restored = run.restore(path)
        run.compare("threshold", [0.5, 1])
    restored.result(20)
    with pytest.raises(ff.SettingsError, match=r"Nothing is compared: .* Compare again"):
        run.wait(10)
    assert run.compared is None
    assert run.settings.layers == (8,)
    assert run.snapshot.auc.shape == (1, 1)


def test_after_a_checkpoint_nothing_goes_back_to_settings_of_before(make_runner, tmp_path):
    run = make_runner()
    run.step(2)
    assert run.wait(10)
    assert run._worker.worked is not None
    path = run.save(tmp_path / "run.json").result(20)
    run.restore(path).result(20)
    assert run._worker.worked is None
    run.step(1)
    assert run.wait(10)
    run.reset()
    assert run.wait(10)
    assert run._worker.worked is None


def test_what_was_said_while_comparing_holds_for_the_run_of_before(make_runner):
    run = make_runner()
    run.step(1)
    assert run.wait(10)
    run.compare("threshold", [0.5, 1])
    assert run.wait(10)
    run.rate = 3.0
    run.lock_ranges()
    run.attend()
    run.choose(None)
    assert run.wait(10)
    publisher = run._worker.publisher
    assert (publisher.rate, publisher.probe.is_locked, publisher.is_watched) == (3.0, True, True)


def test_the_mark_of_a_divergence_is_not_taken_for_a_slider_on_its_way(make_runner):
    run = make_runner()
    run.step(3)
    assert run.wait(10)
    run.update(learning_rate=0.01)
    with torch.no_grad():
        run.ask(lambda trainer: trainer.network.layers[0].parameters.weight.fill_(float("nan"))).result(10)
    run.step(2)
    with pytest.raises(ff.FFExploreError):
        run.wait(10)
    run.update(learning_rate=0.02)
    assert run.ask(lambda trainer: trainer.settings.learning_rate).result(10) == 0.02
    assert any("diverged" in text for _, text in run.history.changes)


def test_a_listener_that_wants_to_exit_does_not_end_the_thread(make_runner):
    run = make_runner()

    def leave(snapshot):
        raise SystemExit

    run.observe(leave)
    run.step(2)
    assert run.wait(10)
    run.step(2)
    assert run.wait(10)
    assert run.snapshot.step == 4
    assert [type(error) for error in run.listener_errors] == [SystemExit]


def test_a_comparison_does_not_begin_between_a_look_and_an_order(make_runner):
    """Where the two are one, a reset can only come before the comparison, or be refused."""
    run = make_runner()
    run.step(1)
    assert run.wait(10)
    order, seen = run._order, []

    def slowly(given):
        other = threading.Thread(target=lambda: seen.append(run.compare("threshold", [0.5, 1])))
        other.start()
        time.sleep(0.1)
        assert not seen  # it has to wait
        order(given)

    run._order = slowly
    run.reset()
    assert until(lambda: bool(seen))
    assert run.wait(10)
    assert run.snapshot.auc.shape[0] == 2
    run.choose(None)
    assert run.wait(10)


def test_of_two_runners_that_are_started_at_once_one_trains(make_runner, monkeypatch):
    one, other = make_runner(), make_runner()
    begun, order = threading.Event(), one._order

    def slow(wanted):
        begun.set()
        time.sleep(0.3)
        order(wanted)

    monkeypatch.setattr(one, "_order", slow)
    first = threading.Thread(target=one.start)
    first.start()
    assert begun.wait(10)
    other.start()
    first.join(10)
    assert (one.is_running, other.is_running) == (False, True)
    assert one.wait(20)
    assert "another runner" in one.message


def test_steps_that_wait_behind_a_failure_are_dropped_when_another_runner_is_started(make_runner):
    one, other = make_runner(), make_runner()
    one.step(1)
    assert one.wait(20)
    with one._mail.lock:
        one.step(3)
        one._worker.status = "failed"  # as it is between an exception and the next order
        other.step(1)
    assert one.wait(20)
    assert other.wait(20)
    assert one.snapshot.step == 1


def test_whoever_waits_for_several_answers_hears_that_they_were_called_off(make_runner, tmp_path):
    run = make_runner()
    run.step(2)
    assert run.wait(20)
    with run._mail.lock:
        answers = [run.ask(lambda trainer: trainer.steps), run.save(tmp_path / "run.json")]
        run._mail.drop_all()
    assert not wait(answers, 5).not_done
    assert all(answer.cancelled() for answer in answers)
