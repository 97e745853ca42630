import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from ffexplore.data import Dataset, Split
from ffexplore.errors import DatasetError

Y = np.arange(20) % 2


def numbered(n: int = 20, features: int = 2) -> np.ndarray[Any, Any]:
    """Every value occurs once, so that a sample is known by its first value."""
    return np.arange(n * features, dtype=np.float64).reshape(n, features)


def rows(split: Split, features: int = 2) -> list[int]:
    return (split.x[:, 0] / features).astype(int).tolist()


def test_splits_are_disjoint_complete_and_stratified():
    y = np.repeat(["cat", "dog", "emu"], [100, 50, 10])
    data = Dataset.from_arrays(numbered(160), y)
    parts = [rows(part) for part in (data.train, data.validation, data.test)]
    assert sorted(itertools.chain(*parts)) == list(range(160))
    assert [len(part) for part in parts] == [112, 16, 32]
    assert np.bincount(data.validation.y).tolist() == [10, 5, 1]
    assert np.bincount(data.test.y).tolist() == [20, 10, 2]
    for part, indices in zip((data.train, data.validation, data.test), parts, strict=True):
        assert [data.class_names[label] for label in part.y] == y[indices].tolist()


def test_the_same_data_give_the_same_splits_and_the_seed_others():
    first, again, other = (Dataset.from_arrays(numbered(), Y, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_a_seed_may_be_of_numpy():
    seeds: list[Any] = [np.int64(1), 1]
    first, again = (Dataset.from_arrays(numbered(), Y, seed=seed) for seed in seeds)
    assert first.fingerprint == again.fingerprint


def test_the_smallest_that_can_be_split():
    data = Dataset.from_arrays(numbered(6), [0, 0, 0, 1, 1, 1])
    assert [len(part) for part in (data.train, data.validation, data.test)] == [2, 2, 2]


def test_fractions():
    data = Dataset.from_arrays(numbered(100), np.arange(100) % 2, validation_fraction=0.2, test_fraction=0.5)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [30, 20, 50]


def test_test_data_of_its_own_keep_their_order():
    test_x = numbered(4) + 1000
    data = Dataset.from_arrays(numbered(), Y, test=(test_x, [1, 1, 0, 1]))
    assert data.test.x.tolist() == test_x.tolist()
    assert data.test.y.tolist() == [1, 1, 0, 1]
    assert len(data.train) + len(data.validation) == 20


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (np.arange(20) % 2 + 5, ("5", "6")),
        (np.where(Y, 1.0, -1.0), ("-1", "1")),
        (np.where(Y, 0.5, 0.25), ("0.25", "0.5")),
        (Y.astype(bool), ("False", "True")),
        (np.where(Y, "no", "yes"), ("no", "yes")),
        (np.where(Y, "no", "yes").astype(object), ("no", "yes")),
        (np.where(Y, b"no", b"yes"), ("no", "yes")),
        (pd.Series(np.where(Y, "no", "yes")), ("no", "yes")),
        (pd.Categorical(np.where(Y, "no", "yes")), ("no", "yes")),
        (torch.tensor(Y), ("0", "1")),
        (Y[:, None], ("0", "1")),
        (Y.tolist(), ("0", "1")),
    ],
)
def test_labels_of_any_kind(y, names):
    data = Dataset.from_arrays(numbered(), y)
    assert data.class_names == names
    found = np.asarray(y).reshape(-1)
    for part in (data.train, data.validation, data.test):
        assert part.y.dtype == np.int64
        assert part.y.tolist() == [int(found[row] == np.unique(found)[1]) for row in rows(part)]


def test_class_names_name_sorted_labels():
    assert Dataset.from_arrays(numbered(), Y, class_names=["even", "odd"]).class_names == ("even", "odd")


