"""When a snapshot is due, and what goes into it, so that looking costs the trainer little."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from typing import Any

import numpy as np

from ffexplore.engine.measures import BINS
from ffexplore.engine.probe import Reading
from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.live.abreast import Abreast
from ffexplore.live.probes import Probes
from ffexplore.live.snapshot import Examples, Snapshot

PROBE_SHARE = 0.012  # of the time that looks may take on average before snapshots come less often ...
WATCHED_SHARE = 0.12  # ... or so much while somebody looks, for whom a picture that moves is worth more than steps ...
LONGEST = 1.0  # ... but not more seconds apart than this, or than the next where nobody looks
LONGEST_UNSEEN = 5.0
AT_FIRST = 0.1  # seconds of looks that are as frequent for nobody, so that a run of a second has a history, too
ACCURACY_SHARE = 0.004  # of the time that reading the validation accuracy may take on top ...
WATCHED_ACCURACY_SHARE = 0.02  # ... or so much for each variant that somebody looks at ...
MOST_ACCURACY_SHARE = 0.08  # ... but not more than this
HEAD_START = 0.3  # seconds that the accuracy may take before its share counts, so that a first minute is smooth
AFRESH = 0.15  # seconds of it that a change gives back, so that its effect is soon seen ...
AFRESH_EVERY = 3.0  # ... but not more often than this, for one who moves a slider all the time
THOROUGH = 1.5  # seconds between thorough looks, see Probe.measure; where nobody looks, the next
THOROUGH_UNSEEN = 6.0
REST = 0.4  # seconds after a change until a person's hand counts as resting: thorough looks and accuracies wait for it
URGENT = 1 / 30  # seconds between snapshots that a person's changes call for
SMOOTHING = 1.0  # seconds over which rows per second are smoothed


class Publisher:
    """Makes snapshots of a trainer.

    Parameters
    ----------
    trainer
        What is looked at.
    rate
        Snapshots per second at most, while training.
    """

    def __init__(self, trainer: Trainer | Abreast, rate: float) -> None:
        self._is_watched = False
        self.trainer, self.probe, self.rate = trainer, Probes(trainer), rate
        self._next = self._last = self._rests_at = 0.0
        self._thorough_at = -math.inf  # when the last thorough look was, or as if, where a change asks for another
        self._urgent_at: float | None = None
        self._costs: deque[float] = deque(maxlen=5)
        self._is_warm = False
        self._looked = 0.0
        self._running_since: float | None = None
        self._ran = 0.0
        self._spent = 0.0
        self._next_afresh = 0.0
        self._accuracy_of: object = None
        self._accuracy_step = -1
        self._accuracy = self._readout = np.full(1, np.nan, np.float32)
        self._loss: np.ndarray | None = None
        self._loss_step = -1
        self._speed = 0.0
        self._counted = (0.0, trainer.steps)

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return self._is_watched

    @is_watched.setter
    def is_watched(self, is_watched: bool) -> None:
        if is_watched and not self._is_watched:  # who begins to look does not wait for what was due without them
            self._next = min(self._next, self._last + 1 / self.rate)
        self._is_watched = is_watched

    def set_rate(self, rate: float) -> None:
        """Change the rate; the next snapshot comes one interval from now."""
        self.rate = rate
        self._next = time.perf_counter() + 1 / rate

    def run(self) -> None:
        """Note that training goes on from here."""
        if self._running_since is None:
            now = time.perf_counter()
            self._running_since, self._counted = now, (now, self.trainer.steps)

    def rest(self) -> None:
        """Note that training has come to rest."""
        if self._running_since is not None:
            self._ran += time.perf_counter() - self._running_since
            self._running_since = None

    def hurry(self) -> None:
        """Make a snapshot due at once, or as soon after the last one as an eye can follow."""
        if self._urgent_at is None:
            self._urgent_at = min(self._next, self._last + URGENT) if self._next else 0.0

    def seconds_to_next(self, now: float) -> float:
        """Seconds until a snapshot is due."""
        return max(0.0, (self._next if self._urgent_at is None else self._urgent_at) - now)

    def is_due(self, now: float) -> bool:
        """Whether a snapshot is due at a time of ``time.perf_counter``."""
        return now >= (self._next if self._urgent_at is None else self._urgent_at)

    def sees_hand_move(self, now: float) -> bool:
        """Whether a person changed something a moment ago, at a time of ``time.perf_counter``."""
        return now < self._rests_at

    def make(self, status: str, message: str, changes: tuple[str, ...], *, fresh: bool) -> Snapshot:
        """Look at the trainer.

        Parameters
        ----------
        status, message, changes
            As in the snapshot.
        fresh
            Read the validation accuracy whatever it costs; else it is carried over where its share is used up.
        """
        began = time.perf_counter()
        self._count(began)
        wait = THOROUGH if self.is_watched else THOROUGH_UNSEEN
        if changes:
            self._rests_at, self._thorough_at = began + REST, min(self._thorough_at, began - wait)
        is_resting = began >= self._rests_at
        thorough = fresh or began >= self._thorough_at + wait + (0.0 if is_resting else THOROUGH)
        reading = self.probe.measure(thorough=thorough)
        if thorough:
            self._thorough_at = began
        looked = time.perf_counter()
        if changes and looked >= self._next_afresh:
            self._spent = min(self._spent, self._allowance(looked) - AFRESH)
            self._next_afresh = looked + AFRESH_EVERY
        if fresh or self._must_score() or (is_resting and self._spent < self._allowance(looked)):
            self._accuracy, self._readout = self.probe.accuracy()
            self._accuracy_of, self._accuracy_step = self._run_of_trainer(), self.trainer.steps
            if not fresh:  # what a person asked for by a change or a pause is not charged to training
                self._spent += time.perf_counter() - looked
        if self._is_warm:
            self._costs.append(looked - began)
            self._looked += looked - began
        self._is_warm = True  # the first look takes longer than those after it
        self._last = time.perf_counter()
        cost = statistics.fmean(self._costs) if self._costs else 0.0
        is_frequent = self.is_watched or self._looked < AT_FIRST
        share, longest = (WATCHED_SHARE, LONGEST) if is_frequent else (PROBE_SHARE, LONGEST_UNSEEN)
        interval = max(1 / self.rate, min(cost / share, longest))
        # Due times follow each other, so that the wait for the end of a step does not make the rate lower.
        is_regular = self._next <= began < self._next + interval
        self._next = (self._next if is_regular else began) + interval
        self._urgent_at = None
        return self._compose(reading, status, message, changes)

    def _run_of_trainer(self) -> tuple[Any, ...]:
        """What an accuracy belongs to: the data and the layers."""
        network = self.trainer.network
        return network.inputs.dataset, network.widths, self.trainer.batches

    def _must_score(self) -> bool:
        """Whether the accuracy that was read last is none of this run."""
        return self._accuracy_of is None or self._run_of_trainer() != self._accuracy_of

    def _allowance(self, now: float) -> float:
        """Seconds that the accuracy may have taken by now."""
        ran = self._ran + (now - self._running_since if self._running_since is not None else 0.0)
        share = ACCURACY_SHARE
        if self.is_watched:
            share = min(WATCHED_ACCURACY_SHARE * len(self.trainer.all_settings), MOST_ACCURACY_SHARE)
        return HEAD_START + share * ran

    def _count(self, now: float) -> None:
        """Update the smoothed rows per second."""
        then, steps = self._counted
        if self._running_since is None or now <= then or self.trainer.steps == steps:
            return
        speed = max(0, self.trainer.steps - steps) * self.trainer.rows_per_step / (now - then)
        weight = 1 - np.exp(-(now - then) / SMOOTHING) if self._speed else 1.0
        self._speed += weight * (speed - self._speed)
        self._counted = now, self.trainer.steps

    def _losses(self) -> np.ndarray:
        """Mean loss (K, L) since the last snapshot; that of the last snapshot where no step was made since."""
        trainer = self.trainer
        if self._loss is None or trainer.steps != self._loss_step or self._loss.shape[1] != len(trainer.network.layers):
            self._loss, self._loss_step = self.probe.losses(), trainer.steps
        return self._loss.copy()

    def _compose(self, reading: Reading, status: str, message: str, changes: tuple[str, ...]) -> Snapshot:
        trainer = self.trainer
        rates = np.array([each.per_layer("learning_rate") for each in trainer.all_settings], np.float32)
        return Snapshot(
            step=trainer.steps,
            epoch=trainer.epochs,
            seconds=trainer.seconds,
            rows_per_second=float(self._speed),
            status=status,
            widths=trainer.network.widths,
            goodness=tuple(choice.name for choice in trainer.settings.per_layer("goodness")),
            low=reading.low,
            high=reading.high,
            positive=reading.positive,
            negative=reading.negative,
            threshold=reading.threshold,
            mean_positive=reading.mean_positive,
            mean_negative=reading.mean_negative,
            auc=reading.auc,
            auc_uniform=reading.auc_uniform,
            overlap=reading.overlap,
            dead=reading.dead,
            loss=self._losses(),
            accuracy=self._accuracy.copy(),
            readout_accuracy=self._readout.copy(),
            accuracy_step=self._accuracy_step,
            learning_rate=rates * np.asarray(trainer.course(), np.float32),
            examples=Examples(
                images=reading.images,
                labels=reading.labels,
                goodness=reading.goodness,
                probability=reading.probability,
                scale=trainer.settings.logit_scale,
                jittered=reading.jittered,
            ),
            message=message,
            changes=changes,
            step_manner=trainer.stepper.manner,
            diverged=self._diverged(),
        )

    def _diverged(self) -> tuple[str, ...]:
        words = self.trainer.diverged
        return tuple(words.get(variant, "") for variant in range(len(self.trainer.all_settings))) if words else ()


def blank_snapshot(settings: Settings, status: str, message: str) -> Snapshot:
    """A snapshot of what could not be built or looked at: the layers as they were asked for, and no numbers."""
    widths = settings.layers
    empty = np.full((1, len(widths)), np.nan, np.float32)
    nothing = np.zeros((1, len(widths), BINS), np.int32)
    unknown = np.full(1, np.nan, np.float32)
    return Snapshot(
        step=0,
        epoch=0.0,
        seconds=0.0,
        rows_per_second=0.0,
        status=status,
        widths=widths,
        goodness=tuple(choice.name for choice in settings.per_layer("goodness")),
        low=np.zeros_like(empty),
        high=np.ones_like(empty),
        positive=nothing,
        negative=nothing.copy(),
        threshold=empty,
        mean_positive=empty.copy(),
        mean_negative=empty.copy(),
        auc=empty.copy(),
        auc_uniform=empty.copy(),
        overlap=empty.copy(),
        dead=np.zeros(empty.shape, np.int32),
        loss=empty.copy(),
        accuracy=unknown,
        readout_accuracy=unknown.copy(),
        learning_rate=empty.copy(),
        message=message,
    )
