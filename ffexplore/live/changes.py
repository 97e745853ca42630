"""Changes of settings: what follows from them, which fields differ, and how to say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.plan import carry_threshold, plan
from ffexplore.engine.settings import Settings
from ffexplore.engine.suitability import RULED
from ffexplore.engine.training import Trainer
from ffexplore.errors import SettingsError
from ffexplore.live.abreast import Abreast
from ffexplore.registry import Choice, Registry

PLANNED = {"dataset", "device", "precision", *RULED}  #: what plan() judges


@dataclass(frozen=True)
class Change:
    """Values that were asked for at once, with what followed from them.

    Attributes
    ----------
    values
        The new values by field.
    notes
        What else was changed with them, in words.
    """

    values: dict[str, Any]
    notes: tuple[str, ...] = ()


def differing(old: Settings, new: Settings) -> list[str]:
    """Names of the fields in which two settings differ."""
    return [name for name in Settings.fields() if getattr(old, name) != getattr(new, name)]


def settle(old: Settings, changes: dict[str, Any]) -> tuple[Settings, list[str]]:
    """Apply changes to settings; values that belong to each layer follow the number of layers.

    Returns
    -------
    tuple
        The new settings, and what else was changed with them, in words.

    Raises
    ------
    SettingsError
        When the values do not go together.
    """
    notes = []
    changes = dict(changes)
    wanted = changes.get("layers")
    if wanted is not None:
        depth = len(Settings.field("layers").check("layers", [wanted] if isinstance(wanted, int) else wanted))
        for name, spec in Settings.fields().items():
            value = getattr(old, name)
            if not spec.per_layer or name in (*changes, "layers") or not isinstance(value, tuple):
                continue
            if depth == len(value):
                continue
            if name == "threshold":
                changes[name] = None
                notes.append("the thresholds went back to the natural ones, because the number of layers changed")
            else:
                changes[name] = (*value[:depth], *value[-1:] * (depth - len(value)))
    new = old.replace(**changes)
    if "threshold" not in changes:
        new, note = carry_threshold(old, new)
        notes += [note] if note else []
    return new, notes


def joined(changes: Sequence[Change], new: Change) -> list[Change]:
    """Changes in the order in which they came, without those of which the new one leaves nothing."""
    return [*(each for each in changes if not each.values.keys() <= new.values.keys()), new]


def replayed(settings: Settings, changes: Iterable[Change]) -> tuple[Settings, list[Change], list[SettingsError]]:
    """Make changes one after the other on other settings.

    Returns
    -------
    tuple
        The new settings, the changes that led to them, and why the others do not go with them.
    """
    made: list[Change] = []
    errors: list[SettingsError] = []
    for change in changes:
        try:
            settings = settings.replace(**change.values)
        except SettingsError as error:
            errors.append(error)
        else:
            made.append(change)
    return settings, made, errors


def describe(old: Settings, new: Settings) -> list[str]:
    """What was changed, in words, as in ``threshold 1 → 2.5``."""
    said = []
    for name in differing(old, new):
        registry = Settings.field(name).registry
        before, after = (value_in_words(brief(getattr(each, name), registry)) for each in (old, new))
        said.append(f"{name} {before} → {after}")
    return said


def brief(value: Any, registry: Registry[Any] | None) -> Any:
    """A choice without the parameters that have their usual values; anything else as it is."""
    if isinstance(value, tuple):
        return tuple(brief(each, registry) for each in value)
    if registry is None or not isinstance(value, Choice) or value.name not in registry:
        return value
    usual = registry[value.name].params
    told = ((key, each) for key, each in value.params if key not in usual or each != usual[key].default)
    return replace(value, params=tuple(told))


def value_in_words(value: Any) -> str:
    """The value of a setting as a person reads it."""
    if value is None:
        return "natural"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return ", ".join(value_in_words(item) for item in value)
    return str(getattr(value, "name", value) if hasattr(value, "fingerprint") else value)


def check_data(trainer: Trainer | Abreast | None, old: Settings, new: Settings) -> None:
    """Refuse at once what the data at hand does not allow; what must be loaded first is judged when it is there."""
    if data_at_hand(trainer, new) is not None and PLANNED & set(differing(old, new)):
        plan(new)


def data_at_hand(trainer: Trainer | Abreast | None, settings: Settings) -> Dataset | None:
    """The data that settings name, if it need not be loaded first."""
    if isinstance(settings.dataset, Dataset):
        return settings.dataset
    is_loaded = trainer is not None and trainer.settings.dataset == settings.dataset
    return trainer.plan.dataset if trainer is not None and is_loaded else None
