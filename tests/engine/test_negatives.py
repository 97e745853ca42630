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
from tests.engine.reference import flat_weights
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
        (lambda batch, rng: {"images": batch.images}, {"changes": "both"}, "were to change labels and returned none"),
        (lambda batch, rng: {"images": batch.images}, {}, "were to change labels and returned none"),
        (
            lambda batch, rng: batch.labels.float(),
            {"changes": "label"},
            r'labels of torch.float32 \(8,\); they must be torch.int64 \(8,\)\. Images want the trait changes="image"',
        ),
        (
            lambda batch, rng: torch.nn.functional.one_hot(batch.labels, batch.classes),
            {"changes": "label"},
            r'labels of torch.int64 \(8, 4\); .* the trait changes="image", or "both"',
        ),
        (
            lambda batch, rng: 1 - batch.images,
            {},
            r'labels of torch.float32 \(8, 30\); .* Images want the trait changes="image"',
        ),
        (lambda batch, rng: torch.tensor(3), {"changes": "label"}, "not one row for each sample"),
        (
            lambda batch, rng: (batch.images, batch.labels),
            {"changes": "both"},
            "returned tuple; a Tensor is expected, or a dictionary with labels, images or both",
        ),
        (
            lambda batch, rng: batch.images.double(),
            {"changes": "image"},
            "images of torch.float64; they must be torch.float32, in the units of batch.images",
        ),
        (lambda batch, rng: (255 * batch.images).byte(), {"changes": "image"}, "images of torch.uint8; they must be"),
        (
            lambda batch, rng: batch.scores("frist").argmax(-1),
            {"needs": {"scores"}},
            r"Unknown value of scores, 'frist'\. Did you mean 'first'",
        ),
        (
            lambda batch, rng: batch.scores("readout").argmax(-1),
            {"needs": {"labels", "scores"}},
            r"ask for the scores 'readout'; register them with needs=\('readout',\)",
        ),
    ],
)
def test_what_a_persons_generator_does_wrong_is_said(
    function: Callable[..., Any], traits: dict[str, Any], said: str, register: Callable[..., Any]
) -> None:
    register(ff.negatives, "wrong", function, **traits)
    trainer = Trainer(Settings(dataset=pictures(), negatives="wrong", layers=(5,), batch_size=8))
    with pytest.raises(ff.SettingsError, match=said):
        trainer.step()


def turned_over(batch: Batch, rng: torch.Generator) -> Tensor:
    return 1 - batch.images


def turned_over_in_place(batch: Batch, rng: torch.Generator) -> Tensor:
    return batch.images.neg_().add_(1)


def next_class(batch: Batch, rng: torch.Generator) -> Tensor:
    return (batch.labels + 1) % batch.classes


def next_class_and_blank(batch: Batch, rng: torch.Generator) -> Tensor:
    batch.images.zero_()
    return (batch.labels.add_(1)) % batch.classes


def both(batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
    return {"labels": next_class(batch, rng), "images": turned_over(batch, rng)}


def both_in_place(batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
    return {"labels": next_class(batch, rng), "images": turned_over_in_place(batch, rng)}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shift": 1},
        {"label_encoding": "appended"},
        {"label_encoding": "overlay(per_image=True)"},
        {"normalization": "layer_norm"},
        {"batch_size": "full"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("usual", "writes", "traits"),
    [
        (turned_over, turned_over_in_place, {"changes": "image"}),
        (both, both_in_place, {"changes": "both"}),
        (next_class, next_class_and_blank, {"changes": "label"}),
    ],
    ids=["image", "both", "label"],
)
def test_a_generator_that_writes_into_the_batch_leaves_the_positive_side_as_it_was(
    usual: Callable[..., Any],
    writes: Callable[..., Any],
    traits: dict[str, Any],
    settings: dict[str, Any],
    register: Callable[..., Any],
) -> None:
    register(ff.negatives, "usual", usual, **traits)
    register(ff.negatives, "writes", writes, **traits)
    base = Settings(**{"dataset": pictures(), "layers": (7, 5), "batch_size": 8, "device": "cpu", **settings})
    one, other = (Trainer(base.replace(negatives=name)).fit(steps=9, progress=False) for name in ("usual", "writes"))
    assert all(map(torch.equal, flat_weights(one), flat_weights(other)))
    reports = [trainer.evaluate(shortcut=True) for trainer in (one, other)]
    assert reports[0].auc == reports[1].auc
    assert reports[0].shortcut == reports[1].shortcut


def as_alone(names: list[str]) -> None:
    """Variants with these negatives train in lockstep as they do alone."""
    base = Settings(dataset=pictures(), layers=(7, 5), batch_size=8, shift=1, device="cpu")
    variants = [base.replace(negatives=name) for name in names]
    together = Trainer.variants(variants).fit(steps=9, progress=False)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=9, progress=False)
        for mine, theirs in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(theirs, mine, atol=3e-5, rtol=1e-3)


def test_a_generator_that_writes_into_the_batch_leaves_other_variants_as_they_are(register: Callable[..., Any]) -> None:
    register(ff.negatives, "writes", turned_over_in_place, changes="image")
    as_alone(["writes", "hybrid_images", "uniform_label"])


def test_one_that_changes_labels_and_writes_into_images_keeps_its_images_beside_one_that_changes_them(
    register: Callable[..., Any],
) -> None:
    register(ff.negatives, "blanks", next_class_and_blank, changes="label")
    as_alone(["blanks", "hybrid_images"])


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
