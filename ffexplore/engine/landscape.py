"""The goodness landscape: what the network says of every point of the plane, for data with two features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ffexplore.data import Dataset
from ffexplore.engine.inputs import Inputs
from ffexplore.engine.probe import thresholds
from ffexplore.engine.verdict import judge
from ffexplore.errors import SettingsError

if TYPE_CHECKING:
    from ffexplore.engine.training import Trainer

SIZE = 48  #: points of the grid along each side
MARGIN = 0.08  #: of the spread of the data, around it
POINTS = 240  #: data points shown at most

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Landscape:
    """Goodness and decision of the first variant over the plane; L layers, C classes, an n × n grid, P points.

    The grid's rows go up with the second feature, its columns right with the first.
    """

    goodness: Float  #: (L, C, n, n); C is 1 where a layer says nothing of classes
    chosen: NDArray[np.uint8]  #: (n, n) the class that each point is taken for
    margin: Float  #: (C, n, n) score of a class minus the best score of the others; above 0 where it is chosen
    low: Float  #: (2,) of the plane, in the data's units: the first and the second feature
    high: Float  #: (2,)
    threshold: Float  #: (L,) nan where the objective has none
    points: Float  #: (P, 2) of the validation split, in the data's units
    labels: NDArray[np.uint8]  #: (P,)
    names: tuple[str, ...]  #: of the classes
    has_labels: bool  #: whether the goodness is that of each label

    def place(self, points: Float) -> Float:
        """Points in parts of the plane: 0 to 1 from left to right and from bottom to top."""
        return (points - self.low) / (self.high - self.low)


def is_plane(data: Dataset) -> bool:
    """Whether the inputs are points of a plane."""
    return data.kind == "table" and data.features == 2


@torch.no_grad()
def landscape(trainer: Trainer, size: int = SIZE) -> Landscape:
    """Look at the network over the plane of its two features.

    Parameters
    ----------
    trainer
        What is looked at; to be called in the thread that trains it.
    size
        Points of the grid along each side.

    Raises
    ------
    SettingsError
        When the inputs are not points of a plane.
    """
    network = trainer.network
    inputs = network.inputs
    data = inputs.dataset
    if not is_plane(data):
        raise SettingsError(f"{data.name!r} has inputs of shape {data.shape}; a landscape needs two features.")
    low, high = _plane(inputs)
    sides = [np.linspace(low[axis], high[axis], size, dtype=np.float32) for axis in (0, 1)]
    grid = np.stack(np.meshgrid(*sides), -1).reshape(-1, 2)
    raw = torch.from_numpy(grid).to(inputs.table.device)
    verdict = judge(trainer, raw.clone())
    goodness = verdict.goodness.transpose(0, 2, 1)  # (L, C, B)
    has_labels = network.names_classes
    if not has_labels:
        prepared = inputs.prepare(raw.clone()[None, None])
        label = torch.zeros(1, 1, len(raw), dtype=torch.long, device=raw.device)
        goodness = network.goodness(prepared, label)[:, 0].float().cpu().numpy()
    split = data.validation
    return Landscape(
        goodness=np.ascontiguousarray(goodness).reshape(*goodness.shape[:2], size, size),
        chosen=verdict.chosen.astype(np.uint8).reshape(size, size),
        margin=np.ascontiguousarray(_margins(verdict.scores).T).reshape(-1, size, size),
        low=low,
        high=high,
        threshold=thresholds(network)[:, 0].float().cpu().numpy(),
        points=split.x[:POINTS].copy(),
        labels=split.y[:POINTS].astype(np.uint8),
        names=data.class_names,
        has_labels=has_labels,
    )


def _margins(scores: Float) -> Float:
    """Score of each class minus the best of the others: (B, C) -> (B, C)."""
    ordered = np.sort(scores, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return np.where(scores == best, scores - second, scores - best)


def _plane(inputs: Inputs) -> tuple[Float, Float]:
    """The corners of the plane: where the training data lies, and a margin."""
    low, high = (edge.cpu().numpy().astype(np.float32) for edge in inputs.x["train"].aminmax(dim=0))
    margin = MARGIN * np.maximum(high - low, np.float32(1e-6))
    return low - margin, high + margin
