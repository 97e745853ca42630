"""What may be compared, and values that suit the present ones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ffexplore.engine.compatibility import refusals
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError
from ffexplore.live.changes import settle, value_in_words
from ffexplore.live.compared import FEWEST, MOST
from ffexplore.params import Param, in_full
from ffexplore.registry import Choice, Registry

FEW = 6  #: entries of a catalogue that make a first suggestion
Suggestion = tuple[str, str]  #: what it is, and the values as a person would write them

#: Multiples of the present value, from a quick look to as many as there may be.
CLOSE = (0.5, 0.75, 1.0, 1.5, 2.0)
WIDE = (0.25, 0.5, 1.0, 2.0, 4.0)
RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
GRID = tuple(float(f"{10 ** (step / 8):.3g}") for step in range(-8, MOST - 8))

#: Values of fields whose multiples would say little, to which the present one comes.
USUAL: dict[str, tuple[float, ...]] = {
    "shift": (0, 1, 2),
    "rotation": (0.0, 5.0, 10.0, 20.0),
    "zoom": (0.0, 0.05, 0.1, 0.2),
    "elastic": (0.0, 0.5, 1.0, 2.0),
    "dropout": (0.0, 0.1, 0.2, 0.4),
    "threshold_rate": (0.0, 0.3, 1.0, 3.0),
    "inference_shift": (0, 1, 2),
    "horizon": (1.0, 3.0, 10.0),
    "momentum": (0.0, 0.5, 0.9, 0.97),
    "weight_decay": (0.0, 0.0003, 0.003, 0.03),
    "peer_normalization": (0.0, 0.01, 0.03, 0.1),
    "batch_size": (32, 64, 128, 256),
    "readout_rate": (0.01, 0.03, 0.1, 0.3),
    "readout_decay": (0.0, 0.001, 0.003, 0.01),
    "readout_interval": (1, 2, 4, 8),
}


@dataclass(frozen=True)
class Target:
    """A field in which variants may differ, or a parameter of what is chosen there."""

    field: str
    param: str = ""

    @property
    def label(self) -> str:
        """How a person reads it."""
        name = self.field.replace("_", " ")
        return f"{name}: {self.param.replace('_', ' ')}" if self.param else name

    def present(self, settings: Settings) -> Any:
        """The present value."""
        value = getattr(settings, self.field)
        return value.values[self.param] if self.param else value

    def declared(self, settings: Settings) -> Param:
        """What the parameter means and which values it may take."""
        registry = Settings.field(self.field).registry
        assert registry is not None
        param: Param = registry[getattr(settings, self.field).name].params[self.param]
        return param

    def meaning(self, settings: Settings) -> str:
        """What it means, which values it may take, and the present one."""
        spec = Settings.field(self.field)
        if self.param:
            param = self.declared(settings)
            about = param.meaning[:1].upper() + param.meaning[1:] or "A parameter of the present choice"
            allowed = f"{about}. Allowed: {param.allowed()}."
        elif spec.registry is not None:
            allowed = f"{spec.meaning} Names of the catalogue, with parameters in brackets where they are to be other."
        else:
            allowed = f"{spec.meaning} Allowed: {spec.allowed()}."
        present = self.present(settings)
        now = "none" if present is None and self.field != "threshold" else written(present)
        return " ".join(filter(None, [allowed, f"Now {now}.", spec.renews]))


def targets(settings: Settings, excluded: Iterable[str] = ()) -> list[Target]:
    """Everything in which variants of a run may differ, but for some fields."""
    found = []
    for name, spec in Settings.fields().items():
        if not spec.comparable or name in excluded:
            continue
        found.append(Target(name))
        value = getattr(settings, name)
        if isinstance(value, Choice):
            found += [Target(name, param) for param, _ in value.params]
    return found


def suggestions(target: Target, settings: Settings) -> list[Suggestion]:
    """A few lists of values that suit the present one, the usual one first."""
    value, spec = target.present(settings), Settings.field(target.field)
    if target.param:
        return _of_parameter(target.declared(settings), value)
    if spec.registry is not None:
        return _of_catalogue(target.field, settings)
    if target.field == "seed":
        return [
            (f"{count} seeds", _listed([(value + step) % (2**31) for step in range(count)])) for count in (4, 8, MOST)
        ]
    if target.field in USUAL:
        numbers = {*USUAL[target.field], *([] if value is None or isinstance(value, str) else [value])}
        return [("usual", _listed([*sorted(numbers), *([value] if isinstance(value, str) else [])]))]
    if target.field == "black_box_after" or (spec.choices and spec.low is None):
        words = spec.choices or range(1, min(len(settings.layers), MOST + 1))
        fitting = [word for word in words if word != value and _fits(settings, target.field, word)]
        return [("all", _listed([value, *fitting]))] if fitting else []
    each = settings.thresholds() if target.field == "threshold" else settings.per_layer(target.field)
    high = math.inf if spec.high is None else spec.high
    multiples = RATES if target.field == "learning_rate" else WIDE
    lists = [_times(each, factors, high) for factors in (multiples, CLOSE, GRID)]
    return [
        (f"{len(values)} from ×{_short(factors[0])} to ×{_short(factors[-1])}", _listed(values))
        for values, factors in zip(lists, (multiples, CLOSE, GRID), strict=True)
        if len(values) > 1
    ]


def _times(each: Sequence[float], factors: Sequence[float], high: float) -> list[Any]:
    """Multiples of the values of all layers; one number where they agree."""
    found = []
    for factor in factors:
        values = tuple(min(float(f"{value * factor:.3g}"), high) for value in each)
        found.append(values[0] if len(set(values)) == 1 else values)
    return list(dict.fromkeys(found))


def _of_parameter(param: Param, value: Any) -> list[Suggestion]:
    if isinstance(param.default, bool):
        return [("both", "False, True")]
    if param.choices:
        return [("all", _listed(param.choices[:MOST]))]
    if isinstance(param.default, str):
        return []
    low = -math.inf if param.low is None else param.low
    high = math.inf if param.high is None else param.high
    numbers = sorted({min(max(factor * value, low), high) for factor in WIDE} if value else {low, 0.5, 1.0, 2.0, high})
    if isinstance(param.default, int):
        numbers = sorted({round(number) for number in numbers if math.isfinite(number)})
    kept = [min(max(float(f"{number:.3g}"), low), high) for number in numbers if math.isfinite(number)]
    return [(f"{len(kept)} from {_short(kept[0])} to {_short(kept[-1])}", _listed(kept))] if len(kept) > 1 else []


def _of_catalogue(field: str, settings: Settings) -> list[Suggestion]:
    """The present entry, and others that may train beside it."""
    spec, value = Settings.field(field), getattr(settings, field)
    assert spec.registry is not None
    present = (value[0] if isinstance(value, tuple) else value).name
    refused = refusals(settings, field)
    others = [name for name in spec.registry.names() if name not in refused and name != present]
    names = [present, *(name for name in others if _fits(settings, field, name))]
    if len(names) == 1:
        return []
    few, many = names[:FEW], names[:MOST]
    kinds = [(f"{len(few)} of them", _listed(few))]
    return kinds if len(many) == len(few) else [*kinds, (f"{len(many)} of them", _listed(many))]


def _fits(settings: Settings, field: str, value: Any) -> bool:
    try:
        settle(settings, {field: value})
    except SettingsError:
        return False
    return True


def written(value: Any) -> str:
    """A value as a person would write it into the list of values."""
    if isinstance(value, tuple):
        return f"({', '.join(map(written, value))})"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value_in_words(value)
    return _short(value)


def _short(number: float) -> str:
    return in_full(float(f"{number:.6g}"))


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(written, values))


def read_values(text: str, target: Target, settings: Settings) -> list[Any]:
    """The values that a person listed, ready for ``Runner.compare``.

    Parameters
    ----------
    text
        Values with commas between them; brackets hold what belongs together, as in ``lp_norm(p=3)`` or the values of
        all layers, ``(0.5, 2)``.
    target
        What they are values of.
    settings
        The present ones, whose other parameters a choice keeps.

    Raises
    ------
    SettingsError
        When fewer than two are listed, a bracket is not closed, or a parameter cannot take a value.
    """
    pieces = _pieces(text)
    if not pieces:
        raise SettingsError(f"Write the values of {target.label} first, with commas between them.")
    if text.count("(") != text.count(")"):
        raise SettingsError(f"A bracket has no other one in {text!r}.")
    if len(pieces) < FEWEST:
        raise SettingsError(f"{text.strip()!r} is one value; write {FEWEST} to {MOST} of them, with commas between.")
    spec = Settings.field(target.field)
    if target.param:
        assert spec.registry is not None
        chosen, param = getattr(settings, target.field), target.declared(settings)
        values = [_number(piece) if isinstance(param.default, int | float) else piece for piece in pieces]
        return [spec.registry.choice((chosen.name, chosen.values | {target.param: value})) for value in values]
    if spec.registry is not None:
        return [_choices(_named(piece, spec.registry)) for piece in pieces]
    return [_numbers(piece, is_optional=bool(spec.optional)) for piece in pieces]


def _pieces(text: str) -> list[str]:
    """Split at commas, semicolons and line breaks outside of brackets.

    Where spaces follow other commas, or semicolons stand between, a comma between digits is that of a number, but for
    lists with brackets.
    """
    pieces, depth = [""], 0
    if "(" not in text and re.search(r",\s|;", text):
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter in ",;\n" and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    return [piece.strip() for piece in pieces if piece.strip()]


def _inside(piece: str) -> list[str] | None:
    """What brackets around a whole piece hold; None where there are none."""
    return _pieces(piece[1:-1]) if piece.startswith("(") and piece.endswith(")") else None


def _named(piece: str, registry: Registry[Any]) -> str:
    """A choice with the name of its entry, which a menu writes with spaces."""
    name, bracket, params = piece.partition("(")
    entry = name.strip().replace(" ", "_")
    return f"{entry}{bracket}{params}" if entry in registry else piece


def _choices(piece: str) -> Any:
    inside = _inside(piece)
    return tuple(inside) if inside else piece


def _numbers(piece: str, is_optional: bool) -> Any:
    inside = _inside(piece)
    if inside:
        return tuple(_numbers(each, is_optional) for each in inside)
    return None if is_optional and piece.lower() in ("natural", "none") else _number(piece)


def _number(text: str) -> Any:
    """A number where it is one; what is none stays a word, so that the settings can say what is wrong with it."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
