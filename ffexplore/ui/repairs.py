"""What else must change when a person changes one thing, so that a menu never ends in a refusal that it could avoid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.settings import Settings
from ffexplore.engine.suitability import OF_ANY_DATA, objections
from ffexplore.errors import SettingsError

#: What layers that score classes ask for, where they follow on layers that see a label; and the way back.
TO_SCORES: tuple[dict[str, Any], ...] = tuple(
    {"label_encoding": "none", **extra}
    for extra in ({}, {"label_layers": "first"}, {"negatives": "uniform_label", "label_layers": "first"})
)
FROM_SCORES: tuple[dict[str, Any], ...] = tuple(
    {**label, **objective}
    for label in ({}, {"label_encoding": "overlay"}, {"label_encoding": "appended"})
    for objective in ({}, {"objective": "logistic"})
)[1:]

#: Field a person changed -> changes to try along with it, in this order: as few as will do.
REPAIRS: dict[str, tuple[dict[str, Any], ...]] = {
    "dataset": tuple(
        {name: OF_ANY_DATA[name] for name in names}
        for names in chain.from_iterable(combinations(OF_ANY_DATA, count) for count in range(1, len(OF_ANY_DATA) + 1))
    ),
    "negatives": ({"negatives_refresh": "batch"}, {"readout_rate": 0.1}, {"label_encoding": "overlay"}),
    "goodness": (*TO_SCORES, *FROM_SCORES),
    "objective": (
        {"goodness": "projection"},
        *({"goodness": "projection", **extra} for extra in TO_SCORES),
    ),
    "label_encoding": (
        *({"goodness": "mean_square", **extra} for extra in ({}, {"objective": "logistic"})),
        {"negatives": "hybrid_images", "negatives_refresh": "batch", "inference": "readout"},
        {"negatives": "hybrid_images", "negatives_refresh": "batch", "inference": "readout", "readout_rate": 0.1},
        {"negatives": "self_contrastive", "negatives_refresh": "batch", "inference": "readout", "readout_rate": 0.1},
    ),
    "black_box": ({"black_box_after": 1}, {"schedule": "simultaneous"}, {"normalization": "rms"}),
    "layers": ({"black_box_after": 1}, {"black_box": "none"}),
    "schedule": ({"black_box": "none"},),
    "normalization": ({"black_box": "none"},),
    "inference": ({"readout_rate": 0.1},),
    "readout_rate": ({"inference": "goodness"},),
}


@dataclass
class Attempt:
    """What a person changed, as given and as taken, what may still be tried if it is refused, and why it was."""

    changes: Mapping[str, Any]
    proposals: Iterator[dict[str, Any]]
    reason: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)
    data: Dataset | None = None  #: that it was refused for, once they were loaded

    def suits(self, settings: Settings, proposal: Mapping[str, Any]) -> bool:
        """Whether a proposal may go with those data, as far as can be told beforehand."""
        if self.data is None:
            return True
        try:
            return next(objections(settings.replace(**proposal), self.data), None) is None
        except SettingsError:
            return False


def proposals(settings: Settings, changes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Sets of changes that may be accepted where `changes` alone were refused; the person's own come first in each."""
    for name in changes:
        for extra in REPAIRS.get(name, ()):
            new = {field: value for field, value in extra.items() if field not in changes}
            if new and any(getattr(settings, field) != _checked(field, value) for field, value in new.items()):
                yield {**changes, **new}


def recipes(changes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A preset as data of another kind may allow it: with as few changes as will do."""
    for extra in REPAIRS["dataset"]:
        if any(changes.get(field) != _checked(field, value) for field, value in extra.items()):
            yield {**changes, **extra}


def _checked(field: str, value: Any) -> Any:
    return Settings.field(field).check(field, value)


def in_words(extra: Mapping[str, Any]) -> str:
    """Say which fields went along."""
    return ", ".join(f"{name.replace('_', ' ')} to {value}" for name, value in extra.items())
