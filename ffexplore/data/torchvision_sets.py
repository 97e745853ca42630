"""MNIST and its look-alikes, as torchvision publishes them: read from a folder or fetched on first use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ffexplore.data.cache import cache_folder
from ffexplore.data.catalogue import datasets, offline_names
from ffexplore.data.dataset import Dataset, Split
from ffexplore.data.fetch import fetch_files
from ffexplore.data.lazy_torchvision import import_torchvision
from ffexplore.errors import DatasetError
from ffexplore.paths import home_for_tilde
from ffexplore.registry import Param

DIGITS = tuple("0123456789")
SIZE = "70000 images of 28×28"
TRAINING = 60000  #: images that were published to train on
HELD_OUT = 10000  #: of which these are kept to choose settings on, unless asked otherwise
Validation = Annotated[int, Param("images kept to choose settings on, of the 60000 to train on", 100, 30000)]


@datasets.register(
    "mnist",
    source="LeCun, Cortes and Burges, MNIST, through torchvision",
    offline=False,
    size=SIZE,
    licence="CC BY-SA 3.0",
)
def mnist(root: Path | None = None, *, validation: Validation = HELD_OUT) -> Dataset:
    """Handwritten digits; 50000 to train on, 10000 to validate, 10000 to test, as in Hinton 2022."""
    return _torchvision_set("mnist", "MNIST", root, validation, DIGITS)


@datasets.register(
    "fashion-mnist",
    source="Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747, through torchvision",
    offline=False,
    size=SIZE,
    licence="MIT",
)
def fashion_mnist(root: Path | None = None, *, validation: Validation = HELD_OUT) -> Dataset:
    """Pictures of clothes in ten kinds; harder than digits."""
    return _torchvision_set("fashion-mnist", "FashionMNIST", root, validation)


@datasets.register(
    "kmnist",
    source="Clanuwat and others 2018, arXiv 1812.01718, through torchvision",
    offline=False,
    size=SIZE,
    licence="CC BY-SA 4.0",
)
def kmnist(root: Path | None = None, *, validation: Validation = HELD_OUT) -> Dataset:
    """Handwritten Japanese characters (Kuzushiji), ten of them."""
    return _torchvision_set("kmnist", "KMNIST", root, validation)


def _torchvision_set(
    name: str, class_name: str, root: Path | None, validation: int, class_names: tuple[str, ...] | None = None
) -> Dataset:
    reader = getattr(import_torchvision("datasets"), class_name)
    folder = _folder(reader, name, root)
    (x, y), (test_x, test_y) = (_read(reader, folder, train) for train in (True, False))
    entry = datasets[name]
    return Dataset.from_counts(
        name if validation == HELD_OUT else f"{name}(validation={validation})",
        x,
        y,
        class_names or tuple(reader.classes),
        validation=round(len(y) * validation / TRAINING),
        test=Split(test_x, test_y),
        source=entry.source,
        licence=entry.licence,
    )


def _folder(reader: Any, name: str, root: Path | None) -> Path:
    """Find the folder that holds the files whole; fetch them if there is none."""
    own = [home_for_tilde(given) for given in [root or os.environ.get("FFEXPLORE_DATA")] if given]
    for folder in own:
        if all(path.is_file() for path in _files(reader, folder)):
            for path in _files(reader, folder):
                if wrong := fault(path):
                    raise DatasetError(f"{path} is damaged: {wrong}. Remove it, or put a whole one in its place.")
            return folder
    target = root or cache_folder()
    if not any(fault(path) for path in _files(reader, target)):
        return target
    try:
        missing = [pair for pair, path in zip(reader.resources, _files(reader, target), strict=True) if fault(path)]
        fetch_files(target / reader.__name__ / "raw", reader.mirrors, missing, title=name)
        for path in _files(reader, target):
            if wrong := fault(path):
                raise DatasetError(f"{path} is damaged: {wrong}.")
    except DatasetError as error:
        looked = f" (it is not in {own[0]})" if own else ""
        raise DatasetError(
            f"The dataset {name!r} could not be fetched{looked}: {error} "
            f"If you have its files, put the folder that torchvision's {reader.__name__}(root) reads into the variable "
            f"FFEXPLORE_DATA. These work without a network: {offline_names()}."
        ) from error
    return target


def _files(reader: Any, folder: Path) -> list[Path]:
    return [folder / reader.__name__ / "raw" / resource.removesuffix(".gz") for resource, _ in reader.resources]


def fault(path: Path) -> str:
    """Say what is wrong with an IDX file of bytes; empty when its length is what its first bytes announce."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
            axes = start[3] if len(start) == 4 and start[:3] == b"\x00\x00\x08" else 0
            shape = np.frombuffer(file.read(4 * axes), dtype=">u4")
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    if axes not in (1, 3) or len(shape) != axes:
        return "it is not an IDX file of bytes"
    expected = 4 + 4 * axes + int(np.prod(shape.astype(np.int64)))
    return "" if size == expected else f"it has {size} bytes where its first ones announce {expected}"


def _read(reader: Any, folder: Path, train: bool) -> tuple[Any, Any]:
    try:
        part = reader(str(folder), train=train, download=False)
        return part.data.numpy()[..., None], part.targets.numpy().astype(np.int64)
    except Exception as error:  # torchvision's reader asserts
        raise DatasetError(f"{folder / reader.__name__} cannot be read by torchvision: {error}.") from error
