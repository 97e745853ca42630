"""The panes of the board, kernel side: what each of them needs from a moment of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.frames import Arrays
from ffexplore.ui.picture_panes import FieldsPane, GalleryPane


class History(Protocol):
    """What the board asks of a history; both may be called from any thread and return something that stays as it is."""

    @property
    def generation(self) -> int:
        """Counts how often the rows were thinned or cleared; while it stays, rows are only appended."""

    @property
    def changes(self) -> Sequence[tuple[int, str]]:
        """The step and the words of every change a person made, in order."""

    def curve(self) -> Mapping[str, NDArray[Any]]:
        """``step`` (T,), ``epoch`` (T,), ``accuracy`` (T, K) and ``readout_accuracy`` (T, K), T bounded."""


class Pane(Protocol):
    """One pane: packs what its counterpart in the page draws."""

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Return the JSON part and add the numbers to `arrays`.

        Parameters
        ----------
        snapshot
            The moment to show.
        history
            What came before it, if anything keeps it.
        have
            For each view that waits, what it said it already holds of this pane (empty if nothing).
        arrays
            Where the numbers go; what its ``add`` returns belongs under the key ``arrays`` of the result.
        """


class HistogramsPane:
    """A row per layer: positive goodness upwards, negative mirrored downwards, the threshold, and measures in words."""

    fields = (
        "low", "high", "positive", "negative", "threshold", "mean_positive", "mean_negative", "auc", "dead",
    )  # fmt: skip

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack the counts, their range and the measures, each with its axis of variants first."""
        return {
            "widths": list(snapshot.widths),
            "goodness": list(snapshot.goodness),
            "arrays": {name: arrays.add(getattr(snapshot, name)) for name in self.fields},
        }


class CurvesPane:
    """Validation accuracy over time with every change marked; sends only the rows a view does not hold yet."""

    fields = ("step", "epoch", "accuracy", "readout_accuracy")

    def __init__(self) -> None:
        self._history: History | None = None
        self._runs = 0

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
        return {
            "generation": generation,
            "from": rows,
            "changes_from": known,
            "changes": [[int(step), str(text)] for step, text in changes[known:]],
            "arrays": {name: arrays.add(np.asarray(curve[name])[rows:]) for name in self.fields},
        }


def standard_panes() -> dict[str, Pane]:
    """Return a fresh set of all panes by name; the page has a drawing part of the same name for each."""
    return {"histograms": HistogramsPane(), "curves": CurvesPane(), "gallery": GalleryPane(), "fields": FieldsPane()}


#: What a board shows at first.
USUAL_PANES = ("histograms", "curves")
