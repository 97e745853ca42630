"""The kind of pane that shows what only the trainer can tell, kernel side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ffexplore.engine.training import Trainer
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.frames import Arrays

if TYPE_CHECKING:
    from ffexplore.ui.panes import History

Answer = TypeVar("Answer")


class AskedPane(Generic[Answer]):
    """A pane whose content is asked of the trainer while somebody can see it, and sent once to each view.

    A subclass says in `look` what to ask and in `pack_answer` how it travels; `Reader` does the asking. A pane that a
    person can act in also has `hear`.
    """

    interval = 0.5  #: seconds between two looks while training, at least
    share = 0.03  #: of the time that the looks may take before they come less often

    def __init__(self) -> None:
        self._answer: Answer | None = None
        self._version = 0

    @property
    def answer(self) -> Answer | None:
        """What the latest look found."""
        return self._answer

    def look(self, trainer: Trainer, at_rest: bool) -> Answer | None:
        """Look at the trainer, in its thread, between two batches; keep no tensor of it.

        Parameters
        ----------
        trainer
            What is looked at.
        at_rest
            Nothing trains, or a person waits for it: what need not be quick may be thorough.

        Returns
        -------
        object
            What is to be shown, or None where nothing changed since the last look.
        """
        raise NotImplementedError

    @property
    def has_more(self) -> bool:
        """Whether the last look left something that should be looked at soon while nothing trains."""
        return False

    def take(self, answer: Answer) -> None:
        """Take what a look found, from any thread."""
        self._answer, self._version = answer, self._version + 1

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take what a person did in the pane, from any thread; the trainer is asked right after it.

        Parameters
        ----------
        content
            What the page's part of the pane wrote.
        buffers
            Binary data that came along.
        """

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack the latest answer for views that do not hold it yet."""
        version, answer = self._version, self._answer
        if answer is None:
            return {"words": "nothing to show yet"}
        if have and all(held.get("version") == version for held in have):
            return {"version": version, "is_held": True}
        return {"version": version, **self.pack_answer(answer, arrays)}

    def pack_answer(self, answer: Answer, arrays: Arrays) -> dict[str, Any]:
        """Return the JSON part and add the numbers to `arrays`; only ``words`` where there is nothing to draw."""
        raise NotImplementedError
