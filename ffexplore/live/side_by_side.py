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

LABELS = {
    "accuracy": "validation accuracy",
    "readout_accuracy": "validation accuracy of the read-out",
    "auc": "separation (AUC), mean of the layers",
}


@dataclass(frozen=True)
class Measure:
    """What variants are judged by.

    Parameters
    ----------
    names
        For each variant, where its value is: ``accuracy`` or ``readout_accuracy``; or ``auc`` for all.
    """

    names: tuple[str, ...]

    @property
    def is_share(self) -> bool:
        """Whether it is a share of samples."""
        return "auc" not in self.names

    @property
    def label(self) -> str:
        """How it is called."""
        return LABELS[self.names[0]] if len(set(self.names)) == 1 else "validation accuracy, each by its own inference"

    def of(self, values: Mapping[str, Any]) -> NDArray[Any]:
        """The values (..., K), of a snapshot or over time."""
        if self.is_share:
            return np.stack([np.asarray(values[name])[..., k] for k, name in enumerate(self.names)], -1)
        found = np.asarray(values["auc"])
        return found.mean(-1) if found.size else np.zeros(found.shape[:-1])


def measure_of(snapshot: Snapshot, settings: Sequence[Settings] = ()) -> Measure:
    """What the variants are judged by: the accuracy that counts, where there is one, or how far the sides are apart."""
    known = [name for name in ("accuracy", "readout_accuracy") if np.isfinite(getattr(snapshot, name)).any()]
    if not known:
        return Measure(("auc",) * len(snapshot.low))
    wanted = [asks_readout(each.inference) for each in settings] or [False] * len(snapshot.low)
    return Measure(tuple(known[-1] if by_readout else known[0] for by_readout in wanted))


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
