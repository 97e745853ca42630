"""The pane that sets the run beside its twin trained by backpropagation, kernel side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ffexplore.engine.training import Trainer
from ffexplore.live.companion import Beside, Companion
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.frames import Arrays

if TYPE_CHECKING:
    from ffexplore.ui.panes import History

SLICE = 0.06  #: seconds that the twin trains in one look


class BackpropPane(AskedPane[Beside]):
    """Accuracy, time and memory of the run and of its twin; the twin trains only while somebody looks."""

    interval = 0.1
    share = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._companion = Companion()

    @property
    def has_more(self) -> bool:
        """Whether the twin has yet to catch up."""
        return self._companion.is_behind

    def look(self, trainer: Trainer, at_rest: bool) -> Beside:
        """Train the twin for a while."""
        return self._companion.advance(trainer, SLICE)

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack both curves and the figures; the run's curve comes from its history."""
        beside = self.answer
        if beside is None:
            return {"words": "nothing to show yet"}
        if beside.refusal:
            return {"words": beside.refusal}
        steps, accuracy = np.zeros(0), np.zeros(0)
        if history is not None:
            curve = history.curve()
            by_goodness, by_readout = curve["accuracy"][:, 0], curve["readout_accuracy"][:, 0]
            values = by_goodness if np.isfinite(by_goodness).any() else by_readout
            known = np.isfinite(values)
            steps, accuracy = curve["step"][known], values[known]
        return {
            "version": self._version,
            "seconds": list(beside.seconds),
            "batches": list(beside.batches),
            "held": list(beside.held),
            "arrays": {
                "run_step": arrays.add(steps),
                "run_accuracy": arrays.add(accuracy),
                "twin_step": arrays.add(beside.steps),
                "twin_accuracy": arrays.add(beside.accuracy),
            },
        }
