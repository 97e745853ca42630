"""Which choices of a menu do not fit the other settings or the data, and how the menu says so.

A page's menu cannot switch single options off. One that does not fit stays, greyed by the style sheet, with the
choice that is in its way behind its name and the reason in the tooltip; taking it changes what stands in its way, or
is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.compatibility import RULED, Refusal, refusals
from ffexplore.engine.settings import Settings
from ffexplore.engine.suitability import unsuited
from ffexplore.registry import Choice

MARK = " – not with "  #: stands in a name between the choice and what is in its way; the style sheet looks for it


class Fit:
    """Looks at one field beside the others, and at the data once they are loaded.

    Attributes
    ----------
    refused
        The choices that do not fit at present, by name.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        self.refused: dict[str, Refusal] = {}
        self._settings: Settings | None = None
        self._data: Dataset | None = None
        self._seen: tuple[Any, ...] = ()

    def suit(self, data: Dataset | None) -> None:
        """Take up which data there are, from the next `look` on; None while they are not loaded."""
        self._data = data

    def look(self, settings: Settings) -> None:
        """Take up new settings; costs nothing while no field changed that a rule looks at."""
        self._settings = settings
        seen = (self._data, *(getattr(settings, name) for name in RULED))
        if seen != self._seen:
            by_data = {} if self._data is None else unsuited(settings, self.field, self._data)
            self._seen, self.refused = seen, by_data | refusals(settings, self.field)

    def renew(self) -> None:
        """Look again though no field changed: an entry was registered."""
        self._seen = ()
        if self._settings is not None:
            self.look(self._settings)

    def options(self, names: Iterable[str]) -> list[tuple[str, Any]]:
        """What a menu offers: each name as it is shown, and as it is chosen."""
        return [(name.replace("_", " ") + self._mark(name), name) for name in names]

    def reasons(self) -> str:
        """Why choices do not fit, one a line; empty when all fit."""
        lines = [f"✕ {name}: {refusal.sentence}" for name, refusal in self.refused.items()]
        return "\n\nDo not fit at present:\n" + "\n".join(lines) if lines else ""

    def _mark(self, name: str) -> str:
        if name not in self.refused or self._settings is None:
            return ""
        others = [field for field in self.refused[name].fields if field != self.field]
        if not others:
            return MARK + "the others"
        value = getattr(self._settings, others[0])
        if isinstance(value, Choice):
            return MARK + value.name.replace("_", " ")
        if others[0] == "dataset":
            return MARK + (value.name if isinstance(value, Dataset) else value)
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        return MARK + (others[0].replace("_", " ") + (f" {shown}" if not isinstance(value, tuple) else ""))
