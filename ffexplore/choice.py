"""A choice from a catalogue: the name of an entry with values of its parameters, and how a person writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ffexplore.errors import SettingsError
from ffexplore.params import Value


@dataclass(frozen=True)
class Choice:
    """The name of a registered entry together with the values of its parameters.

    Parameters
    ----------
    name
        Name of the entry.
    params
        Values by parameter name, sorted; parameters that are missing have their defaults.
    """

    name: str
    params: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.params)})"

    @property
    def values(self) -> dict[str, Value]:
        """The parameters as a dictionary."""
        return dict(self.params)


def split_choice(kind: str, given: object) -> tuple[str, dict[str, Any]]:
    """Split what a person gave for a choice into a name and parameters; checks neither."""
    if isinstance(given, Choice):
        return given.name, given.values
    if isinstance(given, Mapping) and "name" in given:
        params = given.get("params", {})
        if not isinstance(params, Mapping):
            raise SettingsError(f"The params of the {kind} {given['name']!r} are {params!r}; they must be a mapping.")
        return str(given["name"]), dict(params)
    if isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[1], Mapping):
        return str(given[0]), dict(given[1])
    if isinstance(given, str):
        name, bracket, rest = given.strip().partition("(")
        if not bracket:
            return name, {}
        if not rest.endswith(")"):
            raise SettingsError(f"The {kind} {given!r} lacks its closing bracket.")
        return name.strip(), parse_params(kind, given, rest[:-1])
    if callable(given):
        raise SettingsError(f"The {kind} is a function; register it under a name first, and give that name.")
    raise SettingsError(f"The {kind} is {given!r}; give a name, or a name with parameters as in 'name(key=1.0)'.")


def parse_params(kind: str, given: str, text: str) -> dict[str, Any]:
    """Read ``key=value, key=value`` into a dictionary of numbers, booleans and words."""
    params: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, raw = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise SettingsError(f"The {kind} {given!r} has {part!r} where key=value is expected.")
        if raw in ("True", "False"):
            params[key] = raw == "True"
        else:
            try:
                params[key] = float(raw)
            except ValueError:
                params[key] = raw.strip("'\"")
    return params
