"""Settings chosen on validation data: every combination of a grid is tried once, and the best one is kept."""

from __future__ import annotations

import math
from typing import Any

from ffexplore.errors import SettingsError
from ffexplore.reproduce.experiment import TUNING_SEED, Configuration, Run
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.store import Store, read, same_settings, write

MEASURE = "validation_error"


def trials(name: str, configuration: Configuration) -> list[Run]:
    """The runs that choose the settings of a configuration; none where there is nothing to choose."""
    epochs = configuration.tuning_epochs
    return [
        Run(name, configuration, f"candidate-{number}", configuration.settings(TUNING_SEED, epochs, given), epochs)
        for number, given in enumerate(configuration.candidates() if configuration.grid else [])
    ]


def chosen(name: str, configuration: Configuration, store: Store) -> dict[str, Any] | None:
    """The fields that the grid of a configuration chose, or None while it has not.

    Raises
    ------
    SettingsError
        When no combination could be trained.
    """
    if not configuration.grid:
        return {}
    kept = read(store.tuning(name, configuration)) or {}
    first = trials(name, configuration)[0]
    asked = {"grid": _plain(configuration), "epochs": configuration.tuning_epochs}
    if {key: kept.get(key) for key in asked} != asked or not same_settings(kept.get("settings"), first.settings):
        return None
    if kept["chosen"] is None:
        raise SettingsError("every combination of the grid diverged.")
    return dict(kept["chosen"])


def choose(name: str, configuration: Configuration, store: Store) -> None:
    """Keep the combination with the smallest validation error, once every one of them was tried."""
    runs = trials(name, configuration)
    records = [store.finished(run) for run in runs]
    if not runs or None in records:
        return
    table = [
        {**given, MEASURE: _error(record or {})}
        for given, record in zip(configuration.candidates(), records, strict=True)
    ]
    best = min(table, key=lambda row: math.inf if row[MEASURE] is None else row[MEASURE])
    fields = None if best[MEASURE] is None else {key: best[key] for key in configuration.grid}
    content = {
        "grid": _plain(configuration),
        "epochs": configuration.tuning_epochs,
        "settings": runs[0].settings.to_dict(),
        "trials": table,
        "chosen": fields,
    }
    write(store.tuning(name, configuration), content)


def _plain(configuration: Configuration) -> dict[str, list[Any]]:
    """The grid as JSON has it."""
    return {key: list(values) for key, values in configuration.grid.items()}


def _error(record: dict[str, Any]) -> float | None:
    """The validation error of a trial; None where it diverged, or there is no number."""
    error = None if record.get("diverged") else figure(MEASURE).read(record)
    return None if error is None or math.isnan(error) else error
