"""Gallery and receptive fields without a page: what is packed, in which order, and that a hidden pane costs nothing."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.engine.pictures import hardest_first
from ffexplore.engine.receptive import ReceptiveFields, receptive_fields, strongest_units
from ffexplore.live.snapshot import Examples
from ffexplore.ui.board import Board
from ffexplore.ui.explorer import Explorer
from ffexplore.ui.frames import Arrays
from ffexplore.ui.picture_panes import FieldsPane, GalleryPane, Pace, scale_of
from ffexplore.ui.reader import Reader
from tests.ui.asker import Asker, Clock
from tests.ui.synthetic import snapshot
from tests.ui.test_board import Page


def examples(count=4, layers=2, seed=0, height=6):
    rng = np.random.default_rng(seed)
    return Examples(
        images=rng.integers(0, 256, (2, count, height, 5, 1), dtype=np.uint8),
        labels=rng.integers(0, 10, (2, count)).astype(np.int32),
        goodness=rng.random((2, count, layers), dtype=np.float32),
        probability=rng.random((2, count, layers), dtype=np.float32),
    )


def moment(step=100, **changes):
    return snapshot(step, **({"examples": examples()} | changes))


@pytest.fixture
def board():
    made = Board(["gallery", "fields"])
    yield made
    made.close()


@pytest.fixture
def page(board):
    return Page(board)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (120, 6, 7, 3), dtype=np.uint8)
    images[:, :2] = 0
    return ff.Dataset.from_arrays(images, np.arange(120) % 2, name="noise")


# ---- gallery


def test_the_weakest_positive_and_the_strongest_negative_come_first():
    goodness = np.random.default_rng(3).normal(size=(2, 9, 3)).astype(np.float32)
    for side, sign in enumerate((1, -1)):
        left, expected = list(range(9)), []
        while left:
            hardest = left[0]
            for each in left:
                if sign * sum(map(float, goodness[side, each])) < sign * sum(map(float, goodness[side, hardest])):
                    hardest = each
            expected.append(hardest)
            left.remove(hardest)
        assert hardest_first(goodness)[side].tolist() == expected
    goodness[:, 4] = np.nan
    assert hardest_first(goodness)[:, -1].tolist() == [4, 4]


def test_jittered_positives_travel_with_the_pictures_and_again_when_they_change():
    first, pane = examples(), GalleryPane()
    second = dataclasses.replace(first, jittered=first.images[0][:, ::-1].copy())
    held = pane.pack(moment(examples=first), None, [], Arrays())
    assert "jittered" not in held["arrays"]
    packed = pane.pack(moment(examples=second), None, [held], Arrays())
    assert {"images", "jittered"} <= packed["arrays"].keys()
    assert "images" not in pane.pack(moment(examples=second), None, [packed], Arrays())["arrays"]


def test_the_gallery_packs_the_examples(board, page):
    shown = moment()
    board.show(shown)
    page.say("hello", panes=["gallery"])
    packed = page.frames[-1][0]["panes"]["gallery"]
    assert packed["order"] == hardest_first(shown.examples.goodness).tolist()
    assert packed["labels"] == shown.examples.labels.tolist()
    for name in ("images", "goodness", "probability"):
        np.testing.assert_array_equal(page.array("gallery", name), getattr(shown.examples, name))
    for name in ("low", "high", "threshold"):
        np.testing.assert_array_equal(page.array("gallery", name), getattr(shown, name)[0])


def test_pictures_are_sent_only_to_who_lacks_them(board, page):
    board.show(moment())
    page.say("hello", panes=["gallery"])
    have = {"gallery": {"pictures": page.frames[-1][0]["panes"]["gallery"]["pictures"]}}
    page.say("ack", panes=["gallery"], have=have)
    board.show(moment(200))
    assert "images" not in page.frames[-1][0]["panes"]["gallery"]["arrays"]
    page.say("ack", panes=["gallery"], have=have)
    board.show(moment(300, examples=examples(seed=1)))
    np.testing.assert_array_equal(page.array("gallery", "images"), examples(seed=1).images)
    page.say("hello", panes=["gallery"], view="b")
    assert "images" in page.frames[-1][0]["panes"]["gallery"]["arrays"]


def test_the_order_rests_a_while_during_training_and_is_right_at_rest():
    clock = Clock()
    pane = GalleryPane(clock)
    orders = [hardest_first(examples(seed=seed).goodness).tolist() for seed in range(2)]
    assert orders[0] != orders[1]

    def order(seed, status):
        return pane.pack(moment(examples=examples(seed=seed), status=status), None, [], Arrays())["order"]

    assert order(0, "running") == orders[0]
    clock.now = 1.0
    assert order(1, "running") == orders[0]
    assert order(1, "paused") == orders[1]
    clock.now = 4.0
    assert order(0, "running") == orders[0]


def test_without_pictures_the_gallery_says_so():
    pane = GalleryPane()
    assert pane.pack(snapshot(), None, [], Arrays()) == {"words": "nothing to show yet"}
    assert "no pictures" in pane.pack(moment(examples=examples(height=1)), None, [], Arrays())["words"]


def test_pace_begins_anew_with_something_else():
    pace = Pace(2.0, Clock())
    assert [pace.is_due("a", at_rest=False), pace.is_due("a", at_rest=False)] == [True, False]
    assert pace.is_due("b", at_rest=False)


# ---- receptive fields


def test_fields_are_the_weights_of_the_strongest_units(data):
    trainer = ff.Trainer(ff.Settings(dataset=data, layers=(40, 4), batch_size=16, device="cpu"))
    trainer.network.layers[0].parameters.weight[0, :, 3] += 1
    units = strongest_units(trainer, 5)
    weights = trainer.weights(0)[0].numpy()[: data.features]
    assert units[0] == 3
    np.testing.assert_array_equal(units, np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:5])
    fields = receptive_fields(trainer, units)
    assert (fields.weights.shape, fields.total, fields.label_inputs) == ((5, 6, 7), 40, 2)
    for place, unit in enumerate(units):
        np.testing.assert_allclose(
            fields.weights[place], weights[:, unit].reshape(6, 7, 3).mean(-1), rtol=1e-5, atol=1e-7
        )
    before = fields.weights.copy()
    trainer.step()
    np.testing.assert_array_equal(fields.weights, before)


def test_a_table_has_no_fields():
    trainer = ff.Trainer(
        ff.Settings(dataset="moons", layers=(8,), label_encoding="appended", inference="goodness", device="cpu")
    )
    fields = receptive_fields(trainer)
    assert fields.weights.shape == (0, 1, 2)
    pane = FieldsPane()
    pane.take(fields)
    assert "no pictures" in pane.pack(snapshot(), None, [], Arrays())["words"]


def some_fields(limit=0.5):
    weights = np.zeros((2, 3, 4), np.float32)
    weights[0], weights[1] = limit, -limit
    weights[0, 0, 0] = 0
    return ReceptiveFields(weights, np.array([7, 2], np.int32), 40, 0, "noise")


def test_weights_travel_as_shades_around_zero_and_once(board, page):
    board.show(moment())
    board.deliver("fields", some_fields())
    page.say("hello", panes=["fields"])
    packed = page.frames[-1][0]["panes"]["fields"]
    assert (packed["units"], packed["total"], packed["limit"]) == ([7, 2], 40, 0.5)
    shades = page.array("fields", "weights")
    assert (shades.dtype, shades[0, 0, 0], shades[0, 1, 1], shades[1, 1, 1]) == (np.uint8, 128, 255, 1)
    page.say("ack", panes=["fields"], have={"fields": {"version": packed["version"]}})
    board.show(moment(200))
    assert page.frames[-1][0]["panes"]["fields"] == {"version": packed["version"], "is_held": True}


def test_the_scale_rests_leaves_the_label_out_and_bears_nonsense():
    assert scale_of(some_fields(0.4)) == scale_of(some_fields(0.41)) >= 0.41
    weights = np.full((1, 2, 10), 0.5, np.float32)
    weights[0, 0, :3] = 100
    assert scale_of(ReceptiveFields(weights, np.zeros(1, np.int32), 1, 3, "")) == 0.5
    for nothing in (0.0, np.nan):
        assert scale_of(ReceptiveFields(weights * nothing, np.zeros(1, np.int32), 1, 0, "")) == 1.0


def test_an_error_while_reading_is_shown_in_the_pane_alone(board, page):
    board.show(moment())
    board.deliver("fields", ValueError("no weights"))
    page.say("hello", panes=["gallery", "fields"])
    panes = page.frames[-1][0]["panes"]
    assert panes["fields"] == {"error": "ValueError: no weights"}
    assert "error" not in panes["gallery"]


def test_weights_are_read_only_in_sight_twice_a_second_and_when_they_changed(board, page, data):
    trainer = ff.Trainer(ff.Settings(dataset=data, layers=(40,), batch_size=16, device="cpu"))
    ask, clock = Asker(trainer), Clock()
    reader = Reader(ask, board, clock)
    board.show(moment())
    page.say("hello", panes=["gallery"])
    reader.refresh(at_rest=False)
    assert ask.count == 0
    page.say("panes", panes=["fields"])  # comes in sight: read at once, with nobody training
    assert ask.count == 1
    page.say("ack", panes=["fields"])
    assert page.array("fields", "weights").shape == (32, 6, 7)
    for now in (0.1, 0.4, 0.6, 0.9, 1.2):
        clock.now = now
        reader.refresh(at_rest=False)
    assert ask.count == 3
    version = page.frames[-1][0]["panes"]["fields"]["version"]
    trainer.step()
    clock.now = 2.0
    reader.refresh(at_rest=False)
    page.say("ack", panes=["fields"])
    assert page.frames[-1][0]["panes"]["fields"]["version"] == version + 1


def test_the_units_stay_in_their_places_for_a_while(board, page, data):
    trainer = ff.Trainer(ff.Settings(dataset=data, layers=(40,), batch_size=16, device="cpu"))
    clock = Clock()
    board.asked_panes["fields"]._pace._clock = clock
    reader = Reader(Asker(trainer), board, clock)
    board.show(moment())
    page.say("hello", panes=["fields"])

    def units():
        page.say("ack", panes=["fields"])
        return page.frames[-1][0]["panes"]["fields"]["units"]

    first = units()
    parameters = trainer.network.layers[0].parameters
    parameters.weight[0, :, first[-1]] *= 3
    parameters.changed()
    clock.now = 1.0
    reader.refresh(at_rest=False)
    assert units() == first
    parameters.changed()
    clock.now = 10.0
    reader.refresh(at_rest=False)
    assert units()[0] == first[-1]


# ---- toggles


def test_a_board_begins_with_the_usual_panes_in_the_common_order():
    assert Board().panes == ["histograms", "curves"]
    assert Board(["fields", "curves", "fields"]).panes == ["curves", "fields"]


def test_a_pane_that_is_switched_on_gets_a_frame_though_the_view_told_first(board, page):
    board.panes = ["gallery"]
    board.show(moment())
    page.say("hello", panes=["gallery", "fields"])
    assert list(page.frames[-1][0]["panes"]) == ["gallery"]
    board.panes = ["gallery", "fields"]
    assert list(page.frames[-1][0]["panes"]) == ["gallery", "fields"]


def test_the_explorer_reads_weights_in_its_trainer_thread_and_only_when_seen(data):
    panel = Explorer(dataset=data, layers=(40,), batch_size=16)
    try:
        page = Page(panel.board)
        panel.runner.step(2)
        assert panel.runner.wait(20)
        shown = panel.board._packers["fields"]
        assert isinstance(shown, FieldsPane)
        assert shown.answer is None
        panel.board.panes = ["fields"]
        page.say("hello", panes=["fields"])
        end = time.monotonic() + 10
        while shown.answer is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert isinstance(shown.answer, ReceptiveFields)
        assert shown.answer.weights.shape == (32, 6, 7)
        before = shown._version
        panel.runner.step(2)
        assert panel.runner.wait(20)
        assert shown._version > before
        assert panel.runner.listener_errors == []
    finally:
        panel.close()
