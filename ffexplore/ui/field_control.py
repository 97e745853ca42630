"""The control of one field of Settings, made from what the field says of itself and from its catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ffexplore.data.dataset import Dataset
from ffexplore.engine.fields import Field
from ffexplore.engine.settings import Settings
from ffexplore.registry import Registry
from ffexplore.ui.fit import Fit
from ffexplore.ui.guard import Guard
from ffexplore.ui.parts import Box, Button, Part
from ffexplore.ui.rows import MenuRow, NumberRow, Row, Span, TextRow, number_of
from ffexplore.ui.upload import Upload

FIT = "Take the read-out to its minimum with the layers as they are (some seconds); training goes on afterwards"
RARE = "ffx-rare"  #: the class of what a group shows only after "more"


@dataclass(frozen=True)
class Outlet:
    """Where the controls send what a person sets: fields of Settings and their new values, or what is wrong.

    And that the read-out is to be fitted.
    """

    guard: Guard
    change: Callable[[Mapping[str, Any]], None]
    tell: Callable[[str], None]
    fit_readout: Callable[[], None]


class FieldControl:
    """Shows one field of Settings and sends what a person sets.

    Attributes
    ----------
    widget
        What is shown.
    is_touched
        Whether a person set something since the field was shown, so that what stands there may not be in force.
    remark
        What is to be said of the field beside the other settings, from the next `show` on; empty where nothing is.
    """

    widget: Part

    def __init__(self, name: str, label: str, outlet: Outlet) -> None:
        self.name = name
        self.label = label
        self.spec: Field = Settings.field(name)
        self.outlet = outlet
        self.is_touched = False
        self.remark = ""

    def suit(self, data: Dataset | None) -> None:
        """Take up which data there are, which may rule out choices; None while they are not loaded."""

    def show(self, settings: Settings) -> None:
        """Show the field's value; calls nobody back."""
        raise NotImplementedError

    def disable(self, reason: str) -> None:
        """Grey the control out and say why; an empty reason makes it usable again."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop listening to the catalogue."""

    def send(self, value: Any) -> None:
        """Send a new value of the field."""
        self.is_touched = True
        self.outlet.change({self.name: value})

    def tip(self) -> str:
        """Meaning, source, range and name of the field, and what is built anew when it changes."""
        return f"{self.about()}\nAllowed: {self.spec.allowed()}.{self.renewal()}\nIn Python: {self.name}"

    def about(self) -> str:
        """Meaning and source of the field, and what is to be said of it at present."""
        return with_source(self.spec.meaning, self.spec.source) + (f"\n▸ {self.remark}" if self.remark else "")

    def renewal(self) -> str:
        """What is built anew when the field changes, on a line of its own; empty if nothing is."""
        return f"\n↻ {self.spec.renews}" if self.spec.renews else ""


class RowControl(FieldControl):
    """A field that one row is enough for."""

    row: Row

    def _take(self, row: Row) -> None:
        self.row = row
        self.widget = row.widget
        row.explain(self.tip())

    def disable(self, reason: str) -> None:
        """Grey the row out and say why."""
        self.row.disable(reason)


class NumberControl(RowControl):
    """A number: a slider if a span is given, and a box."""

    row: NumberRow

    def __init__(self, name: str, label: str, span: Span | None, outlet: Outlet) -> None:
        super().__init__(name, label, outlet)
        self._take(NumberRow(label, span, self.spec.whole, outlet.guard, self.send))

    def show(self, settings: Settings) -> None:
        """Show the number; of several for the layers the first, and the others in the tooltip."""
        values = settings.per_layer(self.name)
        several = len(set(values)) > 1
        self.row.show(values[0])
        self.row.label(self.label + (" (layer 1)" if several else ""))
        listed = ", ".join(f"{value:g}" for value in values)
        self.row.explain(self.tip() + (f"\nLayer by layer: {listed}" if several else ""))


