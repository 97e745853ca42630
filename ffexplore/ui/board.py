"""The board: one widget that hosts every pane of an explorer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from ffexplore.data import Dataset
from ffexplore.errors import SettingsError, unknown_name
from ffexplore.live.compared import Compared
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.compare_pane import ComparePane
from ffexplore.ui.courier import Courier, Frame, View
from ffexplore.ui.frames import Arrays
from ffexplore.ui.panes import USUAL_PANES, History, standard_panes, unfit_panes
from ffexplore.ui.script import MODULES
from ffexplore.ui.scripted import Scripted
from ffexplore.ui.travel import Kept, Travel

ThresholdMoved = Callable[[int, float, bool], None]

COMPARE = "compare"  #: the pane of the variants, which is there while some are compared ...
REPLACED = ("histograms", "curves")  #: ... in the place of these
RESTS = "This view shows one network, and several are trained now. It goes on when one of them is chosen, or none."


class Board(Scripted):
    """Shows snapshots of training; draws nothing itself, but sends the page small binary frames.

    Parameters
    ----------
    panes
        Names of the panes to show, whatever their order; see `Board.pane_names`. Can be changed at any time, also by
        the toggles in the page; every view shows the same panes.

    Raises
    ------
    SettingsError
        If a pane does not exist.
    """

    name, modules, folder, sheet = "board", MODULES, "", "board.css"

    #: Every pane there is.
    pane_names: tuple[str, ...] = tuple(standard_panes())

    panes = traitlets.List(traitlets.Unicode(), default_value=list(USUAL_PANES)).tag(sync=True)
    threshold_is_movable = traitlets.Bool(False).tag(sync=True)
    #: How histograms are read: densities instead of counts, on a logarithmic axis.
    shows_density = traitlets.Bool(False).tag(sync=True)
    is_logarithmic = traitlets.Bool(False).tag(sync=True)
    #: Whether the ranges of the histograms are to stay as they are, and whether somebody sees to that.
    ranges_are_locked = traitlets.Bool(False).tag(sync=True)
    ranges_can_be_locked = traitlets.Bool(False).tag(sync=True)
    #: Whether the curves run over epochs instead of batches.
    counts_epochs = traitlets.Bool(False).tag(sync=True)
    #: Whether somebody sees to it that training goes on from a kept moment.
    can_branch = traitlets.Bool(False).tag(sync=True)

    #: Whether variants are compared: then they take the place of histograms and curves, and the other panes rest.
    is_comparing = traitlets.Bool(False).tag(sync=True)
    #: Whether each of them shows the histograms of its layers; None until a person said so: where they are few.
    shows_layers = traitlets.Bool(None, allow_none=True).tag(sync=True)

    #: Panes that have nothing to show of the present data; they are not offered unless they are shown already.
    unfit = traitlets.List(traitlets.Unicode()).tag(sync=True)

    #: Whether it is for a projector: in larger type, and without what only the person at the keyboard needs.
    is_slide = traitlets.Bool(False).tag(sync=True)

    def __init__(self, panes: Sequence[str] = USUAL_PANES, **kwargs: Any) -> None:
        self._travel = Travel()
        self._packers = standard_panes(self._travel)
        self._packers[COMPARE] = self._compare_pane = ComparePane()
        #: the panes whose content is asked of the trainer, by name
        self.asked_panes: dict[str, AskedPane[Any]] = {
            name: pane for name, pane in self._packers.items() if isinstance(pane, AskedPane)
        }
        self._latest: tuple[Snapshot, History | None] | None = None
        self._threshold_callbacks: list[ThresholdMoved] = []
        self._seen_callbacks: list[Callable[[], None]] = []
        self._heard_callbacks: list[Callable[[str], None]] = []
        self._courier = Courier(self._compose, self._send_frame)
        #: pane name -> the exception that stopped it. Such a pane says so and is left alone, while the others go on,
        #: until the person wants it again, or changes what trains
        self.errors: dict[str, Exception] = {}
        super().__init__(panes=list(panes), **kwargs)
        self.on_msg(self._receive)

    def __repr__(self) -> str:
        return f"Board(panes={list(self.panes)})"

    @traitlets.validate("panes")
    def _check_panes(self, proposal: Mapping[str, Any]) -> list[str]:
        for name in proposal["value"]:
            if name not in self.pane_names:
                raise SettingsError(unknown_name("pane", name, self.pane_names))
        return [name for name in self.pane_names if name in proposal["value"]]

    @traitlets.observe("panes")
    def _on_panes(self, change: Any) -> None:
        for name in set(change["new"]).symmetric_difference(change["old"] or ()):
            self.errors.pop(name, None)
        # A view may have told that it sees a pane before the kernel knew that there is one to be shown.
        if self._latest is not None:
            self._courier.offer(urgent=True)

    @property
    def shown(self) -> list[str]:
        """Names of the panes in the page, in sight or not: that of the variants too, while some are compared."""
        if not self.is_comparing:
            return list(self.panes)
        return [COMPARE, *(name for name in self.panes if name not in REPLACED)]

    @property
    def visible(self) -> frozenset[str]:
        """Names of the panes that somebody can see right now; empty while the board is hidden or not displayed."""
        return self._courier.visible

    @property
    def is_open(self) -> bool:
        """Whether any page shows the board, in sight or not."""
        return self._courier.has_views

    def show(
        self,
        snapshot: Snapshot,
        history: History | None = None,
        *,
        moments: Sequence[Kept] = (),
        compared: Compared | None = None,
        urgent: bool = False,
    ) -> None:
        """Show a moment of training in every open view; returns at once, from any thread.

        Only the latest moment is kept: what the page has no time to draw is skipped, and what no view can see is not
        even packed. A view that opens later gets the latest moment.

        Parameters
        ----------
        snapshot
            The moment.
        history
            What came before it; without it the curves stay empty.
        moments
            Moments of it that one can go on from.
        compared
            The variants that are compared, if any are.
        urgent
            The person caused this moment by a change: do not wait for the frame before to be drawn.
        """
        self._latest, self._travel.moments = (snapshot, history), moments
        if compared is not None or snapshot.auc.shape[0] == 1:  # after a choice a moment of all may still come
            self._show_compared(compared)
        if snapshot.changes:
            self.errors.clear()
        self._courier.offer(urgent=urgent)

    def _show_compared(self, compared: Compared | None) -> None:
        """Show variants side by side from now on, or one network again."""
        if compared is not None and self._compare_pane.compared is None:
            self._travel.go(None)
        if compared is not self._compare_pane.compared:
            self._compare_pane.compared, self.shows_layers = compared, None
        self.is_comparing = compared is not None

    def suit(self, data: Dataset | None) -> None:
        """Offer only panes that have something to show of data; while they are not known, those of the last ones."""
        if data is not None:
            self.unfit = unfit_panes(data)

    def on_choose(self, callback: Callable[[int | None], None]) -> None:
        """Call back with the number of the variant that a person chose, or None for the run from before."""
        self._compare_pane.callbacks.append(callback)

    def on_threshold(self, callback: ThresholdMoved) -> None:
        """Make the threshold lines draggable and call back while one is dragged.

        Parameters
        ----------
        callback
            Called with the layer (from 0), the value and whether this is where the person let go. It runs in
            whatever thread brings the message, so it should only post the change.
        """
        self._threshold_callbacks.append(callback)
        self.threshold_is_movable = True

    def on_lock(self, callback: Callable[[bool], None]) -> None:
        """Offer to lock the ranges of the histograms, and call back when that is wanted or no longer."""
        self.observe(lambda change: callback(change["new"]), names="ranges_are_locked")
        self.ranges_can_be_locked = True

    def on_branch(self, callback: Callable[[int], None]) -> None:
        """Offer to go on from a kept moment, and call back with its number when that is wanted, in any thread."""
        self._travel.branch_callbacks.append(callback)
        self.can_branch = True

    def on_seen(self, callback: Callable[[], None]) -> None:
        """Call back whenever a pane came in sight that nobody saw before, in whatever thread brings the message."""
        self._seen_callbacks.append(callback)

    def on_heard(self, callback: Callable[[str], None]) -> None:
        """Call back with a pane's name after a person did something in it that the trainer is to be asked about."""
        self._heard_callbacks.append(callback)

    def deliver(self, name: str, answer: Any) -> None:
        """Bring a pane what was asked of the trainer for it; returns at once, from any thread.

        Parameters
        ----------
        name
            The pane, one of `asked_panes`.
        answer
            What its look found, or the exception that it raised.
        """
        if isinstance(answer, Exception):
            self.errors[name] = answer
        else:
            self.asked_panes[name].take(answer)
        if self._latest is not None:
            self._courier.offer()

    def close(self) -> None:
        """Send nothing any more and close the widget in every page."""
        self._courier.close()
        super().close()

    def _receive(self, _: Any, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        if content["kind"] == "threshold":
            self._move_threshold(content)
        elif content["kind"] == "pane":
            self._hear(str(content["pane"]), content, buffers)
        else:
            before = self.visible
            self._courier.receive(content)
            if self.visible - before:
                for seen in self._seen_callbacks:
                    seen()

    def _move_threshold(self, content: Mapping[str, Any]) -> None:
        value = float(content["value"])
        if math.isfinite(value):
            for callback in self._threshold_callbacks:
                callback(int(content["layer"]), value, bool(content["final"]))

    def _hear(self, name: str, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """A person did something in a pane, or wants one again that stopped."""
        self.errors.pop(name, None)
        hear = getattr(self._packers.get(name), "hear", None)
        try:
            if hear is not None and not content.get("retry"):
                hear(content, buffers)
        except Exception as error:
            self.errors[name] = error
        if name in self.asked_panes:
            for heard in self._heard_callbacks:
                heard(name)
        if self._latest is not None:
            self._courier.offer(urgent=True)

    def _compose(self, views: Sequence[View]) -> Frame:
        assert self._latest is not None  # the courier composes only after an offer
        snapshot, history = self._latest
        arrays = Arrays()
        panes: dict[str, Any] = {}
        seen = frozenset[str]().union(*(view.panes for view in views))
        for name in self.shown:
            if name not in seen:
                continue
            if self.is_comparing and name != COMPARE:
                panes[name] = {"rests": RESTS}
            else:
                have = [view.have.get(name, {}) for view in views]
                panes[name] = self._pack(name, snapshot, history, have, arrays)
        return {"step": snapshot.step, "epoch": snapshot.epoch, "panes": panes}, arrays.buffer()

    def _pack(
        self, name: str, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        error = self.errors.get(name)
        if error is None:
            try:
                return self._packers[name].pack(snapshot, history, have, arrays)
            except Exception as raised:  # one broken pane must neither stop training nor hide the others
                error = self.errors[name] = raised
        return {"error": f"{type(error).__name__}: {error}"}

    def _send_frame(self, header: dict[str, Any], buffer: bytes) -> None:
        self.send(header, buffers=[buffer])
