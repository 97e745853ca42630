"""What tells a healthy layer from a sick one: accuracy, calibration, sparsity, dead units, size of the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.accuracies import Accuracies, accuracies, scored
from ffexplore.engine.fields import whole_number
from ffexplore.engine.inputs import SPLITS
from ffexplore.engine.measures import calibration
from ffexplore.engine.probe import thresholds
from ffexplore.errors import SettingsError

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained

CHUNK_ROWS = 1024
BINS = 10

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """Of K variants and L layers, on positives and the chosen negatives of held-out rows.

    Attributes
    ----------
    counts
        Inputs whose probability of being positive, σ(g − θ) with the logit scale, lies in each of N bins, (K, L, N).
    predicted, observed
        Mean probability in each bin, and the share of positives there, (K, L, N); nan in empty bins.
    calibration_error
        Expected calibration error, (K, L); nan where the objective has no threshold.
    sparsity
        Share of activities that are exactly zero, (K, L).
    concentration
        Hoyer's measure of an input's activities, (√d − ‖h‖₁/‖h‖₂)/(√d − 1), (K, L): 0 where all units are alike, 1
        where a single one speaks; the mean over inputs that are not silent (Hoyer 2004).
    weight_rms
        Root mean square of the weights, (K, L).
    dead
        Units that are silent on every row and side, (K, L).
    layer_accuracy, cumulative_accuracy
        Share of the rows that each layer alone, and each layer with those below it, classifies right, (K, L); nan where
        no class is named.
    """

    counts: NDArray[np.int64]
    predicted: Float
    observed: Float
    calibration_error: Float
    sparsity: Float
    concentration: Float
    weight_rms: Float
    dead: NDArray[np.int64]
    layer_accuracy: Float
    cumulative_accuracy: Float


@dataclass
class Look:
    """What one pass over both sides of held-out rows brings; see ``Diagnostics`` for all but the goodness."""

    goodness: Tensor  #: (L, K, 2, B)
    sparsity: Tensor  #: (L, K)
    concentration: Tensor  #: (L, K)
    dead: Tensor  #: (L, K)


@torch.no_grad()
def look(trainer: Trained, split: str, rows: int | None = None) -> Look:
    """Walk both sides of the first rows of a split through the network; all rows if left out."""
    network = trainer.network
    pairs = trainer.make_pairs(split)
    labels = network.inputs.y[split][:rows]
    goodness, shares = [], []
    silent: dict[int, Tensor] = {}
    for index in torch.arange(len(labels), device=labels.device).split(CHUNK_ROWS):
        raw = network.inputs.rows(index, split)[None, None]
        parts = pairs.sides(index[None], raw, network.inputs.prepare(raw.clone()), None)
        measured, sums = [], []
        for stage in network.walk(parts):
            measured.append(stage.layer.measure(stage.h, pairs.labels, stage.energy))
            sums.append(_sums(stage.h))
            quiet = (stage.h == 0).all(2).all(1)
            silent[stage.layer.number] = quiet & silent.get(stage.layer.number, quiet)
        goodness.append(torch.stack(measured))
        shares.append(torch.stack(sums))
    zeros, values, concentrated, heard = torch.stack(shares).sum(0).unbind(-1)
    dead = torch.stack([silent[number].sum(-1) for number in sorted(silent)])
    return Look(torch.cat(goodness, -1), zeros / values, concentrated / heard, dead)


def _sums(h: Tensor) -> Tensor:
    """Zeros, values, Hoyer's measure summed over the inputs that are not silent, and their number: (K, 4) float64."""
    root = h.shape[-1] ** 0.5
    length = torch.linalg.vector_norm(h, dim=-1)
    spread = torch.linalg.vector_norm(h, ord=1, dim=-1) / length
    is_heard = length > 0
    concentrated = torch.where(is_heard, (root - spread) / max(root - 1, 1e-12), 0.0)
    parts = (h == 0, torch.ones_like(h), concentrated, is_heard)
    return torch.stack([part.flatten(1).sum(1, dtype=torch.float32).cpu().double() for part in parts], -1)


def diagnose(trainer: Trained, split: str = "validation", rows: int | None = 512) -> Diagnostics:
    """Diagnose the layers of a trainer as they are now.

    Parameters
    ----------
    trainer
        What is looked at; nothing in it changes.
    split
        The split.
    rows
        How many of its first rows, each as a positive and as a negative; all of them if None.

    Returns
    -------
    Diagnostics
        Of each variant and layer.

    Raises
    ------
    SettingsError
        When that is no Trainer, there is no such split, or rows is not a whole number of 1 or more.
    """
    from ffexplore.engine.trained import Trained

    if not isinstance(trainer, Trained):
        raise SettingsError(f"trainer is a {type(trainer).__name__}; give a Trainer, as in Trainer(settings).")
    check_split(split)
    rows = None if rows is None else whole_number("rows", rows, 1)
    return judge(trainer, look(trainer, split, rows), accuracies(trainer, scored(trainer, split, rows)))


def check_split(split: str) -> None:
    """Raise SettingsError, which names it, unless there is such a split."""
    if not isinstance(split, str) or split not in SPLITS:
        raise SettingsError(f"split is {split!r}; allowed: {', '.join(SPLITS)}.")


def judge(trainer: Trained, seen: Look, right: Accuracies) -> Diagnostics:
    """Diagnose from what a look found, and from how often the right class was named."""
    network = trainer.network
    layers = network.layers
    g = seen.goodness.float()
    theta = thresholds(network)
    scale = torch.stack(
        [(torch.ones_like(layer.theta) if layer.scale is None else layer.scale)[:, 0] for layer in layers]
    )
    logits = (g - theta[:, :, None, None]) * scale[:, :, None, None]
    has_threshold = torch.isfinite(theta).cpu()
    truth = torch.tensor([1.0, 0.0]).repeat_interleave(g.shape[-1])
    counts, predicted, observed, gap = calibration(torch.sigmoid(logits).flatten(2), truth, BINS)
    counts[~has_threshold] = 0
    predicted[~has_threshold] = observed[~has_threshold] = gap[~has_threshold] = float("nan")
    sizes = [layer.parameters.weight.square().mean((1, 2)).sqrt() for layer in layers]

    def by_variant(values: Tensor) -> NDArray:
        return np.ascontiguousarray(values.transpose(0, 1).cpu().numpy())

    return Diagnostics(
        counts=by_variant(counts),
        predicted=by_variant(predicted),
        observed=by_variant(observed),
        calibration_error=by_variant(gap),
        sparsity=by_variant(seen.sparsity),
        concentration=by_variant(seen.concentration),
        weight_rms=by_variant(torch.stack(sizes).double()),
        dead=by_variant(seen.dead),
        layer_accuracy=right.alone,
        cumulative_accuracy=right.cumulative,
    )
