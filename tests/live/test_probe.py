"""The probe: what it says of a network agrees with what can be worked out by hand."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.engine.augment import Jitter
from ffexplore.engine.pictures import still_hardest
from ffexplore.engine.probe import EXAMPLES, ROWS, SCORED_WORK, WORK, Probe, probed_rows, scored_rows
from ffexplore.live.publisher import (
    ACCURACY_SHARE,
    AFRESH_EVERY,
    AT_FIRST,
    HEAD_START,
    REST,
    THOROUGH,
    THOROUGH_UNSEEN,
    Publisher,
)
from tests.engine.sets import pictures

SMALL: dict[str, Any] = {"dataset": "digits", "label_encoding": "appended", "layers": (24, 16), "batch_size": 32}


def trained(steps=30, **changes):
    return ff.Trainer(ff.Settings(**(SMALL | changes))).fit(steps=steps, progress=False)


def test_counts_means_and_separation_by_hand():
    trainer = trained()
    reading = Probe(trainer).measure()
    network, inputs = trainer.network, trainer.network.inputs
    rows = min(probed_rows(network), len(inputs.y["validation"]))
    index = torch.arange(rows)
    labels = inputs.y["validation"][index]
    prepared = inputs.prepare(inputs.rows(index, "validation")[None, None])
    positive = network.goodness(prepared, labels[None, None])[:, 0, 0].numpy()
    assert np.allclose(reading.mean_positive[0], positive.mean(1), rtol=1e-5)
    assert (reading.positive.sum(-1) == rows).all()
    assert (reading.negative.sum(-1) == rows).all()
    for layer in range(2):
        low, high = reading.low[0, layer], reading.high[0, layer]
        clipped = np.clip(positive[layer], low, high)
        counts, _ = np.histogram(clipped, bins=reading.positive.shape[-1], range=(low, high))
        assert np.abs(counts - reading.positive[0, layer]).sum() <= 2  # a value on an edge may fall on either side
    own = {tuple(np.round(row, 4)): int(label) for row, label in zip(positive.T, labels, strict=True)}
    shown = [
        tuple(np.round(row, 4)) for row in positive.T if np.isclose(row, reading.goodness[0], rtol=1e-5).all(-1).any()
    ]
    assert {own[row] for row in shown} == set(reading.labels[0].tolist())
    assert len(shown) == EXAMPLES
    # uniform_label is the generator, so both separations are the same
    assert np.array_equal(reading.auc, reading.auc_uniform)


def test_the_examples_are_the_weakest_positives_and_the_strongest_negatives_of_the_probe():
    trainer = trained()
    probe = Probe(trainer)
    reading = probe.measure()
    assert probe._drawn is not None
    network, inputs = trainer.network, trainer.network.inputs
    index = torch.arange(min(probed_rows(network), len(inputs.y["validation"])))
    prepared = inputs.prepare(inputs.rows(index, "validation")[None, None])
    sides = [inputs.y["validation"][index], probe._drawn.labels[0]]
    positive, negative = (network.goodness(prepared, side[None, None])[:, 0, 0].sum(0).numpy() for side in sides)
    shown = np.sort(reading.goodness.sum(-1))
    assert np.allclose(shown, [np.sort(positive)[:EXAMPLES], np.sort(negative)[-EXAMPLES:]], atol=1e-5)
    strongest = sides[1][negative.argsort()[-EXAMPLES:].copy()]
    assert sorted(reading.labels[1]) == sorted(strongest.tolist())
    trainer.step()
    again = probe.measure(thorough=False)  # the same inputs, with their present goodness
    assert np.array_equal(again.images, reading.images)
    assert not np.array_equal(again.goodness, reading.goodness)


def test_a_hard_input_stays_in_its_place_while_it_is_hard():
    assert still_hardest([5, 3, 1, 0, 2, 4], [], 2) == [5, 3]
    assert still_hardest([1, 0, 3, 5, 2, 4], [5, 3], 2) == [5, 3]  # both among the four hardest
    assert still_hardest([1, 0, 2, 3, 5, 4], [5, 3], 2) == [1, 3]
    assert still_hardest([0], [], 8) == [0]


def test_probability_is_that_of_the_threshold():
    trainer = trained(threshold=(0.8, 1.3), logit_scale=3.0)
    reading = Probe(trainer).measure()
    assert np.allclose(reading.threshold, [[0.8, 1.3]])
    expected = 1 / (1 + np.exp(-3.0 * (reading.goodness - np.array([0.8, 1.3]))))
    assert np.allclose(reading.probability, expected, atol=1e-5)


def test_looking_changes_nothing_and_gives_the_same_twice():
    first, second = trained(negatives="hard_label"), trained(negatives="hard_label")
    probe = Probe(first)
    readings = [probe.measure(), probe.measure(), probe.measure(thorough=False)]
    probe.accuracy()
    for name in ("positive", "negative", "auc", "auc_uniform", "goodness", "labels", "images"):
        assert np.array_equal(getattr(readings[0], name), getattr(readings[1], name)), name
        assert np.array_equal(getattr(readings[0], name), getattr(readings[2], name)), name
    first.step()
    second.step()
    assert all(torch.equal(first.state()[name], value) for name, value in second.state().items())


@pytest.mark.parametrize("generator", ff.negatives.names())
def test_every_generator_can_be_looked_at(generator):
    trainer = trained(5, negatives=generator)
    reading = Probe(trainer).measure()
    assert np.isfinite(reading.auc).all()
    assert np.isfinite(reading.auc_uniform).all()
    assert reading.images.dtype == np.uint8
    changes = ff.negatives[generator].changes
    inputs = trainer.network.inputs
    of_the_data = inputs.rows(torch.arange(len(inputs.y["validation"])), "validation")
    known = {row.tobytes() for row in (255 * of_the_data).round().byte().numpy()}
    pictures = [{image[:8].tobytes() in known for image in side} for side in reading.images]
    assert pictures[0] == {True}
    assert (pictures[1] == {True}) == (changes == "label" or generator in ("other_image", "same_class"))


def test_positives_are_shown_as_training_sees_them_where_that_is_jittered():
    trainer = ff.Trainer(ff.Settings(dataset=pictures(), layers=(6,), device="cpu"))
    probe = Probe(trainer)
    assert probe.measure().jittered is None
    trainer.apply(trainer.settings.replace(shift=1))
    shown = probe.measure()
    assert shown.jittered is not None
    assert shown.jittered.shape == shown.images.shape[1:]
    labelled = shown.jittered.reshape(len(shown.jittered), -1)[:, :4]  # a label is written over the first pixels
    assert np.array_equal(labelled, shown.images[0].reshape(len(labelled), -1)[:, :4])
    raw = torch.from_numpy(shown.images[0].copy()).view(1, 1, len(labelled), -1).float()
    raw[..., :4] = 0  # blank in the data
    moved = Jitter((6, 5, 1), [0], torch.device("cpu"))(raw, trainer.settings)[0, 0]
    assert np.array_equal(shown.jittered.reshape(len(labelled), -1)[:, 4:], moved[:, 4:].byte().numpy())
    again = probe.measure(thorough=False)
    assert again.jittered is shown.jittered
    trainer.apply(trainer.settings.replace(elastic=1.0))
    bent = probe.measure(thorough=False).jittered
    assert bent is not None
    assert not np.array_equal(bent, shown.jittered)


def test_hard_negatives_follow_the_weights_only_in_a_thorough_look():
    trainer = trained(0 + 1, negatives="hard_label")
    probe = Probe(trainer)
    before = probe.measure()
    trainer.fit(steps=60, progress=False)
    light = probe.measure(thorough=False)
    assert np.array_equal(light.labels, before.labels)
    assert np.array_equal(light.auc_uniform, before.auc_uniform)
    assert not np.array_equal(light.auc, before.auc)
    thorough = probe.measure()
    assert not np.array_equal(thorough.auc_uniform, before.auc_uniform)


def test_without_labels_there_is_no_class():
    trainer = trained(5, label_encoding="none", negatives="noise", inference="readout")
    probe = Probe(trainer)
    reading = probe.measure()
    assert np.isnan(reading.auc_uniform).all()
    assert (reading.labels == -1).all()
    accuracy, readout = probe.accuracy()
    assert np.isnan(accuracy).all()
    assert np.isfinite(readout).all()


def test_without_readout_its_accuracy_is_unknown():
    accuracy, readout = Probe(trained(5, readout_rate=0.0)).accuracy()
    assert np.isfinite(accuracy).all()
    assert np.isnan(readout).all()


def test_accuracy_is_that_of_the_report():
    trainer = trained(80)
    report = trainer.evaluate("validation")
    accuracy, readout = Probe(trainer).accuracy()
    assert accuracy[0] == pytest.approx(report.accuracy)
    assert readout[0] == pytest.approx(report.readout_accuracy)


def test_dead_units_are_counted():
    trainer = trained(5)
    with torch.no_grad():
        trainer.network.layers[1].parameters.bias[0, :3] = -1e6
    trainer.network.layers[1].parameters.changed()
    assert Probe(trainer).measure().dead[0, 1] >= 3


def test_ranges_stay_put_and_can_be_locked():
    trainer = trained(40)
    probe = Probe(trainer)
    probe.measure()
    trainer.fit(steps=3, progress=False)
    first = probe.measure()  # had to change, and was taken a little wider
    trainer.apply(trainer.settings.replace(learning_rate=1e-5))
    trainer.fit(steps=3, progress=False)
    assert np.array_equal(probe.measure().low, first.low)
    probe.is_locked = True
    trainer.apply(trainer.settings.replace(goodness="sum_of_squares"))
    assert np.array_equal(probe.measure().high, first.high)
    probe.is_locked = False
    assert (probe.measure().high > first.high).all()


def test_what_is_rebuilt_is_noticed():
    trainer = trained(5)
    probe = Probe(trainer)
    probe.measure()
    trainer.apply(trainer.settings.replace(layers=(8, 8, 8), dataset="moons"))
    reading = probe.measure()
    assert reading.auc.shape == (1, 3)
    assert reading.images.shape[2:] == (1, 4, 1)  # two numbers and two classes


def test_variants_are_looked_at_together():
    settings = [ff.Settings(**SMALL, negatives="hard_label", seed=seed) for seed in range(3)]
    together = ff.Trainer.variants(settings).fit(steps=10, progress=False)
    reading, accuracy = Probe(together).measure(), Probe(together).accuracy()[0]
    assert reading.auc.shape == (3, 2)
    assert accuracy.shape == (3,)
    for k, each in enumerate(settings):
        alone = Probe(ff.Trainer(each).fit(steps=10, progress=False)).measure()
        assert np.allclose(reading.mean_positive[k], alone.mean_positive[0], rtol=1e-3)


def test_one_class_of_activity_and_constant_goodness():
    trainer = trained(2)
    for layer in trainer.network.layers:
        layer.parameters.flat.zero_()
        layer.parameters.changed()
    reading = Probe(trainer).measure()
    assert reading.dead.tolist() == [[24, 16]]
    assert reading.auc.tolist() == [[0.5, 0.5]]
    assert (reading.high > reading.low).all()


def test_a_quick_look_sees_a_threshold_that_was_set():
    trainer = trained()
    probe = Probe(trainer)
    before = probe.measure()
    trainer.apply(trainer.settings.replace(threshold=7.5))
    after = probe.measure(thorough=False)
    assert (after.threshold == 7.5).all()
    assert not (before.threshold == 7.5).any()
    assert (after.auc == before.auc).all()


def test_a_change_has_the_accuracy_read_again_once_the_hand_rests_but_not_all_the_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("ffexplore.live.publisher.time.perf_counter", lambda: now[0])
    publisher = Publisher(trained(), 8.0)

    def read_at(*changes):
        now[0] += 0.1
        publisher.trainer.step()
        return publisher.make("running", "", changes, fresh=False).accuracy_step == publisher.trainer.steps

    assert read_at()
    publisher._spent = 100.0  # its share is used up
    now[0] += AFRESH_EVERY
    assert not read_at()
    assert not read_at("threshold 1 → 2")
    now[0] += REST
    assert read_at()
    publisher._spent = 100.0
    assert not read_at("threshold 2 → 3")  # a slider on its way
    now[0] += REST
    assert not read_at()
    now[0] += AFRESH_EVERY
    assert not read_at("threshold 3 → 4")
    now[0] += REST
    assert read_at()


def test_who_looks_gets_accuracies_more_often_and_more_so_of_variants():
    alone, several = (
        Publisher(each, 8.0) for each in (trained(), ff.Trainer.variants([ff.Settings(seed=k) for k in (1, 2)]))
    )
    unseen = [each._allowance(0.0) for each in (alone, several)]
    for publisher in (alone, several):
        publisher._ran, publisher.is_watched = 100.0, True
    assert unseen[0] == unseen[1] == HEAD_START
    assert several._allowance(0.0) - HEAD_START == pytest.approx(2 * (alone._allowance(0.0) - HEAD_START))
    alone.is_watched = False
    assert alone._allowance(0.0) - HEAD_START == pytest.approx(ACCURACY_SHARE * 100)


def test_what_a_change_shows_at_once_is_a_quick_look_and_a_thorough_one_follows(monkeypatch):
    now, looks = [100.0], []
    monkeypatch.setattr("ffexplore.live.publisher.time.perf_counter", lambda: now[0])
    publisher = Publisher(trained(), 8.0)
    measure = publisher.probe.measure

    def noted(thorough):
        looks.append(thorough)
        return measure(thorough=thorough)

    monkeypatch.setattr(publisher.probe, "measure", noted)

    def look(seconds, *changes):
        now[0] += seconds
        publisher.make("running", "", changes, fresh=False)
        return looks[-1]

    assert look(0.1)
    assert not look(0.1)
    assert not look(0.1, "threshold 1 → 2")
    assert not look(0.1)
    assert look(REST)
    assert [look(0.125, "threshold 2 → 3") for _ in range(13)] == [False] * 12 + [True]  # moved all the time
    assert look(THOROUGH_UNSEEN)
    assert not look(2 * THOROUGH)
    publisher.is_watched = True  # who begins to look does not wait for what was due without them
    assert look(0.1)
    assert not look(0.1)


@pytest.mark.parametrize(
    ("is_watched", "looked", "seconds"), [(False, AT_FIRST, 4.0), (True, AT_FIRST, 0.5), (False, 0.0, 0.5)]
)
def test_who_looks_gets_more_snapshots_but_at_first(is_watched, looked, seconds):
    publisher = Publisher(trained(1), 100.0)
    publisher.is_watched = is_watched
    publisher.make("running", "", (), fresh=False)
    publisher._costs.extend([0.06] * 5)  # of a look, on a slow machine
    publisher._looked = looked
    began = time.perf_counter()
    publisher.make("running", "", (), fresh=False)
    assert 0.7 * seconds < publisher.seconds_to_next(began) < 1.4 * seconds
    publisher.is_watched = True  # who begins to look does not wait so long
    assert publisher.seconds_to_next(began) < 1.4 * 0.5


def test_snapshots_keep_their_rate_although_each_waits_for_the_end_of_a_step(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("ffexplore.live.publisher.time.perf_counter", lambda: now[0])
    publisher = Publisher(trained(1), 8.0)
    publisher.is_watched = True
    seen = []
    while now[0] < 102:
        if publisher.is_due(now[0]):
            seen.append(now[0])
            publisher.make("running", "", (), fresh=False)
        now[0] += 0.03  # a step
    assert len(seen) == 16
    now[0] += 10  # a pause: what was missed is not made up for
    publisher.make("running", "", (), fresh=False)
    assert publisher.seconds_to_next(now[0]) == 0.125


def test_a_large_network_is_looked_at_with_fewer_samples():
    small, wide, deep = (
        ff.Trainer(ff.Settings(layers=layers)).network for layers in ((64, 64), (256,) * 4, (1000, 1000))
    )
    fewest, most = ROWS
    assert probed_rows(small) == most
    # two multiplications and additions a weight: once in the first layer, whose image both sides share
    work = 2 * (785 * 256 + 2 * 3 * 257 * 256)
    assert probed_rows(wide) == pytest.approx(WORK / work, rel=0.02)
    assert fewest < probed_rows(wide) < most
    assert probed_rows(deep) == fewest
    assert Probe(ff.Trainer(ff.Settings(layers=(1000, 1000)))).measure().positive.sum() == 2 * fewest
    rows = [scored_rows(ff.Trainer(ff.Settings(layers=(64, 64), inference_shift=shift))) for shift in (0, 4)]
    assert rows[0] == 1000
    # ten labels of 81 copies
    assert rows[1] == pytest.approx(SCORED_WORK / (81 * 2 * (785 * 64 + 10 * 65 * 64)), rel=0.02)


def test_a_snapshot_says_how_the_last_step_was_taken():
    trainer = trained(1)
    publisher = Publisher(trainer, 8.0)
    assert publisher.make("running", "", (), fresh=False).step_manner == "call by call"
    trainer.fit(steps=20, progress=False)
    assert publisher.make("running", "", (), fresh=False).step_manner == "recorded"
