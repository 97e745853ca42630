"""Receptive fields: the weights of the first layer's units, as pictures of what each unit looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ffexplore.engine.training import Trainer

FIELDS = 32  #: units shown at most


@dataclass(frozen=True, eq=False)
class ReceptiveFields:
    """Weights of N units of the first layer of the first variant."""

    weights: NDArray[np.float32]  #: (N, height, width), the mean over the colour channels; N is 0 for a table
    units: NDArray[np.int32]  #: (N,) numbers of the units, from 0
    total: int  #: how many units the layer has
    label_inputs: int  #: how many of the first inputs carry the label instead of the picture
    dataset: str  #: the name of the data


@torch.no_grad()
def strongest_units(trainer: Trainer, count: int = FIELDS) -> NDArray[np.int64]:
    """Numbers of the units of the first layer whose weights to the picture have the largest norm, strongest first.

    Parameters
    ----------
    trainer
        What is looked at; to be called in the thread that trains it.
    count
        How many units at most.

    Returns
    -------
    ndarray
        (N,) int64; weights that are not finite count as none.
    """
    weight = trainer.network.layers[0].parameters.weight[0]
    strength = weight[: trainer.network.inputs.features].norm(dim=0).nan_to_num(0.0, 0.0)
    return strength.argsort(descending=True, stable=True)[:count].cpu().numpy()


@torch.no_grad()
def receptive_fields(trainer: Trainer, units: NDArray[np.int64] | None = None) -> ReceptiveFields:
    """Copy the weights of some units of the first layer, shaped like the pictures they look at.

    Parameters
    ----------
    trainer
        What is looked at; to be called in the thread that trains it.
    units
        Numbers of the units (N,), in the order to return; the strongest ones if left out.

    Returns
    -------
    ReceptiveFields
        Without any field where the data is a table.
    """
    inputs, parameters = trainer.network.inputs, trainer.network.layers[0].parameters
    data = inputs.dataset
    if data.kind == "table":
        nothing = np.zeros((0, 1, data.features), np.float32)
        return ReceptiveFields(nothing, np.zeros(0, np.int32), parameters.units, 0, data.name)
    chosen = strongest_units(trainer) if units is None else units
    index = torch.from_numpy(np.ascontiguousarray(chosen)).to(parameters.weight.device)
    rows = parameters.weight[0, : data.features].index_select(1, index)
    fields = rows.t().reshape(len(chosen), *data.shape).mean(-1)
    return ReceptiveFields(
        fields.float().cpu().numpy(), chosen.astype(np.int32), parameters.units, inputs.replaced, data.name
    )
