"""The shortcut meter: whether negatives can be told from positives without looking at what they show.

A layer that can tell them apart by brightness or roughness has no reason to learn the classes. So a small classifier
sees nothing but such statistics of the raw inputs: where it succeeds on held-out data, the negatives are too easy.

It never sees the code of the label, so it knows of no shortcut there. All negatives that keep the image read 0.5, even
``inverse_label``, which a layer can tell from positives by counting how many labels are written.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ffexplore.engine.augment import Jitter
from ffexplore.engine.diagnostics import check_split
from ffexplore.engine.fields import whole_number
from ffexplore.engine.measures import auc
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained

ROWS = 1000  # of the training data, and of the held-out data
BINS = 8  # of the histogram of an input's values
RIDGE = 1e-2  # pull of the classifier's weights to zero, so that it stays finite where it errs nowhere
ROUNDS = 25  # of Newton's method
EASY, SUSPECT = 0.9, 0.6  # from which AUC on the negatives are called easy, or suspect


@dataclass(frozen=True)
class Shortcut:
    """What the meter reads.

    Attributes
    ----------
    auc
        Probability that the classifier finds a held-out positive more positive than a negative: 0.5 where the
        statistics say nothing, 1 where they give every negative away.
    telling
        The statistics that tell most when taken alone, most telling first: name and AUC, in the better direction.
    negatives
        The name of the negatives.
    rows
        Held-out pairs.
    """

    auc: float
    telling: tuple[tuple[str, float], ...]
    negatives: str
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """The reading as JSON has it."""
        return asdict(self)

    def __str__(self) -> str:
        if self.auc < SUSPECT:
            return (
                f"Statistics alone do not tell {self.negatives} from positives (AUC {self.auc:.2f}): there is no "
                "shortcut of this kind. One in the code of the label is not looked for."
            )
        name, alone = self.telling[0]
        ease = "the negatives are too easy" if self.auc >= EASY else "there is a shortcut"
        return (
            f"Statistics alone tell {self.negatives} from positives (AUC {self.auc:.2f}): {ease}. Most telling: {name} "
            f"(AUC {alone:.2f} alone)."
        )


def shortcut_meter(what: Settings | Trained, split: str = "validation", rows: int = ROWS) -> Shortcut:
    """Measure how well statistics of the raw inputs tell the chosen negatives from positives.

    Parameters
    ----------
    what
        Settings, or a trainer: negatives that depend on the weights are then those of the present ones.
    split
        Where it is measured; the classifier learns from the training data.
    rows
        Pairs of each at most.

    Returns
    -------
    Shortcut
        Its ``auc`` is about 0.5 for negatives that differ only in the label, however easily its code gives them away.

    Raises
    ------
    SettingsError
        When that is neither Settings nor a trainer, there is no such split, or rows is not a whole number of 1 or more.
    """
    from ffexplore.engine.training import Trainer

    if not isinstance(what, Settings | Trainer):
        raise SettingsError(f"what is a {type(what).__name__}; give Settings or a Trainer, as in Trainer(settings).")
    check_split(split)
    rows = whole_number("rows", rows, 1)
    trainer: Trained = Trainer(what) if isinstance(what, Settings) else what
    names, learned = _both_sides(trainer, "train", rows)
    _, held_out = _both_sides(trainer, split, rows)
    mean, deviation = learned.mean((0, 1)), learned.std((0, 1)).clamp(min=1e-9)
    x, tested = ((sides - mean) / deviation for sides in (learned, held_out))
    weights = logistic_regression(_curved(x).flatten(0, 1), torch.tensor([1.0, 0.0]).repeat_interleave(x.shape[1]))
    scores = _curved(tested) @ weights[:-1]
    alone = auc(held_out[0].t(), held_out[1].t())
    better = torch.maximum(alone, 1 - alone)
    order = better.argsort(descending=True, stable=True)[:3].tolist()
    return Shortcut(
        auc=float(auc(scores[0], scores[1])),
        telling=tuple((names[place], float(better[place])) for place in order),
        negatives=trainer.settings.negatives.name,
        rows=held_out.shape[1],
    )


@torch.no_grad()
def _both_sides(trainer: Trained, split: str, rows: int) -> tuple[list[str], Tensor]:
    """Names of the statistics, and their values (2, B, F) of positives and negatives; of the first variant."""
    inputs, pairs = trainer.network.inputs, trainer.make_pairs(split)
    jitter = Jitter(inputs.dataset.shape, [0], inputs.table.device).by(trainer.settings)
    index = torch.arange(min(rows, len(inputs.y[split])), device=inputs.table.device).unsqueeze(0)
    raw = inputs.rows(index, split).unsqueeze(1)
    if jitter is not None:
        raw = jitter(raw)
    _, images = pairs.negatives(index, raw, inputs.prepare(raw.clone()), None, jitter)
    images = pairs.seen(index, raw, images)
    negative = raw[0, 0] if images is None else images[0]
    shape = inputs.dataset.shape
    names, positive = statistics(raw[0, 0], shape)
    return names, torch.stack([positive, statistics(negative, shape)[1]])


def statistics(raw: Tensor, shape: tuple[int, ...]) -> tuple[list[str], Tensor]:
    """Statistics of raw inputs, each blind to where in the input a value stands, but for the roughness of pictures.

    Parameters
    ----------
    raw
        (B, features).
    shape
        (height, width, channels) of a picture, or (features,).

    Returns
    -------
    tuple
        F names, and the values (B, F) float64.
    """
    x = raw.cpu().double()
    low, high = (0.0, 1.0) if len(shape) == 3 else (float(x.min()), float(x.max()))
    found = {
        "mean": x.mean(1),
        "spread": x.std(1, correction=0),
        "smallest value": x.amin(1),
        "largest value": x.amax(1),
        "share of values that are not zero": (x != 0).double().mean(1),
    }
    place = ((x - low) / max(high - low, 1e-12) * BINS).long().clamp_(0, BINS - 1)
    for number in range(BINS):
        found[f"share of values from {number}/{BINS} to {number + 1}/{BINS} of the range"] = (
            (place == number).double().mean(1)
        )
    if len(shape) == 3:
        pictures = x.view(-1, *shape)
        down, right = pictures.diff(dim=1).abs(), pictures.diff(dim=2).abs()
        found["roughness (total variation)"] = (down.sum((1, 2, 3)) + right.sum((1, 2, 3))) / x.shape[1]
    return list(found), torch.stack(list(found.values()), 1)


def _curved(x: Tensor) -> Tensor:
    """Standardized statistics and their squares, so that being too ordinary gives an input away as well."""
    return torch.cat([x, x.square()], -1)


def logistic_regression(x: Tensor, y: Tensor, ridge: float = RIDGE) -> Tensor:
    """Weights and, last, the bias (F + 1,) that make the mean logistic loss and ``ridge``/2 · ‖weights‖² small.

    Newton's method with halved steps where the loss would grow; x (N, F) float64, y (N,) of 0 and 1.
    """
    design = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    y = y.to(x.dtype)
    pull = torch.full((design.shape[1],), ridge, dtype=x.dtype)
    pull[-1] = 0.0
    steady = torch.eye(design.shape[1], dtype=x.dtype) * 1e-9  # the bias alone could be singular

    def loss(weights: Tensor) -> Tensor:
        logits = design @ weights
        return (torch.nn.functional.softplus(logits) - y * logits).mean() + (pull * weights.square()).sum() / 2

    weights = torch.zeros(design.shape[1], dtype=x.dtype)
    for _ in range(ROUNDS):
        p = torch.sigmoid(design @ weights)
        gradient = design.t() @ (p - y) / len(x) + pull * weights
        curvature = (design.t() * (p * (1 - p))) @ design / len(x) + pull.diag() + steady
        step = torch.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6 and loss(weights - size * step) > loss(weights):
            size /= 2
        weights = weights - size * step
        if float(gradient.abs().max()) < 1e-10:
            break
    return weights
