"""Which settings may train together as variants."""

from __future__ import annotations

from collections.abc import Sequence

from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError


def check_lockstep(variants: Sequence[Settings]) -> None:
    """Refuse variants that cannot train in lockstep.

    Raises
    ------
    SettingsError
        When there is none, or they differ in a field that is not marked lockstep.
    """
    if not variants:
        raise SettingsError("variants is empty; give at least one Settings.")
    if not all(isinstance(each, Settings) for each in variants):
        raise SettingsError("variants holds something else than Settings.")
    fields = Settings.fields()
    free = [name for name, field in fields.items() if field.lockstep]
    for each in variants[1:]:
        for name in fields:
            if name not in free and getattr(each, name) != getattr(variants[0], name):
                raise SettingsError(f"Variants differ in {name}; they may differ in {', '.join(free)}.")


def distinct_seeds(variants: Sequence[Settings]) -> list[int]:
    """One seed when all variants share it, else one for each."""
    seeds = [each.seed for each in variants]
    return seeds[:1] if len(set(seeds)) == 1 else seeds
