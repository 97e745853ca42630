"""The curves over time, kernel side, with the moments that one can go on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.frames import Arrays
from ffexplore.ui.travel import Travel

if TYPE_CHECKING:
    from ffexplore.ui.panes import History


class CurvesPane:
    """Accuracy, separation and loss over time with every change marked; sends only the rows a view does not hold yet.

    Parameters
    ----------
    travel
        Says which moment is shown, and which ones one can go on from.
    """

    fields = ("step", "epoch", "accuracy", "readout_accuracy", "auc", "loss")

    def __init__(self, travel: Travel) -> None:
        self._travel = travel
        self._history: History | None = None
        self._runs = 0

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take what a person did: travel, and go on from a moment."""
        self._travel.hear(content)

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack the rows and the changes from the first one that some view lacks."""
        if history is not self._history:
            self._history, self._runs = history, self._runs + 1
        if history is None:
            return {"generation": f"{self._runs}", "from": 0, "changes_from": 0, "changes": [], "arrays": {}}
        generation = f"{self._runs}.{history.generation}"
        curve, changes = history.curve(), list(history.changes)
        same = [held for held in have if held.get("generation") == generation]
        complete = len(same) == len(have)
        rows = min((int(held["rows"]) for held in same), default=0) if complete else 0
        known = min((int(held["changes"]) for held in same), default=0) if complete else 0
        past = self._travel.shown(snapshot, history) if self._travel.is_past else None
        return {
            "past": None if past is None or past is snapshot else past.step,
            "moments": [[moment.number, moment.step, moment.fork] for moment in self._travel.moments],
            "generation": generation,
            "from": rows,
            "changes_from": known,
            "changes": [[int(step), str(text)] for step, text in changes[known:]],
            "arrays": {name: arrays.add(np.asarray(curve[name])[rows:]) for name in self.fields},
        }
