"""Negatives that change the picture: each pixel where it is said to come from."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.masks import blurred_masks
from ffexplore.engine.negatives import Batch
from ffexplore.engine.probe import Probe
from ffexplore.engine.rng import stream
from tests.engine.drawn import CLASSES, batch, chi_square, drawn_by
from tests.engine.sets import pictures


def test_hybrid_images_take_every_pixel_from_one_of_two_images() -> None:
    given = batch(300)
    entry = ff.negatives["hybrid_images"]
    drawn = entry.draw(given, stream(0), {"blur": 3})
    images, labels = entry.make(given, drawn, {"blur": 3})
    own, other = given.images, given.fetch(drawn["partners"])
    from_own, from_other = torch.isclose(images, own), torch.isclose(images, other)
    assert bool((from_own | from_other).all())
    assert not bool((drawn["partners"] == given.index).any())
    assert 0.4 < float(from_own.double().mean()) < 0.6
    assert torch.equal(labels, given.labels)
    again, _ = entry.make(given, drawn, {"blur": 3})
    assert torch.equal(images, again)


def test_hybrid_images_mix_whole_pixels_of_three_channels() -> None:
    given = batch(50)
    given.image_shape = (2, 3, 3)
    x = torch.arange(50.0)[:, None].expand(50, 18)
    given.fetch = lambda rows: x[rows]
    images, _ = ff.negatives["hybrid_images"].make(
        given, ff.negatives["hybrid_images"].draw(given, stream(0)), {"blur": 1}
    )
    pixels = images.view(50, 6, 3)
    assert torch.equal(pixels, pixels[..., :1].expand_as(pixels))


def test_masks_are_blurred_bits_cut_at_one_half() -> None:
    """Against loops over pixels, from the same bits."""
    count, height, width, blur = 3, 7, 6, 2
    found = blurred_masks(count, height, width, blur, torch.Generator().manual_seed(4))
    bits = torch.randint(0, 2, (count, 1, height, width), generator=torch.Generator().manual_seed(4)).double().numpy()
    for number in range(count):
        image = bits[number, 0]
        for _ in range(blur):
            padded = np.pad(image, 1, mode="edge")
            image = np.array(
                [
                    [
                        sum(
                            (2 - abs(i)) * (2 - abs(j)) / 16 * padded[row + 1 + i, column + 1 + j]
                            for i in (-1, 0, 1)
                            for j in (-1, 0, 1)
                        )
                        for column in range(width)
                    ]
                    for row in range(height)
                ]
            )
        assert np.array_equal(found[number].view(height, width).numpy(), (image > 0.5).astype(np.float32))


def test_more_blur_makes_larger_patches() -> None:
    def borders(blur: int) -> float:
        mask = blurred_masks(50, 28, 28, blur, stream(0)).view(50, 28, 28)
        return float((mask[:, 1:] != mask[:, :-1]).double().mean())

    assert borders(1) > borders(4) > borders(12)


def test_noise_lies_in_the_range_of_the_data() -> None:
    given = batch(500)
    entry = ff.negatives["noise"]
    images, _ = entry.make(given, entry.draw(given, stream(0)))
    assert images.shape == given.images.shape
    low, high = given.images.aminmax(dim=0)
    assert bool(((images >= low) & (images <= high)).all())
    assert float(images.std()) > 0.2
    assert len(images.unique(dim=0)) > 450  # of 1024 kept pictures, each turned in one of 20 ways


@pytest.mark.parametrize("sizes", [[30, 5, 1, 40, 12], [0, 7, 0, 3, 1]])
def test_partners_by_class(sizes: list[int]) -> None:
    """The image of another class, and another image of the same class, each of them alike."""
    every = torch.repeat_interleave(torch.arange(CLASSES), torch.tensor(sizes))
    every = every[torch.randperm(len(every))]
    count = len(every)
    x = torch.rand(count, 20)
    repeats = 600
    index = torch.arange(count).repeat(repeats)
    kept: dict[str, Tensor] = {}

    def bank(name: str, make: Callable[[torch.Generator], Tensor]) -> Tensor:
        if name not in kept:
            kept[name] = make(stream(0))
        return kept[name]

    given = Batch(
        index=index, labels=every[index], classes=CLASSES, image_shape=(4, 5, 1), count=count, all_labels=every,
        fetch=lambda rows: x[rows], scores=lambda what: torch.zeros(len(index), CLASSES), bank=bank,
    )  # fmt: skip
    draw, images, labels = drawn_by("other_image", given)
    assert torch.equal(labels, given.labels)
    assert torch.equal(images, x[draw["partners"]])
    assert not bool((every[draw["partners"]] == labels).any())
    row = int((every == every.bincount().argmax()).nonzero()[0, 0])
    seen = draw["partners"].view(repeats, count)[:, row].bincount(minlength=count).double()
    others = every != every[row]
    assert chi_square(seen[others], torch.full((int(others.sum()),), repeats / float(others.sum()))) < 100

    draw, images, labels = drawn_by("same_class", given)
    assert not bool((labels == given.labels).any())
    assert torch.equal(images, x[draw["partners"]])
    assert torch.equal(every[draw["partners"]], given.labels)
    alone = torch.tensor(sizes)[given.labels] == 1
    assert torch.equal(draw["partners"] == given.index, alone)
    seen = draw["partners"].view(repeats, count)[:, row].bincount(minlength=count).double()
    same = (every == every[row]) & (torch.arange(count) != row)
    assert chi_square(seen[same], torch.full((int(same.sum()),), repeats / float(same.sum()))) < 100


def test_mixed_images_are_sums_of_two() -> None:
    given = batch(50)
    draw, images, labels = drawn_by("mix_up", given, share=0.3)
    torch.testing.assert_close(images, 0.7 * given.images + 0.3 * given.fetch(draw["partners"]))
    assert torch.equal(labels, given.labels)
    assert not bool((draw["partners"] == given.index).any())


def test_masked_images_have_holes() -> None:
    given = batch(2000)
    _, images, _ = drawn_by("masked", given, share=0.25)
    blank = given.fetch(torch.arange(2000)).amin(0)
    holes = images != given.images
    assert torch.equal(images[holes], blank.expand_as(images)[holes])
    assert float(holes.double().mean()) == pytest.approx(0.25, abs=0.02)


def test_shuffled_images_have_the_same_pixels() -> None:
    given = batch(300)
    given.image_shape = (2, 5, 2)
    _, images, _ = drawn_by("pixel_shuffle", given)

    def pixels(row: Tensor) -> list[tuple[float, ...]]:
        return [tuple(pixel) for pixel in row.view(10, 2).tolist()]

    for before, after in zip(given.images, images, strict=True):
        assert sorted(pixels(before)) == sorted(pixels(after))
    assert float((images == given.images).double().mean()) < 0.2


def test_turned_and_mirrored_images() -> None:
    x = torch.rand(400, 27)
    given = batch(400)
    given.image_shape, given.fetch = (3, 3, 3), lambda rows: x[rows]
    draw, images, _ = drawn_by("rotated", given)
    for before, after, number in zip(given.images.numpy(), images.numpy(), draw["seeds"].tolist(), strict=True):
        turned = np.rot90(before.reshape(3, 3, 3), 1 + number % 3)
        assert np.array_equal(turned, after.reshape(3, 3, 3))
    draw, images, _ = drawn_by("flipped", given)
    for before, after, number in zip(given.images.numpy(), images.numpy(), draw["seeds"].tolist(), strict=True):
        mirrored = before.reshape(3, 3, 3)[:, ::-1] if number == 0 else before.reshape(3, 3, 3)[::-1]
        assert np.array_equal(mirrored, after.reshape(3, 3, 3))
    assert set(draw["seeds"].tolist()) == {0, 1}
    oblong = batch(40)
    _, images, _ = drawn_by("rotated", oblong)
    assert torch.equal(images, oblong.images.flip(1))  # one channel: upside down is back to front


def test_a_self_contrastive_pair_is_shown_as_its_mean() -> None:
    trainer = Trainer(Settings(dataset=pictures(), negatives="self_contrastive", label_encoding="none", layers=(5,)))
    reading = Probe(trainer).measure()
    shown = reading.images[1].reshape(len(reading.images[1]), -1).astype(np.float64)
    everything = trainer.network.inputs.rows(torch.arange(9), "validation").numpy().reshape(9, -1) * 255
    means = [(one + other) / 2 for one, other in itertools.combinations(everything, 2)]
    away = np.abs(shown[:, None] - np.stack(means)[None]).max(2)
    assert (away.min(1) <= 1).all(), "each is the mean of two different images of the split"
