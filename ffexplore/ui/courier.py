"""The courier: carries the latest frame to every open view, no faster than the views can draw."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Frame = tuple[dict[str, Any], bytes]  #: the JSON header and the buffer

LATE = 1.0  #: seconds after which an unanswered frame no longer holds back the next one
FORGET = 60.0  #: seconds of silence after which a view counts as closed; one sign of life brings it back
IN_FLIGHT = 2  #: unanswered frames a view may have when the person caused the newest one


@dataclass
class View:
    """One open view of the board in some page."""

    panes: frozenset[str] = frozenset()  #: names of the panes that can be seen in it
    have: Mapping[str, Any] = field(
        default_factory=dict
    )  #: pane name -> what the view already holds, in the pane's words
    answered: int = 0  #: sequence number of the last frame it drew
    waiting_since: float | None = None  #: when the oldest frame without an answer was sent

    def is_late(self, now: float) -> bool:
        """Tell whether the view has owed an answer for longer than `LATE`."""
        return self.waiting_since is not None and now - self.waiting_since >= LATE


class Courier:
    """Delivers the latest of the things offered, with back-pressure; safe to use from any thread.

    A frame goes out when every view that keeps pace has drawn the one before. A view that owes an answer for more than
    a second no longer holds back the others; if all do, one frame a second goes out. What is offered in between
    replaces what waited. Nothing is composed while no view can see a pane.

    Parameters
    ----------
    compose
        Called with the views that can see something, at the moment of sending; returns the header and the buffer.
    send
        Takes the header, completed by ``kind`` and ``seq``, and the buffer to the page.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(
        self,
        compose: Callable[[Sequence[View]], Frame],
        send: Callable[[dict[str, Any], bytes], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._compose = compose
        self._send = send
        self._clock = clock
        self._lock = threading.RLock()
        self._views: dict[str, View] = {}
        self._seq = 0
        self._sent_at = float("-inf")
        self._has_something = False
        self._is_pending = False
        self._is_closed = False
        self._timer: threading.Timer | None = None

    @property
    def visible(self) -> frozenset[str]:
        """Names of the panes that at least one open view can see."""
        with self._lock:
            return frozenset().union(*(view.panes for view in self._views.values()))

    @property
    def has_views(self) -> bool:
        """Whether any view is open, in sight or not."""
        with self._lock:
            return bool(self._views)

    def offer(self, *, urgent: bool = False) -> None:
        """Say that there is something newer to compose a frame from.

        Parameters
        ----------
        urgent
            The person caused it: send at once, unless `IN_FLIGHT` frames are on their way already.
        """
        with self._lock:
            self._has_something = self._is_pending = True
            self._pump(IN_FLIGHT if urgent else 1)

    def receive(self, content: Mapping[str, Any]) -> None:
        """Take a view's message: ``hello`` (it opened), ``panes`` (what it sees changed), ``ack`` (it drew) or ``bye``.

        Parameters
        ----------
        content
            ``kind``, ``view`` (its id) and, but for ``bye``, ``panes``, ``have`` and ``seq`` (the last frame drawn).
        """
        kind, name = content["kind"], str(content["view"])
        with self._lock:
            if kind == "bye":
                self._views.pop(name, None)
                self._pump(1)
                return
            view = self._views.setdefault(name, View(answered=self._seq))
            sees_more = bool(frozenset(content["panes"]) - view.panes)
            view.panes, view.have = frozenset(content["panes"]), content["have"]
            if kind == "ack":
                self._answer(view, int(content["seq"]))
            elif kind == "hello":
                self._answer(view, self._seq)
            if kind == "hello" or sees_more:
                self._is_pending = self._has_something
                self._pump(None)
            else:
                self._pump(1)

    def close(self) -> None:
        """Send nothing any more."""
        with self._lock:
            self._is_closed = True
            self._views.clear()
            self._cancel_timer()

    def _answer(self, view: View, seq: int) -> None:
        view.answered = max(view.answered, seq)
        view.waiting_since = None if view.answered >= self._seq else self._clock()

    def _pump(self, in_flight: int | None) -> None:
        """Send what is pending if the views allow it; `in_flight` None asks nobody."""
        now = self._clock()
        for name, view in list(self._views.items()):
            if view.waiting_since is not None and now - view.waiting_since > FORGET:
                del self._views[name]
        watching = [view for view in self._views.values() if view.panes]
        if self._is_closed or not self._is_pending or not watching:
            return
        prompt = [view for view in watching if not view.is_late(now)]
        if in_flight is None:
            may_send = True
        elif prompt:
            may_send = all(self._seq - view.answered < in_flight for view in prompt)
        else:
            may_send = now - self._sent_at >= LATE
        if may_send:
            self._deliver(watching, now)
        else:
            self._look_again(LATE)

    def _deliver(self, watching: Sequence[View], now: float) -> None:
        self._cancel_timer()
        self._is_pending = False
        header, buffer = self._compose(watching)
        self._seq += 1
        self._sent_at = now
        for view in self._views.values():
            if not view.panes:
                view.answered = self._seq  # it cannot draw, so it owes nothing
            elif view.waiting_since is None:
                view.waiting_since = now
        self._send({"kind": "frame", "seq": self._seq, **header}, buffer)

    def _look_again(self, seconds: float) -> None:
        # Without this a last frame (training paused) would stay behind when an answer got lost.
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._on_timer)
            self._timer.daemon = True
            self._timer.start()

    def _on_timer(self) -> None:
        with self._lock:
            self._timer = None
            self._pump(1)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
