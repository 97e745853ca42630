"""Keeps one copy of the last good state, to go back to when training diverges."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.network import Network
from ffexplore.engine.training import Trainer
from ffexplore.live.abreast import Abreast

EVERY = 2.0  # seconds between copies ...
SHARE = 0.005  # ... or more, so that copying takes no larger share of the time


class Keeper:
    """One copy of a trainer's state, in memory that is used again.

    Parameters
    ----------
    trainer
        What is copied.
    """

    def __init__(self, trainer: Trainer | Abreast) -> None:
        self.trainer = trainer
        self._state: dict[str, Tensor] = {}
        self._counters: dict[str, Any] = {}
        self._belongs_to: list[object] = []
        self._next = 0.0
        self.keep()

    @property
    def step(self) -> int:
        """The step of the copy."""
        return int(self._counters["steps"])

    def keep_now_and_then(self, now: float) -> bool:
        """Take a copy when the last one has grown old; tells whether it did and all was well.

        Parameters
        ----------
        now
            A time of ``time.perf_counter``.
        """
        return now >= self._next and self.keep()

    def keep_if_rebuilt(self) -> None:
        """Take a copy when the last one no longer fits what the trainer has become."""
        if not self._fits():
            self.keep()

    def keep(self) -> bool:
        """Take a copy, unless a weight is not finite and an older copy is at hand; tells whether all are finite."""
        began = time.perf_counter()
        fits, is_finite = self._fits(), self._is_finite()
        if not fits or is_finite:
            self._copy(reuse=fits)
        took = time.perf_counter() - began
        self._next = began + max(EVERY, took / SHARE)
        return is_finite

    def go_back(self) -> None:
        """Make the copy the trainer's state."""
        if not self._fits():
            return
        self.trainer.load_state({name: value.clone() for name, value in self._state.items()}, dict(self._counters))

    def _owners(self) -> list[object]:
        """The objects whose tensors are copied; others in their place mean another network, data or optimizer."""
        owners: list[object] = []
        for part in self.trainer.parts:
            owners += [part.batches, part.network.readout]
            for layer in part.network.layers:
                owners += [layer.parameters, layer.parameters.optimizer, *(rule.goodness for rule in layer.rules)]
        return owners

    def _fits(self) -> bool:
        owners = self._owners()
        return len(owners) == len(self._belongs_to) and all(
            mine is theirs for mine, theirs in zip(owners, self._belongs_to, strict=True)
        )

    def _is_finite(self) -> bool:
        return all(_is_finite(part.network) for part in self.trainer.parts)

    def _copy(self, reuse: bool) -> None:
        former = self._state if reuse else {}
        kept = {}
        for name, value in self.trainer.state().items():
            old = former.get(name)
            if old is not None and old.shape == value.shape and old.dtype == value.dtype:
                kept[name] = old.copy_(value)
            else:
                kept[name] = value.clone()
        self._state, self._counters = kept, dict(self.trainer.counters())
        self._belongs_to = self._owners()


def _is_finite(network: Network) -> bool:
    """Whether the weights of all variants that go on are finite."""
    if network.diverged.words:
        rows = [row for row in range(network.diverged.variants) if row not in network.diverged.words]
        return all(bool(torch.isfinite(layer.parameters.flat[rows].sum())) for layer in network.layers)
    return all(bool(torch.isfinite(layer.parameters.flat.sum())) for layer in network.layers)
