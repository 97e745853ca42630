"""Moments of a run whose weights are kept, spread over the whole of it, so that one can go on from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import SettingsError
from ffexplore.live.abreast import Abreast
from ffexplore.live.history import History

COUNT = 8  # moments that are kept on the way here
LIMIT = 256 * 2**20  # bytes that they may take; larger networks keep fewer


@dataclass(frozen=True, eq=False)
class Moment:
    """A moment of a run that one can go back to: weights, optimizer, order of the data and settings."""

    number: int  #: tells it from the others of its run
    step: int  #: batches trained by then
    epoch: float  #: passes over the training data by then
    settings: Settings  #: in force then
    is_rest: bool = False  #: whether training rested there
    noted: int = 0  #: the number of the journal's newest note then
    fork: int | None = None  #: where one went back to from here, if it is what was left behind then
    history: History | None = field(default=None, repr=False)  #: the history that was left behind with it
    state: dict[str, Tensor] = field(default_factory=dict, repr=False)  #: every tensor, in main memory
    counters: dict[str, Any] = field(default_factory=dict, repr=False)  #: the numbers that belong to them

    @property
    def size(self) -> int:
        """Bytes of its tensors."""
        return _size(self.state)

    def restore(self, trainer: Trainer) -> None:
        """Make this the state of a trainer of the same run.

        Raises
        ------
        Exception
            When its settings can no longer be met, because a function they name is gone, or data is not to be had.
        """
        if trainer.settings != self.settings:
            trainer.apply(self.settings)
        trainer.load_state({name: value.clone() for name, value in self.state.items()}, dict(self.counters))
        for layer in trainer.network.layers:
            layer.take_loss()  # that of the batches since the last look, which are undone


class Moments:
    """Keeps a few moments of a run, evenly enough, in bounded memory; safe to read from any thread.

    A moment is wanted when the last one lies back more than its share of the run, or a person paused; when there are
    too many, the one between the closest neighbours goes. The first one stays. Beside them lies what was left behind
    when somebody last went back, so that this can be undone.

    Parameters
    ----------
    count
        How many are kept at most on the way to the present.
    limit
        Bytes that these may take at most.
    """

    def __init__(self, count: int = COUNT, limit: int = LIMIT) -> None:
        self._count, self._limit = max(2, count), limit
        self._line: tuple[Moment, ...] = ()  # on the way to the present, oldest first
        self._left: Moment | None = None
        self._numbers = 0

    @property
    def all(self) -> tuple[Moment, ...]:
        """Those on the way to the present, oldest first, then the one that was left behind, if any."""
        return self._line if self._left is None else (*self._line, self._left)

    def find(self, step: int) -> Moment:
        """The moment kept at a step; of two the one on the way to the present.

        Raises
        ------
        SettingsError
            When no weights are kept there.
        """
        kept = self.all
        for moment in kept:
            if moment.step == step:
                return moment
        if not kept:
            raise SettingsError(f"No weights are kept at step {step!r}, because none are kept yet.")
        steps = sorted(moment.step for moment in kept)
        raise SettingsError(f"No weights are kept at step {step!r}; they are kept at {', '.join(map(str, steps))}.")

    def wants(self, step: int, *, at_rest: bool = False) -> bool:
        """Whether the present step should be kept; one where a person paused rather than one nearby."""
        if self._is_far(step):
            return True
        last = self._line[-1]
        return at_rest and step > last.step and not last.is_rest

    def keep(self, trainer: Trainer | Abreast, noted: int, *, at_rest: bool = False) -> None:
        """Keep the present moment of a trainer, and let go of one where there are too many.

        Parameters
        ----------
        trainer
            As it is.
        noted
            The number of the journal's newest note.
        at_rest
            Whether training rests here.
        """
        if _size(trainer.state()) > self._limit:
            return
        moment = self._take(trainer, noted=noted, is_rest=at_rest)
        line = [kept for kept in self._line if kept.step < moment.step]
        if len(line) > 1 and not self._is_far(moment.step):
            line.pop()  # nearby, and nobody chose it
        line.append(moment)
        while len(line) > self._count or sum(kept.size for kept in line) > self._limit:
            line.pop(_least_missed(line))
        self._line = tuple(line)

    def present(self, trainer: Trainer, noted: int, history: History, moment: Moment) -> Moment:
        """The present, with all that is needed to come back to it from a moment that one goes back to.

        Parameters
        ----------
        trainer
            As it is before it goes back.
        noted
            The number of the journal's newest note before.
        history
            The history as it is before.
        moment
            The one that is gone back to.
        """
        return self._take(trainer, noted=noted, fork=_fork(moment), history=history.copy())

    def go_to(self, moment: Moment, left: Moment) -> None:
        """The present is a kept moment from now on, and ``left`` is what was left behind."""
        line = [kept for kept in self._line if kept.step <= _fork(moment)]
        if moment.fork is not None:  # what had been left behind is the way to the present now
            line = [kept for kept in line if kept.step < moment.step]  # what it replaces is in what is left now
            line.append(dataclasses.replace(moment, fork=None, history=None))
        self._line, self._left = tuple(line), left

    def clear(self) -> None:
        """Begin anew."""
        self._line, self._left = (), None

    def _is_far(self, step: int) -> bool:
        """Whether the last moment lies back more than its share of the run."""
        if not self._line:
            return True
        first, last = self._line[0].step, self._line[-1].step
        return step - last >= max(1, (step - first) // self._count)

    def _take(self, trainer: Trainer | Abreast, **more: Any) -> Moment:
        self._numbers += 1
        return Moment(
            number=self._numbers,
            step=trainer.steps,
            epoch=trainer.epochs,
            settings=trainer.settings,
            state={name: value.detach().to("cpu", copy=True) for name, value in trainer.state().items()},
            counters=dict(trainer.counters()),
            **more,
        )


def _fork(moment: Moment) -> int:
    """Where the way to a moment parts from the present one: at itself, unless it was left behind."""
    return moment.step if moment.fork is None else moment.fork


def _size(state: dict[str, Tensor]) -> int:
    return sum(value.numel() * value.element_size() for value in state.values())


def _least_missed(line: list[Moment]) -> int:
    """The place, neither first nor last, between the closest neighbours; the first of two where there are but two."""
    if len(line) < 3:
        return 0
    return min(range(1, len(line) - 1), key=lambda place: line[place + 1].step - line[place - 1].step)
