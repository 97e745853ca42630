"""The datasets by name, and ``load``.

An entry is a function ``(*, parameters) -> Dataset``, called when its data are asked for first::

    @ff.datasets.register("halves", size="200 rows")
    def halves(*, noise: float = 0.1) -> ff.Dataset:
        rng = np.random.default_rng(0)
        labels = np.arange(200) % 2
        return ff.Dataset.from_arrays(labels[:, None] + noise * rng.normal(size=(200, 2)), labels)
"""

from __future__ import annotations

import inspect
import os
import threading
from dataclasses import dataclass

from ffexplore.data.dataset import Dataset
from ffexplore.errors import DatasetError, FFExploreError, SettingsError
from ffexplore.paths import home_for_tilde
from ffexplore.registry import Entry, Registry


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A registered loader: a function that returns a Dataset.

    A loader that takes an argument ``root`` is given the folder that ``load`` was called with, or None.
    """

    @property
    def offline(self) -> bool:
        """Whether it loads without a network; True unless the loader was registered with ``offline=False``."""
        return bool(self.traits.get("offline", True))

    @property
    def size(self) -> str:
        """How large it is, in words; may be empty."""
        return str(self.traits.get("size", ""))

    @property
    def licence(self) -> str:
        """The terms of the data; may be empty."""
        return str(self.traits.get("licence", ""))


datasets: Registry[DatasetEntry] = Registry("dataset", DatasetEntry)
"""Every dataset by name; a person's own join with ``@datasets.register("mine", size="200 images")``."""

_loaded: dict[tuple[str, str], Dataset] = {}
_locks: dict[tuple[str, str], threading.Lock] = {}
_guard = threading.Lock()


def load(name: str, *, root: str | os.PathLike[str] | None = None) -> Dataset:
    """Load a dataset; the same object is returned when it is loaded again.

    Parameters
    ----------
    name
        A name in ``datasets``, with parameters if it has any: ``"moons"``, ``"moons(noise=0.3)"``.
    root
        Folder that holds the files of fetched datasets, in torchvision's layout (``MNIST/raw/...``); missing files
        are fetched into it. Without it ``FFEXPLORE_DATA`` is looked into, then the cache folder.

    Raises
    ------
    DatasetError
        When the name is unknown, or the data cannot be fetched or read.
    """
    try:
        choice = datasets.choice(name)
    except SettingsError as error:
        raise DatasetError(str(error)) from None
    function = datasets[choice.name].function
    folder = None if root is None else home_for_tilde(root).absolute()
    key = (str(choice), str(folder or ""))
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        if key not in _loaded:
            given = {"root": folder} if "root" in inspect.signature(function).parameters else {}
            try:
                dataset = function(**choice.values, **given)
            except FFExploreError:
                raise
            except Exception as error:
                raise DatasetError(
                    f"The dataset {choice.name!r} could not be loaded: {type(error).__name__}: {error}"
                ) from error
            if not isinstance(dataset, Dataset):
                raise DatasetError(
                    f"The loader of the dataset {choice.name!r} returned a {type(dataset).__name__}, not a Dataset; "
                    "Dataset.from_arrays makes one."
                )
            _loaded[key] = dataset
        return _loaded[key]


def offline_names() -> str:
    """List the datasets that load without a network, as words for an error message."""
    return ", ".join(entry.name for entry in datasets if entry.offline)


def _forget(name: str) -> None:
    """Drop what an earlier loader of this name returned."""
    for key in [key for key in _loaded if key[0].partition("(")[0] == name]:
        del _loaded[key]


datasets.observe(_forget)
