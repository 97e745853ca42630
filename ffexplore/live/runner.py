"""The runner: trains in one background thread, takes changes at any time, publishes what it sees."""

from __future__ import annotations

import atexit
import copy
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.plan import plan
from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import SettingsError
from ffexplore.live.announcer import Listener
from ffexplore.live.changes import differing
from ffexplore.live.compared import Compared, make_compared
from ffexplore.live.history import History
from ffexplore.live.journal import Journal
from ffexplore.live.mailbox import TRAINING, Order, Question
from ffexplore.live.moments import Moment
from ffexplore.live.snapshot import Snapshot
from ffexplore.live.speed import check_speed, starting_speed
from ffexplore.live.worker import Worker

PLANNED = {"dataset", "label_encoding", "negatives", "shift", "layers", "device", "precision"}  # what plan() judges
OTHER_STARTED = "Paused, because another runner was started in this kernel. Press play to go on with this one."

_workers: weakref.WeakSet[Worker] = weakref.WeakSet()
_active: weakref.ref[Worker] | None = None
_active_lock = threading.Lock()


class Runner:
    """Trains in the background; every method returns at once and may be called from any thread.

    The thread starts with the first thing it is asked to do, and ends with ``stop`` or when nobody holds the runner
    any more. Only one runner of a kernel trains at a time: starting another one pauses this one.

    Parameters
    ----------
    settings
        What to train; or a Trainer, to go on with it.
    rate
        Snapshots per second at most while training.
    **changes
        Fields of the settings that are to be other.

    Raises
    ------
    SettingsError
        When a value is unknown, out of range, or does not go with another.
    """

    def __init__(self, settings: Settings | Trainer | None = None, *, rate: float = 8.0, **changes: Any) -> None:
        _check_rate(rate)
        trainer = settings if isinstance(settings, Trainer) else None
        if trainer is not None and changes:
            raise SettingsError("A runner of a Trainer takes no further settings; use update().")
        if isinstance(settings, Trainer):
            chosen = settings.settings
        elif settings is None or isinstance(settings, Settings):
            chosen = (settings or Settings()).replace(**changes)
        else:
            raise SettingsError(
                f"settings is {settings!r}; give Settings, as in Settings.preset('fast'), or a Trainer."
            )
        speed = starting_speed()
        self._worker = Worker(chosen, trainer, rate)
        self._worker.speed = speed
        self._mail = self._worker.mail
        _workers.add(self._worker)
        weakref.finalize(self, _abandon, self._worker).atexit = False

    def __repr__(self) -> str:
        step = self.snapshot.step if self.snapshot is not None else 0
        return f"<Runner {self.status} at step {step}>"

    # -- what to do -----------------------------------------------------------------------------------------------

    def start(self) -> Runner:
        """Train until paused, stopped, or at ``stop_at``; another runner that trains is paused."""
        self._claim()
        self._order(Order("start"))
        return self

    def pause(self) -> None:
        """Stop training after the present batch; steps that are queued are dropped."""
        _pause(self._worker, "")

    def step(self, n: int = 1) -> None:
        """Train n batches, then pause; further calls add up.

        Raises
        ------
        SettingsError
            When n is not a whole number of 1 or more.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise SettingsError(f"n is {n!r}; it must be a whole number of 1 or more.")
        self._claim()
        self._order(Order("step", count=n))

    def step_epoch(self) -> None:
        """Train to the end of the present pass over the data, then pause; a pass that has just ended is followed."""
        self._claim()
        self._order(Order("epoch"))

    def reset(self) -> None:
        """Begin anew with the same settings: weights from the seed, step 0, an empty history."""
        self._check_alone("begin anew")
        self._order(Order("reset"))

    def branch(self, moment: int | Moment) -> None:
        """Go on from a kept moment: weights, optimizer, order of the data, step count and settings of then.

        Training goes on if it ran and rests if it rested. The history ends at that moment with a mark. What is left
        behind becomes a kept moment with its own history, so that branching to it undoes this.

        Parameters
        ----------
        moment
            One of ``moments``, or its step.

        Raises
        ------
        SettingsError
            When no weights are kept at that step.
        """
        self._check_alone("go back")
        chosen = moment if isinstance(moment, Moment) else self._worker.moments.find(moment)
        with self._mail.lock:
            self._mail.branch(chosen)
            self._worker.ensure_thread()

    def compare(self, field: str, values: Sequence[Any]) -> Compared:
        """Train variants of one setting in lockstep, all from here: weights, optimizer and order of the data.

        Training goes on if it ran and rests if it rested. The run waits as it is: ``choose`` makes one variant the
        run, as if its value had been set here, or goes back to the run. Until then snapshots and ``history`` are those
        of the variants, and settings stay as they are. Variants of another seed begin anew, all of them.

        Parameters
        ----------
        field
            One of the settings marked lockstep, as "threshold".
        values
            2 to 16 different values of it.

        Returns
        -------
        Compared
            The variants as they will be, also in ``compared``. What only building them shows to be amiss is told in
            ``message`` and raised by ``check``, and the run goes on alone.

        Raises
        ------
        SettingsError
            When the field cannot differ between variants, a value does not fit, or variants are compared already.
        """
        with self._mail.lock:
            self._check_alone("compare others")
            compared = make_compared(self._mail.wanted, field, values)
            self._mail.compare(compared)
            self._worker.ensure_thread()
        return compared

    def choose(self, variant: int | None) -> None:
        """End a comparison: go on with one of the variants, or with the run from before.

        To have the run from before back after a choice, ``branch`` to the moment that was kept where the comparison
        began.

        Parameters
        ----------
        variant
            Its number from 0, in the order of the values; None for the run from before.

        Raises
        ------
        SettingsError
            When nothing is compared, or there is no such variant.
        """
        with self._mail.lock:
            compared = self._mail.compared
            if compared is None:
                raise SettingsError("Nothing is compared; begin with compare('threshold', [0.5, 1, 2]).")
            count = len(compared.settings)
            is_number = isinstance(variant, int) and not isinstance(variant, bool)
            if variant is not None and not (is_number and 0 <= variant < count):
                raise SettingsError(
                    f"variant is {variant!r}; it must be a whole number from 0 to {count - 1}, or None."
                )
            self._mail.choose(compared, variant)
            self._worker.ensure_thread()

    @property
    def compared(self) -> Compared | None:
        """The variants that are compared, or None."""
        return self._mail.compared

    def _check_alone(self, purpose: str) -> None:
        """Refuse what cannot be done while variants are compared."""
        compared = self._mail.compared
        if compared is not None:
            raise SettingsError(
                f"{len(compared.settings)} variants of {compared.field} are compared; choose one, or None for the run "
                f"from before, to {purpose}."
            )

    def publish(self) -> None:
        """Make a snapshot now, even while nothing trains (the first one shows the untrained network)."""
        self._order(Order("publish"))

    def update(self, **changes: Any) -> Settings:
        """Change settings; they are taken up before the next batch, and a snapshot shows the effect at once.

        Parameters
        ----------
        **changes
            New values by field; of several changes to a field before the next batch the last one counts.

        Returns
        -------
        Settings
            The settings as they will be, with what had to follow (a threshold carried over to another goodness).

        Raises
        ------
        SettingsError
            When a value is unknown, out of range, or does not go with the others, changes that wait included;
            nothing has changed then. What can be seen only with data that must be loaded first, or while building,
            is told in ``message`` and raised by ``check``, and the former settings stay.
        """
        with self._mail.lock:
            self._check_alone("change settings")
            settings = self._mail.change(changes, self._check_plan)
            if not self._worker.has_ended or self._worker.trainer is not None:
                self._worker.ensure_thread()
            return settings

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have ``function(trainer, *arguments)`` called between two batches, also while paused.

        Parameters
        ----------
        function
            Looks at the Trainer and returns what is wanted; it must not keep its tensors, which will change.
        *arguments
            Further arguments.

        Returns
        -------
        Future
            Its ``result()`` is what the function returned; an exception is raised there.
        """
        question = Question(function, arguments, Future())
        if threading.current_thread() is self._worker.thread:
            self._worker.answer(question)  # a listener asks: waiting for its own thread would never end
        else:
            with self._mail.lock:
                self._mail.ask(question)
                self._worker.ensure_thread()
        return question.answer

    def save(self, path: str | os.PathLike[str]) -> Future[Path]:
        """Write a checkpoint in turn; the Future's result is its path, see ``Trainer.save``."""
        self._check_alone("write a checkpoint")
        answer: Future[Path] = Future()
        self._order(Order("save", path=Path(path), answer=answer))
        return answer

    def restore(self, path: str | os.PathLike[str]) -> Future[None]:
        """Go on, paused, where a checkpoint was written, in turn; what waits to be changed is forgotten.

        The Future raises CheckpointError when the checkpoint is truncated, altered, foreign or names what is not at
        hand here; nothing has changed then.
        """
        self._check_alone("load a checkpoint")
        answer: Future[None] = Future()
        self._order(Order("restore", path=Path(path), answer=answer))
        return answer

    def stop(self, *, finish: bool = True) -> None:
        """End the thread; ``start`` would go on from here.

        Parameters
        ----------
        finish
            Whether steps and saves that are queued are done first.
        """
        with self._mail.lock:
            if not finish:
                self._mail.drop_orders()
                _pause(self._worker, "")
            if not self._worker.has_ended:
                self._mail.put(Order("stop"))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until training rests and all that was asked for is done; after ``stop``, until the thread has ended.

        Parameters
        ----------
        timeout
            Seconds to wait at most.

        Returns
        -------
        bool
            False when the time was up before.

        Raises
        ------
        Exception
            What ``check`` raises.
        """
        worker, mail = self._worker, self._mail
        if threading.current_thread() is worker.thread:
            raise RuntimeError("wait() was called in the trainer thread, which would wait for itself.")
        with mail.lock:
            done = mail.lock.wait_for(lambda: worker.has_ended or (mail.is_resting and not mail.has_work), timeout)
        if done and worker.has_ended and worker.thread is not None:
            worker.thread.join(timeout)
        self.check()
        return done

    def check(self) -> None:
        """Raise what went wrong in the background, if anything did; it stays on ``error`` until training goes on."""
        error = self._worker.error
        if error is not None:
            raise _again(error).with_traceback(self._worker.traceback)

    def observe(self, listener: Listener, *, weak: bool = False) -> Callable[[], None]:
        """Call ``listener(snapshot)`` in the trainer thread with each snapshot.

        A listener that raises is not called again; its exception is in ``listener_errors``.

        Parameters
        ----------
        listener
            Takes a Snapshot; should be quick, because training waits for it.
        weak
            Hold the object of a bound method only weakly, so that an owner of this runner does not keep itself
            alive by listening.

        Returns
        -------
        callable
            Ends the observation.
        """
        listeners = self._worker.announcer.listeners
        called = _weakly(listener, listeners) if weak else listener
        listeners.append(called)
        return lambda: listeners.remove(called) if called in listeners else None

    # -- how it is ------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """One of idle, running, paused, diverged, failed."""
        return self._worker.status

    @property
    def is_running(self) -> bool:
        """Whether it trains."""
        return self.status == "running"

    @property
    def message(self) -> str:
        """What went wrong and what to do, in plain words; empty when all is well."""
        return self._worker.message

    @property
    def error(self) -> BaseException | None:
        """The exception that ended training or refused a change, with its traceback."""
        return self._worker.error

    @property
    def listener_errors(self) -> list[Exception]:
        """What listeners raised."""
        return list(self._worker.announcer.listener_errors)

    @property
    def settings(self) -> Settings:
        """The settings, with the changes that are about to be taken up."""
        return self._mail.wanted

    @property
    def snapshot(self) -> Snapshot | None:
        """The last snapshot; None before there was one."""
        return self._worker.snapshot

    @property
    def history(self) -> History:
        """What was published so far."""
        return self._worker.history

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Moments whose weights are kept, for ``branch``: oldest first, then the one that was left behind, if any."""
        return self._worker.moments.all

    @property
    def journal(self) -> Journal:
        """The settings the run began with, and every change at its step."""
        return self._worker.journal

    def as_python(self) -> str:
        """The run so far as a script; see ``ffexplore.live.as_python``."""
        from ffexplore.live.as_python import as_python

        return as_python(self.journal, self._worker.steps, self.threads)

    def forget_moments(self) -> None:
        """Give back the memory of the moments one could go back to; the run itself stays. Not while it trains."""
        self.ask(lambda _: self._worker.moments.clear())

    @property
    def stop_at(self) -> int | None:
        """The step at which training pauses by itself, or None."""
        return self._worker.stop_at

    @stop_at.setter
    def stop_at(self, step: int | None) -> None:
        if step is not None and (isinstance(step, bool) or not isinstance(step, int) or step < 1):
            raise SettingsError(f"stop_at is {step!r}; it must be None or a whole number of 1 or more.")
        self._worker.stop_at = step

    @property
    def speed(self) -> float | None:
        """Steps per second at most, or None for as many as can be; ``FFEXPLORE_SPEED`` says at which it starts."""
        return self._worker.speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        check_speed(speed)
        self._worker.speed = speed
        self._worker.hurry()

    @property
    def threads(self) -> int:
        """Threads that torch uses while this runner trains on a CPU; chosen by measurement in the first steps."""
        return self._worker.threads.count

    @property
    def rate(self) -> float:
        """Snapshots per second at most while training."""
        return self._worker.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        _check_rate(rate)
        self._worker.set_rate(rate)

    def lock_ranges(self, is_locked: bool = True) -> None:
        """Keep the ranges of the histograms as they are, or let them follow the goodness again."""
        self._worker.lock_ranges(is_locked)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _order(self, order: Order) -> None:
        with self._mail.lock:
            self._mail.put(order)
            if order.kind in TRAINING:
                self._worker.status = "running"
            self._worker.ensure_thread()

    def _claim(self) -> None:
        """Become the one runner of the kernel that trains."""
        global _active
        with _active_lock:
            former = _active() if _active is not None else None
            _active = weakref.ref(self._worker)
        if former is not None and former is not self._worker and former.status == "running":
            _pause(former, OTHER_STARTED)

    def _check_plan(self, old: Settings, new: Settings) -> None:
        """Refuse at once what the data at hand does not allow."""
        trainer = self._worker.trainer
        at_hand = isinstance(new.dataset, Dataset) or (trainer is not None and trainer.settings.dataset == new.dataset)
        if at_hand and PLANNED & set(differing(old, new)):
            plan(new)