def test_class_names_that_are_the_labels_set_the_order():
    words = np.where(Y, "small", "large")
    data = Dataset.from_arrays(numbered(), words, class_names=["small", "large"])
    assert data.class_names == ("small", "large")
    assert data.test.y.tolist() == [0 if words[row] == "small" else 1 for row in rows(data.test)]


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        (np.zeros((20, 5, 4)), (5, 4, 1)),
        (np.zeros((20, 5, 4, 1)), (5, 4, 1)),
        (np.zeros((20, 5, 4, 3)), (5, 4, 3)),
        (torch.zeros(20, 5, 4), (5, 4, 1)),
        (torch.zeros(20, 5, 4, requires_grad=True), (5, 4, 1)),
        (np.zeros((20, 4)), (4,)),
        (pd.DataFrame(np.zeros((20, 4))), (4,)),
        (torch.zeros(20, 4), (4,)),
    ],
)
def test_shapes(x, shape):
    data = Dataset.from_arrays(x, Y)
    assert data.shape == shape
    assert data.train.x.dtype == (np.uint8 if len(shape) == 3 else np.float32)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0.0, 0.5, 1.0]), [0, 128, 255]),
        (np.array([0, 128, 255]), [0, 128, 255]),
        (np.array([0, 1, 1]), [0, 255, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
        (np.array([0, 1, 2], np.uint8), [0, 1, 2]),
    ],
)
def test_pixels(values, expected):
    x = np.broadcast_to(values, (20, 1, 3))
    data = Dataset.from_arrays(x, Y)
    assert data.train.x[0].ravel().tolist() == expected


def test_the_callers_arrays_stay_theirs():
    x, y = np.zeros((20, 2, 2), np.uint8), Y.copy()
    data = Dataset.from_arrays(x, y)
    x[:] = y[:] = 9
    assert data.train.x.max() == 0
    assert data.train.y.max() == 1


def test_numbers_that_differ_by_rounding_alone_are_taken_as_they_are():
    x = with_value(1.0) * 0 + np.where(Y, 0.3, 0.1 + 0.2)[:, None]
    assert len(np.unique(Dataset.from_arrays(x, Y).train.x)) == 1


def with_value(value: Any) -> np.ndarray[Any, Any]:
    x = numbered()
    x[3, 1] = value
    return x


