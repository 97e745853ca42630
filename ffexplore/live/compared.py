"""Variants of one setting that are to be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ffexplore.engine.idle import idle_fields
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError
from ffexplore.live.changes import brief, settle, value_in_words
from ffexplore.registry import Choice

FEWEST, MOST = 2, 16
LISTED = 5  #: labels up to which all are named where several are told in one line


@dataclass(frozen=True)
class Compared:
    """Variants that train in lockstep; K of them, in the order in which their values were given."""

    field: str  #: the setting in which they differ
    settings: tuple[Settings, ...]  #: those of each variant

    base: Settings | None = None  #: those of the run that they are variants of

    @property
    def labels(self) -> tuple[str, ...]:
        """The value of each variant as a person reads it: of choices only what tells them apart."""
        values = [getattr(each, self.field) for each in self.settings]
        choices = [value for value in values if isinstance(value, Choice)]
        if len(choices) < len(values):
            return tuple(map(value_in_words, values))
        names = [choice.name for choice in choices]
        if len(set(names)) == len(names):
            return tuple(str(brief(choice, Settings.field(self.field).registry)) for choice in choices)
        shown = [{key: value_in_words(value) for key, value in choice.params} for choice in choices]
        if len(set(names)) == 1:
            shown = [{key: each[key] for key in each if len({other[key] for other in shown}) > 1} for each in shown]
            return tuple(", ".join(f"{key} {value}" for key, value in each.items()) for each in shown)
        return tuple(map(str, choices))

    @property
    def present(self) -> int:
        """The number of the variant that has the settings of the run; -1 where none has."""
        if self.base is None:
            return -1
        if self.base in self.settings:
            return self.settings.index(self.base)
        run, *variants = (each.replace(threshold=each.thresholds()) for each in (self.base, *self.settings))
        return variants.index(run) if run in variants else -1  # a natural threshold is a number, too

    def __str__(self) -> str:
        labels = self.labels
        if len(labels) > LISTED:
            labels = (*labels[: LISTED - 1], "…", labels[-1])
        return f"{self.field} {' | '.join(labels)}"

    def check_variant(self, variant: int | None) -> None:
        """Refuse what is neither the number of a variant nor None, which is the run from before."""
        count = len(self.settings)
        is_number = isinstance(variant, int) and not isinstance(variant, bool)
        if variant is not None and not (is_number and 0 <= variant < count):
            raise SettingsError(f"variant is {variant!r}; it must be a whole number from 0 to {count - 1}, or None.")


def make_compared(settings: Settings, field: str, values: Iterable[Any]) -> Compared:
    """The variants of settings that have these values in one field.

    Parameters
    ----------
    settings
        What they share; where a threshold follows the goodness, it does so in each.
    field
        A field marked comparable.
    values
        2 to 16 different values.

    Raises
    ------
    SettingsError
        When variants cannot differ in that field, it has no effect beside the others, or a value does not fit.
    """
    if not Settings.field(field).comparable:
        fixed = [name for name, spec in Settings.fields().items() if not spec.comparable]
        raise SettingsError(
            f"Variants cannot differ in {field}; they may differ in every setting but {', '.join(fixed)}."
        )
    if why := idle_fields(settings).get(field):
        raise SettingsError(f"Variants that differ in {field} would be the same: {why}")
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise SettingsError(f"values is {values!r}; give a list of {FEWEST} to {MOST} values of {field}.")
    values = list(values)
    if not FEWEST <= len(values) <= MOST:
        raise SettingsError(f"values has length {len(values)}; compare {FEWEST} to {MOST} values of {field}.")
    variants = tuple(settle(settings, {field: value})[0] for value in values)
    for number, each in enumerate(variants):
        if each in variants[:number]:
            raise SettingsError(f"values has {value_in_words(getattr(each, field))} twice; give different values.")
    return Compared(field, variants, settings)


def check_alone(compared: Compared | None, purpose: str) -> None:
    """Refuse what cannot be done while variants are compared."""
    if compared is not None:
        raise SettingsError(
            f"{len(compared.settings)} variants of {compared.field} are compared; choose one, or None for the run "
            f"from before, to {purpose}."
        )