def _pause(worker: Worker, message: str) -> None:
    with worker.mail.lock:
        if not worker.has_ended:
            worker.mail.halt(message)
        if worker.status == "running":
            worker.status = "paused"


def _check_rate(rate: float) -> None:
    if not 0 < rate <= 1000:
        raise SettingsError(f"rate is {rate!r}; it must be above 0 and at most 1000 snapshots per second.")


def _again(error: BaseException) -> BaseException:
    """A copy of an exception, so that the frames it is raised through are not held by the trainer thread."""
    try:
        again = copy.copy(error)
    except Exception:  # an exception of somebody's own that cannot be copied
        return error
    again.__cause__ = error.__cause__
    return again


def _weakly(listener: Listener, listeners: list[Listener]) -> Listener:
    """A listener that does not keep the object of a bound method alive."""
    reference = weakref.WeakMethod(listener)

    def call(snapshot: Snapshot) -> None:
        method = reference()
        if method is None:
            listeners.remove(call)
        else:
            method(snapshot)

    return call


def _abandon(worker: Worker) -> None:
    # No lock here: this may run in the middle of anything, in any thread, when a runner is collected.
    worker.is_abandoned = True


@atexit.register
def _end_all() -> None:
    """End the threads before the interpreter takes away what they stand on."""
    workers = list(_workers)
    for worker in workers:
        worker.is_abandoned = True
    for worker in workers:
        if worker.thread is not None:
            worker.mail.wake()
            worker.thread.join(2.0)
