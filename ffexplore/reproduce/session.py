"""Going through experiments: what is left to run, in which order, with which budget, and by how many processes."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ffexplore.errors import FFExploreError, SettingsError
from ffexplore.reproduce.experiment import Configuration, Run, configurations
from ffexplore.reproduce.machine import load
from ffexplore.reproduce.run import OutOfTimeError, perform
from ffexplore.reproduce.store import Store
from ffexplore.reproduce.tuning import choose, chosen, trials

SMALL_MINUTES = 10.0  # a configuration of the small budget takes no longer than this
IDLE_LOAD = 0.5  # processes, on average, beside which a run by the clock still has the machine for itself
SETTLE = 180.0  # seconds to wait for the load to come down
RECHECK = 2.0  # seconds between two looks at what another process holds

Reasons = dict[tuple[str, str], str]  # (experiment, configuration) -> why it was not run


@dataclass(frozen=True)
class Budget:
    """What may be spent: ``minutes`` by one configuration, as planned, and ``seconds`` by all of them together."""

    minutes: float = math.inf
    seconds: float = math.inf

    @classmethod
    def read(cls, text: str) -> Budget:
        """A budget from "small", "full" or a number of seconds.

        Raises
        ------
        SettingsError
            When it is none of these.
        """
        if text in ("small", "full"):
            return cls(minutes=SMALL_MINUTES if text == "small" else math.inf)
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise SettingsError(f"budget is {text!r}; it must be small, full or a number of seconds above 0.")
        return cls(seconds=seconds)


@dataclass(frozen=True)
class Order:
    """What a session is asked to do.

    ``planned`` are configurations with the name of their experiment, themselves and not by name, so that another
    process has them as well; ``seeds`` is the most runs of a configuration, None for as many as each wants.
    """

    planned: tuple[tuple[str, Configuration], ...]
    folder: Path
    seeds: int | None = None
    budget: Budget = field(default_factory=Budget)

    def seeds_of(self, configuration: Configuration) -> int:
        """How many runs of a configuration are asked for."""
        return configuration.seeds if self.seeds is None else min(configuration.seeds, self.seeds)

    def minutes(self, configuration: Configuration) -> float:
        """About how long they take on one core, as planned."""
        return configuration.planned_minutes(self.seeds_of(configuration))


def order(names: Iterable[str], folder: Path, seeds: int | None = None, budget: Budget | None = None) -> Order:
    """Ask for every configuration of the named experiments.

    Raises
    ------
    SettingsError
        When there is no such experiment; names the nearest.
    """
    planned = tuple((name, configuration) for name in names for configuration in configurations(name))
    return Order(planned, folder, seeds, budget or Budget())


def reported(name: str, configuration: Configuration, store: Store, seeds: int) -> list[Run]:
    """The runs of a configuration that are reported; none while its settings are not chosen.

    Raises
    ------
    SettingsError
        When the settings do not exist here, or none could be chosen.
    """
    epochs, fields = configuration.epochs, chosen(name, configuration, store)
    return [
        Run(name, configuration, f"seed-{seed}", configuration.settings(seed, epochs, fields), epochs)
        for seed in range(0 if fields is None else seeds)
    ]


def carry_out(order: Order, jobs: int = 1) -> Reasons:
    """Run what is asked for and not there yet.

    Parameters
    ----------
    order
        What is asked for.
    jobs
        Processes that share the runs, with one thread each. What goes by the clock is run by one process, with
        every thread, when the others have ended.

    Returns
    -------
    dict
        Why something was not run.
    """
    deadline = None if math.isinf(order.budget.seconds) else time.monotonic() + order.budget.seconds
    if jobs > 1:
        _share(order, jobs)
    rest = None if deadline is None else deadline - time.monotonic()
    return Session(order, rest).go_through()


def _share(order: Order, jobs: int) -> None:
    """Let processes go through the runs by epochs; what they leave, and why, is found out afterwards."""
    context = multiprocessing.get_context("spawn")
    seconds = None if math.isinf(order.budget.seconds) else order.budget.seconds
    workers = [context.Process(target=_work, args=(order, seconds)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        for worker in workers:
            worker.join()  # the same Ctrl-C has reached them; each saves its run
        raise


def _work(order: Order, seconds: float | None) -> None:
    """One of several processes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    try:
        Session(order, seconds, by_clock=False).go_through()
    except KeyboardInterrupt:
        sys.exit(130)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever ended that; another call goes on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


