"""The figures that experiments report, each read from the record of one run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ffexplore.errors import SettingsError, unknown_name

Record = dict[str, Any]  # what is kept of a run, as JSON has it


@dataclass(frozen=True)
class Figure:
    """One number of a run.

    ``read`` gives nan where the record does not hold it; ``digits`` are those that are shown.
    """

    title: str
    unit: str
    read: Callable[[Record], float]
    digits: int = 2


def _error(split: str, accuracy: str) -> Callable[[Record], float]:
    """Share classified wrong, in percent."""

    def read(record: Record) -> float:
        return 100.0 * (1.0 - _number((record.get(split) or {}).get(accuracy)))

    return read


def _look(record: Record, epochs: int) -> Record:
    """What was seen of the validation data after so many epochs; empty when it was not looked at then."""
    looks = [look for look in record.get("curve", []) if math.isclose(look["epochs"], epochs)]
    return looks[0] if looks else {}


def _error_after(epochs: int, accuracy: str) -> Callable[[Record], float]:
    """Share of the validation data classified wrong on the way, in percent."""
    return lambda record: 100.0 * (1.0 - _number(_look(record, epochs).get(accuracy)))


def _auc_after(epochs: int) -> Callable[[Record], float]:
    """Separation of the first layer from uniform wrong labels on the validation data."""
    return lambda record: _number(next(iter(_look(record, epochs).get("auc_uniform", [])), None))


def _shortcut(record: Record) -> float:
    """How well statistics of the inputs alone tell negatives from positives."""
    return _number((record.get("validation") or {}).get("shortcut"))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


FIGURES = {
    "test_error": Figure("test error", "%", _error("test", "accuracy")),
    "test_readout_error": Figure("test error, read-out", "%", _error("test", "readout_accuracy")),
    "validation_error": Figure("validation error", "%", _error("validation", "accuracy")),
    "validation_readout_error": Figure("validation error, read-out", "%", _error("validation", "readout_accuracy")),
    "validation_error_10": Figure("validation error after 10 epochs", "%", _error_after(10, "accuracy")),
    "validation_readout_error_10": Figure(
        "validation error after 10 epochs, read-out", "%", _error_after(10, "readout_accuracy")
    ),
    "shortcut": Figure("shortcut meter (AUC of input statistics, the label unseen)", "", _shortcut, digits=3),
    "auc_2": Figure("AUC of layer 1 after 2 epochs", "", _auc_after(2), digits=3),
}


def figure(name: str) -> Figure:
    """The figure of that name.

    Raises
    ------
    SettingsError
        When there is none; names the nearest.
    """
    if name not in FIGURES:
        raise SettingsError(unknown_name("figure", name, FIGURES))
    return FIGURES[name]
