"""The catalogue of inferences: how a class is read from the network."""

from __future__ import annotations

import inspect
from typing import Annotated

import torch
from torch import Tensor

from ffexplore.errors import SettingsError
from ffexplore.registry import Choice, Entry, Param, Registry

inferences: Registry[Entry] = Registry("inference", Entry, traits=("needs",))

Layers = Annotated[str, Param("all, without_first, last, or numbers from 1 joined by +, as in 1+3")]


@inferences.register("goodness", source="Hinton 2022, section 3.3", needs=("layer_goodness",))
def by_goodness(
    layer_goodness: Tensor,
    *,
    layers: Layers = "all",
) -> Tensor:
    """Try every label c and take the one with the largest goodness over the chosen layers: argmax Σ g[c]."""
    chosen = layer_numbers(layers, layer_goodness.shape[0])
    return layer_goodness[chosen].sum(0)


@inferences.register("vote", source="common", needs=("layer_goodness",))
def by_vote(layer_goodness: Tensor) -> Tensor:
    """Each layer votes for its argmax g[c]; most votes win, Σ [argmax g = c], and of equal ones the largest Σ g[c]."""
    classes = layer_goodness.shape[-1]
    votes = torch.nn.functional.one_hot(layer_goodness.argmax(-1), classes).sum(0)
    summed = layer_goodness.sum(0)
    low, high = summed.amin(-1, keepdim=True), summed.amax(-1, keepdim=True)
    return votes + (summed - low) / (2 * (high - low).clamp(min=torch.finfo(summed.dtype).tiny))


@inferences.register("readout", source="Hinton 2022, section 3.3", needs=("readout",))
def by_readout(readout: Tensor) -> Tensor:
    """One pass with a neutral label, and a softmax on the normalized activities: softmax(W h / rms h + b)."""
    return readout


@inferences.register("prototypes", source="common", needs=("nearness",))
def by_prototypes(nearness: Tensor, *, layers: Layers = "all") -> Tensor:
    """The class c whose mean direction p in the training data is nearest in chosen layers: argmax Σ cos(h, p[c])."""
    return nearness[layer_numbers(layers, nearness.shape[0])].sum(0)


def _looks_at(choice: Choice) -> str:
    """What an inference is given, which is the name of its first argument: layer_goodness, readout or nearness."""
    return next(iter(inspect.signature(inferences[choice.name].function).parameters), "")


def asks_prototypes(choice: Choice) -> bool:
    """Whether an inference looks at the nearness to class prototypes instead of the goodness of every label."""
    return _looks_at(choice) == "nearness"


def asks_readout(choice: Choice) -> bool:
    """Whether an inference looks at the read-out instead of the goodness of every label."""
    return _looks_at(choice) == "readout"


def label_scores(choice: Choice, layer_goodness: Tensor) -> Tensor:
    """Scores of the labels (K, B, C) from their goodness in each layer (L, K, B, C).

    Where the chosen inference looks at the read-out, the goodness of all layers is summed.
    """
    if asks_readout(choice):
        return layer_goodness.sum(0)
    scores: Tensor = inferences[choice.name].function(layer_goodness, **choice.values)
    return scores


def layer_numbers(layers: str, depth: int, field: str = "layers of the inference") -> list[int]:
    """Turn the words of a layer choice into indices from 0; ``field`` is what carries it, for the message.

    Raises
    ------
    SettingsError
        When a number is not that of a layer.
    """
    if layers == "all":
        return list(range(depth))
    if layers == "last":
        return [depth - 1]
    if layers == "without_first":
        return list(range(1, depth)) or [0]
    try:
        chosen = sorted({int(part) - 1 for part in layers.split("+")})
    except ValueError:
        chosen = [-1]
    if not chosen or chosen[0] < 0 or chosen[-1] >= depth:
        raise SettingsError(
            f"{field} is {layers!r}; allowed: all, without_first, last, or numbers from 1 to {depth} "
            "joined by +, as in 1+2."
        )
    return chosen
