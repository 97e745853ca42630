"""The guard: tells what the program writes into a control from what a person sets there."""

from __future__ import annotations

import threading


class Guard:
    """A lock around writing controls, which also tells a callback that the program, not a person, caused it.

    A callback of a trait runs in the thread that set it, so asking whether this thread holds the guard is enough. ::

        with guard:
            slider.value = 2.0  # its callback sees guard.is_mine
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._depth = 0

    @property
    def is_mine(self) -> bool:
        """Whether the present thread is writing controls."""
        return self._owner == threading.get_ident()

    def __enter__(self) -> Guard:
        self._lock.acquire()
        self._owner = threading.get_ident()
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
        self._lock.release()
