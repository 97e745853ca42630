"""The twin beside a run: trained by backpropagation in slices, until it has seen as many batches."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ffexplore.engine.backprop import BackpropTwin
from ffexplore.engine.footprint import footprint_of_step
from ffexplore.engine.probe import scored_rows
from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import NoDerivativeError

POINTS = 300  # when this many are reached, every second one goes
LOOK = 0.1  # share of the twin's time that looking at its accuracy may take


@dataclass(frozen=True, eq=False)
class Beside:
    """Where the twin stands; T looks at its validation accuracy, on the rows on which that of the run is read."""

    steps: NDArray[np.float32]  #: (T,) batches
    accuracy: NDArray[np.float32]  #: (T,)
    seconds: tuple[float, float]  #: of training for as many batches as the twin has seen: the run (estimated), the twin
    batches: tuple[int, int]  #: of the run, of the twin
    held: tuple[int, int]  #: bytes that a step holds between a forward pass and its gradient: of the run, of the twin
    refusal: str = ""  #: why there is no twin


class Companion:
    """Trains a twin beside a trainer; to be called in the trainer's thread."""

    def __init__(self) -> None:
        self._twin: BackpropTwin | None = None
        self._refused: tuple[Settings, str] | None = None
        self._held = (0, 0)
        self._steps: list[int] = []
        self._accuracy: list[float] = []
        self._stride, self._skipped = 1, 0
        self._trained = self._looked = 0.0
        self.is_behind = False  #: whether the run is ahead of the twin

    def advance(self, trainer: Trainer, seconds: float) -> Beside:
        """Train the twin for some seconds, or until it has caught up, and tell where it stands.

        A twin whose network, data or start the settings no longer describe, or that is ahead of a run that began
        anew, gives way to a new one, which begins at the beginning.
        """
        settings = trainer.settings
        if self._refused is not None and self._refused[0] == settings:
            return self._beside(trainer, self._refused[1])
        twin = self._twin
        if twin is None or twin.steps > trainer.steps or not twin.apply(settings):
            try:
                twin = self._begin(trainer)
            except NoDerivativeError as error:
                self._twin, self.is_behind, self._refused = None, False, (settings, str(error))
                return self._beside(trainer, str(error))
        began = time.perf_counter()
        while twin.steps < trainer.steps:
            twin.step()
            if time.perf_counter() - began >= seconds:
                break
        self._trained += time.perf_counter() - began
        self.is_behind = twin.steps < trainer.steps
        if not self._steps or (self._steps[-1] != twin.steps and (self._looked < LOOK * self._trained)):
            self._look(twin, trainer)
        return self._beside(trainer, "")

    def _begin(self, trainer: Trainer) -> BackpropTwin:
        settings = trainer.settings
        self._twin = twin = BackpropTwin(settings)
        self._refused, self._steps, self._accuracy = None, [], []
        self._stride, self._skipped, self._trained, self._looked = 1, 0, 0.0, 0.0
        # Measured on others like them, because measuring takes a step.
        both = (Trainer(settings), BackpropTwin(settings))
        for each in both:
            each.step()  # what is laid ready once does not belong to a step
        self._held = (footprint_of_step(both[0]).held, footprint_of_step(both[1]).held)
        return twin

    def _look(self, twin: BackpropTwin, trainer: Trainer) -> None:
        began = time.perf_counter()
        self._skipped += 1
        if self._skipped >= self._stride or not self._steps:
            self._skipped = 0
            if len(self._steps) >= POINTS:
                self._steps, self._accuracy, self._stride = self._steps[::2], self._accuracy[::2], 2 * self._stride
            self._steps.append(twin.steps)
            self._accuracy.append(twin.accuracy("validation", scored_rows(trainer)))
        self._looked += time.perf_counter() - began

    def _beside(self, trainer: Trainer, refusal: str) -> Beside:
        twin = self._twin
        steps, seconds = (twin.steps, twin.seconds) if twin is not None and not refusal else (0, 0.0)
        share = steps / trainer.steps if trainer.steps else 0.0
        return Beside(
            steps=np.array([] if refusal else self._steps, np.float32),
            accuracy=np.array([] if refusal else self._accuracy, np.float32),
            seconds=(share * trainer.seconds, seconds),
            batches=(trainer.steps, steps),
            held=self._held,
            refusal=refusal,
        )
