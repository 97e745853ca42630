"""The variants that are compared, kernel side: of each its histograms, its figures and its curve, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.live.compared import Compared
from ffexplore.live.side_by_side import Measure, axes, best_of, measure_of
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.frames import Arrays

if TYPE_CHECKING:
    from ffexplore.ui.panes import History

FEW = 4  #: variants up to which every bin is sent; of more two make one, which a small picture does not show


class ComparePane:
    """A card for each variant.

    Attributes
    ----------
    compared
        The variants; None while nothing is compared.
    callbacks
        Called with the number of the variant that a person chose, or None for the run from before.
    """

    def __init__(self) -> None:
        self.compared: Compared | None = None
        self.callbacks: list[Callable[[int | None], None]] = []
        self._seen: tuple[Compared | None, History | None] = (None, None)
        self._count = 0  # of comparisons, so that a view knows which one it holds

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take what a person chose: ``choose`` is the number of a variant, or None for the run from before."""
        if "choose" in content and self.compared is not None:
            variant = None if content["choose"] is None else int(content["choose"])
            for callback in self.callbacks:
                callback(variant)

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack the counts as shares of the tallest bin, one byte each, and the rows of the curves that a view lacks."""
        compared = self.compared
        if compared is None or snapshot.auc.shape[0] != len(compared.settings):
            return {"words": "The variants are being built ..."}
        if compared is not self._seen[0] or history is not self._seen[1]:
            self._seen, self._count = (compared, history), self._count + 1
        measure = measure_of(snapshot, compared.settings)
        values = measure.of(vars(snapshot))
        scale = axes(snapshot, compared)
        packed: dict[str, Any] = {
            "of": self._count,
            "measure": measure.label,
            "is_share": measure.is_share,
            "best": best_of(values, snapshot.diverged),
            "diverged": list(snapshot.diverged),
            "widths": list(snapshot.widths),
            "is_shared": scale.is_shared,
            "arrays": {
                "counts": arrays.add(small_counts(snapshot)),
                "low": arrays.add(snapshot.low),
                "high": arrays.add(snapshot.high),
                "left": arrays.add(scale.left),
                "right": arrays.add(scale.right),
                "threshold": arrays.add(snapshot.threshold),
                "auc": arrays.add(snapshot.auc),
                "dead": arrays.add(snapshot.dead),
                "value": arrays.add(values),
            },
        }
        if not have or any(held.get("of") != self._count for held in have):
            packed |= {
                "field": compared.field.replace("_", " "),
                "labels": [label.replace("_", " ") for label in compared.labels],
                "present": compared.present,
            }
        return packed | self._curves(measure, history, have, packed["arrays"], arrays)

    def _curves(
        self,
        measure: Measure,
        history: History | None,
        have: Sequence[Mapping[str, Any]],
        places: dict[str, Any],
        arrays: Arrays,
    ) -> dict[str, Any]:
        """Pack the rows of the curves (T, K) from the first one that some view lacks."""
        if history is None:
            return {"generation": f"{self._count}", "from": 0}
        generation = f"{self._count}.{measure.label}.{history.generation}"
        curve = history.curve()
        is_known = bool(have) and all(held.get("generation") == generation for held in have)
        rows = min(int(held["rows"]) for held in have) if is_known else 0
        places["step"] = arrays.add(np.asarray(curve["step"])[rows:])
        places["curve"] = arrays.add(measure.of(curve)[rows:])
        return {"generation": generation, "from": rows}


def small_counts(snapshot: Snapshot) -> NDArray[np.uint8]:
    """Counts (K, L, 2, N) in shares of the tallest bin of both sides, which is 255."""
    counts = np.stack([snapshot.positive, snapshot.negative], 2)
    if len(counts) > FEW and counts.shape[-1] % 2 == 0:
        counts = counts[..., ::2] + counts[..., 1::2]
    return np.round(255 * counts / counts.max((2, 3), keepdims=True).clip(1)).astype(np.uint8)
