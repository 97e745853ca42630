"""Variants that no one network can hold: several trainers, of one or some of them each, that take their steps in turn.

Variants of one network share its batches and its shapes. What differs beyond that, the size of batches or the
activation, say, trains in a network of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.batches import Batches
from ffexplore.engine.lockstep import lockstep_groups
from ffexplore.engine.network import Network
from ffexplore.engine.plan import Plan
from ffexplore.engine.report import Report
from ffexplore.engine.settings import Settings
from ffexplore.engine.stepping import Stepper
from ffexplore.engine.training import Trainer
from ffexplore.errors import DivergedError


class Abreast:
    """Trainers that are stepped together, and what a run asks of a trainer of several variants.

    Where variants can differ (an epoch, where their batches do), what is said of all is said of the first.

    Parameters
    ----------
    parts
        The trainers.
    members
        The numbers of the variants of each.
    """

    def __init__(self, parts: Sequence[Trainer], members: Sequence[Sequence[int]]) -> None:
        self.parts, self._members = list(parts), [list(each) for each in members]
        self.steps = parts[0].steps
        self._resting: dict[int, str] = {}  # what happened to each of the parts that diverged

    def step(self) -> None:
        """Train every part on one batch; one that meets a value that is not finite rests from then on.

        Raises
        ------
        DivergedError
            When none is left that goes on.
        """
        for number, part in enumerate(self.parts):
            if number in self._resting:
                continue
            try:
                part.step()
            except DivergedError as error:
                if len(self._resting) == len(self.parts) - 1:
                    raise
                self._resting[number] = error.met
        self.steps += 1

    def in_order(self, of_parts: Iterable[Iterable[Any]]) -> list[Any]:
        """What there is of each part, a row for each of its variants, in the order of the variants."""
        found: dict[int, Any] = {}
        for numbers, rows in zip(self._members, of_parts, strict=True):
            found.update(zip(numbers, rows, strict=True))
        return [found[number] for number in sorted(found)]

    def single(self, variant: int) -> Trainer:
        """A trainer of one of the variants, alone, which goes on where it is."""
        part = next(number for number, members in enumerate(self._members) if variant in members)
        return self.parts[part].single(self._members[part].index(variant))

    @property
    def settings(self) -> Settings:
        """The settings of the first variant."""
        return self.all_settings[0]

    @property
    def all_settings(self) -> list[Settings]:
        """The settings of every variant."""
        return self.in_order([part.all_settings for part in self.parts])

    @property
    def diverged(self) -> dict[int, str]:
        """What happened to each variant that rests, by its number."""
        found: dict[int, str] = {}
        for number, (part, members) in enumerate(zip(self.parts, self._members, strict=True)):
            words = dict.fromkeys(range(len(members)), self._resting[number]) if number in self._resting else {}
            found |= {members[row]: told for row, told in (words | part.diverged).items()}
        return found

    @property
    def seconds(self) -> float:
        """Seconds of training, of all parts together."""
        return sum(part.seconds for part in self.parts)

    @property
    def rows_per_step(self) -> int:
        """Inputs that one step of all parts trains."""
        return sum(part.rows_per_step for part in self.parts)

    @property
    def progress(self) -> float:
        """Of the horizon, in [0, 1]."""
        return self.parts[0].progress

    @progress.setter
    def progress(self, progress: float) -> None:
        for part in self.parts:
            part.progress = progress

    def course(self) -> NDArray[np.float32]:
        """The present factor of the learning rate of each variant, (K, 1)."""
        factors = [[part.course()] * len(part.all_settings) for part in self.parts]
        return np.array(self.in_order(factors), np.float32)[:, None]

    def __getattr__(self, name: str) -> Any:
        """Say what serves instead of what one trainer alone can do."""
        if hasattr(Trainer, name):
            raise AttributeError(
                f"{name} is of one trainer, and these variants train in networks of their own. Take one of them, as in "
                f"trainer.single(0).{name}, or choose one first."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def evaluate(self, split: str = "test", *, shortcut: bool = False) -> Report:
        """The report of the first variant; see ``Trainer``."""
        return self.evaluate_variants(split, shortcut=shortcut)[0]

    def evaluate_variants(self, split: str = "test", *, shortcut: bool = False) -> list[Report]:
        """A report for each variant; see ``Trainer``."""
        return self.in_order([part.evaluate_variants(split, shortcut=shortcut) for part in self.parts])

    def state(self) -> dict[str, Tensor]:
        """Every tensor that makes up the present moment, by name; no copies."""
        states = enumerate(part.state() for part in self.parts)
        return {f"part.{number}.{name}": value for number, state in states for name, value in state.items()}

    def counters(self) -> dict[str, Any]:
        """The numbers that belong to ``state``."""
        return {"steps": self.steps, "parts": [part.counters() for part in self.parts]}

    def load_state(self, state: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Go back to a moment that ``state`` and ``counters`` recorded; no part rests."""
        for number, part in enumerate(self.parts):
            start = f"part.{number}."
            own = {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
            part.load_state(own, counters["parts"][number])
        self.steps, self._resting = counters["steps"], {}

    # -- that of the first --------------------------------------------------------------------------------------------

    @property
    def epochs(self) -> float:
        """Passes over the training data so far."""
        return self.parts[0].epochs

    @property
    def plan(self) -> Plan:
        """What was built."""
        return self.parts[0].plan

    @property
    def network(self) -> Network:
        """The network."""
        return self.parts[0].network

    @property
    def batches(self) -> Batches:
        """The batches."""
        return self.parts[0].batches

    @property
    def stepper(self) -> Stepper:
        """What takes the steps."""
        return self.parts[0].stepper


def fan_out(trainer: Trainer, variants: Sequence[Settings]) -> Trainer | Abreast:
    """Variants that go on from a single run: of one network where one can hold them, else abreast.

    See ``ffexplore.engine.variants.fan_out``.
    """
    groups = lockstep_groups(variants)
    parts = [trainer.fan_out([variants[number] for number in group], among=variants) for group in groups]
    return parts[0] if len(parts) == 1 else Abreast(parts, groups)
