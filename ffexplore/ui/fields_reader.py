"""Brings receptive fields from the trainer thread to the board, only while somebody can see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.engine.receptive import ReceptiveFields, receptive_fields, strongest_units
from ffexplore.engine.training import Trainer
from ffexplore.ui.board import Board
from ffexplore.ui.picture_panes import Pace

INTERVAL = 0.5  #: seconds between two looks at the weights while training
REORDER = 6.0  #: seconds between two choices of the units to show while training


class FieldsReader:
    """Asks for the weights of the first layer when the board's pane ``"fields"`` is in sight.

    Parameters
    ----------
    ask
        ``Runner.ask``: has a function called with the trainer, in its thread.
    board
        Where the fields are shown.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(
        self, ask: Callable[..., Future[Any]], board: Board, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._board, self._clock = ask, board, clock
        self._lock = threading.Lock()
        self._pace = Pace(REORDER, clock)
        self._units: NDArray[np.int64] | None = None
        self._read: tuple[object, int] | None = None  # the weights that were read last, and their version
        self._asked = float("-inf")
        self._is_waiting = False
        board.on_seen(lambda: self.refresh(at_rest=True))

    def refresh(self, *, at_rest: bool) -> None:
        """Look at the weights again if the pane is in sight and they are due; returns at once, from any thread.

        Parameters
        ----------
        at_rest
            Nothing trains, or the pane just came in sight: do not wait for the next look.
        """
        if "fields" not in self._board.visible:
            return
        with self._lock:
            now = self._clock()
            if self._is_waiting or (not at_rest and now - self._asked < INTERVAL):
                return
            self._asked, self._is_waiting = now, True
        self._ask(self._look, at_rest).add_done_callback(self._deliver)

    def _look(self, trainer: Trainer, at_rest: bool) -> ReceptiveFields | Exception | None:
        """Copy the weights if they changed since the last look; in the trainer thread."""
        parameters = trainer.network.layers[0].parameters
        if self._read is not None and (self._read[0] is parameters and self._read[1] == parameters.version):
            return None
        try:
            if self._pace.is_due(id(parameters), at_rest=at_rest) or self._units is None:
                self._units = strongest_units(trainer)
            fields = receptive_fields(trainer, self._units)
        except Exception as error:  # a view must not stop training
            return error
        self._read = parameters, parameters.version
        return fields

    def _deliver(self, answer: Future[Any]) -> None:
        with self._lock:
            self._is_waiting = False
        if answer.cancelled() or answer.exception() is not None:
            return  # there is no network to look at, and the panel says why
        if answer.result() is not None:
            self._board.show_fields(answer.result())
