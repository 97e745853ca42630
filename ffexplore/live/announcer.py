"""What a run tells: snapshots to its listeners, and every change in words, to the next snapshot and the history."""

from __future__ import annotations

import time
from collections.abc import Callable

from ffexplore.engine.settings import Settings
from ffexplore.live.changes import describe, differing
from ffexplore.live.history import History
from ffexplore.live.snapshot import Snapshot

SAME_CHANGE = 1.0  # seconds within which changes of the same setting are one mark in the history
KEPT_ERRORS = 20  # errors of listeners that are kept

Listener = Callable[[Snapshot], object]


class Announcer:
    """Hands out snapshots and keeps the history.

    Attributes
    ----------
    snapshot
        The last one that was handed out; None before there was one.
    changes
        What was changed since the last snapshot, in words.
    listeners, listener_errors
        Whoever is called with each snapshot, and what they raised.
    """

    def __init__(self) -> None:
        self.history = History()
        self.snapshot: Snapshot | None = None
        self.changes: list[str] = []
        self.listeners: list[Listener] = []
        self.listener_errors: list[BaseException] = []
        self._mark: tuple[float, tuple[list[str], tuple[str, ...]], Settings] | None = None

    def take_changes(self) -> tuple[str, ...]:
        """What was changed since this was called last."""
        changes, self.changes = tuple(self.changes), []
        return changes

    def hand_out(self, snapshot: Snapshot) -> None:
        """Show a snapshot to every listener; one that raises is not called again."""
        self.snapshot = snapshot
        for listener in tuple(self.listeners):
            try:
                listener(snapshot)
            except BaseException as error:  # nor may one that wants to end the program end training
                self.listener_errors = [*self.listener_errors, error][-KEPT_ERRORS:]
                if listener in self.listeners:
                    self.listeners.remove(listener)

    def tell(self, step: int, text: str) -> None:
        """Say what happened at a step in the next snapshot, and mark it in the history."""
        self.changes.append(text)
        self.history.mark(step, text)

    def tell_change(self, step: int, old: Settings, new: Settings, notes: tuple[str, ...]) -> None:
        """Say what was changed at a step; a slider on its way leaves one mark in the history."""
        now, fields = time.perf_counter(), differing(old, new)
        self.changes += [*describe(old, new), *notes]
        same = self._mark is not None and now - self._mark[0] < SAME_CHANGE and self._mark[1] == (fields, notes)
        before = self._mark[2] if same and self._mark is not None else old
        text = "; ".join([*(describe(before, new) or describe(old, new)), *notes])
        self.history.mark(step, text, replace=same)
        self._mark = now, (fields, notes), before

    def turn_page(self) -> None:
        """Say that what comes next is not a slider that is still on its way."""
        self._mark = None

    def forget(self, step: int, news: str) -> None:
        """Forget what was before; what the history now begins with is said in words."""
        self.turn_page()
        self.changes = []
        self.history.clear()
        self.tell(step, news)
