"""How often negatives are drawn anew, what of them is kept, and what a person's own generator does wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.negatives import Batch, other_label
from tests.engine.sets import pictures


def drawn_labels(refresh: str, steps: int, register: Callable[..., Any], schedule: str = "simultaneous") -> list[int]:
    """The steps before which the generator was asked anew."""
    calls: list[int] = []

    def watched(batch: Batch, rng: torch.Generator) -> Tensor:
        calls.append(trainer.steps)
        whole = refresh != "batch"
        assert len(batch.index) == (batch.count if whole else len(batch.index))
        return other_label(batch.labels, batch.classes, rng)

    register(ff.negatives, "watched", watched, changes="label", needs=("labels",))
    settings = Settings(
        dataset=pictures(), negatives="watched", negatives_refresh=refresh, layers=(5, 5, 5), batch_size=14,
        schedule=schedule,
    )  # fmt: skip
    trainer = Trainer(settings)
    assert len(trainer.plan.dataset.train) == 42  # three batches an epoch
    for _ in range(steps):
        trainer.step()
    return calls


@pytest.mark.parametrize(
    ("refresh", "schedule", "expected"),
    [
        ("batch", "simultaneous", list(range(10))),
        ("epoch", "simultaneous", [0, 3, 6, 9]),
        ("once", "simultaneous", [0]),
        ("round", "rotation(turn=1)", [0, 3, 6, 9]),
        ("round", "rotation(turn=2)", [0, 6]),
    ],
)
def test_refresh(refresh: str, schedule: str, expected: list[int], register: Callable[..., Any]) -> None:
    assert drawn_labels(refresh, 10, register, schedule) == expected


def test_lasting_negatives_belong_to_the_row_and_last(register: Callable[..., Any]) -> None:
    settings = Settings(dataset=pictures(), negatives_refresh="once", layers=(5,), batch_size=14)
    trainer = Trainer(settings)
    trainer.step()
    kept = trainer.pairs.kept["0.labels"].clone()
    assert not bool((kept == trainer.network.inputs.y["train"]).any())
    trainer.fit(steps=7, progress=False)
    assert torch.equal(trainer.pairs.kept["0.labels"], kept)


@pytest.mark.parametrize("refresh", ["epoch", "once"])
@pytest.mark.parametrize("name", [entry.name for entry in ff.negatives if entry.changes != "label"])
def test_lasting_pictures_are_kept_as_numbers(name: str, refresh: str) -> None:
    settings = Settings(
        dataset=pictures(), negatives=name, negatives_refresh=refresh, layers=(5,), batch_size=14, shift=1, device="cpu"
    )
    trainer = Trainer(settings)
    trainer.step()
    kept = {key: value.clone() for key, value in trainer.pairs.kept.items()}
    assert kept
    assert all(value.shape == (42,) and value.dtype == torch.int64 for value in kept.values())
    trainer.fit(steps=4, progress=False)
    same = all(torch.equal(value, trainer.pairs.kept[key]) for key, value in kept.items())
    assert same == (refresh == "once")


@pytest.mark.parametrize(
    ("function", "traits", "said"),
    [
        (lambda batch, rng: 3, {"changes": "label"}, "returned int; a Tensor is expected"),
        (lambda batch, rng: batch.labels[:2], {"changes": "label"}, "not one row for each sample"),
        (lambda batch, rng: batch.labels + 9, {"changes": "label"}, "labels outside 0 to 3"),
        (
            lambda batch, rng: batch.images[:, :3],
            {"changes": "image"},
            r"images of shape \(8, 3\), not \(8, 30\)",
        ),
        (lambda batch, rng: {"labels": batch.labels}, {"changes": "both"}, "were to change images and returned none"),
    ],
)
def test_what_a_persons_generator_does_wrong_is_said(
    function: Callable[..., Any], traits: dict[str, Any], said: str, register: Callable[..., Any]
) -> None:
    register(ff.negatives, "wrong", function, **traits)
    trainer = Trainer(Settings(dataset=pictures(), negatives="wrong", layers=(5,), batch_size=8))
    with pytest.raises(ff.SettingsError, match=said):
        trainer.step()


def test_a_persons_generator_may_change_label_and_image(register: Callable[..., Any]) -> None:
    register(
        ff.negatives,
        "both",
        lambda batch, rng: {"labels": (batch.labels + 1) % batch.classes, "images": 1 - batch.images},
        changes="both",
    )
    trainer = Trainer(Settings(dataset=pictures(), negatives="both", layers=(5,), batch_size=8))
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 3


@pytest.mark.parametrize("name", ["other_image", "same_class", "uniform_label"])
def test_negatives_that_go_by_the_label_want_one_written(name: str) -> None:
    with pytest.raises(ff.SettingsError, match=f"negatives is '{name}', which .* the label, but label_encoding"):
        Settings(negatives=name, label_encoding="none")
