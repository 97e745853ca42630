"""What a panel shows beside the settings: a task, the controls that are there or locked, the panes of the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError, unknown_name
from ffexplore.ui.groups import GROUPS
from ffexplore.ui.panes import USUAL_PANES, standard_panes

ALL, MINIMAL = "all", "minimal"

#: What ``controls="minimal"`` leaves.
FEW = ("goodness", "threshold", "negatives", "learning_rate")

#: What ``layout="slide"`` leaves beside what is named.
ON_SLIDES = ("threshold",)

#: The panes of each layout, unless others are chosen.
LAYOUTS = {"notebook": USUAL_PANES, "slide": ("histograms",)}

LONGEST_TASK = 10_000  #: characters


@dataclass(frozen=True)
class Looks:
    """The looks of a panel; a share string carries them.

    Parameters
    ----------
    controls
        ``"all"``, ``"minimal"``, or names of fields and groups (``"Goodness"``) to show, others being hidden.
    lock
        Names of fields and groups that are shown and cannot be turned.
    task
        What is to be done, for a class; plain text with ``**bold**``, ``*italic*``, ```code``` and lists.
    layout
        ``"notebook"``, or ``"slide"``: larger type, and only what people in front of a projector need.
    panes
        What the board shows.

    Raises
    ------
    SettingsError
        When a name is unknown or the task is no text.
    """

    controls: str | tuple[str, ...] = ALL
    lock: tuple[str, ...] = ()
    task: str = ""
    layout: str = "notebook"
    panes: tuple[str, ...] = USUAL_PANES

    def __post_init__(self) -> None:
        if self.controls not in (ALL, MINIMAL):
            object.__setattr__(self, "controls", _names("controls", self.controls))
            fields_of(self.controls)
        object.__setattr__(self, "lock", _names("lock", self.lock))
        fields_of(self.lock)
        if not isinstance(self.task, str) or len(self.task) > LONGEST_TASK:
            raise SettingsError(
                f"task is {str(self.task)[:40]!r}; it must be a text of at most {LONGEST_TASK} characters."
            )
        panes_of(self.layout)
        object.__setattr__(self, "panes", _names("panes", self.panes))
        for name in self.panes:
            if name not in standard_panes():
                raise SettingsError(unknown_name("pane", name, standard_panes()))

    @property
    def hidden(self) -> frozenset[str]:
        """Fields without a control."""
        if self.has_all:
            return frozenset()
        shown = {ALL: (), MINIMAL: FEW}[self.controls] if isinstance(self.controls, str) else self.controls
        if self.is_slide:
            shown = (*shown, *ON_SLIDES)
        return frozenset(Settings.fields()) - fields_of(shown)

    @property
    def locked(self) -> frozenset[str]:
        """Fields whose control cannot be turned."""
        return fields_of(self.lock)

    @property
    def is_slide(self) -> bool:
        """Whether the panel is for a projector."""
        return self.layout == "slide"

    @property
    def has_all(self) -> bool:
        """Whether every control is there."""
        return self.controls == ALL and not self.is_slide

    def but(self, changes: Mapping[str, Any]) -> Looks:
        """The same looks with some parts changed; another layout brings its own panes where none were chosen."""
        if "layout" in changes and self.panes == panes_of(self.layout):
            changes = {"panes": panes_of(changes["layout"]), **changes}
        return replace(self, **changes)

    def unusual(self) -> dict[str, Any]:
        """What differs from the usual looks, as JSON has it."""
        usual = Looks(panes=panes_of(self.layout))
        mine = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in mine.items()
            if value != getattr(usual, name)
        }

    @classmethod
    def of(cls, values: Any) -> Looks:
        """Looks from what ``unusual`` gives.

        Raises
        ------
        SettingsError
            When it says what no looks have.
        """
        if not isinstance(values, dict):
            raise SettingsError(f"The looks of a panel are a JSON object, not {type(values).__name__}.")
        for name in values:
            if name not in cls.__dataclass_fields__:
                raise SettingsError(unknown_name("part of a panel's looks,", name, cls.__dataclass_fields__))
        return cls().but(values)


def panes_of(layout: Any) -> tuple[str, ...]:
    """The panes that a layout shows unless others are chosen.

    Raises
    ------
    SettingsError
        When there is no such layout.
    """
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise SettingsError(unknown_name("layout", str(layout), LAYOUTS))
    return LAYOUTS[layout]


def fields_of(names: Sequence[str] | str) -> frozenset[str]:
    """The fields that names of fields and groups stand for.

    Raises
    ------
    SettingsError
        When a name is neither.
    """
    fields = Settings.fields()
    found: set[str] = set()
    for name in names:
        if name in GROUPS:
            found |= {field for field, spec in fields.items() if spec.group == name}
        elif name in fields:
            found.add(name)
        else:
            raise SettingsError(unknown_name("control or group", name, [*fields, *GROUPS]))
    return frozenset(found)


def _names(what: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple | set | frozenset) and all(isinstance(name, str) for name in value):
        return tuple(value)
    words = " 'all', 'minimal' or" if what == "controls" else ""
    raise SettingsError(f"{what} is {value!r}; it must be{words} a list of names.")
