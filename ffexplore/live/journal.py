"""The journal of a run: which settings were in force from which step, so that the run can be repeated."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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


class Note(NamedTuple):
    """Settings that were taken up at a step; or a fit of the read-out then, with those in force and its passes.

    The number grows from one to the next and tells what came first at the same step.
    """

    step: int
    settings: Settings
    passes: int = 0
    number: int = 0


class Journal:
    """Takes down every change of settings in the order in which the trainer took them up; safe from any thread.

    Fits of the read-out are among them.

    Attributes
    ----------
    is_complete
        False once there were so many changes that the oldest were put together.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._beginning: Beginning | None = None
        self._notes: list[Note] = []
        self._left: list[Note] = []  # what was left behind when somebody last went back
        self._numbers = 0
        self.is_complete = True

    def __repr__(self) -> str:
        return f"<Journal of {len(self.changes)} changes>"

    @property
    def beginning(self) -> Beginning | None:
        """Where the run began; None before there was one."""
        with self._lock:
            return self._beginning

    @property
    def notes(self) -> list[Note]:
        """Everything that was taken down, in order."""
        with self._lock:
            return list(self._notes)

    @property
    def changes(self) -> list[tuple[int, Settings]]:
        """The steps at which settings were taken up, and those settings, in order."""
        return [(note.step, note.settings) for note in self.notes if not note.passes]

    @property
    def newest(self) -> int:
        """The number of what was taken down last on the way here; 0 where there is nothing."""
        with self._lock:
            return self._notes[-1].number if self._notes else 0

    @property
    def present(self) -> Settings | None:
        """The settings in force; None before there were any."""
        with self._lock:
            if self._notes:
                return self._notes[-1].settings
            return None if self._beginning is None else self._beginning.settings

    def begin(self, settings: Settings, step: int = 0, path: Path | None = None) -> None:
        """Begin a new run and forget the one before."""
        with self._lock:
            self._beginning, self._notes, self._left = Beginning(settings, step, path), [], []
            self.is_complete = True

    def note(self, step: int, settings: Settings) -> None:
        """Take down that settings were taken up when so many steps were made."""
        with self._lock:
            self._append(step, settings)
            if len(self._notes) > MOST:
                half = MOST // 2
                self._notes[:half] = self._notes[1:half:2]
                self.is_complete = False

    def note_fit(self, step: int, settings: Settings, passes: int) -> None:
        """Take down that the read-out was fitted in so many passes when so many steps were made."""
        with self._lock:
            self._append(step, settings, passes)

    def _append(self, step: int, settings: Settings, passes: int = 0) -> None:
        self._numbers += 1
        self._notes.append(Note(step, settings, passes, self._numbers))

    def rewind(self, step: int) -> None:
        """Say that the weights went back to a step; later changes stay in force and count from there.

        A later fit of the read-out is lost.
        """
        with self._lock:
            self._notes = [
                note._replace(step=min(note.step, step)) for note in self._notes if not note.passes or note.step <= step
            ]

    def branch(self, moment: Moment) -> None:
        """Say that the run goes on from a kept moment; what is left behind can be come back to."""
        with self._lock:
            present = self._notes
            if moment.fork is not None:
                self._notes = self._left
            else:
                self._notes = [note for note in present if note.number <= moment.noted]
            self._left = present
