"""Looks at every part of what trains, and lays what is seen of the variants beside each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ffexplore.engine.probe import Float, Probe, Reading
from ffexplore.engine.training import Trainer
from ffexplore.live.abreast import Abreast

EXAMPLES = ("images", "labels", "goodness", "probability", "jittered")  # of a reading; the first part's are shown


class Probes:
    """A probe for each part of what trains.

    Parameters
    ----------
    trainer
        What is looked at.
    """

    def __init__(self, trainer: Trainer | Abreast) -> None:
        self._trainer = trainer
        self._probes = [Probe(part) for part in trainer.parts]

    @property
    def is_locked(self) -> bool:
        """Whether the ranges of the histograms stay as they are."""
        return self._probes[0].is_locked

    @is_locked.setter
    def is_locked(self, is_locked: bool) -> None:
        for probe in self._probes:
            probe.is_locked = is_locked

    def measure(self, *, thorough: bool = True) -> Reading:
        """Look at all; see ``Probe.measure``."""
        readings = [probe.measure(thorough=thorough) for probe in self._probes]
        first = readings[0]
        names = [field.name for field in dataclasses.fields(first) if field.name not in EXAMPLES]
        laid = {name: self._laid([vars(each)[name] for each in readings]) for name in names}
        return dataclasses.replace(first, **laid)

    def accuracy(self) -> tuple[Float, Float]:
        """Validation accuracies of all variants (K,); see ``Probe.accuracy``."""
        chosen, readout = zip(*(probe.accuracy() for probe in self._probes), strict=True)
        return self._laid(chosen), self._laid(readout)

    def losses(self) -> Float:
        """Mean loss (K, L) of all variants since it was last asked for."""
        of_parts = [[layer.take_loss().cpu().numpy() for layer in part.network.layers] for part in self._trainer.parts]
        return self._laid([np.stack(losses, 1).astype(np.float32) for losses in of_parts])

    def _laid(self, of_parts: Sequence[NDArray]) -> NDArray:
        """One array from those of the parts, the variants first, in their order."""
        trainer = self._trainer
        return of_parts[0] if isinstance(trainer, Trainer) else np.stack(trainer.in_order(of_parts))
