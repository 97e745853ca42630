"""Back and forth between the settings there were: a line of them, and the place of the present ones in it."""

from __future__ import annotations

import time
from collections.abc import Callable

from ffexplore.engine.settings import Settings
from ffexplore.live.changes import describe, differing

SAME = 1.0  #: seconds within which changes of the same fields are one, because a slider is on its way
MOST = 100  #: settings that are remembered


class Undo:
    """Watches settings go by; going back to the former ones, however it comes about, is undoing.

    Parameters
    ----------
    settings
        The present ones.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._present = settings
        self._past: list[Settings] = []
        self._future: list[Settings] = []
        self._last: tuple[float, list[str]] | None = None
        self._is_refused = False
        self._clock = clock

    def __repr__(self) -> str:
        return f"Undo({len(self._past)} back, {len(self._future)} forth)"

    def refused(self) -> None:
        """Take down that the present settings were never in force: others take their place, and none lead back."""
        self._is_refused = True

    def saw(self, settings: Settings) -> None:
        """Take down that these are the settings now."""
        if settings == self._present:
            return
        is_refused, self._is_refused = self._is_refused, False
        if self._past and settings == self._past[-1]:
            if not is_refused:
                self._future.append(self._present)
            self._past.pop()
            self._last = None
        elif is_refused:
            self._future, self._last = [], None
        elif self._future and settings == self._future[-1]:
            self._past.append(self._present)
            self._future.pop()
            self._last = None
        else:
            now, fields = self._clock(), differing(self._present, settings)
            is_same = self._last is not None and self._last[1] == fields and now - self._last[0] < SAME
            if not is_same:
                self._past = [*self._past, self._present][-MOST:]
            self._future, self._last = [], (now, fields)
        self._present = settings

    @property
    def present(self) -> Settings:
        """The settings that were seen last."""
        return self._present

    @property
    def back(self) -> Settings | None:
        """The settings before the last change; None where there were none."""
        return self._past[-1] if self._past else None

    @property
    def forth(self) -> Settings | None:
        """The settings that were undone last; None where there are none."""
        return self._future[-1] if self._future else None

    def words(self, settings: Settings | None) -> str:
        """What would change with settings, as in ``threshold 1 → 2.5``; empty without any."""
        return "" if settings is None else "; ".join(describe(self._present, settings))
