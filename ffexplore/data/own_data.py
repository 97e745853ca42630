"""A person's own arrays, checked, converted and split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.data.arrays import to_classes, to_inputs, to_numpy_pair
from ffexplore.data.split import stratified
from ffexplore.errors import DatasetError

Part = tuple[NDArray[Any], NDArray[np.int64]]


def own_splits(
    x: Any,
    y: Any,
    class_names: Sequence[str] | None,
    test: tuple[Any, Any] | None,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> tuple[list[Part], tuple[str, ...]]:
    """Turn what was given to ``Dataset.from_arrays`` into inputs and labels of three splits, and class names.

    Raises
    ------
    DatasetError
        When something about the data does not fit; says what and where.
    """
    _check_fractions(validation_fraction, test_fraction if test is None else None)
    inputs, labels = to_numpy_pair(x, y, "x", "y")
    n, columns = len(inputs), getattr(x, "columns", None)
    if test is not None:
        inputs, labels = _join(inputs, labels, test)
    inputs = to_inputs(inputs, columns, n)
    classes, names = to_classes(labels, class_names)
    _check_sizes(np.bincount(classes[:n], minlength=len(names)), names, needed=3 if test is None else 2)
    counts = [round(n * validation_fraction)]
    if test is None:
        counts.append(round(n * test_fraction))
    rows = stratified(classes[:n], counts, seed)
    if test is not None:
        rows.append(np.arange(n, len(classes)))
    return [(inputs[part], classes[part]) for part in rows], names


def _join(x: NDArray[Any], y: NDArray[Any], test: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Put the test data behind the others, so that both are converted by one rule."""
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise DatasetError(f"test is a {type(test).__name__}; it must be a pair (inputs, labels).")
    test_x, test_y = to_numpy_pair(test[0], test[1], "test x", "test y")
    if test_x.shape[1:] != x.shape[1:]:
        raise DatasetError(f"test x has inputs of shape {test_x.shape[1:]}, x of shape {x.shape[1:]}; they must match.")
    if test_x.dtype.kind != x.dtype.kind and {test_x.dtype.kind, x.dtype.kind} != {"i", "u"}:
        raise DatasetError(f"test x is {test_x.dtype} and x is {x.dtype}; give both in the same way.")
    if (test_y.dtype.kind in "US") != (y.dtype.kind in "US"):  # joined, numbers would turn into words unnoticed
        raise DatasetError(f"test y is {test_y.dtype} and y is {y.dtype}; give both in the same way.")
    return np.concatenate([x, test_x]), np.concatenate([y, test_y])


def _check_fractions(validation: float, test: float | None) -> None:
    given = [("validation_fraction", validation)] + ([] if test is None else [("test_fraction", test)])
    for field, value in given:
        if not (isinstance(value, int | float) and 0 < value < 1):
            raise DatasetError(f"{field} is {value!r}; it must be a number between 0 and 1.")
    if test is not None and validation + test >= 1:
        raise DatasetError(
            f"validation_fraction {validation!r} and test_fraction {test!r} leave nothing to train on; "
            "their sum must be below 1."
        )


def _check_sizes(sizes: NDArray[np.intp], names: tuple[str, ...], needed: int) -> None:
    few = int(sizes.argmin())
    if sizes[few] >= needed:
        return
    splits = "training, validation and test" if needed == 3 else "training and validation, beside the test data"
    raise DatasetError(
        f"Class {names[few]!r} has {sizes[few]} {'sample' if sizes[few] == 1 else 'samples'}; "
        f"each class needs {needed} or more, one each for {splits}."
    )