class Session:
    """One process that goes through the configurations, first with one seed each, then with two, and so on."""

    def __init__(self, order: Order, seconds: float | None, by_clock: bool = True) -> None:
        self.order, self.store, self.by_clock = order, Store(order.folder), by_clock
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.reasons: Reasons = {}
        self.busy = ""  # why the machine is not quiet, once that was waited for in vain

    def go_through(self) -> Reasons:
        """Run all that is left; returns why something was not."""
        planned = self.order.planned
        most = max((self.order.seeds_of(configuration) for _, configuration in planned), default=0)
        held = True
        while held:
            held = False
            for seeds in range(1, most + 1):
                for name, configuration in planned:
                    held |= self._bring(name, configuration, min(seeds, self.order.seeds_of(configuration)))
            if held:
                time.sleep(RECHECK)  # another process is at it; what it finds may be needed here
        return self.reasons

    def _bring(self, name: str, configuration: Configuration, seeds: int) -> bool:
        """Run a configuration with so many seeds; says whether another process holds some of it."""
        key = name, configuration.name
        if key in self.reasons or (configuration.seconds is not None and not self.by_clock):
            return False
        held = False
        try:
            for run in self._runs(name, configuration, seeds):
                if reason := self._obstacle(run):
                    self.reasons[key] = reason
                    return False
                held |= self._run_if_free(run)
        except OutOfTimeError:
            self.reasons[key] = self._unfinished()
        except FFExploreError as error:
            self.reasons[key] = str(error)
        except Exception as error:  # one faulty experiment must not cost the others their night
            traceback.print_exc()
            self.reasons[key] = f"failed: {type(error).__name__}: {error}"
        return held

    def _runs(self, name: str, configuration: Configuration, seeds: int) -> Iterator[Run]:
        """What is left to run: first what chooses the settings, then what is reported."""
        if chosen(name, configuration, self.store) is None:
            yield from (run for run in trials(name, configuration) if self.store.finished(run) is None)
            choose(name, configuration, self.store)
        yield from (run for run in reported(name, configuration, self.store, seeds) if self.store.finished(run) is None)

    def _run_if_free(self, run: Run) -> bool:
        """Run unless another process does; says whether one does."""
        with self.store.lock(run) as is_free:
            if is_free and self.store.finished(run) is None:
                record = perform(run, self.store, say, deadline=self.deadline)
                say(f"{run.title}: {record.get('diverged') or 'finished'} after {record['seconds']:.0f} s.")
        return not is_free

    def _obstacle(self, run: Run) -> str:
        """Why a run cannot be made now; empty when it can."""
        configuration = run.configuration
        if configuration.gpu and not torch.cuda.is_available():
            return "wants a GPU."
        if self.order.minutes(configuration) > self.order.budget.minutes:
            return "takes longer than the small budget allows; --budget full runs it."
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return self._unfinished()
        if run.epochs is None:
            self.busy = self.busy or _wait_for_quiet()
            return self.busy
        return ""

    @staticmethod
    def _unfinished() -> str:
        return "the budget was used up before its turn or its end; another call goes on."


def _wait_for_quiet() -> str:
    """Wait until nothing else runs; returns why it cannot be said to be so, or nothing."""
    until = time.monotonic() + SETTLE
    while (now := load()) is not None and now > IDLE_LOAD:
        if time.monotonic() >= until:
            return f"goes by the clock and wants the machine for itself, which was busy (load average {now})."
        time.sleep(RECHECK)
    return ""


def say(line: str) -> None:
    """Tell the person at the terminal."""
    print(line, flush=True)
