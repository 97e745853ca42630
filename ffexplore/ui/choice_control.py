"""The control of a field that is chosen from a catalogue: a menu, and a row for each parameter of what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.settings import Settings
from ffexplore.registry import Choice, Entry, Param, Registry
from ffexplore.ui.field_control import RARE, FieldControl, Outlet, listing
from ffexplore.ui.fit import Fit
from ffexplore.ui.guard import Guard
from ffexplore.ui.parts import Box
from ffexplore.ui.rows import CheckRow, MenuRow, NumberRow, Row, Span, TextRow

TECHNICAL = ("optimizer", "normalization", "initialization")  #: fields whose parameters hardly anybody turns


class ChoiceControl(FieldControl):
    """An entry of a catalogue, and a row below it for each of its parameters."""

    widget: Box

    def __init__(self, name: str, label: str, outlet: Outlet) -> None:
        super().__init__(name, label, outlet)
        assert self.spec.registry is not None
        self.registry: Registry[Any] = self.spec.registry
        self._choice: Choice | None = None
        self._params: dict[str, Row] = {}
        self._made: dict[tuple[str, str, Param], Row] = {}
        self._reason = ""
        self._fit = Fit(name)
        self._menu = MenuRow(label, self._options(), outlet.guard, self._chosen)
        self.widget = Box(self._menu.widget)
        self.widget.add_class("ffx-choice")
        self._forget = self.registry.observe(self._registered)

    def _options(self) -> list[tuple[str, Any]]:
        return self._fit.options(self.registry.names())

    def _chosen(self, value: Any) -> None:
        self.send(value if isinstance(value, tuple) else self.registry.choice(value))

    def _registered(self, name: str) -> None:
        """A cell registered an entry: it joins the menu; if it is in use, its parameters may be others now."""
        self._fit.renew()
        self._menu.offer(self._options())
        if self._choice is not None and self._choice.name == name:
            self._show_choice(self._choice)

    def suit(self, data: Dataset | None) -> None:
        """Mark choices that the data rule out, from the next `show` on."""
        self._fit.suit(data)

    def show(self, settings: Settings) -> None:
        """Choose the entry and show its parameters."""
        value = getattr(settings, self.name)
        self._fit.look(settings)
        self._menu.now_offers(self._options())
        if isinstance(value, tuple):
            self._choice = None
            self._menu.show(value, " | ".join(str(each) for each in value))
            self._menu.explain(self._tip_with(""))
            self._offer_params("", {})
        else:
            self._show_choice(value)

    def _show_choice(self, choice: Choice) -> None:
        self._choice = choice
        entry: Entry = self.registry[choice.name]
        self._menu.show(choice.name)
        self._menu.explain(self._tip_with(choice.name))
        self._offer_params(choice.name, entry.params)
        for key, row in self._params.items():
            row.show(choice.values.get(key, entry.params[key].default))

    def _offer_params(self, entry: str, declared: Mapping[str, Param]) -> None:
        """Show the rows of the parameters of an entry, and hide those of others."""
        self._params = {key: self._row(entry, key, param) for key, param in declared.items()}
        for row in self._made.values():
            row.hide(row not in self._params.values())
        children = (self._menu.widget, *(row.widget for row in self._made.values()))
        if len(children) > len(self.widget.children):
            with self.outlet.guard:
                self.widget.children = children

    def _row(self, entry: str, key: str, param: Param) -> Row:
        made = (entry, key, param)
        if made not in self._made:
            self._made[made] = self._make(entry, key, param)
        row = self._made[made]
        row.disable(self._reason)
        return row

    def _make(self, entry: str, key: str, param: Param) -> Row:
        def changed(value: Any) -> None:
            if self._choice is not None:
                kept = {name: each for name, each in self._choice.values.items() if name in self._params}
                self.send(replace(self._choice, params=tuple(sorted({**kept, key: value}.items()))))

        row = parameter_row(key, param, self.outlet.guard, changed)
        meaning = param.meaning[:1].upper() + param.meaning[1:] if param.meaning else f"Parameter {key}"
        row.explain(f"{meaning}.\nAllowed: {param.allowed()}.{self.renewal()}")
        row.widget.add_class("ffx-param")
        is_plain = bool(param.choices) or span_of(param) is not None
        is_own = not str(self.registry[entry].function.__module__).startswith("ffexplore.")
        if self.name in TECHNICAL or not (is_plain or is_own):  # a tick, a word or a number without bounds
            row.widget.add_class(RARE)
        return row

    def _tip_with(self, chosen: str) -> str:
        entries = listing(self.registry, chosen) + self._fit.reasons()
        return f"{self.about()}\n\n{entries}\n{self.renewal()}\nIn Python: {self.name}"

    def disable(self, reason: str) -> None:
        """Grey all rows out and say why."""
        self._reason = reason
        for row in (self._menu, *self._params.values()):
            row.disable(reason)

    def close(self) -> None:
        """Stop listening to the catalogue."""
        self._forget()


def parameter_row(key: str, param: Param, guard: Guard, changed: Callable[[Any], None]) -> Row:
    """The row that suits a parameter: a menu, a tick, a line of text, a number with or without a slider."""
    label = key.replace("_", " ")
    if param.choices:
        return MenuRow(label, [(word, word) for word in param.choices], guard, changed)
    if isinstance(param.default, bool):
        return CheckRow(label, guard, changed)
    if isinstance(param.default, str):
        return TextRow(label, (), guard, changed)
    return NumberRow(label, span_of(param), isinstance(param.default, int), guard, changed)


def span_of(param: Param) -> Span | None:
    """What a slider of a parameter reaches: its range, but no more than five times its default; None without bounds.

    Where the parameter may be below zero, that far to either side.
    """
    if isinstance(param.default, bool | str) or param.low is None or param.high is None or not param.low < param.high:
        return None
    low, high = float(param.low), float(param.high)
    if 0 < 5 * param.default < high:
        high = 5.0 * param.default
        low = max(low, -high)
    return Span(low, high, whole=isinstance(param.default, int))
