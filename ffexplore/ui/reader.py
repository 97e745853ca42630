"""Asks the trainer what panes of the board want to know, only while somebody can see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from ffexplore.engine.training import Trainer
from ffexplore.ui.board import Board

LONGEST = 5.0  # seconds between two looks at most, however long they take
BREATH = 0.02  # seconds in which the trainer can do other things before a pane looks on


@dataclass
class _Turn:
    """Where one pane stands with its questions."""

    asked: float = float("-inf")  # when
    cost: float = 0.0  # seconds that the last look took
    is_waiting: bool = False  # for an answer
    is_wanted_again: bool = False  # something happened meanwhile


class Reader:
    """Has each pane in sight that asks the trainer look at it now and then; one question of a pane at a time.

    Parameters
    ----------
    ask
        ``Runner.ask``: has a function called with the trainer, in its thread.
    board
        Where the panes are.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(
        self, ask: Callable[..., Future[Any]], board: Board, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._board, self._clock = ask, board, clock
        self._lock = threading.Lock()
        self._turns = {name: _Turn() for name in board.asked_panes}
        self._at_rest = True
        board.on_seen(lambda: self.refresh(at_rest=True))
        board.on_heard(partial(self._consider, at_rest=True))

    def refresh(self, *, at_rest: bool) -> None:
        """Look again with every pane that is in sight and due; returns at once, from any thread.

        Parameters
        ----------
        at_rest
            Nothing trains, or a pane just came in sight: do not wait for the next look.
        """
        self._at_rest = at_rest
        for name in self._turns:
            self._consider(name, at_rest=at_rest)

    def _consider(self, name: str, *, at_rest: bool) -> None:
        if name not in self._board.visible or name in self._board.errors or self._board.is_comparing:
            return
        pane, turn = self._board.asked_panes[name], self._turns[name]
        with self._lock:
            now = self._clock()
            if turn.is_waiting:
                turn.is_wanted_again |= at_rest
                return
            if not at_rest and now - turn.asked < max(pane.interval, min(turn.cost / pane.share, LONGEST)):
                return
            turn.asked, turn.is_waiting, turn.is_wanted_again = now, True, False
        self._ask(self._look, name, at_rest).add_done_callback(partial(self._deliver, name))

    def _look(self, trainer: Trainer, name: str, at_rest: bool) -> Any:
        began = self._clock()
        try:
            return self._board.asked_panes[name].look(trainer, at_rest)
        except Exception as error:  # a view must not stop training
            return error
        finally:
            self._turns[name].cost = self._clock() - began

    def _deliver(self, name: str, answer: Future[Any]) -> None:
        turn = self._turns[name]
        with self._lock:
            turn.is_waiting = False
        if answer.cancelled() or answer.exception() is not None:
            return  # there is no network to look at, and the panel says why
        if answer.result() is not None:
            self._board.deliver(name, answer.result())
        if turn.is_wanted_again:
            self._consider(name, at_rest=True)
        elif self._at_rest and self._board.asked_panes[name].has_more:
            # Asked at once from the trainer thread it would be answered at once, before anything else could be.
            timer = threading.Timer(BREATH, self._consider, [name], {"at_rest": True})
            timer.daemon = True
            timer.start()
