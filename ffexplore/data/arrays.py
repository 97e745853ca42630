"""A person's own arrays, checked and brought to the dtypes of a Split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.errors import DatasetError

LARGEST = 1e37  # of a table's numbers; differences of such still are finite in float32
FEWEST_STEPS = 256  # of single precision between a column's smallest and largest number
ROUNDING = 1e-12  # as a share of a column's largest number, differences that are taken for rounding


def to_numpy(value: Any, field: str) -> NDArray[Any]:
    """Take numpy, pandas, torch or nested lists as a numpy array.

    Raises
    ------
    DatasetError
        When the value is no array; names the field.
    """
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # torch, wherever it lies and whether or not it has a graph
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{field} cannot be taken as an array; all samples need the same shape ({error}).") from None


def to_numpy_pair(x: Any, y: Any, x_field: str, y_field: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Take inputs and labels as arrays of the same length.

    Raises
    ------
    DatasetError
        When one is empty, the lengths differ, or the labels are not one a sample.
    """
    inputs, labels = to_numpy(x, x_field), to_numpy(y, y_field)
    if inputs.ndim not in (2, 3, 4):
        raise DatasetError(
            f"{x_field} has shape {inputs.shape}; it must be (N, height, width), (N, height, width, channels) "
            "or, for a table, (N, features)."
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        is_one_hot = labels.ndim == 2 and labels.dtype.kind in "biuf" and (np.sort(labels, 1)[:, :-1] == 0).all()
        hint = f" Of one-hot rows, {y_field}.argmax(1) makes labels." if is_one_hot else ""
        raise DatasetError(f"{y_field} has shape {labels.shape}; it must hold one label per sample, shape (N,).{hint}")
    if not inputs.size:
        raise DatasetError(f"{x_field} is empty (shape {inputs.shape}).")
    if len(inputs) != len(labels):
        raise DatasetError(f"{x_field} has {len(inputs)} samples, {y_field} has {len(labels)} labels; each needs one.")
    if inputs.ndim == 4 and inputs.shape[3] not in (1, 3):
        hint = f" Move the channels to the end: np.moveaxis({x_field}, 1, -1)." if inputs.shape[1] in (1, 3) else ""
        raise DatasetError(
            f"{x_field} has shape {inputs.shape}: "
            f"{inputs.shape[3]} channels in the last place, 1 or 3 are allowed.{hint}"
        )
    return inputs, labels


def to_inputs(x: NDArray[Any], columns: Any, held_out: int) -> NDArray[Any]:
    """Bring images to uint8 of shape (N, height, width, channels), a table to float32 of shape (N, features).

    Parameters
    ----------
    x
        Checked by :func:`to_numpy_pair`.
    columns
        Names of a table's columns for error messages, or None for their numbers.
    held_out
        Index of the first sample that came as test data, for error messages.

    Raises
    ------
    DatasetError
        When a value is no number, not finite, or outside the range of a pixel; names the place.
    """
    return _table(x, columns, held_out) if x.ndim == 2 else _images(x, held_out)


def to_classes(y: NDArray[Any], class_names: Sequence[str] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Map labels to 0, 1, ... in sorted order.

    Raises
    ------
    DatasetError
        When a label is missing, labels cannot be sorted, there is one class only, or the names do not fit.
    """
    missing = [row for row, label in enumerate(y.tolist()) if _is_missing(label)] if y.dtype.kind in "fcO" else []
    if missing:
        raise DatasetError(f"y has no label for sample {missing[0]} ({len(missing)} in all are missing or not finite).")
    try:
        found, classes = np.unique(y, return_inverse=True)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in y.tolist()})
        raise DatasetError(f"y mixes labels that cannot be sorted together: {', '.join(kinds)}.") from None
    names = [_word(label) for label in found.tolist()]
    if len(names) < 2:
        raise DatasetError(f"y has one class only, {names[0]!r}; there must be two or more.")
    if found.dtype.kind == "f" and len(names) > len(y) / 2 and (found % 1 != 0).any():
        raise DatasetError(
            f"y has {len(names)} different numbers for {len(y)} samples, as measurements do, not classes."
        )
    if class_names is not None:
        if not isinstance(class_names, Iterable):
            raise DatasetError(f"class_names is {class_names!r}; give a list of {len(names)} names.")
        given = [str(name) for name in class_names]
        if len(given) != len(names) or len(set(given)) != len(given):
            raise DatasetError(
                f"class_names has {len(given)} names ({len(set(given))} different) for the {len(names)} classes in y: "
                f"{_few(names)}."
            )
        if isinstance(found.tolist()[0], str) and set(given) == set(names):
            classes = np.array([given.index(name) for name in names])[classes]
        names = given
    return classes.astype(np.int64).reshape(-1), tuple(names)


def _table(x: NDArray[Any], columns: Any, held_out: int) -> NDArray[np.float32]:
    named = [str(column) for column in columns] if columns is not None else [str(j) for j in range(x.shape[1])]
    if x.dtype.kind not in "biufOUS":
        raise DatasetError(f"x is a table of {x.dtype}; its values must be numbers.")
    try:
        with np.errstate(over="ignore"):  # what is too large for float32 is reported below
            table = x.astype(np.float32)
    except (TypeError, ValueError):
        row, column = next(place for place in np.ndindex(x.shape) if not _is_number(x[place]))
        raise DatasetError(
            f"x has {x[row, column]!r} in column {named[column]!r}, {_sample(row, held_out)}; "
            "features must be numbers. Leave the column out or turn it into numbers first."
        ) from None
    is_taken = np.abs(table) <= LARGEST
    if not is_taken.all():
        row, column = map(int, np.argwhere(~is_taken)[0])
        raise DatasetError(
            f"x has {x[row, column]!s} in column {named[column]!r}, {_sample(row, held_out)}; "
            f"features must be finite numbers between -{LARGEST:g} and {LARGEST:g}."
        )
    _check_resolved(x, table, named)
    return table


def _check_resolved(x: NDArray[Any], table: NDArray[np.float32], named: Sequence[str]) -> None:
    """Refuse columns whose numbers are too large for what they differ by, such as times in seconds since 1970."""
    if x.dtype.kind not in "iuf" or (table == x).all():
        return
    low, high = x.min(0).astype(np.float64), x.max(0).astype(np.float64)
    step = np.spacing(np.abs(table).max(0)).astype(np.float64)
    largest = np.maximum(np.abs(low), np.abs(high))
    differs = (high - low > ROUNDING * largest) & (high - low < FEWEST_STEPS * step)
    lost = np.flatnonzero(differs & (table != x).any(0))
    if len(lost):
        column = int(lost[0])
        raise DatasetError(
            f"x has numbers from {low[column]!s} to {high[column]!s} in column {named[column]!r}; single precision "
            f"has steps of {step[column]:g} there. Subtract the smallest number from that column first."
        )


def _images(x: NDArray[Any], held_out: int) -> NDArray[np.uint8]:
    images = x if x.ndim == 4 else x[..., None]
    if images.dtype.kind == "b":
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind in "iu":
        low, high = int(images.min()), int(images.max())
        if low < 0 or high > 255:
            raise DatasetError(f"x has whole numbers from {low} to {high}; pixels must lie in 0 to 255.")
        return images.astype(np.uint8) * np.uint8(255 if high == 1 else 1)
    if images.dtype.kind != "f":
        raise DatasetError(f"x holds images of {x.dtype}; pixels must be uint8, floats in [0, 1], or bool.")
    finite = np.isfinite(images)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0])
        raise DatasetError(f"x has a pixel that is not finite in {_sample(row, held_out)}.")
    darkest, brightest = float(images.min()), float(images.max())
    if darkest < 0 or brightest > 1:
        raise DatasetError(
            f"x has float images from {darkest:g} to {brightest:g}; float pixels must lie in 0 to 1. "
            "Bring them there, or give whole numbers from 0 to 255 as uint8."
        )
    return np.rint(images.astype(np.float32) * 255).astype(np.uint8)


def _sample(row: int, held_out: int) -> str:
    if row >= held_out:
        return f"sample {row - held_out} of the test data"
    return f"sample {row}"


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_missing(label: Any) -> bool:
    if label is None:
        return True
    try:
        return bool(label != label) or label in (np.inf, -np.inf)
    except (TypeError, ValueError):  # pandas' NA has no truth value
        return True


def _word(label: Any) -> str:
    if isinstance(label, bytes):
        return label.decode(errors="replace")
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)


def _few(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
