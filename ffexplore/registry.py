"""One mechanism for every catalogue: a name leads to an entry with its summary, source and tunable parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from ffexplore.errors import SettingsError, unknown_name

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
                raise SettingsError(f"{where} is {value!r}; it must be a word.")
            return value
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise SettingsError(f"{where} is {value!r}; it must be True or False.")
            return value
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            raise SettingsError(f"{where} is {value!r}; it must be {self.allowed()}.") from None
        low, high = self.low, self.high
        outside = (
            abs(number) == float("inf") or (low is not None and number < low) or (high is not None and number > high)
        )
        whole = isinstance(self.default, int)
        if outside or number != number or (whole and number != int(number)):
            raise SettingsError(f"{where} is {value!r}; it must be {self.allowed()}.")
        return int(number) if whole else number

    def allowed(self) -> str:
        """Say in words which values the parameter may take."""
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        if self.low is not None and self.high is not None:
            return f"{kind} from {in_full(self.low)} to {in_full(self.high)}"
        if self.low is not None:
            return f"{kind} of {in_full(self.low)} or more"
        return kind if self.high is None else f"{kind} of {in_full(self.high)} or less"


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


@dataclass(frozen=True)
class Entry:
    """One registered thing.

    Parameters
    ----------
    name
        The name it is chosen by.
    function
        What was registered.
    summary
        One sentence; the first line of the function's docstring unless given.
    source
        Where the formula comes from.
    params
        Tunable parameters, read from the function's keyword-only arguments.
    traits
        What the catalogue knows beside that (a closed-form derivative, what the entry needs).
    """

    name: str
    function: Callable[..., Any]
    summary: str = ""
    source: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)


E = TypeVar("E", bound=Entry)


class Registry(Generic[E]):
    """A catalogue of entries by name, open for a person's own.

    Parameters
    ----------
    kind
        What the entries are, as a person would say it; used in error messages.
    entry
        The class of an entry.
    check
        Called with a new entry before it is taken in; raises ``SettingsError`` to refuse it.
    """

    def __init__(self, kind: str, entry: type[E], check: Callable[[E], None] | None = None) -> None:
        self.kind = kind
        self._entry = entry
        self._check = check
        self._entries: dict[str, E] = {}
        self._listeners: list[Callable[[str], None]] = []

    def register(
        self, name: str, *, summary: str = "", source: str = "", **traits: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Make a decorator that takes a function or class into the catalogue and returns it unchanged.

        Registering a name again replaces the entry, so that a notebook cell can be run twice.

        Parameters
        ----------
        name
            The name it will be chosen by.
        summary
            One sentence; taken from the docstring if left out.
        source
            Where the formula comes from.
        **traits
            What the catalogue knows of such entries; see the catalogue's own page.

        Raises
        ------
        SettingsError
            When the function does not fit the catalogue's contract.
        """
        if not isinstance(name, str) or not name:
            raise SettingsError(f"register takes a name first, as in @register('mine'); {name!r} was given.")

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            text = summary or next(iter((inspect.getdoc(function) or "").splitlines()), "")
            entry = self._entry(name, function, text, source, declared_params(function), traits)
            if self._check is not None:
                self._check(entry)
            self._entries[name] = entry
            for listener in tuple(self._listeners):
                listener(name)
            return function

        return decorate

    def names(self) -> list[str]:
        """The names in the order of registration."""
        return list(self._entries)

    def observe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call ``listener(name)`` after each registration; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def __getitem__(self, name: str) -> E:
        try:
            return self._entries[name]
        except (KeyError, TypeError):
            raise SettingsError(unknown_name(self.kind, name, self._entries)) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[E]:
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<{self.kind}: {', '.join(self._entries)}>"

    def choice(self, given: object) -> Choice:
        """Turn a name, ``name(key=value)``, a pair, a mapping or a Choice into a checked, complete Choice.

        Raises
        ------
        SettingsError
            When the entry or one of its parameters is unknown, or a value is out of range.
        """
        name, given_params = split_choice(self.kind, given)
        entry = self[name]
        unknown = set(given_params) - set(entry.params)
        if unknown:
            wrong = sorted(unknown)[0]
            if not entry.params:
                raise SettingsError(f"The {self.kind} {name!r} has no parameters; {wrong!r} was given.")
            raise SettingsError(unknown_name(f"parameter of the {self.kind} {name!r},", wrong, entry.params))
        values = {
            key: param.check(f"{key} of the {self.kind} {name!r}", given_params.get(key, param.default))
            for key, param in entry.params.items()
        }
        return Choice(name, tuple(sorted(values.items())))


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
    for name, argument in inspect.signature(function).parameters.items():
        if argument.kind is not argument.KEYWORD_ONLY or argument.default is argument.empty:
            continue
        hint = hints.get(name)
        declared = Param()
        if get_origin(hint) is Annotated:
            declared = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Param)), declared)
        params[name] = Param(declared.meaning, declared.low, declared.high, declared.choices, argument.default)
    return params
