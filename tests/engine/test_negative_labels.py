"""Negatives that change the label: never right where that is claimed, and drawn as often as is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.labels import all_but, with_inverses
from ffexplore.engine.negatives import Batch, other_label, sample_wrong
from ffexplore.engine.probe import Probe
from ffexplore.engine.rng import stream
from tests.engine.drawn import CLASSES, batch, chi_square
from tests.engine.sets import pictures

LABELS = [entry.name for entry in ff.negatives if entry.changes == "label"]


@pytest.mark.parametrize("name", [name for name in LABELS if ff.negatives[name].traits["always_wrong"]])
def test_wrong_labels_are_never_right(name: str) -> None:
    given = batch(40_000)
    for seed in range(5):
        drawn = ff.negatives[name].draw(given, stream(seed, "test"))["labels"]
        assert not bool((drawn == given.labels).any())


@pytest.mark.parametrize("temperature", [0.0, 100.0])
def test_hard_labels_are_wrong_even_where_the_network_is_sure_of_the_right_one(temperature: float) -> None:
    given = batch(scores=lambda what: 1e4 * torch.nn.functional.one_hot(given.labels, CLASSES).float())
    drawn = ff.negatives["hard_label"].draw(given, stream(0), {"temperature": temperature})["labels"]
    assert not bool((drawn == given.labels).any())


def test_permuted_labels_are_the_same_labels_and_right_one_time_in_five() -> None:
    given = batch(20_000)
    drawn = ff.negatives["permuted_labels"].draw(given, stream(0))["labels"]
    assert torch.equal(drawn.bincount(), given.labels.bincount())
    right = float((drawn == given.labels).double().mean())
    assert right == pytest.approx(1 / CLASSES, abs=4 * np.sqrt(0.16 / 20_000))


def test_uniform_labels_are_uniform_over_the_wrong_ones() -> None:
    labels = torch.full((40_000,), 2)
    counts = other_label(labels, CLASSES, stream(0)).bincount(minlength=CLASSES).double()
    assert counts[2] == 0
    expected = torch.full((4,), 10_000.0, dtype=torch.float64)
    assert chi_square(counts[[0, 1, 3, 4]], expected) < 16.3  # the 99.9 % quantile of χ² with 3 degrees of freedom


@pytest.mark.parametrize("name", ["hard_label", "readout_label"])
def test_hard_labels_follow_the_softmax_without_the_true_class(name: str) -> None:
    rows, temperature = 40_000, 1.5
    logits = torch.tensor([0.2, -0.5, 1.0, 0.6, -1.0])
    asked: list[str] = []

    def scores(what: str) -> Tensor:
        asked.append(what)
        return logits.expand(rows, CLASSES)

    given = batch(rows, scores)
    given.labels = torch.full((rows,), 2)
    drawn = ff.negatives[name].draw(given, stream(0), {"temperature": temperature})["labels"]
    counts = drawn.bincount(minlength=CLASSES).double()
    weights = (temperature * logits).double().exp()
    weights[2] = 0
    assert counts[2] == 0
    kept = [0, 1, 3, 4]
    assert chi_square(counts[kept], (rows * weights / weights.sum())[kept]) < 16.3
    assert asked == ["first" if name == "hard_label" else "readout"]


def test_hard_labels_of_all_layers_ask_for_all_layers() -> None:
    asked: list[str] = []
    given = batch(10, lambda what: asked.append(what) or torch.zeros(10, CLASSES))  # type: ignore[func-returns-value]
    ff.negatives["hard_label"].draw(given, stream(0), {"layers": "all"})
    assert asked == ["all"]


def test_two_classes_leave_one_wrong_label() -> None:
    labels = torch.tensor([0, 1, 1, 0])
    assert other_label(labels, 2, stream(0)).tolist() == [1, 0, 0, 1]
    assert sample_wrong(torch.randn(4, 2), labels, stream(0)).tolist() == [1, 0, 0, 1]


def test_scores_are_the_goodness_of_every_label_in_natural_units(register: Callable[..., Any]) -> None:
    """What a generator is told of a batch, against ten passes by hand."""
    heard: dict[str, Tensor] = {}
    rows: list[Tensor] = []

    def curious(batch: Batch, rng: torch.Generator) -> Tensor:
        for what in ("first", "all", "readout"):
            heard[what] = batch.scores(what).clone()
        rows.append(batch.index)
        return (batch.labels + 1) % batch.classes

    register(ff.negatives, "curious", curious, changes="label", needs=("labels", "scores", "readout"))
    rows.clear()  # of the trial at registration
    settings = Settings(
        dataset=pictures(), negatives="curious", layers=(8, 6), goodness=("sum_of_squares", "mean_square"), batch_size=8
    )
    trainer = Trainer(settings)
    trainer.step()
    fresh = Trainer(settings)
    x = fresh.network.inputs.rows(rows[0])
    goodness, _ = fresh.network.score(x)
    first, second = goodness[:, 0]
    torch.testing.assert_close(heard["first"], first / 8, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(heard["all"], first / 8 + second, rtol=1e-5, atol=1e-6)
    assert heard["readout"].shape == (8, 4)


def test_the_hardest_label_is_the_wrong_one_with_the_most_goodness() -> None:
    scores = torch.randn(300, CLASSES)
    given = batch(300, lambda what: scores)
    drawn = ff.negatives["hardest_label"].draw(given, stream(0))["labels"]
    for row, (label, found) in enumerate(zip(given.labels.tolist(), drawn.tolist(), strict=True)):
        wrong = [each for each in range(CLASSES) if each != label]
        assert found == max(wrong, key=lambda each: float(scores[row, each]))


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_labels_follow_the_square_root_of_their_goodness(temperature: float) -> None:
    rows = 40_000
    scores = torch.tensor([4.0, 1.0, 9.0, 0.25, -3.0])
    given = batch(rows, lambda what: scores.expand(rows, CLASSES))
    given.labels = torch.full((rows,), 2)
    drawn = ff.negatives["sqrt_goodness_label"].draw(given, stream(0), {"temperature": temperature})["labels"]
    counts = drawn.bincount(minlength=CLASSES).double()
    assert counts[2] == 0
    assert counts[4] < rows * 1e-3  # goodness below zero counts as none
    weights = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64) ** temperature
    expected = rows * weights / weights.sum()
    assert chi_square(counts[[0, 1, 3]], expected) < 13.8  # the 99.9 % quantile of χ² with 2 degrees of freedom


def test_every_label_but_one_is_the_sum_of_the_others() -> None:
    table = torch.rand(CLASSES + 1, 7)
    codes = with_inverses(table)
    assert torch.equal(codes[: CLASSES + 1], table)
    for label in range(CLASSES):
        others = sum(table[other] for other in range(CLASSES) if other != label)
        torch.testing.assert_close(codes[all_but(torch.tensor(label), CLASSES)], others)
    given = batch(300)
    drawn = ff.negatives["inverse_label"].draw(given, stream(0))["labels"]
    assert torch.equal(drawn, all_but(given.labels, CLASSES))


def test_the_inverse_label_is_shown_as_what_it_leaves_out() -> None:
    trainer = Trainer(Settings(dataset=pictures(), negatives="inverse_label", layers=(5,)))
    reading, validation = Probe(trainer).measure(), trainer.plan.dataset.validation
    known = {row.ravel()[4:].tobytes(): int(label) for row, label in zip(validation.x, validation.y, strict=True)}
    for picture, label in zip(reading.images[1], reading.labels[1].tolist(), strict=True):
        left_out = known[picture.ravel()[4:].tobytes()]
        assert label == -2 - left_out
        assert picture.ravel()[:4].tolist() == [0 if place == left_out else 255 for place in range(4)]
