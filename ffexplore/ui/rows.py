"""Rows of the control column: a label and what sets one value. They know nothing of Settings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ffexplore.ui.guard import Guard
from ffexplore.ui.parts import Box, Check, Input, Menu, Part, Slider, Text

Changed = Callable[[Any], None]
Options = Sequence[tuple[str, Any]]

TICKS = 500  #: positions of a slider
HIDDEN = "ffx-hidden"  #: the class of what a panel does not show


@dataclass(frozen=True)
class Span:
    """What a slider reaches; the number box beside it takes any value that the setting allows."""

    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False

    @property
    def ticks(self) -> int:
        """The number of the last position; the first is 0."""
        return min(TICKS, int(self.high - self.low)) if self.whole else TICKS

    def value(self, position: int) -> float | int:
        """The value at a position, without digits that nobody meant."""
        share = position / self.ticks
        if self.logarithmic:
            return float(f"{self.low * (self.high / self.low) ** share:.3g}")
        value = self.low + share * (self.high - self.low)
        return round(value) if self.whole else float(f"{value:.4g}")

    def position(self, value: float) -> int:
        """The position nearest to a value; an end for what lies beyond."""
        if not self.low < value < self.high:
            return self.ticks if value >= self.high else 0
        if self.logarithmic:
            return round(self.ticks * math.log(value / self.low) / math.log(self.high / self.low))
        return round(self.ticks * (value - self.low) / (self.high - self.low))


def number_of(text: str) -> Any:
    """The number that is written, with a point or a comma; what is none stays a word, so that a refusal can name it."""
    text = text.strip()
    for kind in (int, float):
        try:
            return kind(text.replace(",", ".") if text.count(",") == 1 else text)
        except ValueError:
            continue
    return text


def numbers_of(text: str) -> Any:
    """The number that is written, or the numbers where several are, as in ``0.5, 1`` or ``(0.5 1)``; else a word."""
    found = number_of(text)
    if not isinstance(found, str):
        return found
    listed = found.strip("()[]")
    is_spaced = bool(re.search(r"[\s;]", listed.strip()))  # then a comma between digits is that of a number
    several = [number_of(part.strip(",")) for part in re.split(r"[\s;]+" if is_spaced else ",", listed) if part]
    return tuple(several) if len(several) > 1 and not any(isinstance(each, str) for each in several) else found


class Row:
    """One row; `changed` is called with the new value when a person sets one.

    Attributes
    ----------
    widget
        What is shown.
    """

    widget: Part

    def __init__(self, guard: Guard, changed: Changed) -> None:
        self._guard = guard
        self._changed = changed
        self._inputs: list[Input] = []
        self._tip = ""
        self._reason = ""
        self._is_hidden = False

    def _take(self, widget: Part, *inputs: Input) -> None:
        self.widget = widget
        self._inputs = list(inputs)
        widget.add_class("ffx-row")
        for item in inputs:
            item.observe(self._listen, "value")

    def _listen(self, change: Any) -> None:
        if not self._guard.is_mine and not self._is_hidden:  # a page may still be sending when a row is hidden
            self._heard(change)

    def _heard(self, change: Any) -> None:
        self._changed(change["new"])

    def hide(self, is_hidden: bool) -> None:
        """Take the row out of sight, where it says nothing, or back; it stays in its box, to be wanted again."""
        self._is_hidden = is_hidden
        with self._guard:
            (self.widget.add_class if is_hidden else self.widget.remove_class)(HIDDEN)

    def show(self, value: Any) -> None:
        """Show a value that the program sets; calls nobody back."""
        with self._guard:
            self._inputs[0].value = value

    def explain(self, tip: str) -> None:
        """Set the tooltip."""
        self._tip = tip
        self._say()

    def disable(self, reason: str) -> None:
        """Grey the row out and say why in the tooltip; an empty reason makes it usable again."""
        self._reason = reason
        with self._guard:
            for item in self._inputs:
                item.disabled = bool(reason)
            (self.widget.add_class if reason else self.widget.remove_class)("ffx-off")
        self._say()

    def _say(self) -> None:
        self.widget.tooltip = f"Not in use: {self._reason}\n\n{self._tip}" if self._reason else self._tip


class NumberRow(Row):
    """A slider with a number box beside it, or the box alone where no span is given."""

    def __init__(self, label: str, span: Span | None, whole: bool, guard: Guard, changed: Changed) -> None:
        super().__init__(guard, changed)
        self._span = span
        self._value = 0.0
        # A browser's own box for numbers drops letters without a word, so that 1e99 becomes 199.
        self._box = Text(description=label)
        self._slider = None if span is None else Slider(description=label, last=span.ticks)
        inputs: list[Input] = [self._box] if self._slider is None else [self._box, self._slider]
        self._take(Box(*inputs), *inputs)
        self.widget.add_class("ffx-number")
        if whole:
            self.widget.add_class("ffx-whole")

    def _heard(self, change: Any) -> None:
        if change["owner"] is self._box or self._span is None:
            self._changed(numbers_of(change["new"]))
        elif change["new"] != self._span.position(self._value):
            self._changed(self._span.value(change["new"]))

    def label(self, text: str) -> None:
        """Change the label."""
        for item in self._inputs:
            item.description = text

    def reach(self, span: Span) -> None:
        """Change what the slider reaches."""
        self._span = span

    def show(self, value: float) -> None:
        """Show a value; the slider stands at its end for what lies beyond."""
        with self._guard:
            self._value = value
            self._box.value = str(value) if isinstance(value, int) else f"{value:.6g}"
            if self._slider is not None and self._span is not None:
                self._slider.value, self._slider.words = self._span.position(value), self._box.value


class MenuRow(Row):
    """A menu of named values; a value that is not on it is added while it is chosen."""

    def __init__(self, label: str, options: Options, guard: Guard, changed: Changed) -> None:
        super().__init__(guard, changed)
        self._options = list(options)
        self._menu = Menu(description=label, options=self._options)
        self._take(self._menu, self._menu)

    def offer(self, options: Options) -> None:
        """Change what the menu offers; the chosen value stays."""
        self.now_offers(options)
        self.show(self._menu.value)

    def now_offers(self, options: Options) -> None:
        """Change what the menu offers from the next `show` on."""
        self._options = list(options)

    def show(self, value: Any, extra: str = "") -> None:
        """Choose a value; `extra` is its name if the menu does not offer it."""
        with self._guard:
            known = any(each is value or each == value for _, each in self._options)
            options = self._options if known else [*self._options, (extra or str(value), value)]
            self._menu.options, self._menu.value = options, value


class TextRow(Row):
    """A line of text, taken over on Enter or when the person leaves it; with suggestions if there are any.

    ``wanted`` stands there while nothing is written.
    """

    def __init__(
        self, label: str, suggestions: Sequence[str], guard: Guard, changed: Changed, wanted: str = ""
    ) -> None:
        super().__init__(guard, changed)
        self._line = Text(description=label, suggestions=tuple(suggestions), wanted=wanted)
        self._take(self._line, self._line)


class CheckRow(Row):
    """A box to tick."""

    def __init__(self, label: str, guard: Guard, changed: Changed) -> None:
        super().__init__(guard, changed)
        self._check = Check(description=label)
        self._take(self._check, self._check)
