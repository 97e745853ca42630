"""Own data from a CSV file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.errors import DatasetError, unknown_name
from ffexplore.paths import home_for_tilde

Line = tuple[int, list[str]]


def read_csv(
    path: str | os.PathLike[str], label: str | int, shape: tuple[int, ...] | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read features and labels from a file with one sample a line.

    Parameters
    ----------
    path
        The file, UTF-8; separated by commas, semicolons or tabs.
    label
        Name or index of the column of labels.
    shape
        Shape of one image when the columns are pixels.

    Returns
    -------
    x
        float32 of shape (N, features), or of shape (N, *shape); int64 for pixels that are whole numbers.
    y
        The labels, as numbers if all of them are, else as words.

    Raises
    ------
    DatasetError
        When the file cannot be read; names the column and the line.
    """
    try:
        with home_for_tilde(path).open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            separator = max(",;\t", key=first.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            return _samples(((reader.line_num, cells) for cells in reader if cells), path, label, shape)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is not a CSV file in UTF-8: {error}.") from None


def _samples(
    lines: Iterator[Line], path: str | os.PathLike[str], label: str | int, shape: tuple[int, ...] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    start, first = next(lines, (0, []))
    if not first:
        raise DatasetError(f"{path} is empty.")
    first = [cell.strip() for cell in first]
    place = _label_column(first, label, path)
    headed = isinstance(label, str) or not any(map(_is_number, first[:place] + first[place + 1 :]))
    header = first if headed else [str(column) for column in range(len(first))]
    rows, labels = [], []
    for number, cells in lines if headed else _put_back((start, first), lines):
        if len(cells) != len(header):
            raise DatasetError(f"{path}, line {number}: {len(cells)} cells where {len(header)} are expected.")
        labels.append(cells.pop(place).strip())
        if not labels[-1]:
            raise DatasetError(f"{path}, line {number}: the label (column {header[place]!r}) is empty.")
        rows.append(_numbers(cells, header[:place] + header[place + 1 :], f"{path}, line {number}"))
    if not rows:
        raise DatasetError(f"{path} has column names but no samples.")
    x: NDArray[Any] = np.stack(rows)
    if shape is not None:
        if (pixels := int(np.prod(shape))) != x.shape[1]:
            raise DatasetError(f"shape {shape} has {pixels} pixels; {path} has {x.shape[1]} columns of them.")
        x = x.reshape(len(x), *shape)
        if x.max() > 1 and (x == np.rint(x)).all():
            x = x.astype(np.int64)
    return x, np.array([float(word) for word in labels] if all(map(_is_number, labels)) else labels)


def _label_column(header: list[str], label: str | int, path: str | os.PathLike[str]) -> int:
    if len(header) < 2:
        raise DatasetError(f"{path} has one column only; it needs a column of labels and at least one feature.")
    if isinstance(label, str):
        if label not in header:
            raise DatasetError(f"{path}: " + unknown_name("column of labels", label, header))
        return header.index(label)
    if isinstance(label, bool) or not isinstance(label, Integral):
        raise DatasetError(f"label is {label!r}; it must be the name of a column or its index, a whole number.")
    if not -len(header) <= label < len(header):
        raise DatasetError(f"label is {label}; {path} has columns 0 to {len(header) - 1}.")
    return label % len(header)


def _put_back(first: Line, rest: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from rest


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def _numbers(cells: list[str], columns: list[str], where: str) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            row = np.array([float(cell) for cell in cells]).astype(np.float32)
        if np.isfinite(row).all():
            return row
    except ValueError:
        pass
    wrong = next((i for i, cell in enumerate(cells) if not _is_number(cell)), None)
    if wrong is None:
        wrong = int(np.argmin(np.isfinite(row)))
    what = f"has {cells[wrong]!r}" if cells[wrong].strip() else "is empty"
    raise DatasetError(f"{where}: column {columns[wrong]!r} {what}; features must be finite numbers.")