class ReadoutControl(NumberControl):
    """The rate of the read-out, which learns beside the layers, and a button that fits it to them as they are."""

    def __init__(self, name: str, label: str, span: Span | None, outlet: Outlet) -> None:
        super().__init__(name, label, span, outlet)
        self._is_off, self._reason = False, ""
        self.fit = Button("fit now", FIT, outlet.fit_readout)
        self.widget = Box(self.row.widget, Box(self.fit, in_line=True).add_class("ffx-tools")).add_class("ffx-choice")

    def show(self, settings: Settings) -> None:
        """Show the rate; there is nothing to fit where it is 0."""
        super().show(settings)
        self._is_off = settings.readout_rate == 0
        self.fit.disabled = self._is_off or bool(self._reason)

    def disable(self, reason: str) -> None:
        """Grey both out and say why."""
        super().disable(reason)
        self._reason = reason
        self.fit.disabled = self._is_off or bool(reason)


class WordControl(RowControl):
    """One of a few words."""

    row: MenuRow

    def __init__(self, name: str, label: str, outlet: Outlet) -> None:
        super().__init__(name, label, outlet)
        self._fit = Fit(name)
        self._take(MenuRow(label, self._fit.options(self.spec.choices), outlet.guard, self.send))

    def show(self, settings: Settings) -> None:
        """Choose the word."""
        self._fit.look(settings)
        self.row.now_offers(self._fit.options(self.spec.choices))
        self.row.explain(self.tip() + self._fit.reasons())
        self.row.show(getattr(settings, self.name))


class TextControl(RowControl):
    """A value that is written: widths of layers, a batch size or the word ``full``, a number or nothing."""

    row: TextRow

    def __init__(self, name: str, label: str, suggestions: Sequence[str], outlet: Outlet) -> None:
        super().__init__(name, label, outlet)
        self._take(TextRow(label, suggestions, outlet.guard, lambda text: self.send(self.parse(text))))

    def parse(self, text: str) -> Any:
        """Read what was written; what is no number stays a word, so that Settings can say what is wrong with it."""
        text = text.strip()
        if not text and self.spec.optional:
            return None
        if isinstance(Settings.__dataclass_fields__[self.name].default, tuple):
            return tuple(number_of(part) for part in text.replace(",", " ").split())
        return number_of(text)

    def show(self, settings: Settings) -> None:
        """Write the value."""
        value = getattr(settings, self.name)
        values = value if isinstance(value, tuple) else (value,)
        self.row.show(", ".join("" if each is None else str(each) for each in values))


class DatasetControl(RowControl):
    """The dataset: the catalogue's names, a person's own data while it is chosen, and a button to upload it."""

    row: MenuRow

    def __init__(self, name: str, label: str, registry: Registry[Any], outlet: Outlet) -> None:
        super().__init__(name, label, outlet)
        self._registry = registry
        self._take(MenuRow(label, self._options(), outlet.guard, self.send))
        self.upload = Upload(self.send, outlet.tell)
        self.widget = Box(self.row.widget, self.upload)
        self.widget.add_class("ffx-choice")
        self._forget = registry.observe(lambda _: self.row.offer(self._options()))

    def _options(self) -> list[tuple[str, Any]]:
        return [
            (entry.name if getattr(entry, "offline", True) else f"{entry.name} (fetched once)", entry.name)
            for entry in self._registry
        ]

    def tip(self) -> str:
        """Meaning, and every dataset with its sentence."""
        return f"{self.about()}\n\n{listing(self._registry)}\n{self.renewal()}\nIn Python: {self.name}"

    def show(self, settings: Settings) -> None:
        """Choose the dataset."""
        value = settings.dataset
        self.row.show(value, f"{value.name} (own)" if isinstance(value, Dataset) else "")

    def disable(self, reason: str) -> None:
        """Grey the menu and the button out and say why."""
        super().disable(reason)
        self.upload.disabled = bool(reason)

    def close(self) -> None:
        """Stop listening to the catalogue."""
        self._forget()


def with_source(words: str, source: str) -> str:
    """A sentence and, in brackets, where it comes from; the sentence alone where there is no source."""
    return f"{words} [{source}]" if source else words


def listing(registry: Registry[Any], chosen: str = "") -> str:
    """Every entry with its sentence and source, one a line, the chosen one marked."""
    return "\n".join(
        f"{'▸' if entry.name == chosen else '•'} {entry.name}: "
        + with_source(entry.summary or "no description", entry.source)
        for entry in registry
    )
