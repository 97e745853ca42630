"""The histograms, kernel side: of the present or a former moment, before the ghost of a third."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.frames import Arrays
from ffexplore.ui.travel import Travel

if TYPE_CHECKING:
    from ffexplore.ui.panes import History


class HistogramsPane:
    """A row per layer: positive goodness upwards, negative mirrored downwards, the threshold, and measures in words.

    Parameters
    ----------
    travel
        Says which moment is shown.
    """

    fields = (
        "low", "high", "positive", "negative", "threshold", "mean_positive", "mean_negative", "auc", "auc_uniform",
        "overlap", "dead",
    )  # fmt: skip
    ghost_fields = ("low", "high", "positive", "negative")

    def __init__(self, travel: Travel) -> None:
        self._travel = travel
        self._ghost: Snapshot | None = None
        self._ghosts = 0  # counts them, so that a view knows which one it holds
        self._shown: Snapshot | None = None

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take what a person did: ``pin`` the moment that was shown last as a ghost or let go of it; travel."""
        if "pin" in content:
            self._ghost = self._shown if content["pin"] else None
            self._ghosts += 1
        self._travel.hear(content)

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack the counts, their range and the measures, each with its axis of variants first."""
        shown = self._shown = self._travel.shown(snapshot, history)
        packed: dict[str, Any] = {
            "widths": list(shown.widths),
            "goodness": list(shown.goodness),
            "arrays": {name: arrays.add(getattr(shown, name)) for name in self.fields},
        }
        if shown is not snapshot:
            left, right = common_range(shown, snapshot)
            packed["past"] = {"step": shown.step, "epoch": shown.epoch}
            packed["arrays"] |= {"left": arrays.add(left), "right": arrays.add(right)}
        ghost, number = self._ghost, self._ghosts
        if ghost is not None:
            packed["ghost"] = {"number": number, "step": ghost.step, "goodness": list(ghost.goodness)}
            if not have or any(held.get("ghost") != number for held in have):
                packed["arrays"] |= {f"ghost_{name}": arrays.add(getattr(ghost, name)) for name in self.ghost_fields}
        return packed


def common_range(past: Snapshot, present: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """The axis (K, L), from and to, on which a past moment is shown, so that it rests while one travels.

    It is the present one, extended by what the past needs; a layer with another goodness, or one that is gone, has
    its own.
    """
    left, right = past.low.copy(), past.high.copy()
    for layer, name in enumerate(past.goodness):
        if layer < len(present.goodness) and present.goodness[layer] == name:
            left[:, layer] = np.minimum(left[:, layer], present.low[:, layer])
            right[:, layer] = np.maximum(right[:, layer], present.high[:, layer])
    return left, right
