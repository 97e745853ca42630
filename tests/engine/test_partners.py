"""Images that a negative takes from other samples are jittered as those of the batch are, each by a draw of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Dataset, Settings, Trainer
from ffexplore.engine.negatives import Batch
from ffexplore.engine.pairs import Pairs
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

SIDE = 7
WITH_PARTNERS = ["other_image", "same_class", "self_contrastive", "mix_up(share=0.25)", "hybrid_images(blur=2)"]
BASE: dict[str, Any] = {"layers": (8, 6), "label_encoding": "appended", "device": "cpu"}


def all_alike(row: int = SIDE // 2, count: int = 900) -> Dataset:
    """Pictures of three classes, in all of which the same pixel is bright: that in the middle, or above or below it."""
    x = np.zeros((count, SIDE, SIDE, 1))
    x[:, row, SIDE // 2] = 1
    return Dataset.from_arrays(x, np.arange(count) % 3, name="alike", validation_fraction=0.1, test_fraction=0.1)


def both_sides(data: Dataset, negatives: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[Tensor, Tensor]:
    """The pictures of the positive side of a step on all the data, and those made for the negative one: (N, pixels)."""
    seen: list[tuple[Tensor, Tensor]] = []
    whole = Pairs.assemble

    def assemble(pairs: Pairs, index: Tensor, raw: Tensor | None, *rest: Any) -> Any:
        positive = pairs.inputs.rows(index) if raw is None else raw[:, 0]
        seen.append((positive[0].clone(), rest[-1][0].clone()))
        return whole(pairs, index, raw, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Pairs, "assemble", assemble)
        Trainer(Settings(**BASE, dataset=data, negatives=negatives, batch_size="full", **changes)).step()
    ((positive, negative),) = seen
    return positive, negative


def of_the_partner(negatives: str, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """What a negative shows of the other picture, and at which pixels it does."""
    if negatives.startswith("mix_up"):
        return (negative - 0.75 * positive) / 0.25, torch.ones_like(negative, dtype=torch.bool)
    if negatives.startswith("hybrid"):
        return negative, negative != positive
    return negative, torch.ones_like(negative, dtype=torch.bool)


def share_that_moved(data: Dataset, negatives: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> float:
    """In how many of the negatives it can be seen that the other picture is not as it lies in the data."""
    positive, negative = both_sides(data, negatives, monkeypatch, **changes)
    original = torch.from_numpy(np.array(data.train.x[:1]).reshape(1, -1) / 255).float()
    shown, where = of_the_partner(negatives, positive, negative)
    return float((((shown - original).abs() > 1e-3) & where).any(1).double().mean())


@pytest.mark.parametrize("negatives", WITH_PARTNERS)
def test_what_is_taken_from_another_sample_was_moved_too(negatives: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = all_alike()
    assert share_that_moved(data, negatives, monkeypatch) == 0
    share = share_that_moved(data, negatives, monkeypatch, shift=1)
    if negatives.startswith("hybrid"):  # half of the other picture is covered
        assert 0.3 < share < 0.8
    else:
        assert share == pytest.approx(8 / 9, abs=0.04)


@pytest.mark.parametrize(
    "changes", [{"rotation": 40}, {"zoom": 0.4}, {"rotation": 20, "zoom": 0.2, "shift": 1}, {"elastic": 1}], ids=str
)
@pytest.mark.parametrize("negatives", WITH_PARTNERS)
def test_what_is_taken_from_another_sample_was_turned_and_scaled_too(
    negatives: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = all_alike(row=1)
    assert share_that_moved(data, negatives, monkeypatch) == 0
    assert share_that_moved(data, negatives, monkeypatch, **changes) > (0.3 if negatives.startswith("hybrid") else 0.9)


def test_the_two_pictures_of_a_pair_are_moved_each_by_a_draw_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    positive, negative = both_sides(all_alike(), "other_image", monkeypatch, shift=1)
    ours, theirs = positive.argmax(1), negative.argmax(1)
    assert bool((positive.sum(1) == 1).all())
    assert bool((negative.sum(1) == 1).all())
    assert float((ours == theirs).double().mean()) == pytest.approx(1 / 9, abs=0.04)
    for places in (ours, theirs):
        values, counts = places.unique(return_counts=True)
        assert len(values) == 9
        assert float(counts.min()) > 0.5 * len(places) / 9


def test_a_generator_of_ones_own_can_ask_for_partners_that_are_moved(
    register: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def neighbours(batch: Batch, rng: torch.Generator) -> Tensor:
        return batch.partners((batch.index + 1) % batch.count)

    register(ff.negatives, "neighbours", neighbours, changes="image")
    assert share_that_moved(all_alike(), "neighbours", monkeypatch) == 0
    assert share_that_moved(all_alike(), "neighbours", monkeypatch, shift=1) == pytest.approx(8 / 9, abs=0.04)


def test_held_out_partners_stay_where_they_are() -> None:
    base = Settings(**BASE, dataset=pictures(), negatives="other_image")
    still, moving = Trainer(base), Trainer(base.replace(shift=2, rotation=30))
    assert str(still.evaluate()) == str(moving.evaluate())


JITTERS: list[dict[str, Any]] = [
    {"shift": 1},
    {"shift": 1, "rotation": 20, "zoom": 0.1},
    {"elastic": 1.0},
    {"shift": 1, "negatives_refresh": "epoch"},
    {"shift": 1, "negatives_refresh": "once"},
]


@pytest.mark.parametrize("jitter", JITTERS, ids=str)
@pytest.mark.parametrize(
    "differences",
    [
        [{"seed": 3}, {"seed": 1}, {"seed": 2}],
        [{}, {"threshold": 2.0}, {"learning_rate": 0.01}],
        [{}, {"negatives": "hybrid_images"}, {"negatives": "uniform_label", "seed": 2}, {"negatives": "mix_up"}],
    ],
    ids=["seeds", "one seed", "other negatives"],
)
def test_variants_with_partners_that_are_moved_are_single_runs(
    differences: list[dict[str, Any]], jitter: dict[str, Any]
) -> None:
    base = Settings(
        **BASE, dataset=pictures(), batch_size=8, negatives="other_image", optimizer="adam(epsilon=0.001)", **jitter
    )
    variants = [base.replace(**changes) for changes in differences]
    together = Trainer.variants(variants).fit(steps=14, progress=False)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=14, progress=False)
        for one, other in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)


@pytest.mark.parametrize("jitter", JITTERS, ids=str)
@pytest.mark.parametrize("negatives", ["other_image", "hybrid_images", "self_contrastive"])
def test_a_run_with_partners_that_are_moved_goes_on_bit_for_bit(
    negatives: str, jitter: dict[str, Any], tmp_path: Path
) -> None:
    settings = Settings(**BASE, dataset=pictures(), batch_size=8, negatives=negatives, **jitter)
    whole = Trainer(settings).fit(steps=8, progress=False)
    again = Trainer.restore(whole.save(tmp_path / "run"))
    for trainer in (whole, again):
        trainer.fit(steps=8, progress=False)
    mine, theirs = whole.state(), again.state()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("negatives", ["other_image", "same_class"])
@pytest.mark.parametrize("data", ["digits", "mnist-5k"])
def test_the_meter_finds_no_shortcut_in_the_jitter(data: str, negatives: str) -> None:
    settings = Settings(**BASE, dataset=data, negatives=negatives, rotation=15, zoom=0.1)
    assert ff.shortcut_meter(settings).auc < 0.65
