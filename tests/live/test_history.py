"""The history: bounded, thinned, every change marked."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from ffexplore.errors import FFExploreError
from ffexplore.live import History
from ffexplore.live.history import MARKS, POINTS
from tests.ui.synthetic import snapshot


@pytest.fixture
def template():
    return snapshot(step=0)


def moments(template, steps):
    """Light snapshots: one template with the step changed."""
    return (dataclasses.replace(template, step=step, epoch=step / 10) for step in steps)


def test_it_stays_bounded_and_covers_the_whole_run(template):
    history = History()
    marked = 0
    for moment in moments(template, range(100_000)):
        history.append(moment)
        if moment.step % 100 == 7:
            history.mark(moment.step, f"change {moment.step}")
            marked += 1
    curve = history.curve()
    steps = curve["step"]
    assert POINTS / 4 < len(history) <= POINTS
    assert steps[0] == 0
    assert steps[-1] > 99_000
    assert (np.diff(steps) > 0).all()
    assert np.diff(steps).max() <= 2 * np.diff(steps).min()
    assert marked == 1000
    assert len(history.changes) <= MARKS
    assert history.changes[0] == (7, "change 7")
    assert history.changes[-1] == (99_907, "change 99907")
    assert history.generation >= 7
    assert all(len(column) == len(history) for column in curve.values())
    assert [moment.step for moment in history.snapshots] == steps.tolist()


def test_nothing_is_thinned_in_a_short_run(template):
    history = History()
    for moment in moments(template, range(POINTS)):
        history.append(moment)
    assert history.curve()["step"].tolist() == list(range(POINTS))
    assert history.generation == 0


def test_moments_that_matter_are_kept_after_thinning(template):
    history = History(points=8)
    for moment in moments(template, range(100)):
        history.append(moment)
    (last,) = moments(template, [100])
    history.append(last, keep=True)
    assert history.curve()["step"][-1] == 100
    assert len(history) <= 8


def test_a_step_is_one_point_and_the_last_word_counts(template):
    history = History()
    history.append(snapshot(step=5, threshold=1.0))
    before = history.generation
    history.append(snapshot(step=5, threshold=2.0))
    assert history.snapshots[0].threshold[0, 0] == 1.0
    history.append(snapshot(step=5, threshold=3.0), keep=True)
    assert len(history) == 1
    assert history.curve()["threshold"][0, 0, 0] == 3.0
    assert history.generation > before


def test_layers_may_come_and_go():
    history = History()
    for step, layers in enumerate((1, 3, 2)):
        history.append(snapshot(step=step, layers=layers))
    auc = history.curve()["auc"]
    assert auc.shape == (3, 1, 3)
    assert np.isfinite(auc).sum(-1).tolist() == [[1], [3], [2]]


def test_rewind_forgets_what_was_undone(template):
    history = History()
    for moment in moments(template, range(0, 100, 10)):
        history.append(moment)
    history.mark(35, "a change")
    history.mark(85, "another")
    history.rewind(50)
    assert history.curve()["step"].tolist() == [0, 10, 20, 30, 40, 50]
    assert history.changes == [(35, "a change"), (50, "another")]
    assert history.generation == 1


def test_an_undo_forgets_the_changes_too(template):
    history = History()
    for moment in moments(template, range(0, 100, 10)):
        history.append(moment)
    history.mark(35, "a change")
    history.mark(85, "another")
    history.rewind(50, undo=True)
    assert history.changes == [(35, "a change")]


def test_a_copy_is_a_history_of_its_own(template):
    history = History(points=8)
    for moment in moments(template, range(0, 100, 10)):
        history.append(moment)
    history.mark(35, "a change")
    kept = history.copy()
    steps = history.curve()["step"].tolist()
    history.rewind(30, undo=True)
    history.append(dataclasses.replace(template, step=31))
    assert kept.curve()["step"].tolist() == steps
    before = history.generation
    history.become(kept)
    assert history.curve()["step"].tolist() == steps
    assert history.changes == [(35, "a change")]
    assert history.generation > before
    for moment in moments(template, range(100, 200)):
        history.append(moment)
    assert len(history) <= 8
    assert kept.curve()["step"].tolist() == steps


def test_the_moment_nearest_to_a_step(template):
    history = History()
    assert history.at(7) is None
    for moment in moments(template, (0, 10, 20)):
        history.append(moment)
    found = [history.at(step) for step in (-5, 4, 6, 14, 99)]
    assert [moment.step for moment in found if moment is not None] == [0, 0, 10, 10, 20]


def test_clear_begins_anew(template):
    history = History()
    history.append(template)
    history.mark(0, "something")
    history.clear()
    assert (len(history), history.changes, history.generation) == (0, [], 1)
    assert history.curve()["accuracy"].shape == (0, 1)


def test_snapshots_come_back_as_they_were():
    history = History()
    given = [snapshot(step=10 * layers, layers=layers, message=f"{layers} layers") for layers in (3, 1, 2)]
    for number, moment in enumerate(given):
        history.append(dataclasses.replace(moment, step=number))
    assert "3 points" in repr(history)
    for number, (before, after) in enumerate(zip(given, history.snapshots, strict=True)):
        assert after.step == number
        assert after.examples is None
        for field in dataclasses.fields(before):
            if field.name in ("step", "examples"):
                continue
            one, other = getattr(before, field.name), getattr(after, field.name)
            if isinstance(one, np.ndarray):
                assert one.dtype == other.dtype, field.name
                assert np.array_equal(one, other, equal_nan=True), field.name
            else:
                assert one == pytest.approx(other) if isinstance(one, float) else one == other, field.name
    assert history.snapshot(-1).widths == given[-1].widths
    with pytest.raises(IndexError):
        history.snapshot(3)


def test_frame_and_csv(tmp_path):
    history = History()
    for step in (0, 10, 20):
        history.append(snapshot(step=step))
    history.mark(3, "threshold 1 → 2")
    history.mark(4, "batch_size 8 → 9")
    history.mark(99, "later")
    frame = history.to_frame()
    assert frame["step"].tolist() == [0, 10, 20]
    assert frame["changes"].tolist() == ["", "threshold 1 → 2; batch_size 8 → 9", "later"]
    assert {"accuracy", "readout_accuracy", "auc_1", "auc_2", "loss_2", "dead_1"} <= set(frame.columns)
    history.to_csv(tmp_path / "new" / "history.csv")
    assert (tmp_path / "new" / "history.csv").read_text(encoding="utf-8").startswith("step,epoch,seconds")


def test_a_folder_is_no_place_for_a_history(tmp_path):
    with pytest.raises(FFExploreError, match=r"is a folder; name a file in it, as in .*history\.csv"):
        History().to_csv(tmp_path)


def test_frame_of_variants_and_of_nothing():
    history = History()
    assert len(history.to_frame()) == 0
    history.append(snapshot(step=1, variants=3))
    frame = history.to_frame()
    assert frame["variant"].tolist() == [0, 1, 2]


def test_curves_are_copies(template):
    history = History()
    history.append(template)
    history.curve()["auc"][:] = -1
    assert (history.curve()["auc"] >= 0).all()


def test_it_can_be_read_while_it_grows(template):
    history = History(points=50)
    failures: list[BaseException] = []
    done = threading.Event()

    def read():
        try:
            while not done.is_set():
                curve = history.curve()
                assert len({len(column) for column in curve.values()}) == 1
                assert (np.diff(curve["step"]) > 0).all()
        except BaseException as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for moment in moments(template, range(2000)):
        history.append(moment)
    done.set()
    reader.join()
    assert not failures


def test_curves_of_a_history_that_is_empty_again(template):
    history = History()
    history.append(dataclasses.replace(template, step=5))
    history.rewind(3)
    assert history.curve()["step"].size == history.curve()["accuracy"].size == 0
    assert len(history.to_frame()) == 0
