"""The dataset of Settings: a name, or a person's own data, which is known by its fingerprint."""

from __future__ import annotations

from typing import Any

from ffexplore.data import Dataset, datasets
from ffexplore.errors import SettingsError, unknown_name

_own_data: dict[str, Dataset] = {}  # a person's own data by fingerprint, so that a share string can name it


def check_dataset(value: Any) -> Any:
    """The value that Settings keep for a dataset; own data is remembered.

    Raises
    ------
    SettingsError
        When there is no such dataset, or own data is not at hand here.
    """
    if isinstance(value, Dataset):
        _own_data[value.fingerprint] = value
        return value
    if isinstance(value, dict) and "fingerprint" in value:
        own = _own_data.get(str(value["fingerprint"]))
        if own is None:
            raise SettingsError(
                f"The dataset {value.get('name')!r} is a person's own and not at hand here; make it first "
                "(Dataset.from_arrays, from_csv or from_folder) and hand it to Settings once."
            )
        return own
    if hasattr(value, "__array__") or isinstance(value, tuple | list):
        raise SettingsError("dataset is an array; make a Dataset of it first: Dataset.from_arrays(x, y).")
    if not isinstance(value, str):
        raise SettingsError(unknown_name("dataset", value, datasets.names()))
    datasets.choice(value)  # the name may carry parameters, as in "moons(noise=0.3)"
    return value
