"""The drawer "Compare": what is to be compared, its values, and the beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import traitlets

from ffexplore.engine.idle import idle_fields
from ffexplore.engine.settings import Settings
from ffexplore.errors import FFExploreError
from ffexplore.ui.groups import GROUPS
from ffexplore.ui.parts import Toggle
from ffexplore.ui.rows import HIDDEN
from ffexplore.ui.scripted import Scripted
from ffexplore.ui.suggestions import Target, read_values, suggestions, targets

FIRST = "threshold"  #: what is offered first, where it may be compared
TIP = "Train 2 to 16 variants of one setting side by side, and go on with the one you choose"


def _group(target: Target) -> str:
    return Settings.field(target.field).group


class CompareDrawer(Scripted):
    """Asks what is to be compared, with values that suit the present ones.

    What a person does comes as one message each, and a beginning with everything that stands in the drawer then:
    traits that a page changes may come later than the click that follows.

    Parameters
    ----------
    begin
        Called with a field and its values; raises FFExploreError where they are refused.
    excluded
        Fields that are not offered.

    Attributes
    ----------
    toggle : Toggle
        Opens and closes the drawer; stands in the bar.
    """

    name, modules = "compare", ("turn", "drawer", "compare")

    is_open = traitlets.Bool(False).tag(sync=True)
    labels: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)  #: of what may be compared
    groups: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)  #: under which heading each of these stands
    target = traitlets.Unicode().tag(sync=True)  #: the label of what is chosen
    meaning = traitlets.Unicode().tag(sync=True)
    values = traitlets.Unicode().tag(sync=True)  #: as a person would write them
    suggested: Any = traitlets.List(traitlets.List()).tag(sync=True)  #: pairs of a name and values
    problem = traitlets.Unicode().tag(sync=True)  #: what is wrong with what was asked for
    reason = traitlets.Unicode().tag(sync=True)  #: why nothing can be begun now

    def __init__(self, begin: Callable[[str, list[Any]], None], excluded: Iterable[str] = ()) -> None:
        self._begin, self._excluded = begin, frozenset(excluded)
        self._settings: Settings | None = None
        self._standstill = ""
        self._offered: dict[str, Target] = {}
        self._written = ""  # the suggestion that stands in the box; what a person wrote there is left alone
        self.toggle = Toggle(description="Compare", tooltip=TIP).add_class("ffx-comparer")
        super().__init__()
        traitlets.link((self.toggle, "value"), (self, "is_open"))
        self.on_msg(self._receive)

    def __repr__(self) -> str:
        return f"CompareDrawer({'open' if self.is_open else 'closed'})"

    def show(self, settings: Settings, standstill: str) -> None:
        """Suit the present settings; ``standstill`` says why nothing can be begun now."""
        self._settings, self._standstill = settings, standstill
        if not targets(settings, self._excluded):
            self.toggle.add_class(HIDDEN)
        self._refresh()

    @traitlets.observe("is_open")
    def _opened(self, _: Any) -> None:
        self.problem = ""
        self._refresh()

    def _receive(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        """Hear what a person did: chose a ``target``, wrote ``values``, or wants to ``begin`` with both."""
        self.problem = ""
        if content["target"] in self._offered and content["target"] != self.target:
            self.target, self.values, self._written = content["target"], "", ""
            self._refresh()
        if content["kind"] != "target":
            self.values = str(content["values"])
        if content["kind"] == "begin":
            self._start()

    def _start(self) -> None:
        """Begin, or say what is wrong with what was asked for."""
        if self._settings is None or self.target not in self._offered:
            return
        target = self._offered[self.target]
        try:
            self._begin(target.field, read_values(self.values, target, self._settings))
        except FFExploreError as error:
            self.problem = str(error)
        else:
            self.is_open = False

    def _refresh(self) -> None:
        """Offer what may be compared now, with values that suit; only while somebody can see it."""
        settings = self._settings
        if settings is None or not self.is_open:
            return
        in_order = sorted(targets(settings, self._excluded), key=lambda each: GROUPS.index(_group(each)))
        self._offered = {each.label: each for each in in_order}
        if not self._offered:
            return
        with self.hold_sync():
            self.labels = list(self._offered)
            self.groups = [_group(each) for each in self._offered.values()]
            if self.target not in self._offered:
                self.target, self.values = FIRST if FIRST in self._offered else self.labels[0], ""
            target = self._offered[self.target]
            lists = suggestions(target, settings)
            if self.values in ("", self._written):
                self.values = self._written = lists[0][1] if lists else ""
            self.suggested = [list(each) for each in lists]
            self.meaning = target.meaning(settings)
            self.reason = self._standstill or idle_fields(settings).get(target.field, "")
