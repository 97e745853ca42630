"""The threshold: one slider for all layers, or one for each; its reach follows the goodness."""

from __future__ import annotations

from typing import Any

from ffexplore.engine.settings import Settings, natural_threshold
from ffexplore.ui.field_control import FieldControl, Outlet
from ffexplore.ui.parts import Box, Button, Toggle
from ffexplore.ui.rows import NumberRow, Span

WIDTH = "As many as the layer has units, as Hinton has it for the sum of squares"
PRESSED = "mod-active"  #: the class of a button whose value is in force
WORDS = {"natural": None, "none": None, "width": "width"}  #: what may be written, and what it stands for
REACH = 5.0  #: times the natural threshold that the slider reaches


def threshold_span(settings: Settings) -> Span:
    """What a threshold slider reaches: from 0 to five times the largest natural threshold, below 0 if that is."""
    pairs = zip(settings.per_layer("goodness"), settings.layers, strict=True)
    natural = max((natural_threshold(choice, width) for choice, width in pairs), key=abs) or 1.0
    end = float(f"{REACH * natural:.2g}")
    return Span(min(0.0, end), max(0.0, end))


class ThresholdControl(FieldControl):
    """One slider for all layers, or, by a toggle, one for each layer."""

    def __init__(self, name: str, label: str, outlet: Outlet) -> None:
        super().__init__(name, label, outlet)
        self._settings = Settings()
        self._rows: list[NumberRow] = []
        self._reason = ""
        tip = "A threshold of its own for each layer, or one for all"
        self._each = Toggle(description="one per layer", tooltip=tip)
        self._natural = Button("natural", press=lambda: self.send(None))
        self._width = Button("width", WIDTH, press=lambda: self.send("width"))
        self._each.observe(self._toggled, "value")
        self._tools = Box(self._natural, self._width, self._each, in_line=True)
        self._tools.add_class("ffx-tools")
        self._box = Box()
        self.widget = Box(self._box, self._tools)
        self.widget.add_class("ffx-choice")

    def show(self, settings: Settings) -> None:
        """Show the threshold of each layer, or the one that all share."""
        self._settings = settings
        values = settings.thresholds()
        is_each = isinstance(settings.threshold, tuple) or len(set(values)) > 1
        shown = values if is_each else values[:1]
        self._match(len(shown))
        span = threshold_span(settings)
        for number, (row, value) in enumerate(zip(self._rows, shown, strict=False), 1):
            row.label(f"{self.label} {number}" if is_each else self.label)
            row.reach(span)
            row.show(value)
            row.explain(self.tip())
        pairs = zip(settings.per_layer("goodness"), settings.layers, strict=True)
        natural = ", ".join(f"{value:.4g}" for value in dict.fromkeys(natural_threshold(*pair) for pair in pairs))
        with self.outlet.guard:
            self._each.value = is_each
            self._natural.tooltip = f"The threshold that an untrained network crosses: {natural}"
            for button, word in ((self._natural, None), (self._width, "width")):
                (button.add_class if settings.threshold == word else button.remove_class)(PRESSED)

    def _match(self, count: int) -> None:
        """Show as many rows as there are thresholds; surplus ones stay out of sight."""
        while len(self._rows) < count:
            self._add()
        for number, row in enumerate(self._rows):
            row.hide(number >= count)
        if len(self._rows) > len(self._box.children):
            with self.outlet.guard:
                self._box.children = tuple(row.widget for row in self._rows)

    def _add(self) -> None:
        number = len(self._rows)
        row = NumberRow(
            self.label, threshold_span(self._settings), False, self.outlet.guard, lambda value: self.move(number, value)
        )
        row.disable(self._reason)
        self._rows.append(row)

    def move(self, layer: int, value: Any) -> None:
        """Send the threshold of one layer, or of all if they share one, or those of all layers, or a word for them."""
        if isinstance(value, str):
            value = WORDS.get(value.lower(), value)
        values: Any = value
        if isinstance(value, int | float) and self._each.value and layer < len(self._settings.layers):
            thresholds = list(self._settings.thresholds())
            thresholds[layer] = value
            values = tuple(thresholds)
        self.send(values)

    def _toggled(self, change: Any) -> None:
        if not self.outlet.guard.is_mine:
            values = self._settings.thresholds()
            self.send(values if change["new"] else values[0])

    def disable(self, reason: str) -> None:
        """Grey everything out and say why."""
        self._reason = reason
        for row in self._rows:
            row.disable(reason)
        with self.outlet.guard:
            self._each.disabled = self._natural.disabled = self._width.disabled = bool(reason)
