"""What the network takes each validation input for: the confusion matrix and the list of mistakes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ffexplore.engine.probe import scored_rows
from ffexplore.engine.verdict import judge, moment_of

if TYPE_CHECKING:
    from ffexplore.engine.training import Trainer

PAUSE = 1.0  #: seconds between two examinations while training


@dataclass(frozen=True, eq=False)
class Judged:
    """The first N inputs of the validation split, which is shuffled, and the class that each was given."""

    labels: NDArray[np.int64]  #: (N,) the right classes
    chosen: NDArray[np.int64]  #: (N,) those that the network chose
    total: int  #: rows of the validation split
    names: tuple[str, ...]  #: of the classes
    dataset: str  #: the name of the data
    step: int  #: batches trained before

    @property
    def counts(self) -> NDArray[np.int64]:
        """(C, C) int64: how often an input of a class (row) was taken for one (column)."""
        classes = len(self.names)
        return np.bincount(self.labels * classes + self.chosen, minlength=classes**2).reshape(classes, classes)

    def rows(self, kind: tuple[int, int] | None = None) -> NDArray[np.int64]:
        """Rows of the split that were taken for another class, or of one kind: (right class, chosen class)."""
        if kind is None:
            return np.flatnonzero(self.labels != self.chosen)
        return np.flatnonzero((self.labels == kind[0]) & (self.chosen == kind[1]))


class Examiner:
    """Judges the validation split with the present weights, slice by slice, so that training is never held up for long.

    Parameters
    ----------
    clock
        Returns seconds; replaced in tests.

    Attributes
    ----------
    latest
        What was found last.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.latest: Judged | None = None
        self._clock = clock
        self._moment: tuple[object, ...] | None = None
        self._began = float("-inf")

    @property
    def has_more(self) -> bool:
        """Whether a part of the split was not looked at yet."""
        return self.latest is not None and len(self.latest.labels) < self.latest.total

    def look(self, trainer: Trainer, at_rest: bool) -> Judged:
        """Judge what is due.

        Parameters
        ----------
        trainer
            What is examined; to be called in the thread that trains it.
        at_rest
            Begin anew as soon as anything changed, and go on to the end of the split with further calls; else one
            slice is judged anew once in a second.

        Returns
        -------
        Judged
            As far as it got: the slice for an accuracy at first, at rest all of the split in the end.
        """
        moment, now = moment_of(trainer), self._clock()
        is_same = self.latest is not None and moment == self._moment
        first = 0
        if self.latest is not None and self.latest.dataset == trainer.plan.dataset.name:
            if is_same and self.has_more and at_rest:
                first = len(self.latest.labels)
            elif is_same or (not at_rest and now - self._began < PAUSE):
                return self.latest
        if not first:
            self._moment, self._began = moment, now
        self.latest = self._slice(trainer, first)
        return self.latest

    def _slice(self, trainer: Trainer, first: int) -> Judged:
        inputs = trainer.network.inputs
        labels = inputs.y["validation"]
        last = min(first + scored_rows(trainer), len(labels))
        index = torch.arange(first, last, device=labels.device)
        chosen = judge(trainer, inputs.rows(index, "validation")).chosen
        right = labels[first:last].cpu().numpy()
        if first and self.latest is not None:
            right = np.concatenate([self.latest.labels, right])
            chosen = np.concatenate([self.latest.chosen, chosen])
        data = trainer.plan.dataset
        return Judged(right, chosen, len(labels), data.class_names, data.name, trainer.steps)


def examined(trainer: Trainer) -> Judged:
    """Judge all of the validation split with the present weights."""
    examiner = Examiner()
    judged = examiner.look(trainer, at_rest=True)
    while examiner.has_more:
        judged = examiner.look(trainer, at_rest=True)
    return judged
