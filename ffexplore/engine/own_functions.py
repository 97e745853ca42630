"""Functions of somebody's own that settings name, and whether they still are what they were."""

from __future__ import annotations

import hashlib
import inspect
import types
from collections.abc import Iterable, Iterator

from ffexplore.engine.settings import Settings
from ffexplore.registry import Entry


def own_functions(settings: Settings) -> Iterator[tuple[str, Entry]]:
    """The entries of somebody's own that settings use, each with its name in words, as in ``goodness 'mine'``."""
    for field, spec in Settings.fields().items():
        if spec.registry is None:
            continue
        for choice in settings.per_layer(field):
            entry = spec.registry[choice.name]
            if not entry.is_ours:
                yield f"{spec.registry.kind} {choice.name!r}", entry


def code_marks(variants: Iterable[Settings]) -> dict[str, str]:
    """A mark of the code of each function of somebody's own, by its name in words.

    It stays the same where comments or the layout are changed, and holds within one minor version of Python. What the
    function calls has no part in it.
    """
    entries = dict(pair for settings in variants for pair in own_functions(settings))
    return {words: _mark(entry) for words, entry in entries.items()}


def codes_of(function: object) -> Iterator[types.CodeType]:
    """The code of a function, or of the methods of a class."""
    if inspect.isclass(function):
        for member in vars(function).values():
            yield from codes_of(member)
    elif callable(function):
        plain = inspect.unwrap(function)
        code = getattr(getattr(plain, "func", plain), "__code__", None)
        if isinstance(code, types.CodeType):
            yield code


def _mark(entry: Entry) -> str:
    parts = [_plain(code) for function in (entry.function, *entry.traits.values()) for code in codes_of(function)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    """A constant of a function's code, or code itself, as text that is the same in every process."""
    if isinstance(value, types.CodeType):
        return f"{value.co_code.hex()} {value.co_names} [{', '.join(map(_plain, value.co_consts))}]"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_plain, value)))}}}"
    return repr(value)