BIG = np.zeros((20, 2, 2))
FRAME = pd.DataFrame({"height": range(20), "colour": ["red"] * 20})


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (with_value(np.nan), Y, {}, "x has nan in column '1', sample 3; features must be finite"),
        (with_value(np.inf), Y, {}, "x has inf in column '1', sample 3"),
        (with_value(1e300), Y, {}, r"x has 1e\+300 in column '1', sample 3.*between -1e\+37 and 1e\+37"),
        (FRAME, Y, {}, "x has 'red' in column 'colour', sample 0; features must be numbers"),
        (numbered() * 1j, Y, {}, "x is a table of complex128"),
        (numbered()[:0], [], {}, r"x is empty .shape \(0, 2\)"),
        (numbered(), Y[:19], {}, "x has 20 samples, y has 19 labels"),
        (numbered().ravel(), Y, {}, r"x has shape \(40,\); it must be \(N, height, width\)"),
        ([[1, 2], [3]], [0, 1], {}, "x cannot be taken as an array; all samples need the same shape"),
        (np.zeros((20, 5, 4, 2)), Y, {}, "2 channels in the last place, 1 or 3 are allowed.$"),
        (np.zeros((20, 3, 5, 4)), Y, {}, r"4 channels .* Move the channels to the end: np.moveaxis\(x, 1, -1\)"),
        (BIG - 0.5, Y, {}, "float images from -0.5 to -0.5; float pixels must lie in 0 to 1"),
        (BIG + 255.0, Y, {}, "float images from 255 to 255.* as uint8"),
        (BIG + np.nan, Y, {}, "x has a pixel that is not finite in sample 0"),
        (np.full((20, 2, 2), 256), Y, {}, "whole numbers from 256 to 256; pixels must lie in 0 to 255"),
        (np.full((20, 2, 2), "a"), Y, {}, "x holds images of <U1"),
        (numbered(), np.zeros(20), {}, "y has one class only, '0'; there must be two or more"),
        (
            numbered(),
            np.eye(20),
            {},
            r"y has shape \(20, 20\); it must hold one label per sample.* y\.argmax\(1\) makes labels",
        ),
        (numbered(), np.ones((20, 2)), {}, r"one label per sample, shape \(N,\)\.$"),
        (numbered(), np.linspace(0, 1, 20), {}, "y has 20 different numbers for 20 samples, as measurements do"),
        (with_value(2e37), Y, {}, r"x has 2e\+37 in column '1', sample 3; .* between"),
        (
            numbered() + np.array([0, 1.7e9]),
            Y,
            {},
            r"x has numbers from 1700000001\.0 to 1700000039\.0 in column '1'; .* steps of 128 there\. Subtract the",
        ),
        (numbered(), np.where(Y, np.nan, 1), {}, r"y has no label for sample 1 \(10 in all"),
        (numbered(), [None, *["a", "b"] * 9, "a"], {}, "y has no label for sample 0"),
        (numbered(), pd.Series([pd.NA, *["a", "b"] * 9, "a"], dtype=object), {}, "y has no label for sample 0"),
        (
            numbered(),
            np.array([1, "a"] * 10, dtype=object),
            {},
            "y mixes labels that cannot be sorted together: int, str",
        ),
        (
            numbered(),
            ["a"] * 18 + ["b"] * 2,
            {},
            "Class 'b' has 2 samples; each class needs 3 or more, one each for training",
        ),
        (numbered(), ["a"] * 19 + ["b"], {"test": (numbered(2), ["a", "b"])}, "Class 'b' has 1 sample; .* 2 or more"),
        (
            numbered(),
            Y,
            {"class_names": ["a"]},
            r"class_names has 1 names \(1 different\) for the 2 classes in y: 0, 1",
        ),
        (numbered(), Y, {"class_names": ["a", "a"]}, r"class_names has 2 names \(1 different\)"),
        (numbered(), Y, {"test": (numbered(2, 3), [0, 1])}, r"test x has inputs of shape \(3,\), x of shape \(2,\)"),
        (numbered(), Y, {"test": (numbered(2), [0])}, "test x has 2 samples, test y has 1 labels"),
        (numbered(), Y, {"test": (numbered(2), [0, 2])}, "Class '2' has 0 samples"),
        (numbered(), Y, {"test": (numbered(2), ["0", "1"])}, "test y is <U1 and y is int64; give both in the same way"),
        (numbered(), Y, {"test": numbered(2)}, r"test is a ndarray; it must be a pair"),
        (numbered(), Y, {"test": (numbered(2) * np.nan, [0, 1])}, "sample 0 of the test data"),
        (BIG, Y, {"test": (np.zeros((2, 2, 2), np.uint8), [0, 1])}, "test x is uint8 and x is float64"),
        (numbered(), Y, {"validation_fraction": 0}, "validation_fraction is 0; it must be a number between 0 and 1"),
        (numbered(), Y, {"validation_fraction": None}, "validation_fraction is None; it must be a number between 0 an"),
        (numbered(), Y, {"class_names": 3}, "class_names is 3; give a list of "),
        (numbered(), Y, {"test_fraction": "a"}, "test_fraction is 'a'; it must be a number between 0 and 1"),
        (numbered(), Y, {"test_fraction": 0.9}, "leave nothing to train on"),
        (numbered(), Y, {"seed": -1}, "seed is -1; it must be a whole number from 0 to 4294967295"),
        (numbered(), Y, {"seed": 1.5}, "seed is 1.5; it must be a whole number"),
        (numbered(), Y, {"seed": "a"}, "seed is 'a'; it must be a whole number"),
        (numbered(), Y, {"seed": None}, "seed is None; it must be a whole number"),
    ],
)
def test_refusals(x, y, options, message):
    with pytest.raises(DatasetError, match=message):
        Dataset.from_arrays(x, y, **options)
