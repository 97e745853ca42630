"""What the network says of single inputs: the goodness of every label in every layer, and what decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.inference import asks_prototypes, asks_readout, inferences, label_scores, layer_numbers
from ffexplore.engine.weighing import weigh

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the first variant says of B inputs; L layers, C classes."""

    goodness: Float  #: (L, B, C) of each label, or score of each class, in each layer; nan where there is none
    counted: NDArray[np.bool_]  #: (L,) whether a layer's goodness counts for the decision
    scores: Float  #: (B, C) what decides: the largest wins
    chosen: NDArray[np.int64]  #: (B,) the class of each input
    basis: str  #: what the scores are, in words


@torch.no_grad()
def judge(trainer: Trained, raw: Tensor) -> Verdict:
    """Score inputs with the present weights, and decide as the settings say.

    Parameters
    ----------
    trainer
        What is asked; to be called in the thread that trains it.
    raw
        (B, features) in raw units, as ``Inputs.rows`` and ``Inputs.given`` return them.

    Returns
    -------
    Verdict
        Where a layer says nothing of classes, the read-out decides, if there is one.
    """
    network, choice = trainer.network, trainer.settings.inference
    goodness, weighed, logits = weigh(trainer, raw)
    depth = len(network.layers)
    has_goodness = network.names_classes
    by_prototypes = asks_prototypes(choice)
    if logits is not None and (asks_readout(choice) or not (has_goodness or by_prototypes)):
        decides = inferences[choice.name].function(logits, **choice.values) if asks_readout(choice) else logits
        scores, counted = decides.softmax(-1), np.zeros(depth, bool)
        basis = "probability by the read-out, which looks at one pass with the neutral label"
    else:
        scores = decides = label_scores(choice, weighed)
        counted = np.full(depth, not by_prototypes)
        basis = inferences[choice.name].summary
        if choice.name == "goodness":
            layers = layer_numbers(str(choice.values["layers"]), depth)
            counted = np.isin(np.arange(depth), layers)
            basis = _sum_of("score of each class" if network.per_class else "goodness", layers, depth)
        elif choice.name == "vote":
            basis = "votes of the layers; a tie goes to the larger sum of goodness"
    if trainer.settings.inference_shift:
        basis += f"; the mean over copies moved by up to {_pixels(trainer.settings.inference_shift)}"
    if not has_goodness:
        goodness = torch.full_like(goodness, float("nan"))
    return Verdict(
        goodness=goodness[:, 0].float().cpu().numpy(),
        counted=counted,
        scores=scores[0].float().cpu().numpy(),
        chosen=decides[0].argmax(-1).cpu().numpy(),
        basis=basis,
    )


def _pixels(count: int) -> str:
    return f"{count} pixel" + "s" * (count > 1)


def _sum_of(what: str, layers: list[int], depth: int) -> str:
    if depth == 1:
        return f"{what} in the only layer"
    if len(layers) == 1:
        return f"{what} in layer {layers[0] + 1} alone"
    which = "all layers" if len(layers) == depth else "layers " + " and ".join(str(layer + 1) for layer in layers)
    return f"{what}, summed over {which}"


def moment_of(trainer: Trained) -> tuple[object, ...]:
    """What answers of a network depend on; equal as long as nothing changed."""
    network = trainer.network
    weights = [layer.parameters for layer in network.layers]
    if network.readout is not None:
        weights.append(network.readout.parameters)
    return (trainer.settings, *((id(each), each.version) for each in weights))
