import os
from pathlib import Path

import numpy as np
import pytest

from ffexplore.data import Dataset, catalogue, load

DATA = os.environ.get("FFEXPLORE_DATA", "")
needs_mnist = pytest.mark.skipif(
    not (Path(DATA) / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file() or not DATA,
    reason="FFEXPLORE_DATA names no folder with MNIST",
)


def sizes(data: Dataset) -> tuple[int, int, int]:
    return len(data.train), len(data.validation), len(data.test)


def test_digits():
    data = load("digits")
    assert (data.shape, data.classes, sizes(data)) == ((8, 8, 1), 10, (1197, 300, 300))
    assert (data.train.x.min(), data.train.x.max()) == (0, 255)
    assert set(np.unique(data.train.x)) == {int(np.rint(value * 255 / 16)) for value in range(17)}
    assert not data.blank_pixels(10)
    assert data.licence


@pytest.fixture(scope="module")
def mnist_5k(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FFEXPLORE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(catalogue, "_loaded", {})
        return load("mnist-5k")


def test_mnist_5k(mnist_5k):
    assert (mnist_5k.shape, mnist_5k.classes, sizes(mnist_5k)) == ((28, 28, 1), 10, (3500, 500, 1000))
    for part, count in ((mnist_5k.train, 350), (mnist_5k.validation, 50), (mnist_5k.test, 100)):
        assert np.bincount(part.y).tolist() == [count] * 10
        assert len(set(part.y[:30].tolist())) > 5  # the file is sorted by class, the splits are not
    assert mnist_5k.train.x.max() == 255
    assert mnist_5k.blank_pixels(10)


def test_mnist_5k_splits_share_no_image(mnist_5k):
    parts = [{x.tobytes() for x in part.x} for part in (mnist_5k.train, mnist_5k.validation, mnist_5k.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 5000


@pytest.mark.parametrize(
    ("name", "names"), [("moons", ("upper moon", "lower moon")), ("rings", ("outer ring", "inner ring"))]
)
def test_toy_sets(name, names):
    data = load(name)
    assert (data.shape, data.class_names, sizes(data)) == ((2,), names, (2000, 500, 500))
    assert data.train.x.dtype == np.float32
    assert np.bincount(data.test.y).tolist() == [250, 250]
    assert not data.blank_pixels(1)


def test_moons_without_noise_lie_on_their_circles():
    train = load("moons(noise=0)").train
    centres = np.array([[0, 0], [1, 0.5]], np.float32)
    np.testing.assert_allclose(np.linalg.norm(train.x - centres[train.y], axis=1), 1, atol=1e-6)
    assert (train.x[train.y == 0, 1] >= -1e-6).all()
    assert (train.x[train.y == 1, 1] <= 0.5 + 1e-6).all()


def test_rings_without_noise_have_their_radii():
    train = load("rings(noise=0)").train
    np.testing.assert_allclose(np.linalg.norm(train.x, axis=1), np.where(train.y == 0, 1, 0.5), atol=1e-6)


def test_noise_has_the_spread_it_says():
    still, noisy = load("rings(noise=0)"), load("rings(noise=0.2)")
    np.testing.assert_allclose(np.std(noisy.train.x - still.train.x), 0.2, rtol=0.05)


@needs_mnist
def test_mnist():
    data = load("mnist")
    assert (data.shape, data.class_names, sizes(data)) == ((28, 28, 1), tuple("0123456789"), (50000, 10000, 10000))
    assert data.test.y[:5].tolist() == [7, 2, 1, 0, 4]  # the published order
    everything = np.bincount(data.train.y) + np.bincount(data.validation.y)
    assert everything.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_allclose(np.bincount(data.validation.y), everything / 6, atol=1)
    assert data.blank_pixels(10)


@needs_mnist
def test_mnist_with_almost_everything_to_train_on():
    data = load("mnist(validation=1000)")
    assert (data.name, sizes(data)) == ("mnist(validation=1000)", (59000, 1000, 10000))
    usual = load("mnist")
    np.testing.assert_array_equal(data.test.x, usual.test.x)  # whatever is held out, the test images are the same
    np.testing.assert_allclose(np.bincount(data.validation.y), np.bincount(usual.validation.y) / 10, atol=1)
