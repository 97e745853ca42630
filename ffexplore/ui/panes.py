"""The panes of the board, kernel side: what each of them needs from a moment of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from ffexplore.data import Dataset
from ffexplore.engine.judged import Examiner
from ffexplore.engine.landscape import is_plane
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.backprop_pane import BackpropPane
from ffexplore.ui.candidates_pane import CandidatesPane
from ffexplore.ui.confusion_pane import ConfusionPane
from ffexplore.ui.curves_pane import CurvesPane
from ffexplore.ui.diagnostics_pane import DiagnosticsPane
from ffexplore.ui.draw_pane import DrawPane
from ffexplore.ui.frames import Arrays
from ffexplore.ui.histograms_pane import HistogramsPane
from ffexplore.ui.landscape_pane import LandscapePane
from ffexplore.ui.picture_panes import FieldsPane, GalleryPane
from ffexplore.ui.travel import Travel


class History(Protocol):
    """What the board asks of a history; both may be called from any thread and return something that stays as it is."""

    @property
    def generation(self) -> int:
        """Counts how often the rows were thinned or cleared; while it stays, rows are only appended."""

    @property
    def changes(self) -> Sequence[tuple[int, str]]:
        """The step and the words of every change a person made, in order."""

    def curve(self) -> Mapping[str, NDArray[Any]]:
        """``step``, ``epoch`` (T,), ``accuracy``, ``readout_accuracy`` (T, K), ``auc``, ``loss`` (T, K, L).

        T is bounded.
        """

    def at(self, step: int) -> Snapshot | None:
        """The kept moment nearest to a step; None while there is none."""


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


def standard_panes(travel: Travel | None = None) -> dict[str, Pane]:
    """Return a fresh set of all panes by name; the page has a drawing part of the same name for each.

    Parameters
    ----------
    travel
        Which moment those show that can show the past.
    """
    travel = travel or Travel()
    examiner = Examiner()
    return {
        "histograms": HistogramsPane(travel),
        "curves": CurvesPane(travel),
        "gallery": GalleryPane(),
        "fields": FieldsPane(),
        "candidates": CandidatesPane(examiner),
        "confusion": ConfusionPane(examiner),
        "draw": DrawPane(),
        "landscape": LandscapePane(),
        "diagnostics": DiagnosticsPane(),
        "backprop": BackpropPane(),
    }


def _are_pictures(data: Dataset) -> bool:
    return data.kind == "images"


#: What the data must be for a view to have something to show; the other views show any data.
ASKED_OF_DATA: dict[str, Callable[[Dataset], bool]] = {
    "gallery": _are_pictures,
    "fields": _are_pictures,
    "draw": _are_pictures,
    "landscape": is_plane,
}


def unfit_panes(data: Dataset) -> list[str]:
    """Names of the panes that have nothing to show of data."""
    return [name for name, suits in ASKED_OF_DATA.items() if not suits(data)]


#: What a board shows at first.
USUAL_PANES = ("histograms", "curves")
