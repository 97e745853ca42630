"""Candidates, confusion matrix, drawing pad and landscape without a page: what is asked, packed, and walked through."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.data.drawing import drawn_image
from ffexplore.engine.judged import Examiner
from ffexplore.engine.verdict import judge
from ffexplore.ui.board import Board
from ffexplore.ui.candidates_pane import LABELS, CandidatesPane, walked
from ffexplore.ui.confusion_pane import ConfusionPane
from ffexplore.ui.draw_pane import DrawPane
from ffexplore.ui.explorer import Explorer
from ffexplore.ui.frames import Arrays
from ffexplore.ui.landscape_pane import LandscapePane
from ffexplore.ui.reader import Reader
from tests.ui.asker import Asker
from tests.ui.synthetic import snapshot
from tests.ui.test_board import Page
from tests.ui.test_frames import read


def trainer_of(steps=40, **changes):
    values: dict[str, Any] = {
        "dataset": "digits", "layers": (40, 30), "batch_size": 32, "device": "cpu", "label_encoding": "appended",
    }  # fmt: skip
    return ff.Trainer(ff.Settings(**(values | changes))).fit(steps=steps, progress=False)


@pytest.fixture(scope="module")
def trainer():
    return trainer_of()


def packed(pane):
    arrays = Arrays()
    found = pane.pack(snapshot(), None, [], arrays)
    found["arrays"] = {name: read(place, arrays.buffer()) for name, place in found.get("arrays", {}).items()}
    return found


def look(pane, trainer):
    answer = pane.look(trainer, True)
    if answer is not None:
        pane.take(answer)


def candidates(trainer, *messages, examiner=None):
    """A pane that got messages, and what it answers after each."""
    pane = CandidatesPane(examiner or Examiner())
    look(pane, trainer)
    for message in messages:
        pane.hear(message, [])
        look(pane, trainer)
    return pane


# ---- candidates


@pytest.mark.parametrize(
    ("row", "steps", "stay", "there"),
    [
        (4, 1, True, 7),
        (4, 2, True, 9),
        (4, -1, True, 2),
        (9, 1, True, 2),  # around the end
        (2, -1, True, 9),
        (5, 1, True, 7),  # from between two
        (5, -1, True, 4),
        (5, 0, True, 5),  # no mistake any more, but it stays in sight
        (5, 0, False, 7),  # another kind was chosen: go to the next of it
        (7, 0, False, 7),
        (11, 1, True, 2),
        (0, -1, True, 9),
    ],
)
def test_the_walk_goes_to_neighbours_and_around_the_end(row, steps, stay, there):
    assert walked(row, np.array([2, 4, 7, 9]), steps, stay=stay) == there


def test_a_walk_through_nothing_stays():
    assert walked(5, np.zeros(0, np.int64), 3, stay=False) == 5


def test_candidates_pack_the_verdict_and_the_picture(trainer):
    shown = packed(candidates(trainer, {"steps": 2}))
    split = trainer.plan.dataset.validation
    assert (shown["row"], shown["total"], shown["right"]) == (2, 300, split.y[2])
    np.testing.assert_array_equal(shown["arrays"]["image"], split.x[2])
    assert shown["chosen"] == trainer.predict(split.x[2:3])[0]
    np.testing.assert_allclose(shown["arrays"]["scores"], shown["arrays"]["goodness"].sum(0), rtol=1e-5)
    assert shown["names"] == list("0123456789")
    assert (shown["kind"], shown["of_kind"], shown["place"]) == ("all", 300, 2)


def test_only_mistakes_are_walked_through_forwards_and_backwards(trainer):
    split = trainer.plan.dataset.validation
    mistakes = np.flatnonzero(trainer.predict(split.x) != split.y)
    assert len(mistakes) > 3
    pane = candidates(trainer, {"which": "mistakes"})
    rows = []
    for _ in range(len(mistakes)):
        rows.append(pane.answer.row)
        assert pane.answer.verdict.chosen[0] != pane.answer.right
        pane.hear({"steps": 1}, [])
        look(pane, trainer)
    assert rows == mistakes.tolist()
    assert pane.answer.row == rows[0]
    pane.hear({"steps": -1}, [])
    look(pane, trainer)
    assert (pane.answer.row, pane.answer.place) == (rows[-1], len(rows) - 1)


def test_one_kind_of_mistake_and_one_that_does_not_occur(trainer):
    split = trainer.plan.dataset.validation
    chosen = trainer.predict(split.x)
    row = int(np.flatnonzero(chosen != split.y)[0])
    kind = (int(split.y[row]), int(chosen[row]))
    shown = packed(candidates(trainer, {"which": list(kind)}))
    assert shown["kind"] == [str(kind[0]), str(kind[1])]
    assert shown["of_kind"] == ((split.y == kind[0]) & (chosen == kind[1])).sum()
    assert (shown["right"], shown["chosen"]) == kind
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (split.y, chosen), 1)
    never = [int(place) for place in np.argwhere(counts == 0)[0]]
    shown = packed(candidates(trainer, {"steps": 5}, {"which": never}))
    assert (shown["row"], shown["of_kind"], shown["place"]) == (5, 0, -1)


def test_nothing_is_sent_while_nothing_changes_and_other_data_begin_anew():
    trainer = trainer_of(10)
    pane = candidates(trainer, {"which": "mistakes"})
    assert pane.look(trainer, True) is None
    trainer.step()
    assert pane.look(trainer, True) is not None
    pane.hear({"which": [8, 9]}, [])
    pane.look(trainer, True)
    trainer.apply(trainer.settings.replace(dataset="moons"))
    look(pane, trainer)
    shown = packed(pane)
    assert (shown["kind"], shown["row"], shown["features"]) == ("all", 0, 2)
    np.testing.assert_allclose(shown["values"], trainer.plan.dataset.validation.x[0], rtol=1e-6)
    assert "image" not in shown["arrays"]


def test_of_very_many_classes_the_best_and_the_right_one_are_shown():
    rng = np.random.default_rng(0)
    data = ff.Dataset.from_arrays(rng.normal(size=(400, 3)), np.arange(400) % 40, name="many")
    trainer = trainer_of(3, dataset=data)
    for row in range(6):
        shown = packed(candidates(trainer, {"steps": row}))
        assert (len(shown["labels"]), shown["classes"]) == (LABELS, 40)
        assert {shown["right"], shown["chosen"]} <= set(shown["labels"])
    pane = ConfusionPane(Examiner())
    look(pane, trainer)
    assert packed(pane)["words"].startswith("many has 40 classes")


# ---- confusion matrix


def test_the_matrix_and_the_mistakes_come_from_one_examination(trainer):
    examiner = Examiner()
    pane = ConfusionPane(examiner)
    look(pane, trainer)
    found = packed(pane)
    split = trainer.plan.dataset.validation
    assert (found["judged"], found["total"], found["of_step"]) == (300, 300, 40)
    assert found["arrays"]["counts"].sum() == 300
    assert np.trace(found["arrays"]["counts"]) == (trainer.predict(split.x) == split.y).sum()
    before = examiner.latest
    candidates(trainer, {"which": "mistakes"}, examiner=examiner)
    assert examiner.latest is before
    assert pane.look(trainer, True) is None


# ---- drawing


def a_seven(side=112):
    drawing = np.zeros((side, side), np.uint8)
    drawing[20:32, 25:80] = 255
    for row in range(20, 95):
        left = 76 - round(0.5 * (row - 20))
        drawing[row, left : left + 13] = 255
    return drawing


def test_a_drawing_is_judged_as_the_picture_that_it_becomes(trainer):
    pane = DrawPane()
    look(pane, trainer)
    assert "image" not in packed(pane)["arrays"]
    pane.hear({"drawing": 112, "view": "a"}, [memoryview(a_seven().tobytes())])
    look(pane, trainer)
    shown = packed(pane)
    image = drawn_image(a_seven(), trainer.plan.dataset)
    np.testing.assert_array_equal(shown["arrays"]["image"], image)
    assert shown["chosen"] == trainer.predict(image[None])[0] == 7
    assert (shown["right"], shown["sample"], shown["author"], shown["is_bright"]) == (-1, -1, "a", False)
    assert pane.look(trainer, True) is None
    pane.hear({}, [])
    look(pane, trainer)
    assert "image" not in packed(pane)["arrays"]


def test_samples_of_a_class_come_one_after_the_other_as_they_are(trainer):
    pane, split = DrawPane(), trainer.plan.dataset.validation
    rows = np.flatnonzero(split.y == 4)
    for turn in range(3):
        pane.hear({"sample": 4}, [])
        look(pane, trainer)
        shown = packed(pane)
        assert (shown["sample"], shown["right"]) == (rows[turn], 4)
        np.testing.assert_array_equal(shown["arrays"]["image"], split.x[rows[turn]])


def test_what_is_no_drawing_is_refused_and_stops_the_pane_alone(trainer):
    board = Board(["draw", "histograms"])
    page = Page(board)
    board.show(snapshot())
    Reader(Asker(trainer), board)
    page.say("hello", panes=["draw", "histograms"])
    page.say("ack", panes=["draw", "histograms"])
    board._receive(board, {"kind": "pane", "view": "a", "pane": "draw", "drawing": 112}, [b"123"])
    page.say("ack", panes=["draw", "histograms"])
    panes = page.frames[-1][0]["panes"]
    assert panes["draw"] == {"error": "ValueError: a drawing of 112×112 pixels came with 3 bytes"}
    assert "arrays" in panes["histograms"]
    board._receive(board, {"kind": "pane", "view": "a", "pane": "draw", "drawing": 112}, [a_seven().tobytes()])
    page.say("ack", panes=["draw", "histograms"])
    assert page.frames[-1][0]["panes"]["draw"]["chosen"] == 7
    board.close()


def test_a_stroke_that_comes_while_another_is_judged_is_judged_next(trainer, monkeypatch):
    pane = DrawPane()

    def judged(*given):
        monkeypatch.undo()
        pane.hear({"sample": 4}, [])  # from the thread of the page
        return judge(*given)

    monkeypatch.setattr("ffexplore.ui.draw_pane.judge", judged)
    pane.hear({"drawing": 112, "view": "a"}, [memoryview(a_seven().tobytes())])
    look(pane, trainer)
    look(pane, trainer)
    assert packed(pane)["right"] == 4


def test_what_could_not_be_judged_is_tried_again(trainer, monkeypatch):
    pane = DrawPane()
    pane.hear({"drawing": 112, "view": "a"}, [memoryview(a_seven().tobytes())])
    monkeypatch.setattr("ffexplore.ui.draw_pane.judge", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pane.look(trainer, True)
    monkeypatch.undo()
    look(pane, trainer)
    assert packed(pane)["chosen"] == 7


def test_a_table_cannot_be_drawn():
    pane = DrawPane()
    look(pane, trainer_of(1, dataset="moons"))
    assert packed(pane)["words"] == "moons has rows of numbers, so there is nothing to draw."


# ---- landscape


def test_the_landscape_is_packed_on_a_scale_that_rests():
    trainer = trainer_of(60, dataset="moons")
    pane = LandscapePane()
    look(pane, trainer)
    first = packed(pane)
    found = pane.answer
    assert found is not None
    assert not isinstance(found, str)
    low, high = first["arrays"]["low"], first["arrays"]["high"]
    goodness = low[:, None, None, None] + first["arrays"]["shades"] / 255 * (high - low)[:, None, None, None]
    np.testing.assert_allclose(goodness, found.goodness, atol=float((high - low).max()) / 255)
    margins = first["arrays"]["margins"].astype(int)
    clear = np.abs(found.margin) > np.quantile(np.abs(found.margin), 0.05)
    assert ((margins > 128) == (found.margin > 0))[clear].all()
    assert pane.look(trainer, True) is None
    ends = []
    for _ in range(3):  # a scale that has to change is made a little wider than needed
        trainer.step()
        look(pane, trainer)
        ends.append(np.stack([packed(pane)["arrays"][name] for name in ("low", "high")]))
    np.testing.assert_array_equal(ends[1], ends[0])
    np.testing.assert_array_equal(ends[2], ends[0])


def test_data_that_are_no_plane_get_words(trainer):
    pane = LandscapePane()
    look(pane, trainer)
    assert packed(pane)["words"].startswith("digits has pictures; a landscape needs inputs with two features")


# ---- in the explorer


def test_the_explorer_asks_in_its_trainer_thread_only_for_what_is_seen():
    panel = Explorer(dataset="digits", label_encoding="appended", layers=(40,), batch_size=16, shift=0)
    try:
        page = Page(panel.board)
        panel.runner.step(2)
        assert panel.runner.wait(20)
        assert all(pane.answer is None for pane in panel.board.asked_panes.values())
        panel.board.panes = ["candidates", "confusion", "draw", "landscape"]
        page.say("hello", panes=["candidates", "draw"])
        page.say("pane", pane="candidates", steps=3)
        end = time.monotonic() + 10
        shown = panel.board.asked_panes["candidates"]
        while shown.answer is None or shown.answer.row != 3:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert panel.runner.wait(20)
        assert panel.board.asked_panes["confusion"].answer is None
        assert (panel.board.errors, panel.runner.listener_errors) == ({}, [])
    finally:
        panel.close()
