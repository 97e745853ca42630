"""Begins and ends a comparison for a person: the drawer asks for it, the board shows it and tells what was chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ffexplore.errors import SettingsError
from ffexplore.live import Runner
from ffexplore.ui.board import Board
from ffexplore.ui.compare_drawer import CompareDrawer
from ffexplore.ui.looks import Looks

Settling = Callable[[], AbstractContextManager[None]]  #: around a change by a person


class Comparing:
    """What the panel knows of comparing.

    Parameters
    ----------
    runner, board, looks
        Those of the panel.
    settling
        Shows, behind what a person does, what became of it.

    Attributes
    ----------
    drawer : CompareDrawer
        Asks what is to be compared.
    """

    def __init__(self, runner: Runner, board: Board, looks: Looks, settling: Settling) -> None:
        self._runner, self._settling = runner, settling
        self.drawer = CompareDrawer(self.begin, looks.hidden | looks.locked)
        board.on_choose(self.choose)

    def begin(self, field: str, values: list[Any]) -> None:
        """Train a variant for each value of a field.

        Raises
        ------
        SettingsError
            When variants cannot differ in it, or a value does not fit.
        """
        with self._settling():
            self._runner.compare(field, values)
            self._runner.start()

    def choose(self, variant: int | None) -> None:
        """Go on with a variant, or with the run from before; a second click finds nothing more to choose."""
        with self._settling():
            try:
                self._runner.choose(variant)
            except SettingsError:
                if self._runner.compared is not None:
                    raise
