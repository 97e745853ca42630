"""What evaluation on held-out data finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ffexplore.engine.diagnostics import judge, look
from ffexplore.engine.inference import asks_prototypes, label_scores
from ffexplore.engine.measures import auc
from ffexplore.engine.negatives import other_label
from ffexplore.engine.prototypes import evidence
from ffexplore.engine.rng import stream
from ffexplore.engine.shortcut import shortcut_meter

if TYPE_CHECKING:
    from ffexplore.engine.training import Trainer

CHUNK_ROWS = 1024


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
        The same against uniform wrong labels, so that generators can be compared.
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
    calibration_error, sparsity, weight_rms
        Of each layer; see ``diagnostics.Diagnostics``. Error and sparsity are those on positives and chosen negatives.
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
    weight_rms: tuple[float, ...] = ()
    shortcut: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)


def make_reports(trainer: Trainer, split: str, shortcut: bool = False) -> list[Report]:
    """One report for each variant of a trainer; see ``Trainer.evaluate``."""
    network, inputs = trainer.network, trainer.network.inputs
    device = inputs.table.device
    labels = inputs.y[split]
    index = torch.arange(len(labels), device=device)
    scored = [network.score(inputs.rows(rows, split)) for rows in index.split(CHUNK_ROWS)]
    goodness = torch.cat([part[0] for part in scored], 2)  # (L, K, B, C)
    logits = torch.cat([part[1] for part in scored if part[1] is not None], 1) if network.readout else None
    labelled = network.names_classes
    named = labelled or asks_prototypes(trainer.settings.inference)
    variants = goodness.shape[1]

    def share(scores: Tensor) -> list[float]:
        right: list[float] = (scores.argmax(-1) == labels).cpu().double().mean(-1).tolist()
        return right if named else [float("nan")] * variants

    choice = trainer.settings.inference
    weighed = torch.cat(
        [
            evidence(network, choice, inputs.rows(rows, split), part[0])
            for rows, part in zip(index.split(CHUNK_ROWS), scored, strict=True)
        ],
        2,
    )
    accuracy = share(label_scores(choice, weighed))
    readout = [float("nan")] * variants
    if logits is not None:
        readout = (logits.argmax(-1) == labels).cpu().double().mean(-1).tolist()
    alone = [share(layer) for layer in weighed]
    cumulative = [share(layer) for layer in weighed.cumsum(0)]
    uniform = torch.full(goodness.shape[:2], float("nan"))
    if labelled:
        wrong = other_label(labels, inputs.classes, stream(0, "uniform", split, device=device))
        pick = goodness.gather(-1, labels[None, None, :, None].expand(*goodness.shape[:2], -1, 1))
        miss = goodness.gather(-1, wrong[None, None, :, None].expand(*goodness.shape[:2], -1, 1))
        uniform = auc(pick.squeeze(-1), miss.squeeze(-1))
    seen = look(trainer, split)
    own = auc(seen.goodness[:, :, 0], seen.goodness[:, :, 1])
    found = judge(trainer, seen)
    easy = shortcut_meter(trainer, split).auc if shortcut else None
    return [
        Report(
            accuracy=accuracy[k],
            readout_accuracy=readout[k],
            layer_accuracy=tuple(row[k] for row in alone),
            cumulative_accuracy=tuple(row[k] for row in cumulative),
            auc=tuple(own[:, k].tolist()),
            auc_uniform=tuple(uniform[:, k].tolist()),
            split=split,
            rows=len(labels),
            steps=trainer.steps,
            epochs=trainer.epochs,
            seconds=trainer.seconds,
            calibration_error=tuple(found.calibration_error[k].tolist()),
            sparsity=tuple(found.sparsity[k].tolist()),
            weight_rms=tuple(found.weight_rms[k].tolist()),
            shortcut=easy,
        )
        for k in range(variants)
    ]
