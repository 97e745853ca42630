"""What a form is made of: boxes, buttons, and things to turn. They know nothing of pages; see `Form`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import traitlets

P = TypeVar("P", bound="Part")


class Teller(Protocol):
    """What a part tells of its changes."""

    def tell(self, part: Part) -> None:
        """Take note that what the page shows of a part is no longer what it is."""


class Part(traitlets.HasTraits):
    """One thing in a form.

    Attributes
    ----------
    kind, told
        How the page makes it, and which traits the page shows; for each class.
    number
        Its place in the form it belongs to.
    """

    kind: ClassVar[str]
    told: ClassVar[tuple[str, ...]] = ("description", "tooltip", "disabled", "classes")

    description = traitlets.Unicode()
    tooltip = traitlets.Unicode()
    disabled = traitlets.Bool(False)
    classes = traitlets.Tuple()

    number = -1
    _teller: Teller | None = None

    def belong(self, teller: Teller, number: int) -> None:
        """Tell a form of every change from now on."""
        self._teller, self.number = teller, number

    def add_class(self: P, name: str) -> P:
        """Add a class of the style sheet."""
        if name not in self.classes:
            self.classes = (*self.classes, name)
        return self

    def remove_class(self: P, name: str) -> P:
        """Take a class of the style sheet away."""
        if name in self.classes:
            self.classes = tuple(each for each in self.classes if each != name)
        return self

    def state(self) -> dict[str, Any]:
        """What the page shows, as JSON has it; what is empty, or 0, is left out."""
        values = {name: self.shown(name) for name in self.told}
        return {"kind": self.kind, **{name: value for name, value in values.items() if value}}

    def shown(self, name: str) -> Any:
        """What the page is told of a trait."""
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take what a person did in a page."""

    def notify_change(self, change: Any) -> None:
        """Tell those who observe the trait, and the page."""
        super().notify_change(change)
        if self._teller is not None and change["name"] in self.told:
            self._teller.tell(self)


class Box(Part):
    """Parts below each other, or in one line."""

    kind = "box"
    told = (*Part.told, "children", "in_line")

    children = traitlets.Tuple()
    in_line = traitlets.Bool(False)

    def __init__(self, *children: Part, **traits: Any) -> None:
        super().__init__(children=children, **traits)

    def shown(self, name: str) -> Any:
        """Children by their numbers."""
        return [child.number for child in self.children] if name == "children" else super().shown(name)


class Heading(Part):
    """A heading."""

    kind = "heading"


class Button(Part):
    """Something to press."""

    kind = "button"

    def __init__(self, description: str, tooltip: str = "", press: Callable[[], object] | None = None) -> None:
        super().__init__(description=description, tooltip=tooltip)
        self._press = press

    def click(self) -> None:
        """Do what a person does who presses it."""
        if self._press is not None:
            self._press()

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """It was pressed."""
        self.click()


class Input(Part):
    """Something with a value that a person sets."""

    told = (*Part.told, "value")

    value: Any

    def read(self, value: Any) -> Any:
        """The value that a page means; raises ValueError or TypeError for what cannot be one."""
        return value

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """A value was set; what cannot be one, no script of ours sends."""
        try:
            value = self.read(content["value"])
        except (KeyError, TypeError, ValueError):
            return
        self.value = value


class Toggle(Input):
    """Something to switch on and off."""

    kind = "toggle"
    value = traitlets.Bool(False)


class Check(Input):
    """A box to tick."""

    kind = "check"
    value = traitlets.Bool(False)


class Text(Input):
    """A line to write in, taken over when the person is done with it; with suggestions if there are any.

    Attributes
    ----------
    wanted
        What is to be written there, in a word; shown while nothing is.
    """

    kind = "text"
    told = (*Input.told, "suggestions", "wanted")

    value = traitlets.Unicode()
    wanted = traitlets.Unicode()
    suggestions = traitlets.Tuple()


class Slider(Input):
    """Positions from 0 to the last.

    Attributes
    ----------
    words
        What the position stands for; a screen reader says it instead of the position.
    """

    kind = "slider"
    told = (*Input.told, "last", "words")

    value = traitlets.Int()
    last = traitlets.Int(1)
    words = traitlets.Unicode()

    def read(self, value: Any) -> int:
        """A position that there is."""
        return max(0, min(self.last, int(value)))


class Menu(Input):
    """Named values, of which one is chosen, or none."""

    kind = "menu"
    told = (*Input.told, "options")

    options: Any = traitlets.List()  # pairs of a name and a value
    value = traitlets.Any()

    @property
    def place(self) -> int:
        """Where among the options the value stands; -1 while it is none of them."""
        found = (n for n, (_, value) in enumerate(self.options) if value is self.value or value == self.value)
        return next(found, -1)

    @property
    def label(self) -> str:
        """The name of what is chosen."""
        return "" if self.place < 0 else self.options[self.place][0]

    def shown(self, name: str) -> Any:
        """Names alone, and the place of the value among them."""
        if name == "options":
            return [label for label, _ in self.options]
        return self.place if name == "value" else super().shown(name)

    def read(self, value: Any) -> Any:
        """The value at a place."""
        if not 0 <= int(value) < len(self.options):
            raise ValueError(f"There is no option {value}.")
        return self.options[int(value)][1]
