"""Shifted pictures, silenced units, and the clearing of averages that changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, SettingsError, Trainer
from ffexplore.engine.augment import Dropout, Jitter, patterns
from ffexplore.engine.negatives import Batch
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.parts import Part
from ffexplore.engine.rng import Streams
from tests.engine.reference import Plain, flat_weights
from tests.engine.sets import pictures, table

CPU = torch.device("cpu")


def moved(image: Tensor, down: int, right: int) -> Tensor:
    """One picture (height, width, channels) moved by loops over pixels, filled with zeros."""
    height, width, _ = image.shape
    result = torch.zeros_like(image)
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                result[y, x] = image[y - down, x - right]
    return result


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("shape", [(5, 4, 1), (3, 6, 3)])
def test_every_picture_is_moved_as_one_and_every_move_comes(shape: tuple[int, int, int], reach: int) -> None:
    image = torch.rand(shape)
    rows = 600
    raw = image.flatten().expand(1, 1, rows, -1).clone()
    kept = raw.clone()
    found = Jitter(shape, [0], CPU)(raw, Settings(shift=reach))[0, 0].view(rows, *shape)
    assert torch.equal(raw, kept)
    moves = [(down, right) for down in range(-reach, reach + 1) for right in range(-reach, reach + 1)]
    candidates = torch.stack([moved(image, *move) for move in moves])
    match = (found[:, None] == candidates[None]).flatten(2).all(-1)
    assert bool(match.any(1).all())
    counts = match.double().sum(0)
    assert bool((counts > 0.3 * rows / len(moves)).all())


def turned(image: Tensor, angle: float, size: float, pushes: Tensor) -> Tensor:
    """One picture turned about its middle, scaled and pushed by loops over pixels, with the four nearest of each place.

    ``pushes`` are (2, height, width), across and down, in pixels.
    """
    height, width, _ = image.shape
    result = torch.zeros_like(image)
    cos, sin = math.cos(angle), math.sin(angle)
    for y in range(height):
        for x in range(width):
            down, right = y - (height - 1) / 2, x - (width - 1) / 2
            from_x = (cos * right - sin * down) / size + (width - 1) / 2 + float(pushes[0, y, x])
            from_y = (sin * right + cos * down) / size + (height - 1) / 2 + float(pushes[1, y, x])
            for near_y in (math.floor(from_y), math.floor(from_y) + 1):
                for near_x in (math.floor(from_x), math.floor(from_x) + 1):
                    if 0 <= near_y < height and 0 <= near_x < width:
                        share = (1 - abs(from_y - near_y)) * (1 - abs(from_x - near_x))
                        result[y, x] += share * image[near_y, near_x]
    return result


def smoothed(noise: Tensor) -> Tensor:
    """Noise (height, width) weighed by a Gaussian of a seventh of the longer side about each place, by loops."""
    height, width = noise.shape
    reach, result = max(height, width) / 7, torch.zeros_like(noise)
    for y in range(height):
        for x in range(width):
            weights = [
                [math.exp(-((y - v) ** 2 + (x - u) ** 2) / (2 * reach**2)) for u in range(width)] for v in range(height)
            ]
            near = torch.tensor(weights, dtype=noise.dtype)
            result[y, x] = (near * noise).sum() / near.square().sum().sqrt()
    return result


@pytest.mark.parametrize(
    "changes",
    [
        {"rotation": 40},
        {"zoom": 0.4},
        {"rotation": 25, "zoom": 0.2, "shift": 1},
        {"elastic": 0.7},
        {"elastic": 1.5, "rotation": 25, "zoom": 0.2, "shift": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(5, 4, 1), (3, 6, 3)])
def test_pictures_are_turned_scaled_and_bent(shape: tuple[int, int, int], changes: dict[str, Any]) -> None:
    settings, rows = Settings(**changes), 40
    raw = torch.rand(1, 1, rows, math.prod(shape))
    kept = raw.clone()
    found = Jitter(shape, [3], CPU)(raw, settings)
    assert torch.equal(raw, kept)
    assert found.shape == raw.shape
    assert found.is_contiguous()
    rng, reach = Streams([3], "shifts")[0], settings.shift
    moves = [(down, right) for down in range(-reach, reach + 1) for right in range(-reach, reach + 1)]
    drawn = torch.randint(0, len(moves), (rows,), generator=rng).tolist() if reach else [0] * rows
    parts = (2 * torch.rand(2, rows, generator=rng) - 1).double()
    assert float(parts.min()) < -0.8
    assert float(parts.max()) > 0.8
    down, across = (patterns(side, max(shape[:2]) / 7) for side in shape[:2])
    noise = torch.empty(rows, 2, down.shape[1], across.shape[1]).normal_(generator=rng)
    for row in range(rows):
        image = moved(raw[0, 0, row].view(shape).double(), *moves[drawn[row]])
        angle, size = math.radians(settings.rotation) * float(parts[0, row]), 1 + settings.zoom * float(parts[1, row])
        pushes = settings.elastic * torch.einsum("dab,ya,xb->dyx", noise[row], down, across).double()
        expected = turned(image, angle, size, pushes)
        torch.testing.assert_close(found[0, 0, row].view(shape).double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 4), (9, 12)])
def test_pushes_vary_together_as_smoothed_noise_does(shape: tuple[int, int]) -> None:
    """What two places have in common of noise of variance 1 in every pixel, smoothed by loops."""
    count = math.prod(shape)
    impulses = torch.eye(count, dtype=torch.float64).view(count, *shape)
    smoothing = torch.stack([smoothed(each).flatten() for each in impulses], 1)
    down, across = (patterns(side, max(shape) / 7).double() for side in shape)
    assert math.prod([down.shape[1], across.shape[1]]) <= count
    made = torch.kron(down, across)
    torch.testing.assert_close(made @ made.T, smoothing @ smoothing.T, rtol=0, atol=1e-5)


def test_pushes_are_smooth_and_as_far_as_elastic_says() -> None:
    """A ramp that is read half a pixel off is off by half a step; so its values tell how far each was pushed."""
    side = 30
    ramp = torch.arange(side, dtype=torch.float32).repeat(side, 1)
    for picture in (ramp, ramp.T):
        raw = picture.reshape(1, 1, 1, -1).expand(1, 1, 500, -1)
        found = Jitter((side, side, 1), [0], CPU)(raw, Settings(elastic=0.5))
        pushes = (found[0, 0].view(-1, side, side) - picture)[:, 6:-6, 6:-6]  # further out some come from outside
        assert float(pushes.mean()) == pytest.approx(0, abs=0.02)
        assert float(pushes.std()) == pytest.approx(0.5, rel=0.05)
        for ahead in (pushes[:, :, 1:] - pushes[:, :, :-1], pushes[:, 1:] - pushes[:, :-1]):
            assert float(ahead.std()) == pytest.approx(0.5 / (math.sqrt(2) * side / 7), rel=0.05)


def test_both_sides_and_variants_of_one_seed_are_turned_alike() -> None:
    settings = Settings(rotation=30, zoom=0.3, elastic=1)
    raw = torch.rand(1, 1, 9, 20)
    both = Jitter((5, 4, 1), [0, 1], CPU)(raw.expand(1, 2, -1, -1), settings)
    assert both.shape == (2, 2, 9, 20)
    assert torch.equal(both[:, 0], both[:, 1])
    assert torch.equal(both[0, 0], Jitter((5, 4, 1), [0], CPU)(raw, settings)[0, 0])
    assert not torch.allclose(both[0], both[1])


def test_turned_pictures_are_learned_from_and_the_stream_goes_on(tmp_path: Path) -> None:
    jitter = {"rotation": 20, "zoom": 0.1, "elastic": 1}
    settings = Settings(dataset=pictures(), layers=(7, 6), batch_size=8, device="cpu")
    trainer = Trainer(settings.replace(**jitter)).fit(steps=3, progress=False)
    plain = Trainer(settings).fit(steps=3, progress=False)
    assert not torch.equal(trainer.weights(0)[0], plain.weights(0)[0])
    again = Trainer.restore(trainer.save(tmp_path / "kept.json"))
    for each in (trainer, again):
        each.fit(steps=3, progress=False)
    assert torch.equal(trainer.weights(0)[0], again.weights(0)[0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rotation": 1}, "rotation is 1.0, but 'clouds' is a table; only pictures can be turned"),
        ({"zoom": 0.25}, "zoom is 0.25, but 'clouds' is a table; only pictures can be scaled"),
        ({"elastic": 0.5}, "elastic is 0.5, but 'clouds' is a table; only pictures can be bent"),
    ],
)
def test_a_table_cannot_be_jittered(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Trainer(Settings(dataset=table(), label_encoding="appended", **changes))


def test_variants_of_other_seeds_are_moved_otherwise() -> None:
    raw = torch.rand(1, 1, 50, 20)
    found = Jitter((5, 4, 1), [0, 1], CPU)(raw, Settings(shift=1))
    assert found.shape == (2, 1, 50, 20)
    assert torch.equal(found[0], Jitter((5, 4, 1), [0], CPU)(raw, Settings(shift=1))[0])
    assert torch.equal(found[1], Jitter((5, 4, 1), [1], CPU)(raw, Settings(shift=1))[0])
    assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize("changes", ["label", "image"])
def test_both_sides_share_the_move(changes: str, next_label: str, dimmed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step on moved pictures is the textbook's on the pictures as they were moved."""
    settings = Settings(
        dataset=pictures(), layers=(7, 6), batch_size=8, shift=1, readout_rate=0, device="cpu",
        optimizer="adam(epsilon=0.001)", learning_rate=0.02, negatives=next_label if changes == "label" else dimmed,
    )  # fmt: skip
    trainer = Trainer(settings)
    plain = Plain(trainer)
    shifts, draw = Jitter.__call__, trainer.batches.next
    seen: list[Tensor] = []
    rows: list[Tensor] = []

    def shift(*given: Any) -> Tensor:
        seen.append(shifts(*given))
        return seen[-1]

    def batch() -> Tensor:
        rows.append(draw())
        return rows[-1]

    monkeypatch.setattr(Jitter, "__call__", shift)
    trainer.batches.next = batch  # type: ignore[method-assign]
    for _ in range(6):
        kept = len(seen)
        trainer.step()
        assert len(seen) == kept + 1
        y = plain.y[rows[-1][0]]
        raw = moved_again(plain.raw[rows[-1][0]], seen[-1][0, 0].double())
        raw[:, :4] = 0  # what was moved to where the label is written is covered
        wrong = (raw, (y + 1) % 4) if changes == "label" else (0.7 * raw.flip(1), y)
        plain.step((raw, y), wrong)
    assert plain.largest_difference(trainer) < 3e-5


