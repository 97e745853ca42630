"""Everything that runs in a notebook's page or talks to it: the explorer, the board, its panes, the controls."""

from ffexplore.ui.board import Board
from ffexplore.ui.explorer import Explorer
from ffexplore.ui.opening import explore

__all__ = ["Board", "Explorer", "explore"]
