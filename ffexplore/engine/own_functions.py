"""Functions of somebody's own that settings name, and whether they still are what they were."""

from __future__ import annotations

import functools
import hashlib
import inspect
import types
from collections.abc import Iterable, Iterator

from ffexplore.engine.settings import Settings
from ffexplore.registry import Entry

PLAIN = (bool, int, float, complex, str, bytes)  # values that are written alike everywhere


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

    It stays the same where comments or the layout are changed, and holds within one minor version of Python. Its
    defaults and the numbers and words it closes over have a part in it; what it calls has none.
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
    functions = (entry.function, *entry.traits.values())
    parts = [_plain(each) for function in functions for each in (*codes_of(function), *_held(function))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _held(function: object) -> Iterator[object]:
    """What a function has with it: defaults, arguments given beforehand, and what it closes over."""
    if inspect.isclass(function) or not callable(function):
        return
    if isinstance(function, functools.partial):
        yield from (function.args, *sorted(function.keywords.items()))
        function = function.func
    plain = inspect.unwrap(function)
    yield getattr(plain, "__defaults__", None) or ()
    yield from sorted((getattr(plain, "__kwdefaults__", None) or {}).items())
    for cell in getattr(plain, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:  # it was not given anything yet
            continue
        yield from codes_of(held) if callable(held) else [held]


def _plain(value: object) -> str:
    """Code, or a value that goes with it, as text that is the same in every process."""
    if isinstance(value, types.CodeType):
        return f"{value.co_code.hex()} {value.co_names} [{', '.join(map(_plain, value.co_consts))}]"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_plain, value)))}}}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_plain, value))})"
    if value is None or value is Ellipsis or isinstance(value, PLAIN):
        return repr(value)
    return type(value).__name__  # others may be written with their place in memory
