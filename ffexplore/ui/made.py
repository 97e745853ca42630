"""Makes widgets that share layout and style, because one of each for every widget trebles what a page has to open."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import ipywidgets as widgets

W = TypeVar("W", bound=widgets.DOMWidget)

_shared: dict[type[widgets.Widget], widgets.Widget] = {}
_lock = threading.Lock()


def made(kind: type[W], *arguments: Any, **traits: Any) -> W:
    """Make a widget with the layout and the style that all explorers of this kernel share; looks come from CSS alone.

    Parameters
    ----------
    kind
        Its class.
    *arguments, **traits
        What the class takes.
    """
    parts = {
        name: shared(kind.class_traits()[name].klass) for name in ("layout", "style") if kind.class_traits().get(name)
    }
    return kind(*arguments, **parts, **traits)


def shared(kind: type[widgets.Widget]) -> widgets.Widget:
    """The one layout or style of a class that all explorers of this kernel share."""
    with _lock:
        if kind not in _shared or _shared[kind].comm is None:  # somebody closed every widget of the kernel
            _shared[kind] = kind()
        return _shared[kind]
