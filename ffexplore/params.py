"""Tunable parameters: what each means, which values it may take, and how a function declares them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from ffexplore.errors import SettingsError, shown, unknown_name

Value = float | int | bool | str


def in_full(number: float) -> str:
    """A number as a person writes it: whole numbers with all their digits."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:g}"


@dataclass(frozen=True)
class Param:
    """What a tunable parameter means and which values it may take.

    Parameters
    ----------
    meaning
        One sentence for the tooltip.
    low, high
        Inclusive range of a number; None leaves that side open.
    choices
        The allowed words of a parameter that is not a number.
    default
        The value when none is given; filled in from the function's signature.
    """

    meaning: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    default: Value = 0.0

    def check(self, where: str, value: object) -> Value:
        """Return the value in the parameter's own type.

        Raises
        ------
        SettingsError
            When the value has the wrong type or lies outside the range; names the parameter, the value
            and what is allowed.
        """
        if self.choices:
            if value not in self.choices:
                raise SettingsError(unknown_name(where, value, self.choices))
            return str(value)
        if isinstance(self.default, str):
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = f"{value:g}"  # "goodness(layers=2)" reads as a number
            if not isinstance(value, str):
                raise SettingsError(f"{where} is {shown(value)}; it must be {self.allowed()}.")
            return value
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise SettingsError(f"{where} is {shown(value)}; it must be {self.allowed()}.")
            return value
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            raise SettingsError(f"{where} is {shown(value)}; it must be {self.allowed()}.") from None
        low, high = self.low, self.high
        outside = (
            abs(number) == float("inf") or (low is not None and number < low) or (high is not None and number > high)
        )
        whole = isinstance(self.default, int)
        if outside or number != number or (whole and number != int(number)):
            raise SettingsError(f"{where} is {shown(value)}; it must be {self.allowed()}.")
        return int(number) if whole else number

    def allowed(self) -> str:
        """Say in words which values the parameter may take."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if isinstance(self.default, str):
            return "a word"
        if isinstance(self.default, bool):
            return "True or False"
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        if self.low is not None and self.high is not None:
            return f"{kind} from {in_full(self.low)} to {in_full(self.high)}"
        if self.low is not None:
            return f"{kind} of {in_full(self.low)} or more"
        return kind if self.high is None else f"{kind} of {in_full(self.high)} or less"


def declared_params(function: Callable[..., Any]) -> dict[str, Param]:
    """Read the tunable parameters from the keyword-only arguments with defaults.

    ``alpha: Annotated[float, Param("steepness", 0.1, 20)] = 4.0`` gives a range and a meaning; a plain
    ``alpha=4.0`` is taken as a number without limits.
    """
    params: dict[str, Param] = {}
    try:
        # what a class takes is annotated at its __init__
        hints = get_type_hints(function.__init__ if inspect.isclass(function) else function, include_extras=True)
    except Exception:  # a person's annotations may name what is not there; the defaults still tell enough
        hints = {}
    try:
        arguments = inspect.signature(function).parameters
    except ValueError:  # of some functions written in C nothing is known
        return {}
    for name, argument in arguments.items():
        if argument.kind is not argument.KEYWORD_ONLY or argument.default is argument.empty:
            continue
        hint = hints.get(name)
        declared = Param()
        if get_origin(hint) is Annotated:
            declared = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Param)), declared)
        params[name] = Param(declared.meaning, declared.low, declared.high, declared.choices, argument.default)
    return params