@pytest.mark.parametrize("changes", [{"shift": 1}, {"elastic": 1, "rotation": 20}])
def test_sides_that_differ_in_the_label_alone_share_the_jittered_picture(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[list[Part]] = []
    assemble = Pairs.assemble

    def noted(self: Pairs, *given: Any) -> list[Part]:
        made.append(assemble(self, *given))
        return made[-1]

    monkeypatch.setattr(Pairs, "assemble", noted)
    settings = Settings(dataset=pictures(), layers=(6,), batch_size=8, device="cpu", **changes)
    Trainer(settings).fit(steps=2, progress=False)
    assert [[(part.source, part.sides, part.rows) for part in parts] for parts in made] == 2 * [
        [("image", 1, 8), ("label", 2, 8)]
    ]


def moved_again(raw: Tensor, seen: Tensor) -> Tensor:
    """The move of each row by loops, found among the nine; the step may have written over the label's pixels."""
    rows = []
    for image, other in zip(raw, seen, strict=True):
        candidates = [moved(image.view(6, 5, 1), y, x).flatten() for y in (-1, 0, 1) for x in (-1, 0, 1)]
        gaps = [float((each[4:] - other[4:]).abs().max()) for each in candidates]
        assert min(gaps) < 1e-6
        rows.append(candidates[gaps.index(min(gaps))])
    return torch.stack(rows)


def test_a_generator_sees_the_moved_pictures(register: Callable[..., Any]) -> None:
    seen: list[bool] = []

    def watch(batch: Batch, rng: torch.Generator) -> Tensor:
        seen.append(torch.equal(batch.images, batch.fetch(batch.index)))
        return 1 - batch.images

    register(ff.negatives, "watch", watch, changes="image")
    seen.clear()  # of the trial at registration
    for shift in (0, 1):
        settings = Settings(
            dataset=pictures(), layers=(6,), negatives="watch", label_encoding="appended", shift=shift, device="cpu"
        )
        Trainer(settings).step()
    assert seen == [True, False]


def test_a_generator_sees_the_same_pictures_whatever_the_inputs_are_scaled_to(register: Callable[..., Any]) -> None:
    """What was moved to where the label is written is in no picture, so that no generator can carry it elsewhere."""
    seen: list[Tensor] = []

    def watch(batch: Batch, rng: torch.Generator) -> Tensor:
        seen.append(batch.images.clone())
        return batch.images.flip(1)

    register(ff.negatives, "watch", watch, changes="image")
    seen.clear()  # of the trial at registration
    for scaling in ("unit", "standardize"):
        settings = Settings(dataset=pictures(), layers=(6,), negatives="watch", shift=2, rotation=20, device="cpu")
        Trainer(settings.replace(input_scaling=scaling)).step()
    unit, standardized = seen
    assert torch.equal(unit, standardized)
    assert not unit[:, :4].any()


def test_a_table_is_not_moved() -> None:
    with pytest.raises(SettingsError, match="shift is 1, but 'clouds' is a table; only pictures can be moved"):
        Trainer(Settings(dataset=table(), label_encoding="appended", shift=1))


def test_held_out_pictures_are_not_moved() -> None:
    settings = Settings(dataset=pictures(), layers=(6,), device="cpu")
    still, moving = Trainer(settings), Trainer(settings.replace(shift=2))
    assert str(still.evaluate()) == str(moving.evaluate())


def test_dropout_silences_a_share_and_keeps_the_mean() -> None:
    mask = Dropout([0], CPU).mask(torch.zeros(1, 2, 400, 100), (0.25,))
    assert mask.shape == (1, 1, 400, 100)  # one for both sides
    assert mask.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((mask == 0).double().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(mask.mean()) == pytest.approx(1, abs=0.01)


def test_each_variant_has_its_own_share_of_the_same_draw() -> None:
    h = torch.zeros(3, 2, 40, 50)
    together = Dropout([0], CPU).mask(h, (0.5, 0.0, 0.25))
    assert together.shape == (3, 1, 40, 50)
    assert bool((together[1] == 1).all())
    for number, share in ((0, 0.5), (2, 0.25)):
        assert torch.equal(together[number], Dropout([0], CPU).mask(h[:1], (share,))[0])


def test_dropout_is_for_training_alone() -> None:
    settings = Settings(dataset=pictures(), layers=(6, 5), device="cpu")
    without, with_dropout = Trainer(settings), Trainer(settings.replace(dropout=0.5))
    assert str(without.evaluate()) == str(with_dropout.evaluate())
    assert without.predict(settings.dataset.test.x).tolist() == with_dropout.predict(settings.dataset.test.x).tolist()


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "smoothed"])
def test_clearing_averages_changes_no_weight(optimizer: str) -> None:
    """Over more steps than lie between two clearings, against a trainer whose averages are left alone."""
    settings = Settings(dataset=pictures(), layers=(6, 5), batch_size="full", optimizer=optimizer, device="cpu")
    calm, wild = Trainer(settings), Trainer(settings)
    wild.network.calm = lambda: None  # type: ignore[method-assign]
    for trainer in (calm, wild):
        trainer.fit(steps=300, progress=False)
    for one, other in zip(flat_weights(calm), flat_weights(wild), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)
