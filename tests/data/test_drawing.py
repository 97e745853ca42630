"""Drawings become inputs like those of a dataset; real digits that are put through it stay what they are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import ffexplore as ff
from ffexplore.data.drawing import BOX, centred, counted, cropped, drawn_image, has_bright_ground, resampled, upright
from ffexplore.errors import DatasetError


@pytest.fixture(scope="module")
def mnist():
    return ff.load("mnist-5k")


@pytest.fixture(scope="module")
def digits():
    return ff.load("digits")


def on_a_pad(picture, rng, factor=4, pad=140):
    """A picture as somebody would draw it: black and white, larger, somewhere on the pad."""
    large = Image.fromarray(picture).resize(
        (factor * picture.shape[1], factor * picture.shape[0]), Image.Resampling.BICUBIC
    )
    ink = np.round(255 * cropped((np.asarray(large) > 127).astype(np.uint8) * 255)).astype(np.uint8)
    drawing = np.zeros((pad, pad), np.uint8)
    top, left = (rng.integers(0, pad - size + 1) for size in ink.shape)
    drawing[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return drawing


def test_the_area_mean_is_that_of_a_slow_loop():
    rng = np.random.default_rng(0)
    picture = rng.random((7, 11))
    fine = np.kron(picture, np.ones((3 * 5, 2 * 5)))  # every old and every new edge falls on a fine pixel
    slow = np.array([[fine[i * 35 : (i + 1) * 35, j * 22 : (j + 1) * 22].mean() for j in range(5)] for i in range(3)])
    np.testing.assert_allclose(resampled(picture, 3, 5), slow, atol=1e-12)
    assert resampled(picture, 30, 40).mean() == pytest.approx(picture.mean())


def test_the_ink_fills_the_box_and_its_centre_of_mass_lies_in_the_middle():
    drawing = np.zeros((112, 112), np.uint8)
    drawing[5:65, 80:86] = 255
    drawing[60:65, 60:86] = 255
    for height, width in ((28, 28), (32, 40)):
        picture = centred(cropped(drawing), height, width)
        rows, columns = np.nonzero(picture)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == round(BOX * min(height, width))
        for axis, size in enumerate((height, width)):
            weights = picture.sum(1 - axis)
            middle = (weights * (np.arange(size) + 0.5)).sum() / weights.sum()
            assert abs(middle - size / 2 - 0.5) <= 0.5  # as MNIST counts it


def test_where_it_is_drawn_and_how_large_does_not_matter(mnist):
    drawing = np.zeros((60, 60), np.uint8)
    drawing[10:40, 20:24] = drawing[10:14, 20:36] = 255
    moved = np.roll(drawing, (15, -9), (0, 1))
    large = np.kron(drawing, np.ones((3, 3), np.uint8))
    np.testing.assert_array_equal(drawn_image(moved, mnist), drawn_image(drawing, mnist))
    np.testing.assert_array_equal(drawn_image(large, mnist), drawn_image(drawing, mnist))


def test_blocks_are_counted_from_a_stretched_bitmap():
    picture = counted(np.ones((40, 30)), 8)
    np.testing.assert_allclose(picture[:, :4], np.broadcast_to([0, 0.5, 1, 1], (8, 4)))
    np.testing.assert_array_equal(picture, picture[:, ::-1])
    assert (counted(np.ones((60, 4)), 8) > 0).any(0).sum() <= 3  # a 1 does not become a block


@pytest.mark.parametrize("factor", [3, 4])
def test_real_mnist_digits_stay_what_they_are(mnist, factor):
    from sklearn.linear_model import LogisticRegression

    judge = LogisticRegression(C=0.01, max_iter=400).fit(mnist.train.x.reshape(-1, 784) / 255, mnist.train.y)
    rng = np.random.default_rng(1)
    images, labels = mnist.test.x[:500, ..., 0], mnist.test.y[:500]
    drawn = np.stack([drawn_image(on_a_pad(image, rng, factor), mnist) for image in images])
    before = judge.score(images.reshape(-1, 784) / 255, labels)
    after = judge.score(drawn.reshape(-1, 784) / 255, labels)
    assert before > 0.88
    assert after > before - 0.02


def test_an_mnist_digit_in_grey_comes_back_as_it_was(mnist):
    for image in mnist.test.x[:50, ..., 0]:
        large = np.kron(image, np.ones((3, 3), np.uint8))
        again = drawn_image(np.pad(large, ((5, 20), (11, 3))), mnist)[..., 0]
        shift = np.abs(np.argwhere(again > 127).mean(0) - np.argwhere(image > 127).mean(0)).max()
        assert shift < 1.5  # a pixel, where rounding fell the other way
        moved = [np.roll(image, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert min(np.abs(again.astype(int) - other).max() for other in moved) <= 1


def test_mnist_drawn_for_the_small_digits_is_read_by_who_knows_only_those(mnist, digits):
    from sklearn.neighbors import KNeighborsClassifier

    judge = KNeighborsClassifier(5).fit(digits.train.x.reshape(-1, 64).astype(float), digits.train.y)
    rng = np.random.default_rng(1)
    drawings = [on_a_pad(image, rng) for image in mnist.test.x[:500, ..., 0]]
    labels = mnist.test.y[:500]
    own = np.stack([drawn_image(drawing, digits) for drawing in drawings])
    like_mnist = np.stack([np.round(255 * centred(cropped(drawing), 8, 8)) for drawing in drawings])
    assert judge.score(own.reshape(-1, 64).astype(float), labels) > 0.75
    assert judge.score(like_mnist.reshape(-1, 64), labels) < 0.5  # the procedure of its own is needed


def test_slanted_ink_is_set_upright():
    slanted = np.zeros((30, 33))
    for row in range(30):
        slanted[row, 29 - row : 33 - row] = 1
    assert upright(slanted).shape == (30, 4)
    bar = np.ones((30, 3))
    np.testing.assert_array_equal(upright(bar), bar)
    np.testing.assert_array_equal(upright(np.ones((1, 4))), np.ones((1, 4)))


def test_colour_and_ground_are_those_of_the_dataset():
    rng = np.random.default_rng(0)
    bright = ff.Dataset.from_arrays(rng.integers(200, 256, (60, 10, 12, 3), dtype=np.uint8), np.arange(60) % 2)
    assert has_bright_ground(bright)
    drawing = np.zeros((20, 20), np.uint8)
    drawing[5:15, 9:11] = 255
    image = drawn_image(drawing, bright)
    assert image.shape == (10, 12, 3)
    assert (image[0] == 255).all()
    assert image.min() < 30
    assert (drawn_image(np.zeros((9, 9), np.uint8), bright) == 255).all()


def test_what_cannot_be_drawn_is_refused(mnist):
    with pytest.raises(DatasetError, match=r"drawing is float64 of shape \(3, 3\)"):
        drawn_image(np.zeros((3, 3)), mnist)  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match="'moons' has rows of numbers"):
        drawn_image(np.zeros((3, 3), np.uint8), ff.load("moons"))
