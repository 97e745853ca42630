"""The journal of a run: which settings were in force from which step, so that the run can be repeated."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from ffexplore.engine.settings import Settings
from ffexplore.live.moments import Moment

MOST = 5000  # changes that are kept; a slider on its way makes some ten a second


@dataclass(frozen=True)
class Beginning:
    """Where a run began.

    Attributes
    ----------
    settings
        Those it began with.
    step
        0, or the step that a Trainer or a checkpoint brought along.
    path
        The checkpoint it began with, if it did.
    """

    settings: Settings
    step: int = 0
    path: Path | None = None


class Journal:
    """Takes down every change of settings in the order in which the trainer took them up; safe from any thread.

    Attributes
    ----------
    is_complete
        False once there were so many changes that the oldest were put together.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._beginning: Beginning | None = None
        self._changes: list[tuple[int, Settings]] = []
        self._left: list[tuple[int, Settings]] = []  # what was left behind when somebody last went back
        self.is_complete = True

    def __repr__(self) -> str:
        return f"<Journal of {len(self._changes)} changes>"

    @property
    def beginning(self) -> Beginning | None:
        """Where the run began; None before there was one."""
        with self._lock:
            return self._beginning

    @property
    def changes(self) -> list[tuple[int, Settings]]:
        """The steps at which settings were taken up, and those settings, in order."""
        with self._lock:
            return list(self._changes)

    @property
    def present(self) -> Settings | None:
        """The settings in force; None before there were any."""
        with self._lock:
            if self._changes:
                return self._changes[-1][1]
            return None if self._beginning is None else self._beginning.settings

    def begin(self, settings: Settings, step: int = 0, path: Path | None = None) -> None:
        """Begin a new run and forget the one before."""
        with self._lock:
            self._beginning, self._changes, self._left = Beginning(settings, step, path), [], []
            self.is_complete = True

    def note(self, step: int, settings: Settings) -> None:
        """Take down that settings were taken up when so many steps were made."""
        with self._lock:
            self._changes.append((step, settings))
            if len(self._changes) > MOST:
                half = MOST // 2
                self._changes[:half] = self._changes[1:half:2]
                self.is_complete = False

    def rewind(self, step: int) -> None:
        """Say that the weights went back to a step; later changes stay in force and count from there."""
        with self._lock:
            self._changes = [(min(at, step), settings) for at, settings in self._changes]

    def branch(self, moment: Moment) -> None:
        """Say that the run goes on from a kept moment; what is left behind can be come back to."""
        with self._lock:
            present = self._changes
            if moment.fork is not None:
                self._changes = self._left
            else:
                kept = [change for change in present if change[0] <= moment.step]
                while kept and kept[-1][0] == moment.step and kept[-1][1] != moment.settings:
                    kept.pop()  # made at the same step, but after the moment was kept
                self._changes = kept
            self._left = present
