"""A run as one sees it from any thread: how it stands, what it published, what it is asked, when it is done."""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.settings import Settings
from ffexplore.live.announcer import Listener
from ffexplore.live.changes import data_at_hand
from ffexplore.live.compared import Compared
from ffexplore.live.history import History
from ffexplore.live.journal import Journal
from ffexplore.live.letter import Question
from ffexplore.live.moments import Moment
from ffexplore.live.snapshot import Snapshot
from ffexplore.live.worker import Worker


class Watched:
    """A run that is trained in the background, without what changes it.

    Parameters
    ----------
    worker
        The run and its thread.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._mail = worker.mail

    def __repr__(self) -> str:
        step = self.snapshot.step if self.snapshot is not None else 0
        return f"<{type(self).__name__} {self.status} at step {step}>"

    @property
    def status(self) -> str:
        """One of idle, running, paused, diverged, failed."""
        return self._worker.status

    @property
    def is_settled(self) -> bool:
        """Whether no change waits to be taken up."""
        return not self._mail.has_changes

    @property
    def is_running(self) -> bool:
        """Whether it trains."""
        return self.status == "running"

    @property
    def message(self) -> str:
        """What went wrong and what to do, in plain words; empty when all is well."""
        message = self._worker.message
        if message:
            self._worker.untold = None
        return message

    @property
    def error(self) -> BaseException | None:
        """The exception that ended training or refused a change, with its traceback."""
        error = self._worker.error
        if error is not None:
            self._worker.untold = None
        return error

    @property
    def listener_errors(self) -> list[BaseException]:
        """What listeners raised."""
        return list(self._worker.announcer.listener_errors)

    @property
    def settings(self) -> Settings:
        """The settings, with the changes that are about to be taken up."""
        return self._mail.wanted

    @property
    def dataset(self) -> Dataset | None:
        """The data that the settings name; None while they have to be loaded."""
        return data_at_hand(self._worker.trainer, self.settings)

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

    @property
    def threads(self) -> int:
        """Threads that torch uses while this runner trains on a CPU; chosen by measurement in the first steps."""
        return self._worker.threads.count

    @property
    def compared(self) -> Compared | None:
        """The variants that are compared, or None."""
        return self._mail.compared

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
        """Raise what went wrong in the background, if anything did; it stays on ``error`` until training goes on.

        Why a change was refused is raised once even after training went on, where nobody listens nor has looked at
        ``error`` or ``message`` since.
        """
        worker = self._worker
        error = worker.error or worker.untold
        worker.untold = None
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
