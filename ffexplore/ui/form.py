"""A form: one widget for many controls, because a widget of its own for each is what makes a page slow to open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import traitlets

from ffexplore.ui.parts import Box, Part, Text
from ffexplore.ui.scripted import Scripted


class Form(Scripted):
    """Shows parts, tells the page what changes in them, and them what a person does; safe from any thread.

    The page knows every part as a piece of the widget's state, so that a page that opens later, or again, sees the
    present. What a person does comes as one message, and is answered with the part as it is then, also where the value
    was refused: the page takes no older word about a part than that answer.

    Parameters
    ----------
    *children
        What it shows, from top to bottom, or in a line if `in_line`.
    """

    name, modules = "form", ("turn", "field", "parts", "form")

    in_line = traitlets.Bool(False).tag(sync=True)

    def __init__(self, *children: Part, **kwargs: Any) -> None:
        self._lock = threading.RLock()
        self._parts: dict[str, Part] = {}
        self._answers: dict[Part, Any] = {}  # part -> the page's name for the last message about it
        self._changed: dict[Part, None] = {}  # that the page does not know yet, in order
        self._holders = 0
        self._entry_callbacks: list[Callable[[], object]] = []
        self._root = Box(*children)
        self._adopt(self._root)
        super().__init__(**kwargs)
        self._changed.clear()  # all of it travelled with the widget
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._parts)} parts)"

    @property
    def children(self) -> tuple[Part, ...]:
        """What it shows."""
        children: tuple[Part, ...] = self._root.children
        return children

    def on_entry(self, callback: Callable[[], object]) -> None:
        """Call back when a person has written something, even what stood there, and before that is taken over."""
        self._entry_callbacks.append(callback)

    def tell(self, part: Part) -> None:
        """Tell the page of a change, at once or when nobody holds it back any more."""
        with self._lock:
            for child in getattr(part, "children", ()):
                self._adopt(child)
            self._changed[part] = None
            self._send_changes()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """What changes meanwhile travels in one message."""
        with self._lock:
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                self._send_changes()

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The state for the page; each part is a piece of it, under its number."""
        wanted = None if key is None else {key} if isinstance(key, str) else set(key)
        with self._lock:
            parts = {name: part for name, part in self._parts.items() if wanted is None or name in wanted}
            state = {name: self._state_of(part) for name, part in parts.items()}
        rest: dict[str, Any] = super().get_state(wanted if wanted is None else wanted - parts.keys(), drop_defaults)
        return rest | state

    def __getattr__(self, name: str) -> Any:
        """A part as it is in the state, which a page of its own is made of name by name."""
        if name.isdigit() and name in self._parts:
            return self._state_of(self._parts[name])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _state_of(self, part: Part) -> dict[str, Any]:
        answer = self._answers.get(part)
        return part.state() if answer is None else {**part.state(), "answers": answer}

    def _adopt(self, part: Part) -> None:
        if part.number < 0:
            part.belong(self, len(self._parts))
            self._parts[str(part.number)] = part
            self._changed[part] = None
            for child in getattr(part, "children", ()):
                self._adopt(child)

    def _send_changes(self) -> None:
        if not self._holders and self._changed and getattr(self, "comm", None) is not None:
            names = [str(part.number) for part in self._changed]
            self._changed.clear()
            self.send_state(names)

    def _hear(self, _: Any, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        part = self._parts.get(str(content.get("part")))
        if part is None:
            return
        with self.holding():
            with self._lock:
                self._answers[part] = content.get("message")
                self._changed[part] = None
            if part.disabled:  # meanwhile; the page hears what stands there
                return
            if isinstance(part, Text):
                for callback in self._entry_callbacks:
                    callback()
            part.hear(content, buffers)
