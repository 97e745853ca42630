"""What a field of Settings means and which values it may take."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ffexplore.errors import SettingsError, shown, unknown_name
from ffexplore.params import in_full
from ffexplore.registry import Choice, Registry


@dataclass(frozen=True)
class Field:
    """The range, unit and meaning of one field of Settings.

    Parameters
    ----------
    meaning
        One sentence.
    group
        The heading under which a person looks for it.
    source
        Where it comes from; empty where nothing is known, or where each entry of the catalogue has a source of its own.
    unit
        The unit, empty where there is none.
    low, high
        Inclusive range of a number.
    choices
        The allowed words.
    others
        What else may be written beside the choices, as a person would say it; judged with the other fields.
    registry
        The catalogue an entry is chosen from.
    per_layer
        Whether one value for each layer may be given instead of one for all.
    optional
        The meaning of None, where that is allowed.
    whole
        Whether the number is a whole one.
    logarithmic
        Whether equal steps of a slider are equal ratios.
    lockstep
        Whether variants of one network that train together may differ in it.
    comparable
        Whether variants that are compared, in networks of their own where need be, may differ in it.
    renews
        What is built anew when it changes, in a sentence; empty where all weights stay.
    """

    meaning: str
    group: str
    source: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    others: str = ""
    registry: Registry[Any] | None = None
    per_layer: bool = False
    optional: str = ""
    whole: bool = False
    logarithmic: bool = False
    lockstep: bool = False
    comparable: bool = True
    renews: str = ""

    def check(self, name: str, value: Any) -> Any:
        """Return the value in the field's own type.

        Raises
        ------
        SettingsError
            Naming the field, the value and what is allowed.
        """
        if value is None and self.optional:
            return None
        if self.per_layer and hasattr(value, "tolist"):  # of numpy and its like
            value = value.tolist()
        if self.per_layer and isinstance(value, tuple | list) and not _is_pair(value):
            if not value:
                raise SettingsError(f"{name} is empty; give one value, or one for each layer.")
            return tuple(
                None if item is None and self.optional else self._one(f"{name}[{number}]", item)
                for number, item in enumerate(value)
            )
        return self._one(name, value, ", or a list of them, one for each layer" if self.per_layer else "")

    def _one(self, name: str, value: Any, or_else: str = "") -> Any:
        if self.registry is not None:
            return self.registry.choice(value)
        if isinstance(value, str) and value in self.choices:
            return value
        if self.others and isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        if self.choices and self.low is None:
            raise SettingsError(unknown_name(f"value of {name},", value, self.choices))
        return self._number(name, value, or_else)

    def _number(self, name: str, value: Any, or_else: str) -> float | int:
        try:
            if isinstance(value, bool | str):
                raise TypeError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise SettingsError(f"{name} is {shown(value)}; it must be {self.allowed()}{or_else}.") from None
        low = -float("inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if not low <= number <= high or abs(number) == float("inf") or (self.whole and number != int(number)):
            raise SettingsError(f"{name} is {shown(value)}; it must be {self.allowed()}{or_else}.")
        return int(number) if self.whole else number

    def allowed(self) -> str:
        """Say in words which values the field takes."""
        if self.registry is not None:
            return "one of " + ", ".join(self.registry.names())
        words = [*self.choices, self.others] if self.others else list(self.choices)
        if self.low is not None or not words:
            text = "a whole number" if self.whole else "a number"
            if self.low is not None and self.high is not None:
                text += f" from {in_full(self.low)} to {in_full(self.high)}"
            elif self.low is not None:
                text += f" of {in_full(self.low)} or more"
            words.append(text)
        text = " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]
        return text + (f" {self.unit}" if self.unit else "") + (f", or None ({self.optional})" if self.optional else "")


def _is_pair(value: Any) -> bool:
    """Whether a sequence is one choice written as (name, parameters), not a name and a second choice."""
    return (
        len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], Mapping)
        and not (set(value[1]) <= {"name", "params"} and "name" in value[1])
    )


def setting(default: Any, meaning: str, group: str, **what: Any) -> Any:
    """A dataclass field that knows its range and meaning."""
    return dataclasses.field(default=default, metadata={"field": Field(meaning, group, **what)})


def whole_number(name: str, value: Any, low: int, high: int | None = None) -> int:
    """The value as an int; raises SettingsError, which names it, unless it is a whole number in an inclusive range."""
    return int(Field("", "", low=low, high=high, whole=True).check(name, value))


def plain(value: Any) -> Any:
    """The value of a field as JSON has it."""
    if isinstance(value, Choice):
        return {"name": value.name, "params": value.values} if value.params else value.name
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
