"""One mechanism for every catalogue: a name leads to an entry with its summary, source and tunable parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ffexplore.choice import Choice as Choice
from ffexplore.choice import split_choice
from ffexplore.errors import SettingsError, unknown_name
from ffexplore.params import Param as Param
from ffexplore.params import Value as Value
from ffexplore.params import declared_params


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

    @property
    def defaults(self) -> dict[str, Value]:
        """The value of every parameter that nobody chose."""
        return {key: param.default for key, param in self.params.items()}

    @property
    def is_ours(self) -> bool:
        """Whether it came with ffexplore; else somebody else wrote it."""
        return (getattr(self.function, "__module__", None) or "").startswith("ffexplore.")


RESERVED = "(),="  # in a name they would be taken for parameters
WRITES = " It seems to write into what it is given; it must not, as in activity.relu() for activity.relu_()."
E = TypeVar("E", bound=Entry)


class Registry(Generic[E]):
    """A catalogue of entries by name, open for a person's own.

    Parameters
    ----------
    kind
        What the entries are, as a person would say it; used in error messages.
    entry
        The class of an entry.
    try_out
        Called with a new entry before it is taken in, so that a mistake shows where it was made; raises
        ``SettingsError`` to refuse it.
    tried_on
        What it is tried out on, in words; for the refusal of an entry that raises something else.
    traits
        The names of the traits that an entry may have; any if None.
    """

    def __init__(
        self,
        kind: str,
        entry: type[E],
        try_out: Callable[[E], None] | None = None,
        tried_on: str = "a trial",
        traits: Collection[str] | None = None,
    ) -> None:
        self.kind = kind
        self._entry, self._traits = entry, traits
        self._try_out, self._tried_on = try_out, tried_on
        self._entries: dict[str, E] = {}
        self._listeners: list[Callable[[str], None]] = []

    def register(
        self, name: str, *, summary: str = "", source: str = "", **traits: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Make a decorator that takes a function or class into the catalogue and returns it unchanged.

        Registering a name again replaces the entry, so that a notebook cell can be run twice; but not one that came
        with ffexplore, whose name stands for the same in every record and share string.

        Parameters
        ----------
        name
            The name it will be chosen by.
        summary
            One sentence; taken from the docstring if left out.
        source
            Where the formula comes from.
        **traits
            What the catalogue knows of such entries; docs/reference.md names the page of each.

        Raises
        ------
        SettingsError
            When the function does not fit the catalogue's contract, or the name cannot be taken.
        """
        if not isinstance(name, str) or not name:
            raise SettingsError(f"register takes a name first, as in @register('mine'); {name!r} was given.")
        if name != name.strip():
            raise SettingsError(f"The {self.kind} is named {name!r}; a name neither begins nor ends with a space.")
        if set(name) & set(RESERVED):
            raise SettingsError(f"The {self.kind} is named {name!r}; a name holds none of {' '.join(RESERVED)}.")

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            text = summary or next(iter((inspect.getdoc(function) or "").splitlines()), "")
            entry = self._entry(name, function, text, source, declared_params(function), traits)
            self._check(entry)
            self._checked(entry, {})  # the defaults, too, are to be in range
            self._try(entry)
            self._entries[name] = entry
            for listener in tuple(self._listeners):
                listener(name)
            return function

        return decorate

    def _check(self, entry: E) -> None:
        former = self._entries.get(entry.name)
        if former is not None and former.is_ours and not entry.is_ours:
            raise SettingsError(
                f"The {self.kind} {entry.name!r} is one of ffexplore's own; give yours a name of its own, such as "
                f"'my_{entry.name}'."
            )
        for trait in entry.traits:
            if self._traits is not None and trait not in self._traits:
                what = f"trait of the {self.kind} {entry.name!r},"
                raise SettingsError(
                    unknown_name(what, trait, self._traits)
                    if self._traits
                    else f"Unknown {what} {trait!r}. It takes summary and source alone."
                )

    def _try(self, entry: E) -> None:
        if self._try_out is None:
            return
        try:
            self._try_out(entry)
        except (SettingsError, Warning):  # where warnings are errors, they say what they have to say themselves
            raise
        except Exception as error:
            raise SettingsError(
                f"The {self.kind} {entry.name!r} failed on {self._tried_on}: {type(error).__name__}: {error}"
                + (WRITES if re.search("in-?place", str(error)) else "")
            ) from error

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
        return Choice(name, tuple(sorted(self._checked(entry, given_params).items())))

    def _checked(self, entry: E, given: Mapping[str, Any]) -> dict[str, Value]:
        """The value of each parameter in its own type; the default where none is given."""
        return {
            key: param.check(f"{key} of the {self.kind} {entry.name!r}", given.get(key, param.default))
            for key, param in entry.params.items()
        }
