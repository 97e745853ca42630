"""The catalogue of initializations: the weights a layer starts with.

An entry is a function of the numbers of inputs and units and of a random generator that returns weights (units, inputs)
and biases (units,), float32.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.trial import warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Registry


def _made(entry: Entry) -> object:
    """The weights and biases of 4 units and 5 inputs, from the same random numbers each time."""
    return entry.function(5, 4, torch.Generator().manual_seed(0), **entry.defaults)


def _try_out(entry: Entry) -> None:
    made: Any = _made(entry)
    shapes = [tuple(each.shape) for each in made if isinstance(each, Tensor)]
    if shapes != [(4, 5), (4,)]:
        raise SettingsError(
            f"The initialization {entry.name!r} must return two Tensors, weights (units, inputs) and biases (units,); "
            f"for 4 units and 5 inputs it returned {shapes or type(made).__name__}."
        )
    if any(each.requires_grad for each in made):
        raise SettingsError(
            f"The initialization {entry.name!r} returned Parameters, or Tensors with a graph; detach() them. Layers "
            "need no derivative of their weights."
        )
    if not all(torch.isfinite(each).all() for each in made):
        raise SettingsError(f"The initialization {entry.name!r} returned values that are not finite.")
    if not entry.is_ours:
        instead = " Draw them from the generator that it is given."
        warn_where_random(f"The initialization {entry.name!r}", lambda: _made(entry), instead)


initializations: Registry[Entry] = Registry("initialization", Entry, _try_out, "4 units and 5 inputs", ())


@initializations.register("normal", source="Hinton's MATLAB code")
def normal(inputs: int, units: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weights from N(0, 1/inputs), biases zero."""
    weight = torch.randn(units, inputs, generator=generator, device=generator.device) / math.sqrt(inputs)
    return weight, torch.zeros(units, device=generator.device)


@initializations.register("torch_linear", source="torch.nn.Linear (Pezeshki 2022)")
def torch_linear(inputs: int, units: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weights and biases even between ±1/√inputs."""
    bound = 1 / math.sqrt(inputs)
    drawn = torch.rand(units, inputs + 1, generator=generator, device=generator.device) * (2 * bound) - bound
    return drawn[:, :-1], drawn[:, -1]


@initializations.register("glorot_uniform", source="Glorot and Bengio 2010 (Keras example)")
def glorot_uniform(inputs: int, units: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weights even between ±√(6/(inputs + units)), biases zero."""
    bound = math.sqrt(6 / (inputs + units))
    weight = torch.rand(units, inputs, generator=generator, device=generator.device) * (2 * bound) - bound
    return weight, torch.zeros(units, device=generator.device)
