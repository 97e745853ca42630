"""Dataset: inputs, labels and splits, held in read-only numpy arrays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.data.csv_file import read_csv
from ffexplore.data.folder import read_folder
from ffexplore.data.own_data import own_splits
from ffexplore.data.split import stratified
from ffexplore.errors import DatasetError


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Inputs and labels of one split.

    Parameters
    ----------
    x
        Images, uint8 of shape (N, height, width, channels), or a table, float32 of shape (N, features).
    y
        Classes from 0, int64 of shape (N,).

    Raises
    ------
    DatasetError
        When a shape or dtype is another, the lengths differ, or a value is not finite.
    """

    x: NDArray[Any]
    y: NDArray[np.int64]

    def __post_init__(self) -> None:
        x, y = self.x, self.y
        for field, array in (("x", x), ("y", y)):
            if not isinstance(array, np.ndarray):
                raise DatasetError(f"{field} of a Split is a {type(array).__name__}, not a numpy array.")
        if not ((x.dtype == np.uint8 and x.ndim == 4) or (x.dtype == np.float32 and x.ndim == 2)):
            raise DatasetError(
                f"x of a Split is {x.dtype} of shape {x.shape}; it must be uint8 of shape (N, height, width, channels) "
                "or float32 of shape (N, features). Dataset.from_arrays converts."
            )
        if y.dtype != np.int64 or y.ndim != 1:
            raise DatasetError(f"y of a Split is {y.dtype} of shape {y.shape}; it must be int64 of shape (N,).")
        if len(x) != len(y) or not x.size:
            raise DatasetError(f"A Split has {len(x)} inputs of shape {x.shape[1:]} and {len(y)} labels.")
        if x.dtype == np.float32 and not np.isfinite(x).all():
            raise DatasetError("x of a Split has values that are not finite.")
        object.__setattr__(self, "x", _read_only(x))
        object.__setattr__(self, "y", _read_only(y))

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Split({len(self)} of shape {'×'.join(map(str, self.x.shape[1:]))}, {self.x.dtype})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images or a table with labels, in three splits.

    Nothing is normalized here: images stay uint8 in 0..255, tables keep their values. All arrays are read-only.

    Parameters
    ----------
    name
        What the data are called.
    train, validation, test
        The splits; all of the same shape and dtype.
    class_names
        The name of each class, in the order of the labels.
    source, licence
        Where the data come from and under which terms; may be empty.

    Raises
    ------
    DatasetError
        When the splits do not go together or a label has no class name.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    source: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", tuple(map(str, self.class_names)))
        if len(self.class_names) < 2 or len(set(self.class_names)) < len(self.class_names):
            raise DatasetError(f"class_names is {self.class_names}; it must be two or more names that differ.")
        for part in ("train", "validation", "test"):
            split = getattr(self, part)
            if split.x.shape[1:] != self.shape or split.x.dtype != self.train.x.dtype:
                raise DatasetError(f"The {part} split is {split!r}, the train split {self.train!r}; they must match.")
            if split.y.min() < 0 or split.y.max() >= self.classes:
                raise DatasetError(
                    f"The {part} split has labels from {split.y.min()} to {split.y.max()}; "
                    f"with {self.classes} classes they must lie in 0 to {self.classes - 1}."
                )

    @property
    def kind(self) -> str:
        """``"images"`` or ``"table"``."""
        return "images" if self.train.x.ndim == 4 else "table"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: (height, width, channels) or (features,)."""
        return self.train.x.shape[1:]

    @property
    def features(self) -> int:
        """How many values one input has when it is flattened."""
        return int(np.prod(self.shape))

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @cached_property
    def fingerprint(self) -> str:
        """The first 16 hex digits of a SHA-256 over all arrays and class names."""
        digest = hashlib.sha256(repr(self.class_names).encode())
        for split in (self.train, self.validation, self.test):
            for array in (split.x, split.y):
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(array.data)
        return digest.hexdigest()[:16]

    def blank_pixels(self, n: int) -> bool:
        """Whether the first ``n`` flattened inputs are zero in every training image, so that a label covers nothing.

        False for tables, where zero is a value like any other, and when an image has fewer than ``n`` values.
        """
        has_pixels = self.kind == "images" and n <= self.features
        return has_pixels and not self.train.x.reshape(len(self.train), -1)[:, :n].any()

    def __repr__(self) -> str:
        what = "features" if self.kind == "table" else "images"
        sizes = f"{len(self.train)} train / {len(self.validation)} validation / {len(self.test)} test"
        return f"Dataset({self.name!r}: {'×'.join(map(str, self.shape))} {what}, {self.classes} classes, {sizes})"

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        name: str = "own data",
        class_names: Sequence[str] | None = None,
        test: tuple[Any, Any] | None = None,
        validation_fraction: float = 0.1,
        test_fraction: float = 0.2,
        seed: int = 0,
        source: str = "",
        licence: str = "",
    ) -> Dataset:
        """Make a Dataset of a person's own data.

        Parameters
        ----------
        x
            Images of shape (N, height, width) or (N, height, width, channels) with 1 or 3 channels, or a table of
            shape (N, features); numpy, pandas, torch or nested lists. Images are whole numbers in 0..255, floats in
            [0, 1], or bool; whole numbers that are only 0 and 1 are taken as black and white.
        y
            N labels: numbers, words or anything that can be sorted. Sorted, they become the classes 0, 1, ...
        name
            What the data are called.
        class_names
            Names of the classes in the order of the sorted labels; for labels that are words, the same words in
            another order set that order. Without it the labels are the names.
        test
            Inputs and labels to test on, kept in their order; without it a part of x and y is held out.
        validation_fraction, test_fraction
            Share of the samples of x that are held out, between 0 and 1; each class keeps at least one sample in
            every split.
        seed
            Seed of the split; the split depends on the order of the data and this number alone.
        source, licence
            As in :class:`Dataset`.

        Raises
        ------
        DatasetError
            When something about the data does not fit; says what and where.
        """
        parts, names = own_splits(x, y, class_names, test, validation_fraction, test_fraction, seed)
        train, validation, held_out = (Split(*part) for part in parts)
        return cls(name, train, validation, held_out, names, source, licence)

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike[str],
        label: str | int = "label",
        *,
        shape: tuple[int, ...] | None = None,
        **options: Any,
    ) -> Dataset:
        """Make a Dataset of a CSV file with one sample a line, separated by commas, semicolons or tabs.

        With a column index for ``label`` the file may lack the line of column names.

        Parameters
        ----------
        path
            The file, UTF-8.
        label
            Name or index (negative counts from the end) of the column of labels; all others are features.
        shape
            (height, width) or (height, width, channels) when the columns are pixels.
        **options
            As in :meth:`from_arrays`; the name is that of the file unless given.

        Raises
        ------
        DatasetError
            When the file cannot be read or a cell is not a number; names the column and the line.
        """
        file = Path(path).name
        return cls.from_arrays(*read_csv(path, label, shape), **({"name": file, "source": file} | options))

    @classmethod
    def from_folder(
        cls, path: str | os.PathLike[str], size: int | tuple[int, int] | None = None, **options: Any
    ) -> Dataset:
        """Make a Dataset of pictures that lie in one folder per class.

        Grey pictures have one channel; when one of them is coloured, all have three. Transparent parts become white.

        Parameters
        ----------
        path
            The folder with the folders of the classes; their names are the class names.
        size
            Side, or (height, width), in pixels that every picture is brought to; the size of the first one if None.
        **options
            As in :meth:`from_arrays`; the name is that of the folder unless given.

        Raises
        ------
        DatasetError
            When there are no such folders or a picture cannot be read; names the file.
        """
        folder = Path(path).absolute().name
        return cls.from_arrays(*read_folder(path, size), **({"name": folder, "source": folder} | options))

    @classmethod
    def from_counts(
        cls,
        name: str,
        x: NDArray[Any],
        y: NDArray[np.int64],
        class_names: Sequence[str],
        *,
        validation: int,
        test: int | Split,
        source: str = "",
        licence: str = "",
    ) -> Dataset:
        """Make a Dataset of arrays that are already as a Split wants them; the loaders use it.

        Parameters
        ----------
        x, y
            As in :class:`Split`; shuffled and split by class, always in the same way.
        validation, test
            How many samples are held out; or a test split that stands by itself.
        name, class_names, source, licence
            As in :class:`Dataset`.
        """
        if isinstance(test, Split):
            train_rows, validation_rows = stratified(y, [validation], seed=0)
        else:
            train_rows, validation_rows, test_rows = stratified(y, [validation, test], seed=0)
            test = Split(x[test_rows], y[test_rows])
        train, held_out = (Split(x[rows], y[rows]) for rows in (train_rows, validation_rows))
        return cls(name, train, held_out, test, tuple(class_names), source, licence)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Take a read-only view; the caller's own array keeps its flag."""
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view
