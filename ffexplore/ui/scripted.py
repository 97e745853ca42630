"""Widgets whose script travels once for a kernel: the messages that open one carry a few lines that find it."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import anywidget
import ipywidgets as widgets
import traitlets

from ffexplore.ui.made import shared
from ffexplore.ui.script import bare, joined, read_static
from ffexplore.ui.turns import turns

KERNEL = uuid.uuid4().hex[:8]  #: with what the addresses of this kernel's widgets begin, and of no other's

_kept: dict[str, Script] = {}
_lock = threading.Lock()


class Script(widgets.Widget):
    """A script and its style sheet; nothing is shown of it, and nobody closes it, because other widgets need it."""

    name = traitlets.Unicode().tag(sync=True)  #: tells the style sheet of one script from those of others
    key = traitlets.Unicode().tag(sync=True)  #: a page that has run what has this key need not run it again
    source = traitlets.Unicode().tag(sync=True)
    style = traitlets.Unicode().tag(sync=True)

    def __repr__(self) -> str:
        return f"Script({self.name!r}, {len(self.source) + len(self.style)} characters)"


class Scripted(anywidget.AnyWidget):
    """A widget with a script of ours.

    A notebook, a saved state and a page of its own hold the script because the widget refers to it, as it does to its
    layout.

    Attributes
    ----------
    name, modules, folder, sheet
        What the script is called, its modules in the order of their imports, where they are below ``ui/static``, and
        the file of its style sheet, if it has one; for each class.
    """

    _esm = bare("loader.js", "explorer")

    name: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    folder: ClassVar[str] = "explorer"
    sheet: ClassVar[str] = ""

    script = traitlets.Instance(Script).tag(sync=True, **widgets.widget_serialization)

    #: What the page finds the widget by; anywidget shows a script no more of it than its values.
    address = traitlets.Unicode().tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("layout", shared(widgets.Layout))
        address = kwargs.setdefault("model_id", KERNEL + uuid.uuid4().hex[8:])
        super().__init__(script=script_of(type(self)), address=address, **kwargs)

    def _handle_custom_msg(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Hear a message in its turn, if the page gave it one, among those to all widgets of this kernel."""
        if "turn" in content:
            page, number = content["turn"]
            turns[page].take(number, lambda: self._msg_callbacks(self, content, buffers))
        else:
            self._msg_callbacks(self, content, buffers)


def script_of(kind: type[Scripted]) -> Script:
    """The script of a class of widgets, as this kernel sent it to its pages."""
    with _lock:
        kept = _kept.get(kind.name)
        if kept is None or kept.comm is None:  # somebody closed every widget of the kernel
            source = joined(*kind.modules, folder=kind.folder)
            style = read_static(kind.sheet, kind.folder) if kind.sheet else ""
            key = hashlib.sha256(f"{source}\0{style}".encode()).hexdigest()[:16]
            kept = _kept[kind.name] = Script(name=kind.name, key=key, source=source, style=style)
        return kept
