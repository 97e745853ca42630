"""What evaluation on held-out data finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ffexplore.engine.accuracies import accuracies, scored
from ffexplore.engine.diagnostics import judge, look
from ffexplore.engine.measures import auc, goodness_range, histogram
from ffexplore.engine.probe import thresholds
from ffexplore.engine.shortcut import shortcut_meter

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained


@dataclass(frozen=True)
class Histogram:
    """How the goodness of a layer is spread over N equal bins; what lies outside counts in the outermost.

    Attributes
    ----------
    low, high
        Where the bins begin and end.
    positive, negative
        Rows in each bin, N of each side, the negatives being the chosen ones.
    """

    low: float
    high: float
    positive: tuple[int, ...]
    negative: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """Accuracies and separations on one split; every share is in [0, 1] and nan where it has no meaning.

    Attributes
    ----------
    accuracy
        Share of rows classified right from the goodness of every label, or from the nearness to class prototypes, as
        the inference takes it; by the sum over all layers where the inference is the read-out.
    readout_accuracy
        Share classified right by the one-pass read-out.
    layer_accuracy
        The same as ``accuracy`` for each layer alone.
    cumulative_accuracy
        The same for the first layer, the first two, and so on.
    auc
        Of each layer: probability that a positive has more goodness than one of the chosen negatives.
    auc_uniform
        The same against every wrong label, so that generators can be compared.
    split
        The split it was measured on.
    rows
        Rows of that split.
    steps
        Batches trained before.
    epochs
        Passes over the training data before.
    seconds
        Time spent training before.
    calibration_error, sparsity, concentration, weight_rms, dead
        Of each layer; see ``diagnostics.Diagnostics``. All but the weights are seen on positives and chosen negatives.
    histograms
        Of the goodness in each layer.
    shortcut
        Where it was asked for: how well statistics of the raw inputs alone tell the negatives from positives (AUC);
        see ``shortcut.Shortcut``.
    """

    accuracy: float
    readout_accuracy: float
    layer_accuracy: tuple[float, ...]
    cumulative_accuracy: tuple[float, ...]
    auc: tuple[float, ...]
    auc_uniform: tuple[float, ...]
    split: str
    rows: int
    steps: int
    epochs: float
    seconds: float
    calibration_error: tuple[float, ...] = ()
    sparsity: tuple[float, ...] = ()
    concentration: tuple[float, ...] = ()
    weight_rms: tuple[float, ...] = ()
    dead: tuple[int, ...] = ()
    shortcut: float | None = None
    histograms: tuple[Histogram, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)


def make_reports(trainer: Trained, split: str, shortcut: bool = False) -> list[Report]:
    """One report for each variant of a trainer; see ``Trainer.evaluate``."""
    network, inputs = trainer.network, trainer.network.inputs
    told = scored(trainer, split)
    labels, variants = told.labels, told.goodness.shape[1]
    right = accuracies(trainer, told)
    seen = look(trainer, split)
    uniform = torch.full(seen.goodness.shape[:2], float("nan"))
    if network.names_classes:
        # of the inputs as they are, as for the chosen negatives, also where a class is read from moved copies
        scores = told.goodness
        if trainer.settings.inference_shift:
            scores, _ = network.score(inputs.rows(torch.arange(len(labels), device=labels.device), split))
        every = (labels.unsqueeze(-1) + torch.arange(inputs.classes, device=labels.device)) % inputs.classes
        scores = scores.gather(-1, every.expand_as(scores))  # the right label first
        uniform = auc(scores[..., 0], scores[..., 1:].flatten(-2))
    own = auc(seen.goodness[:, :, 0], seen.goodness[:, :, 1])
    found = judge(trainer, seen, right)
    spread = _histograms(seen.goodness, thresholds(network))
    easy = shortcut_meter(trainer, split).auc if shortcut else None
    return [
        Report(
            accuracy=float(right.chosen[k]),
            readout_accuracy=float(right.readout[k]),
            layer_accuracy=tuple(right.alone[k].tolist()),
            cumulative_accuracy=tuple(right.cumulative[k].tolist()),
            auc=tuple(own[:, k].tolist()),
            auc_uniform=tuple(uniform[:, k].tolist()),
            split=split,
            rows=len(labels),
            steps=trainer.steps,
            epochs=trainer.epochs,
            seconds=trainer.seconds,
            calibration_error=tuple(found.calibration_error[k].tolist()),
            sparsity=tuple(found.sparsity[k].tolist()),
            concentration=tuple(found.concentration[k].tolist()),
            weight_rms=tuple(found.weight_rms[k].tolist()),
            dead=tuple(found.dead[k].tolist()),
            shortcut=easy,
            histograms=spread[k],
        )
        for k in range(variants)
    ]


def _histograms(goodness: Tensor, theta: Tensor) -> list[tuple[Histogram, ...]]:
    """Of goodness (L, K, 2, B) and thresholds (L, K): for each variant, those of its layers."""
    low, high = goodness_range(goodness[:, :, 0], goodness[:, :, 1], theta)
    counts = histogram(goodness, low.unsqueeze(-1).expand(-1, -1, 2), high.unsqueeze(-1).expand(-1, -1, 2))
    found = []
    for variant in range(goodness.shape[1]):
        sides = zip(low[:, variant].tolist(), high[:, variant].tolist(), counts[:, variant].tolist(), strict=True)
        found.append(tuple(Histogram(start, end, tuple(one), tuple(other)) for start, end, (one, other) in sides))
    return found
