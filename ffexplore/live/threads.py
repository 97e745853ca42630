"""How many threads torch is to use while a network trains in the background: measured, not guessed."""

from __future__ import annotations

import statistics
import threading
import time

import torch

from ffexplore.engine.training import Trainer
from ffexplore.live.abreast import Abreast

TRIAL = 12  # steps of one trial ...
SETTLING = 4  # ... of which the first do not count
ROUNDS = 2  # trials of each number of threads


_ON_GPU = threading.Lock()  # torch captures one graph at a time in a process, and bears no launch beside that


class ThreadChoice:
    """Steps a trainer, and finds out on the way whether one thread is quicker than all.

    Threads that wait for each other at every small product can take several times as long as one thread alone, more
    so outside the main thread of a process and beside a browser. The numbers a run gives may differ in the last
    digits with the number of threads.
    """

    def __init__(self) -> None:
        self.all = torch.get_num_threads()
        self.count = self.all  #: threads that are used while training
        self._network: object = None
        self._trials: list[int] = []
        self._times: dict[int, list[float]] = {}
        self._done = 0
        self._is_set = False

    def step(self, trainer: Trainer | Abreast) -> None:
        """Take one step of the trainer; its exceptions come through."""
        network = trainer.plan.units, trainer.batches.size, trainer.plan.half, trainer.plan.device
        if network != self._network:
            self._begin(network, trainer.plan.device.type == "cpu")
        if not self._is_set:
            torch.set_num_threads(self.count)
            self._is_set = True
        if trainer.plan.device.type == "cuda":
            with _ON_GPU:
                trainer.step()
            return
        if not self._trials:
            trainer.step()
            return
        began = time.perf_counter()
        trainer.step()
        self._note(time.perf_counter() - began)

    def release(self) -> None:
        """Give the process its threads back while nothing trains."""
        if self._is_set:
            torch.set_num_threads(self.all)
            self._is_set = False

    def _begin(self, network: object, on_cpu: bool) -> None:
        self._network, self._times, self._done = network, {}, 0
        self._trials = [self.all, 1] * ROUNDS if on_cpu and self.all > 1 else []
        self.count, self._is_set = self.all, False

    def _note(self, seconds: float) -> None:
        """Take in the time of a step, go on to the next trial, or choose."""
        self._done += 1
        if self._done > SETTLING:
            self._times.setdefault(self._trials[0], []).append(seconds)
        if self._done < TRIAL:
            return
        self._done = 0
        self._trials.pop(0)
        if self._trials:
            self.count = self._trials[0]
        else:
            self.count = min(self._times, key=lambda count: statistics.median(self._times[count]))
        self._is_set = False
