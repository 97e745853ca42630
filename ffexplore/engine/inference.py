"""The catalogue of inferences: how a class is read from the network."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Param, Registry

inferences: Registry[Entry] = Registry("inference", Entry)


@inferences.register("goodness", source="Hinton 2022, section 3.3", needs=("layer_goodness",))
def by_goodness(
    layer_goodness: Tensor,
    *,
    layers: Annotated[str, Param("all, without_first, or numbers from 1 joined by +, as in 1+3")] = "all",
) -> Tensor:
    """Try every label and take the one with the largest goodness, summed over the chosen layers."""
    chosen = layer_numbers(layers, layer_goodness.shape[0])
    return layer_goodness[chosen].sum(0)


@inferences.register("readout", source="Hinton 2022, section 3.3", needs=("readout",))
def by_readout(readout: Tensor) -> Tensor:
    """One pass with a neutral label, and a softmax on the normalized activities."""
    return readout


def layer_numbers(layers: str, depth: int) -> list[int]:
    """Turn the words of a layer choice into indices from 0.

    Raises
    ------
    SettingsError
        When a number is not that of a layer.
    """
    if layers == "all":
        return list(range(depth))
    if layers == "without_first":
        return list(range(1, depth)) or [0]
    try:
        chosen = sorted({int(part) - 1 for part in layers.split("+")})
    except ValueError:
        chosen = [-1]
    if not chosen or chosen[0] < 0 or chosen[-1] >= depth:
        raise SettingsError(
            f"layers of the inference is {layers!r}; allowed: all, without_first, or numbers from 1 to {depth} "
            "joined by +, as in 1+2."
        )
    return chosen
