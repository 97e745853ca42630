from typing import Any

import numpy as np
import pytest

from ffexplore.data import Dataset, Split
from ffexplore.errors import DatasetError


def table(n: int = 4, features: int = 3) -> Split:
    return Split(np.arange(n * features, dtype=np.float32).reshape(n, features), np.arange(n) % 2)


def images(n: int = 4, first: int = 0) -> Split:
    x = np.full((n, 2, 3, 1), 7, np.uint8)
    x[:, 0] = first
    return Split(x, np.arange(n) % 2)


def make(split: Split, **changes: Any) -> Dataset:
    fields: dict[str, Any] = {"train": split, "validation": split, "test": split, "class_names": ("a", "b")}
    return Dataset(**({"name": "d"} | fields | changes))


def test_images_describe_themselves():
    data = make(images())
    assert (data.kind, data.shape, data.features, data.classes) == ("images", (2, 3, 1), 6, 2)
    assert repr(data) == "Dataset('d': 2×3×1 images, 2 classes, 4 train / 4 validation / 4 test)"
    assert repr(data.train) == "Split(4 of shape 2×3×1, uint8)"


def test_tables_describe_themselves():
    data = make(table())
    assert (data.kind, data.shape, data.features, len(data.train)) == ("table", (3,), 3, 4)
    assert repr(data) == "Dataset('d': 3 features, 2 classes, 4 train / 4 validation / 4 test)"


def test_arrays_are_read_only_and_the_callers_are_not():
    x, y = np.zeros((4, 3), np.float32), np.arange(4) % 2
    split = Split(x, y)
    with pytest.raises(ValueError, match="read-only"):
        split.x[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        split.y[0] = 1
    x[0, 0] = y[0] = 1


def test_the_fingerprint_is_stable_and_tells_data_apart():
    data = make(table())
    assert data.fingerprint == make(table(), name="other").fingerprint == data.fingerprint
    assert len(data.fingerprint) == 16
    assert int(data.fingerprint, 16) >= 0
    x = table().x.copy()
    x[3, 2] += 1
    others = [
        make(table(), class_names=("a", "c")),
        make(table(), test=Split(x, table().y)),
        make(table(), validation=Split(table().x, 1 - table().y)),
        make(table(n=6), validation=table(n=2), test=table(n=4)),
    ]
    assert len({data.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_blank_pixels():
    data = make(images())
    assert data.blank_pixels(3)
    assert not data.blank_pixels(4)
    assert not data.blank_pixels(7)  # an image has only 6
    assert not make(images(first=1)).blank_pixels(1)
    assert not make(Split(np.zeros((2, 3), np.float32), np.arange(2))).blank_pixels(1)


def test_one_image_that_is_not_blank_is_enough():
    x = images().x.copy()
    x[3, 0, 2, 0] = 1
    assert not make(Split(x, images().y)).blank_pixels(3)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[0.0]], np.zeros(1, np.int64), "x of a Split is a list"),
        (np.zeros((2, 3)), np.zeros(2, np.int64), r"x of a Split is float64 of shape \(2, 3\)"),
        (np.zeros((2, 3), np.uint8), np.zeros(2, np.int64), r"uint8 of shape \(2, 3\)"),
        (np.zeros((2, 3), np.float32), np.zeros(2, np.int32), "y of a Split is int32"),
        (np.zeros((2, 3), np.float32), np.zeros((2, 1), np.int64), r"y of a Split is int64 of shape \(2, 1\)"),
        (np.zeros((2, 3), np.float32), np.zeros(3, np.int64), r"2 inputs of shape \(3,\) and 3 labels"),
        (np.zeros((0, 3), np.float32), np.zeros(0, np.int64), "0 inputs"),
        (np.full((2, 3), np.nan, np.float32), np.zeros(2, np.int64), "not finite"),
    ],
)
def test_a_split_refuses(x, y, message):
    with pytest.raises(DatasetError, match=message):
        Split(x, y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_names": ("a",)}, "two or more names that differ"),
        ({"class_names": ("a", "a")}, "two or more names that differ"),
        ({"test": table(features=2)}, "The test split is Split.4 of shape 2, float32., the train split"),
        ({"validation": images()}, "The validation split is"),
        (
            {"test": Split(table().x, np.array([0, 1, 2, 0]))},
            "labels from 0 to 2; with 2 classes they must lie in 0 to 1",
        ),
        ({"train": Split(table().x, np.array([0, 1, -1, 0]))}, "The train split has labels from -1"),
    ],
)
def test_a_dataset_refuses(changes, message):
    with pytest.raises(DatasetError, match=message):
        make(table(), **changes)
