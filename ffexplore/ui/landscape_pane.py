"""The pane of the goodness landscape, kernel side: for data with two features, the plane as the network sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ffexplore.engine.landscape import Landscape, is_plane, landscape
from ffexplore.engine.measures import steady_range
from ffexplore.engine.training import Trainer
from ffexplore.engine.verdict import moment_of
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.frames import Arrays


class LandscapePane(AskedPane[Landscape | str]):
    """Goodness of each label in each layer over the plane, and the decision; words for data that are no plane."""

    interval = 0.25

    def __init__(self) -> None:
        super().__init__()
        self._seen: object = None
        self._range: tuple[torch.Tensor, torch.Tensor] | None = None

    def look(self, trainer: Trainer, at_rest: bool) -> Landscape | str | None:
        """Look at the plane if the network changed."""
        now = moment_of(trainer)
        if now == self._seen:
            return None
        answer = self._answer_of(trainer)
        self._seen = now  # not where that failed, so that it can be tried again
        return answer

    def _answer_of(self, trainer: Trainer) -> Landscape | str:
        data = trainer.plan.dataset
        if not is_plane(data):
            what = f"{data.features} features" if data.kind == "table" else "pictures"
            return f"{data.name} has {what}; a landscape needs inputs with two features, as moons and rings have."
        return landscape(trainer)

    def pack_answer(self, answer: Landscape | str, arrays: Arrays) -> dict[str, Any]:
        """Pack goodness as shades, 0 to 255, between the two ends of each layer's scale, which rests as it can."""
        if isinstance(answer, str):
            return {"words": answer}
        low, high = self._scale(answer)
        ends = (low[:, None, None, None], high[:, None, None, None])
        shades = (np.nan_to_num(answer.goodness) - ends[0]) / (ends[1] - ends[0])
        return {
            "names": list(answer.names),
            "has_labels": answer.has_labels,
            "arrays": {
                "shades": arrays.add(np.round(255 * shades.clip(0, 1)).astype(np.uint8)),
                "chosen": arrays.add(answer.chosen),
                "margins": arrays.add(_around_128(answer.margin)),
                "points": arrays.add(answer.place(answer.points)),
                "labels": arrays.add(answer.labels),
                "low": arrays.add(low),
                "high": arrays.add(high),
                "threshold": arrays.add(answer.threshold),
                "plane": arrays.add(np.stack([answer.low, answer.high])),
            },
        }

    def _scale(self, answer: Landscape) -> tuple[np.ndarray, np.ndarray]:
        """The ends of each layer's scale (L,), held as the histograms hold theirs."""
        flat = np.nan_to_num(answer.goodness).reshape(len(answer.goodness), -1)
        new = (torch.from_numpy(flat.min(1)), torch.from_numpy(flat.max(1)) + 1e-6)
        self._range = steady_range(new, self._range)
        return self._range[0].numpy(), self._range[1].numpy()


def _around_128(margin: np.ndarray) -> np.ndarray:
    """Margins as bytes, 128 for 0; only what lies near 0 is told apart, because only the border is drawn."""
    margin = np.nan_to_num(margin)
    near = float(np.quantile(np.abs(margin), 0.5)) or 1.0
    return np.round(128 + 127 * (margin / near).clip(-1, 1)).astype(np.uint8)
