"""What belongs to the whole process and is held by several threads at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class Held:
    """Taken by the first who enters it, given back by the last who leaves.

    Parameters
    ----------
    take
        Takes it, and returns what gives it back.
    """

    def __init__(self, take: Callable[[], Callable[[], None]]) -> None:
        self._take, self._lock, self._holders = take, Lock(), 0
        self._give_back: Callable[[], None] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._holders:
                self._give_back = self._take()
            self._holders += 1

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders and self._give_back is not None:
                self._give_back()
