"""What the network says of single inputs, of the validation split and of the plane, against slow computations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.engine.judged import Examiner, examined
from ffexplore.engine.landscape import landscape
from ffexplore.engine.verdict import judge
from ffexplore.errors import SettingsError
from tests.ui.asker import Clock


def trainer_of(steps=30, **changes):
    values: dict[str, Any] = {
        "dataset": "digits", "layers": (40, 30, 20), "batch_size": 32, "device": "cpu", "label_encoding": "appended",
    }  # fmt: skip
    return ff.Trainer(ff.Settings(**(values | changes))).fit(steps=steps, progress=False)


def slow_goodness(trainer, raw, label):
    """Goodness (L,) of one input and one label, mean of squares, with plain matrix products."""
    inputs = trainer.network.inputs
    code = inputs.codes[label]
    x = torch.cat([(raw - inputs.center) * inputs.gain, code])
    x = trainer.network.normalization(x[None, None, None], trainer.network.normalization_params)[0, 0, 0]
    found = []
    for number in range(len(trainer.network.layers)):
        weight, bias = trainer.weights(number)
        h = (x @ weight + bias).relu()
        found.append(float((h**2).mean()))
        x = trainer.network.normalization(h[None, None, None], trainer.network.normalization_params)[0, 0, 0]
    return found


def test_goodness_and_scores_are_those_of_a_loop_over_labels():
    trainer = trainer_of(inference="goodness(layers=without_first)", goodness="mean_square")
    raw = trainer.network.inputs.rows(torch.arange(5), "validation")
    verdict = judge(trainer, raw.clone())
    slow = np.array([[slow_goodness(trainer, row, label) for label in range(10)] for row in raw])  # (B, C, L)
    np.testing.assert_allclose(verdict.goodness, slow.transpose(2, 0, 1), rtol=1e-4)
    np.testing.assert_allclose(verdict.scores, slow[..., 1:].sum(-1), rtol=1e-4)
    assert verdict.chosen.tolist() == slow[..., 1:].sum(-1).argmax(-1).tolist()
    assert verdict.counted.tolist() == [False, True, True]
    assert verdict.basis == "goodness, summed over layers 2 and 3"


@pytest.mark.parametrize(
    ("changes", "counted", "basis"),
    [
        ({"inference": "goodness"}, [True] * 3, "goodness, summed over all layers"),
        ({"inference": "goodness(layers=2)"}, [False, True, False], "goodness in layer 2 alone"),
        ({"inference": "vote"}, [True] * 3, "votes of the layers"),
        ({"inference": "readout", "readout_rate": 0.01}, [False] * 3, "probability by the read-out"),
    ],
)
def test_what_decides_is_said_and_is_what_predict_does(changes, counted, basis):
    trainer = trainer_of(**changes)
    x = trainer.plan.dataset.validation.x[:40]
    verdict = judge(trainer, trainer.network.inputs.given(x))
    assert verdict.counted.tolist() == counted
    assert verdict.basis.startswith(basis)
    assert verdict.goodness.shape == (3, 40, 10)
    np.testing.assert_array_equal(verdict.chosen, trainer.predict(x))
    np.testing.assert_array_equal(verdict.chosen, verdict.scores.argmax(-1))


def test_without_labels_in_the_input_the_read_out_decides():
    trainer = trainer_of(label_encoding="none", negatives="noise", inference="readout", readout_rate=0.01)
    verdict = judge(trainer, trainer.network.inputs.given(trainer.plan.dataset.validation.x[:7]))
    assert np.isnan(verdict.goodness).all()
    assert not verdict.counted.any()
    np.testing.assert_allclose(verdict.scores.sum(-1), 1, rtol=1e-5)


def test_scores_of_each_class_from_one_pass_decide_like_goodness():
    trainer = trainer_of(
        label_encoding="none", goodness="class_groups", objective="class_cross_entropy", layers=(40, 30)
    )
    x = trainer.plan.dataset.validation.x[:20]
    verdict = judge(trainer, trainer.network.inputs.given(x))
    inputs, (weight, bias) = trainer.network.inputs, trainer.weights(0)
    prepared = inputs.prepare(inputs.given(x)[None, None]).image
    assert prepared is not None
    activity = (prepared.x[0, 0] @ weight + bias).relu()
    groups = np.array(
        [[float((row[label * 4 : label * 4 + 4] ** 2).mean()) for label in range(10)] for row in activity]
    )
    np.testing.assert_allclose(verdict.goodness[0], groups, rtol=1e-4)
    np.testing.assert_array_equal(verdict.chosen, trainer.predict(x))
    assert verdict.basis == "score of each class, summed over all layers"


# ---- the validation split


def test_the_confusion_matrix_counts_what_a_loop_counts():
    trainer = trainer_of()
    judged = Examiner().look(trainer, at_rest=True)
    split = trainer.plan.dataset.validation
    chosen = trainer.predict(split.x)
    np.testing.assert_array_equal(judged.chosen, chosen)
    slow = np.zeros((10, 10), int)
    for right, taken in zip(split.y, chosen, strict=True):
        slow[right, taken] += 1
    np.testing.assert_array_equal(judged.counts, slow)
    mistakes = [row for row in range(len(chosen)) if split.y[row] != chosen[row]]
    assert judged.rows().tolist() == mistakes
    assert mistakes
    kind = (int(split.y[mistakes[0]]), int(chosen[mistakes[0]]))
    assert mistakes[0] in judged.rows(kind)
    assert len(judged.rows(kind)) == slow[kind]


def test_a_large_split_is_judged_slice_by_slice_at_rest(monkeypatch):
    monkeypatch.setattr("ffexplore.engine.judged.scored_rows", lambda trainer: 128)
    trainer, examiner = trainer_of(), Examiner()
    sizes: list[int] = []
    while not sizes or examiner.has_more:
        sizes.append(len(examiner.look(trainer, at_rest=True).labels))
    assert sizes == [128, 256, 300]
    assert examiner.latest is not None
    np.testing.assert_array_equal(examined(trainer).chosen, examiner.latest.chosen)
    np.testing.assert_array_equal(examiner.latest.chosen, trainer.predict(trainer.plan.dataset.validation.x))
    assert examiner.look(trainer, at_rest=True) is examiner.latest  # nothing changed, so nothing is done


def test_while_training_one_slice_a_second_is_judged(monkeypatch):
    monkeypatch.setattr("ffexplore.engine.judged.scored_rows", lambda trainer: 128)
    clock = Clock()
    trainer, examiner = trainer_of(), Examiner(clock)
    first = examiner.look(trainer, at_rest=False)
    trainer.step()
    clock.now = 0.9
    assert examiner.look(trainer, at_rest=False) is first
    clock.now = 1.1
    second = examiner.look(trainer, at_rest=False)
    assert (second.step, len(second.labels)) == (31, 128)
    trainer.step()
    assert examiner.look(trainer, at_rest=True).step == 32
    trainer.apply(trainer.settings.replace(dataset="rings"))
    assert examiner.look(trainer, at_rest=False).dataset == "rings"  # other data are never mixed with former ones


# ---- the plane


def test_the_landscape_is_the_goodness_of_each_point_and_label():
    trainer = trainer_of(dataset="moons", layers=(12, 8), goodness="mean_square", threshold=1.5)
    found = landscape(trainer, 9)
    assert found.goodness.shape == (2, 2, 9, 9)
    for row, column in ((0, 0), (3, 7), (8, 2)):
        x = found.low[0] + (found.high[0] - found.low[0]) * column / 8
        y = found.low[1] + (found.high[1] - found.low[1]) * row / 8
        point = torch.tensor([x, y])
        for label in (0, 1):
            np.testing.assert_allclose(
                found.goodness[:, label, row, column], slow_goodness(trainer, point, label), rtol=1e-3
            )
        assert found.chosen[row, column] == trainer.predict(point.numpy()[None])[0]
    np.testing.assert_array_equal(found.margin.argmax(0), found.chosen)
    summed = found.goodness.sum(0)
    np.testing.assert_allclose(found.margin[0], summed[0] - summed[1], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found.threshold, [1.5, 1.5])
    train = trainer.plan.dataset.train.x
    assert (found.low < train.min(0)).all()
    assert (found.high > train.max(0)).all()
    places = found.place(found.points)
    assert places.min() >= 0
    assert places.max() <= 1
    assert found.names == ("upper moon", "lower moon")


def test_a_landscape_without_labels_has_one_map_a_layer():
    trainer = trainer_of(
        dataset="moons", layers=(12, 8), label_encoding="none", negatives="noise", inference="readout",
        readout_rate=0.01, objective="symba",
    )  # fmt: skip
    found = landscape(trainer, 7)
    assert (found.goodness.shape, found.has_labels) == ((2, 1, 7, 7), False)
    assert np.isfinite(found.goodness).all()
    assert np.isnan(found.threshold).all()


def test_with_three_classes_the_margin_is_that_to_the_best_other():
    rng = np.random.default_rng(0)
    data = ff.Dataset.from_arrays(rng.normal(size=(90, 2)), np.arange(90) % 3)
    trainer = trainer_of(dataset=data, layers=(12,))
    found = landscape(trainer, 6)
    scores = found.goodness[0].reshape(3, -1)
    for point in range(36):
        for label in range(3):
            others = max(scores[other, point] for other in range(3) if other != label)
            assert found.margin[label].flat[point] == pytest.approx(scores[label, point] - others, abs=1e-5)


def test_a_landscape_needs_a_plane():
    with pytest.raises(
        SettingsError, match=r"'digits' has inputs of shape \(8, 8, 1\); a landscape needs two features"
    ):
        landscape(trainer_of(steps=1))
