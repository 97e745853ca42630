"""How variants are seen beside each other: what they are judged by, which is ahead, and the axes that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.engine.inference import asks_readout
from ffexplore.engine.settings import Settings
from ffexplore.live.compared import Compared
from ffexplore.live.snapshot import Snapshot

APART = 4.0  #: times the narrowest range of goodness that an axis for all may be wide

#: What variants are judged by: where it is, and how it is called.
MEASURES = {
    "accuracy": "validation accuracy",
    "readout_accuracy": "validation accuracy of the read-out",
    "auc": "separation (AUC), mean of the layers",
}


def measure_of(snapshot: Snapshot, settings: Settings | None = None) -> str:
    """What the variants are judged by: the accuracy that counts, where there is one, or how far the sides are apart."""
    order = ["accuracy", "readout_accuracy"]
    if settings is not None and asks_readout(settings.inference):
        order.reverse()
    return next((name for name in order if np.isfinite(getattr(snapshot, name)).any()), "auc")


def judged_by(measure: str, values: Mapping[str, Any]) -> NDArray[Any]:
    """The values (..., K) of a measure, of a snapshot or over time."""
    found = np.asarray(values[measure])
    if measure != "auc":
        return found
    return found.mean(-1) if found.size else np.zeros(found.shape[:-1])


def best_of(values: NDArray[Any], diverged: Sequence[str]) -> int:
    """The number of the best variant that goes on; -1 where none is ahead of the others."""
    known = np.where([bool(words) for words in diverged] or np.zeros(len(values), bool), np.nan, values)
    if not np.isfinite(known).any():
        return -1
    best = int(np.nanargmax(known))
    return best if np.sum(known == known[best]) == 1 else -1


@dataclass(frozen=True)
class Axes:
    """The axis of goodness of each variant and layer (K, L), and of which layers all variants share it."""

    left: NDArray[Any]
    right: NDArray[Any]
    is_shared: list[bool]


def axes(snapshot: Snapshot, compared: Compared | None = None) -> Axes:
    """One axis a layer for all variants whose scales agree: the same goodness, at about the same place.

    Where an axis for all would be so wide that the narrowest histogram were lost on it, each has its own.
    """
    left, right = snapshot.low.copy(), snapshot.high.copy()
    is_well = [not words for words in snapshot.diverged] or [True] * len(left)
    is_shared = []
    for layer in range(left.shape[1]):
        names = _goodness(snapshot, compared, layer)
        for name in set(names):
            mine = [k for k, other in enumerate(names) if other == name and is_well[k]]
            if not mine:
                continue
            low, high = left[mine, layer].min(), right[mine, layer].max()
            if high - low <= APART * (right[mine, layer] - left[mine, layer]).min():
                left[mine, layer], right[mine, layer] = low, high
        ends = {(left[k, layer], right[k, layer]) for k in range(len(left)) if is_well[k]}
        is_shared.append(len(ends) == 1)
    return Axes(left, right, is_shared)


def _goodness(snapshot: Snapshot, compared: Compared | None, layer: int) -> list[str]:
    """The name of the goodness of each variant in a layer."""
    if compared is None:
        return [snapshot.goodness[layer]] * len(snapshot.low)
    return [each.per_layer("goodness")[layer].name for each in compared.settings]
