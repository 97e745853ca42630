"""What a person does counts in the order in which they did it, although a kernel may hear of it in several threads."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

PATIENCE = 3.0  #: seconds that a message waits for the one before it; after that it goes on without


class Turns:
    """Does what a page numbered in the order of the numbers, one at a time; safe from any thread.

    JupyterLab sends the messages of widgets to a thread of their own once the kernel has made one, and ipykernel hears
    some of them in the main thread all the same. What stands in a box and the click that follows it may so be heard at
    the same time, or the other way round.

    Parameters
    ----------
    patience
        Seconds that what came too early waits.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting: dict[int, Callable[[], object]] = {}
        self._last = 0  # that was done, or counts as lost
        self._is_busy = False
        self._timer: threading.Timer | None = None

    def take(self, number: int, do: Callable[[], object]) -> None:
        """Do something after everything with a lower number: here and now, or later in the thread that brings that.

        Parameters
        ----------
        number
            From 1 on. What comes so late that nothing waits for it any more is done all the same.
        do
            Called once.
        """
        with self._lock:
            self._waiting[number] = do
        self._go_on()

    def _go_on(self) -> None:
        failure: BaseException | None = None
        while (do := self._next()) is not None:
            try:
                do()
            except BaseException as error:  # raised at the end: what comes after it waits for nothing else
                failure = failure or error
            finally:
                with self._lock:
                    self._is_busy = False
        if failure is not None:
            raise failure

    def _next(self) -> Callable[[], object] | None:
        """What is to be done now, if it is anything."""
        with self._lock:
            if self._is_busy or not self._waiting:
                return None
            number = min(self._waiting)
            if number > self._last + 1:
                self._wait()
                return None
            self._last = max(self._last, number)
            self._is_busy = True
            return self._waiting.pop(number)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._patience, self._give_up, (self._last,))
            self._timer.daemon = True
            self._timer.start()

    def _give_up(self, last: int) -> None:
        """Go on without what did not come, if nothing has since the wait began."""
        with self._lock:
            self._timer = None
            if self._waiting and self._last == last and not self._is_busy:
                self._last = min(self._waiting) - 1
        self._go_on()


turns: defaultdict[str, Turns] = defaultdict(Turns)  #: of each page, by the name that it gave itself
