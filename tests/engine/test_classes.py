"""Layers that score classes, and what they learn beside their weights: against plain autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.judgement import Given, judge
from ffexplore.engine.objectives import Objective
from ffexplore.engine.pictures import Pictures
from ffexplore.engine.probe import Probe
from ffexplore.live import Runner
from tests.engine.plain_scores import CLASS_LOSSES, SCORES, PlainScores, follow, rms, settings_of
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures, table


@pytest.mark.parametrize("objective", [*CLASS_LOSSES, "logistic", "symba", "hinge"])
@pytest.mark.parametrize("goodness", SCORES)
def test_the_step_is_that_of_autograd(goodness: str, objective: str, next_label: str) -> None:
    trainer = Trainer(settings_of(goodness=goodness, objective=objective, negatives=next_label))
    start = {key: value.clone() for key, value in trainer.state().items()}
    follow(trainer, PlainScores(trainer), 5)
    moved = {key for key, value in trainer.state().items() if not torch.equal(value, start[key])}
    learned = {f"layer.{n}.goodness.0.{key}" for n in range(2) for key in ff.goodness[goodness].learned}
    assert learned <= moved
    assert "layer.0.goodness.0.share" not in moved


VARIED: list[dict[str, Any]] = [
    {}, {"learning_rate": 0.002}, {"seed": 3, "goodness": "cosine"}, {"goodness": "class_groups"},
    {"goodness": "projection", "objective": "logistic", "threshold_rate": 2.0},
]  # fmt: skip


def test_variants_are_single_runs() -> None:
    base = settings_of()
    variants = [base.replace(**changes) for changes in VARIED]
    together = Trainer.variants(variants).fit(steps=8, progress=False)
    reports = together.evaluate_variants("test")
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=8, progress=False)
        for one, other in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)
        assert reports[number].accuracy == pytest.approx(alone.evaluate("test").accuracy)
        assert float(together.network.layers[1].theta[number]) == pytest.approx(
            float(alone.network.layers[1].theta), abs=1e-4
        )


@pytest.mark.parametrize("changes", VARIED, ids=range(len(VARIED)))
def test_what_is_learned_is_saved(changes: dict[str, Any], tmp_path: Any) -> None:
    trainer = Trainer(settings_of(dropout=0.2, **changes)).fit(steps=5, progress=False)
    trainer.save(tmp_path / "run")
    again = Trainer.restore(tmp_path / "run")
    for each in (trainer, again):
        each.fit(steps=4, progress=False)
    for key, value in trainer.state().items():
        assert torch.equal(value, again.state()[key]), key
    other = Trainer(settings_of(dropout=0.2, **changes)).fit(steps=9, progress=False)
    for key, value in trainer.state().items():
        assert torch.equal(value, other.state()[key]), key


def test_every_way_to_read_a_class_agrees() -> None:
    """Report, prediction, candidates and goodness of labels, each once by hand."""
    settings = settings_of(layers=(12, 10), inference="goodness(layers=1+2)")
    trainer = Trainer(settings).fit(steps=40, progress=False)
    split, network = settings.dataset.test, trainer.network
    raw = network.inputs.given(split.x)
    scores, _ = network.score(raw)
    x = rms(raw)
    for number, layer in enumerate(network.layers):
        h = (x @ layer.parameters.weight[0] + layer.parameters.bias[0]).relu()
        expected = h @ layer.states[0]["matrix"][0].T
        torch.testing.assert_close(scores[number, 0], expected, rtol=1e-4, atol=1e-4)
        x = rms(h)
    predicted = scores[:, 0].sum(0).argmax(1)
    assert trainer.predict(split.x).tolist() == predicted.tolist()
    report = trainer.evaluate("test")
    truth = torch.from_numpy(split.y.copy())
    assert report.accuracy == pytest.approx(float((predicted == truth).double().mean()))
    assert report.accuracy > 0.8
    prepared = network.inputs.prepare(raw[None, None])
    labels = torch.stack([truth, (truth + 1) % 4])[None]
    of_labels = network.goodness(prepared, labels)
    for side in range(2):
        torch.testing.assert_close(of_labels[:, 0, side], scores[:, 0, range(len(truth)), labels[0, side]])


@pytest.mark.parametrize("negatives", ["uniform_label", "hard_label", "hardest_label", "hybrid_images"])
def test_the_histograms_show_the_right_class_against_the_class_of_the_negatives(negatives: str) -> None:
    settings = settings_of(objective="logistic", negatives=negatives)
    trainer = Trainer(settings).fit(steps=60, progress=False)
    reading = Probe(trainer).measure()
    assert bool((reading.auc > 0.6).all())
    assert bool((reading.mean_positive > reading.mean_negative).all())
    shape = reading.positive.sum(-1), reading.negative.sum(-1)
    assert shape[0].tolist() == shape[1].tolist()
    assert reading.labels[0].min() >= 0  # the class that is scored, though none is written
    if negatives != "hybrid_images":
        inputs = trainer.network.inputs
        truth = inputs.y["validation"]
        rows = inputs.rows(torch.arange(len(truth)), "validation")
        pictures, _ = Pictures(inputs, is_named=True).show(torch.stack([rows, rows]), torch.stack([truth, truth]))
        known = {picture.tobytes(): int(label) for picture, label in zip(pictures[0], truth, strict=True)}
        positive, negative = ([known[picture.tobytes()] for picture in side] for side in reading.images)
        assert reading.labels[0].tolist() == positive
        assert all(said != true for said, true in zip(reading.labels[1].tolist(), negative, strict=True))


def test_the_same_numbers_whether_or_not_the_label_has_a_place() -> None:
    """A neutral label for every class: one pass for both sides, and the same goodness for every label."""
    settings = settings_of(dataset=pictures(), label_encoding="neutral")
    trainer = Trainer(settings)
    inputs = trainer.network.inputs
    prepared = inputs.prepare(inputs.rows(torch.arange(5))[None, None])
    assert all(part.x.shape[1] == 1 for part in inputs.parts(prepared, torch.tensor([[[0] * 5, [1] * 5]])))
    trainer.fit(steps=40, progress=False)
    assert trainer.evaluate().accuracy > 0.8


def test_a_table() -> None:
    settings = settings_of(dataset=table(), goodness="class_groups", normalization="layer_norm")
    assert Trainer(settings).fit(steps=60, progress=False).evaluate().accuracy > 0.6


def test_a_change_while_it_runs() -> None:
    runner = Runner(settings_of())
    try:
        runner.step(5)
        assert runner.wait(60)
        runner.update(goodness="cosine", threshold_rate=1.0, objective="logistic")
        runner.step(5)
        assert runner.wait(60)
        runner.check()
        snapshot = runner.snapshot
        assert snapshot is not None
        assert snapshot.goodness == ("cosine", "cosine")
        assert snapshot.step == 10
        assert (snapshot.threshold != 0).all()
    finally:
        runner.stop()


def test_an_objective_of_classes_may_be_a_persons_own(register: Callable[..., Any]) -> None:
    def brier(scores: Tensor, labels: Tensor) -> Tensor:
        truth = torch.nn.functional.one_hot(labels, scores.shape[-1])
        return (scores.softmax(-1) - truth).square().sum(-1)

    register(ff.objectives, "brier", brier, summary="squared error of the probabilities")
    assert ff.objectives["brier"].needs == {"classes"}
    assert Trainer(settings_of(objective="brier")).fit(steps=80, progress=False).evaluate().accuracy > 0.8


def test_a_goodness_of_classes_may_be_a_persons_own(register: Callable[..., Any]) -> None:
    register(ff.goodness, "first_units", lambda activity: activity[:, :4], output="per_class", summary="one unit each")
    assert Trainer(settings_of(goodness="first_units")).fit(steps=80, progress=False).evaluate().accuracy > 0.6
    with pytest.raises(ff.SettingsError, match="it must return one number a class, with the classes last"):
        ff.goodness.register("bad", output="per_class")(lambda activity: activity.sum())
    with pytest.raises(ff.SettingsError, match="learned tensor of the goodness 'bad', 'w'"):
        ff.goodness.register("bad", learned=("w",))(lambda activity: activity.mean(-1))
    assert "bad" not in ff.goodness


def test_the_loss_of_variants_with_and_without_a_closed_form(register: Callable[..., Any]) -> None:
    """The loss is looked at on some batches only; one that is known on all must not be counted more often."""

    def own(positive: Tensor, negative: Tensor, theta: Tensor) -> Tensor:
        return torch.nn.functional.softplus(theta - positive) + torch.nn.functional.softplus(negative - theta)

    register(ff.objectives, "own_logistic", own, summary="without a slope")
    base = Settings(dataset=pictures(), layers=(6,), batch_size=10, device="cpu")
    trainer = Trainer.variants([base, base.replace(objective="own_logistic")]).fit(steps=7, progress=False)
    first, second = trainer.network.layers[0].take_loss().tolist()
    assert first == pytest.approx(second, rel=1e-4)


def test_scores_and_pairs_are_one_gradient() -> None:
    """An objective may look at the scores and at the pair."""
    g = torch.randn(1, 1, 4, 3, dtype=torch.float64)
    labels = torch.tensor([[[0, 1, 2, 0], [1, 2, 0, 2]]])
    entry = Objective("both", lambda positive, negative, scores: negative - positive + scores.square().sum(-1))
    judged = judge(
        entry,
        {},
        g,
        Given(torch.zeros(1, 1)),
        labels,
    )
    expected = 2 * g[0, 0]
    for row in range(4):
        expected[row, labels[0, 0, row]] -= 1
        expected[row, labels[0, 1, row]] += 1
    torch.testing.assert_close(judged.by_goodness[0, 0], expected)


def test_a_layer_has_at_least_one_unit_a_class() -> None:
    with pytest.raises(ff.SettingsError, match="deals the units of a layer out to 4 classes; choose layers of 4 units"):
        Trainer(settings_of(goodness="class_groups", layers=(9, 3)))
    Trainer(settings_of(goodness="class_groups", layers=(9, 4)))
