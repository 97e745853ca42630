"""How often a network names the right class: by all that the inference weighs, layer by layer, and by the read-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.inference import asks_prototypes, label_scores
from ffexplore.engine.weighing import weigh

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained

CHUNK_ROWS = 1024

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Accuracies:
    """Of K variants and L layers, shares of rows in [0, 1] that are classified right; nan where no class is named.

    Attributes
    ----------
    chosen
        By the inference, (K,); where that is the read-out, by the goodness of all layers.
    readout
        By the one-pass read-out, (K,).
    alone, cumulative
        By each layer alone, and by the sum of each layer and those below it, (K, L).
    """

    chosen: Float
    readout: Float
    alone: Float
    cumulative: Float


@dataclass(frozen=True, eq=False)
class Scored:
    """What a network says of N rows with known labels."""

    labels: Tensor  #: (N,)
    goodness: Tensor  #: (L, K, N, C) of every label; all zero where no class is named
    weighed: Tensor  #: the same shape: what the inference weighs of each layer
    logits: Tensor | None  #: (K, N, C) of the read-out


@torch.no_grad()
def scored(trainer: Trained, split: str, rows: int | None = None) -> Scored:
    """Score the first rows of a split, in chunks; all rows if left out."""
    network = trainer.network
    labels = network.inputs.y[split][:rows]
    goodness, weighed, logits = [], [], []
    for index in torch.arange(len(labels), device=labels.device).split(CHUNK_ROWS):
        found, layers, read = weigh(trainer, network.inputs.rows(index, split))
        goodness.append(found)
        weighed.append(layers)
        if read is not None:
            logits.append(read)
    return Scored(labels, torch.cat(goodness, 2), torch.cat(weighed, 2), torch.cat(logits, 1) if logits else None)


def accuracies(trainer: Trained, seen: Scored) -> Accuracies:
    """Count what of that was right."""
    choice = trainer.settings.inference
    variants = seen.goodness.shape[1]
    named = trainer.network.names_classes or asks_prototypes(choice)

    def share(scores: Tensor | None) -> Float:
        if scores is None:
            return np.full(variants, np.nan)
        known = scores.nan_to_num(-torch.inf, torch.inf, -torch.inf)  # else nan would win
        right = (known.argmax(-1) == seen.labels) & ~scores.isnan().all(-1)
        shares: Float = right.cpu().double().mean(-1).numpy()
        return shares

    layers = len(seen.weighed)
    running = seen.weighed.cumsum(0)
    return Accuracies(
        chosen=share(label_scores(choice, seen.weighed) if named else None),
        readout=share(seen.logits),
        alone=np.stack([share(seen.weighed[n] if named else None) for n in range(layers)], 1),
        cumulative=np.stack([share(running[n] if named else None) for n in range(layers)], 1),
    )
