"""Changes of settings: judged at once, taken up at the next batch, shown at once."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.live.changes import settle
from ffexplore.live.mailbox import Mailbox
from tests.patience import until


def test_the_last_value_wins(make_runner):
    run = make_runner()
    run.publish()
    run.wait(10)
    began, hold = threading.Event(), threading.Event()

    def keep_busy(trainer: ff.Trainer) -> None:
        began.set()
        hold.wait(10)

    busy = run.ask(keep_busy)
    assert began.wait(10)  # else the first changes may be taken together with the question
    for value in range(2, 50):
        run.update(threshold=float(value))
    run.update(learning_rate=0.01)
    assert run.settings.threshold == 49.0
    hold.set()
    busy.result(10)
    run.wait(10)
    assert np.allclose(run.snapshot.threshold, 49.0)
    assert np.allclose(run.snapshot.learning_rate, 0.01)
    assert run.history.changes == [(0, "threshold natural → 49; learning_rate 0.002 → 0.01")]


def test_mistakes_are_told_to_the_caller(make_runner):
    run = make_runner()
    with pytest.raises(ff.SettingsError, match="learning_rate"):
        run.update(lerning_rate=1.0)
    with pytest.raises(ff.SettingsError, match="mean_square"):
        run.update(goodness="mean_sqare")
    with pytest.raises(ff.SettingsError, match="batch_size"):
        run.update(batch_size=0)
    assert run.settings == make_runner().settings


def test_changes_are_judged_with_those_that_wait(make_runner):
    run = make_runner()
    hold = threading.Event()
    run.ask(lambda trainer: hold.wait(10))
    run.update(readout_rate=0.0)
    with pytest.raises(ff.SettingsError, match="read-out"):
        run.update(inference="readout")
    run.update(readout_rate=0.1)
    run.update(inference="readout")
    hold.set()
    run.wait(10)
    assert run.ask(lambda trainer: trainer.settings.inference.name).result(10) == "readout"


def test_what_the_data_at_hand_does_not_allow_is_refused_at_once(make_runner):
    run = make_runner()
    run.publish()
    run.wait(10)
    with pytest.raises(ff.SettingsError, match="not blank"):
        run.update(label_encoding="overlay")
    assert run.settings.label_encoding.name == "appended"
    run.check()


def test_a_change_while_paused_is_shown_at_once(make_runner):
    run = make_runner()
    run.step(2)
    run.wait(10)
    seen: list[ff.Snapshot] = []
    run.observe(seen.append)
    run.update(threshold=5.0)
    assert run.wait(10)
    (moment,) = seen
    assert moment.changes == ("threshold natural → 5",)
    assert np.allclose(moment.threshold, 5.0)
    assert moment.step == 2
    assert moment.status == "paused"
    assert run.history.snapshots[-1].threshold[0, 0] == 5.0


def test_a_change_while_running_is_urgent(make_runner):
    run = make_runner(rate=0.05)  # a snapshot in twenty seconds
    run.start()
    assert until(lambda: run.snapshot is not None)
    seen: list[ff.Snapshot] = []
    run.observe(seen.append)
    run.update(threshold=5.0)
    assert until(lambda: seen, 5)
    assert seen[0].changes == ("threshold natural → 5",)
    assert seen[0].status == "running"


def test_a_change_at_a_slow_speed_does_not_wait_for_the_next_step(make_runner):
    run = make_runner()
    run.speed = 0.05
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.step == 1)
    for value in (4.0, 5.0, 6.0):
        run.update(threshold=value)
    assert until(lambda: np.allclose(run.snapshot.threshold, 6.0), 5)
    assert run.snapshot.step == 1


def test_the_threshold_is_carried_over_to_another_goodness(make_runner):
    run = make_runner()
    run.update(threshold=2.0)
    settings = run.update(goodness="sum_of_squares")
    assert settings.thresholds() == (48.0, 32.0)
    run.publish()
    run.wait(10)
    assert run.snapshot.threshold.tolist() == [[48.0, 32.0]]


def test_an_objective_without_threshold_shows_none(make_runner):
    run = make_runner()
    run.update(objective="symba")
    run.publish()
    run.wait(10)
    assert np.isnan(run.snapshot.threshold).all()
    assert np.isnan(run.snapshot.examples.probability).all()
    assert np.isfinite(run.snapshot.examples.goodness).all()


def test_values_for_each_layer_follow_the_number_of_layers(small):
    old = small.replace(learning_rate=(0.1, 0.2), threshold=(1.0, 2.0))
    new, notes = settle(old, {"layers": (8, 8, 8)})
    assert new.learning_rate == (0.1, 0.2, 0.2)
    assert new.threshold is None
    assert "number of layers" in notes[0]
    new, _ = settle(old, {"layers": 8})
    assert new.learning_rate == (0.1,)


def test_layers_can_change_while_it_trains(make_runner):
    run = make_runner()
    run.step(3)
    run.wait(10)
    run.update(layers=(24, 12, 8))
    run.step(3)
    assert run.wait(10)
    assert run.snapshot.widths == (24, 12, 8)
    assert run.snapshot.step == 6
    assert run.history.curve()["auc"].shape[2] == 3
    assert np.isnan(run.history.curve()["auc"][0, 0, 2])


def test_a_dataset_that_must_be_loaded_does_not_block_the_caller(make_runner):
    begun, go_on = threading.Event(), threading.Event()

    @ff.datasets.register("slow to load")
    def slow() -> ff.Dataset:
        """Takes its time."""
        begun.set()
        go_on.wait(10)
        return ff.load("digits")

    run = make_runner()
    run.step(1)
    run.wait(10)
    began = time.perf_counter()
    run.update(dataset="slow to load")
    assert time.perf_counter() - began < 1.0
    assert begun.wait(10)
    assert run.wait(0.05) is False
    go_on.set()
    assert run.wait(10)
    assert run.settings.dataset == "slow to load"


def test_a_refused_dataset_leaves_the_former_one(make_runner):
    @ff.datasets.register("not there")
    def missing() -> ff.Dataset:
        """Cannot be had."""
        raise ff.DatasetError("The server is gone; digits and moons work offline.")

    run = make_runner()
    run.step(3)
    run.wait(10)
    run.update(dataset="not there")
    with pytest.raises(ff.DatasetError, match="server is gone"):
        run.wait(10)
    assert run.settings.dataset == "digits"
    assert "server is gone" in run.message
    assert "server is gone" in run.snapshot.message
    assert run.status == "paused"
    run.step(3)
    assert run.wait(10)
    assert run.snapshot.step == 6
    assert run.message == ""


def test_changes_that_came_after_a_refused_one_are_kept(small):
    mail = Mailbox(small)
    mail.change({"dataset": "moons"}, lambda old, new: None)
    mail.take(next_order=True)
    mail.change({"threshold": 4.0}, lambda old, new: None)
    mail.go_back(mail.in_force)
    assert (mail.wanted.dataset, mail.wanted.threshold) == ("digits", 4.0)
    assert mail.take(next_order=True).settings == small.replace(threshold=4.0)


def test_a_slider_on_its_way_leaves_one_mark(make_runner):
    run = make_runner()
    run.step(2)
    run.wait(10)
    for value in (2.0, 3.0, 4.0):
        run.update(threshold=value)
        run.wait(10)
    run.update(learning_rate=0.5)
    run.wait(10)
    assert run.history.changes == [(2, "threshold natural → 4"), (2, "learning_rate 0.002 → 0.5")]
    assert len(run.history) == 2  # the same step is one point, the latest


def held(run: ff.Runner) -> threading.Event:
    """Keep the trainer thread busy until the event is set, so that what comes meanwhile arrives together."""
    began, hold = threading.Event(), threading.Event()

    def keep_busy(trainer: ff.Trainer) -> None:
        began.set()
        hold.wait(10)

    run.ask(keep_busy)
    assert began.wait(10)
    return hold


@pytest.fixture
def missing() -> str:
    """A dataset whose server is gone."""

    @ff.datasets.register("not there")
    def load() -> ff.Dataset:
        """Cannot be had."""
        raise ff.DatasetError("The server is gone; digits and moons work offline.")

    return "not there"


def test_of_changes_that_arrive_together_only_the_bad_one_is_refused(make_runner, small, missing):
    run = make_runner()
    run.publish()
    run.wait(10)
    hold = held(run)
    run.update(threshold=3.0)
    run.update(dataset=missing)
    run.update(goodness="sum_of_squares")
    run.update(learning_rate=0.01)
    hold.set()
    with pytest.raises(ff.DatasetError, match="server is gone"):
        run.wait(10)
    taken = run.ask(lambda trainer: trainer.settings).result(10)
    assert (taken.dataset, taken.goodness.name, taken.learning_rate) == ("digits", "sum_of_squares", 0.01)
    assert run.settings == taken
    assert np.allclose(run.snapshot.threshold, taken.thresholds())
    [(_, change)] = run.history.changes
    assert "learning_rate 0.002 → 0.01" in change
    assert "θ was carried over" in change
    assert "server is gone" in run.snapshot.message


def test_several_that_are_refused_are_all_named(make_runner, missing):
    run = make_runner()
    run.publish()
    run.wait(10)
    hold = held(run)
    run.update(dataset=missing)
    run.update(layers=(10**5, 10**5))  # judged with the data, which is not at hand
    run.update(seed=5)
    hold.set()
    with pytest.raises(ff.SettingsError, match=r"server is gone.* GiB are free"):
        run.wait(10)
    assert run.settings.seed == 5
    assert (run.settings.dataset, run.settings.layers) == ("digits", (24, 16))


def test_one_that_goes_only_with_another_is_taken_with_it(make_runner, missing):
    run = make_runner(negatives="mix_up")
    run.publish()
    run.wait(10)
    hold = held(run)
    run.update(dataset="moons")  # has no pictures to mix
    run.update(negatives="uniform_label")
    run.update(layers=(10**5, 10**5))
    hold.set()
    with pytest.raises(ff.SettingsError, match="GiB are free"):
        run.wait(10)
    assert (run.settings.dataset, run.settings.negatives.name) == ("moons", "uniform_label")


def test_what_came_after_a_refused_change_and_needs_it_is_refused_in_words(small):
    mail = Mailbox(small)
    mail.change({"readout_rate": 0.1}, lambda old, new: None)
    mail.take(next_order=True)
    mail.change({"inference": "readout"}, lambda old, new: None)
    mail.change({"threshold": 4.0}, lambda old, new: None)
    [error] = mail.go_back(small.replace(readout_rate=0.0))
    assert "read-out" in str(error)
    assert mail.wanted == small.replace(readout_rate=0.0, threshold=4.0)


def test_what_is_refused_before_anything_was_built_leaves_what_was_to_be(make_runner, missing):
    run = make_runner()
    run.update(dataset=missing)
    run.update(learning_rate=0.01)
    run.step(2)
    assert until(lambda: run.snapshot is not None and run.snapshot.step == 2)
    with pytest.raises(ff.DatasetError, match="server is gone"):
        run.check()  # though training went on since
    assert (run.settings.dataset, run.settings.learning_rate) == ("digits", 0.01)
    run.check()  # it is told once


def test_what_a_listener_was_shown_is_not_raised_when_training_went_on_since(make_runner, missing):
    run, told = make_runner(), []
    run.observe(lambda snapshot: told.append(snapshot.message))
    run.publish()
    run.wait(10)
    run.update(dataset=missing)
    with pytest.raises(ff.DatasetError, match="server is gone"):
        run.wait(10)
    run.step(2)
    assert run.wait(10)
    assert any("server is gone" in message for message in told)


def test_where_nothing_can_be_built_the_next_change_is_not_built_upon_a_refused_one(make_runner, missing):
    run = make_runner(dataset=missing, shift=1)
    run.publish()
    with pytest.raises(ff.DatasetError, match="server is gone"):
        run.wait(10)
    run.update(dataset="moons")  # a table cannot be moved
    with pytest.raises(ff.SettingsError, match="only pictures can be moved"):
        run.wait(10)
    assert run.settings.dataset == missing
    run.update(dataset="moons", shift=0)
    run.publish()
    run.wait(10)
    assert run.snapshot.step == 0
