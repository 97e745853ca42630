"""Which moment the board shows: the present, or one of the past while training goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ffexplore.live.snapshot import Snapshot

if TYPE_CHECKING:
    from ffexplore.ui.panes import History


class Kept(Protocol):
    """A moment whose weights are kept, as far as the board is concerned."""

    @property
    def number(self) -> int:
        """Tells it from the others."""

    @property
    def step(self) -> int:
        """Batches trained by then."""

    @property
    def fork(self) -> int | None:
        """Where one went back to from here, if it is what was left behind then."""


class Travel:
    """The place of the board in time; shared by the panes that can show the past, safe from any thread.

    Attributes
    ----------
    moments
        The moments one can go on from.
    branch_callbacks
        Called with the number of a moment that the person wants to go on from.
    """

    def __init__(self) -> None:
        self._step: int | None = None
        self.moments: Sequence[Kept] = ()
        self.branch_callbacks: list[Callable[[int], None]] = []

    @property
    def is_past(self) -> bool:
        """Whether a moment of the past is shown."""
        return self._step is not None

    def go(self, step: int | None) -> None:
        """Show the moment nearest to a step from now on; None for the present."""
        self._step = step

    def hear(self, content: Mapping[str, Any]) -> None:
        """Take what a person did: ``travel`` to a step (None: back to the present), ``branch`` from a moment."""
        if "travel" in content:
            self.go(None if content["travel"] is None else int(content["travel"]))
        if "branch" in content:
            self.go(None)
            for branch in self.branch_callbacks:
                branch(int(content["branch"]))

    def shown(self, snapshot: Snapshot, history: History | None) -> Snapshot:
        """The snapshot to show: the given present one, or a former one.

        A past that the history does not reach, because it was cleared or went back further, ends here.
        """
        if self._step is None:
            return snapshot
        found = None if history is None or self._step > snapshot.step else history.at(self._step)
        if found is None:
            self._step = None
            return snapshot
        return found
