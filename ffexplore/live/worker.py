"""What runs in the trainer thread: take the mail, train, publish, and never lose an exception."""

from __future__ import annotations

import dataclasses
import threading
import time
import types
from collections.abc import Callable

from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import DivergedError
from ffexplore.live.faults import explain, is_out_of_memory
from ffexplore.live.history import History
from ffexplore.live.journal import Journal
from ffexplore.live.keeper import Keeper
from ffexplore.live.mailbox import Letter, Mailbox, Order, Question, describe, differing
from ffexplore.live.moments import Moment, Moments
from ffexplore.live.publisher import Publisher, blank_snapshot
from ffexplore.live.snapshot import Snapshot
from ffexplore.live.threads import ThreadChoice

POLL = 0.5  # seconds after which an idle thread looks whether its runner is gone
SAME_CHANGE = 1.0  # seconds within which changes of the same setting are one mark in the history
KEPT_ERRORS = 20  # errors of listeners that are kept

Listener = Callable[[Snapshot], object]


class Worker:
    """The state of a runner, without the runner: so that a forgotten runner can be collected, and the thread end.

    Parameters
    ----------
    settings
        What to train.
    trainer
        A trainer to go on with, or None to build one from the settings when it is needed.
    rate
        Snapshots per second.
    """

    def __init__(self, settings: Settings, trainer: Trainer | None, rate: float) -> None:
        self.mail = Mailbox(settings)
        self.rate = rate
        self.trainer = trainer
        self.history = History()
        self.journal = Journal()
        self.moments = Moments()
        self.snapshot: Snapshot | None = None
        self.status, self.message = "idle", ""
        self.error: BaseException | None = None
        self.traceback: types.TracebackType | None = None
        self.speed: float | None = None
        self.stop_at: int | None = None
        self.listeners: list[Listener] = []
        self.listener_errors: list[Exception] = []
        self.threads = ThreadChoice()
        self.is_abandoned = False
        self.has_ended = True
        self.thread: threading.Thread | None = None
        self._is_running = False  # until told otherwise
        self._steps_left = 0  # or for so many steps
        self._next_step = 0.0
        self._changes: list[str] = []
        self._mark: tuple[float, list[str], Settings] | None = None
        self._is_locked = False
        self._has_failed = False  # an exception ended training, and it has not gone on since
        self._worked: Settings | None = None  # those of the last step that succeeded
        self._publisher: Publisher | None = None
        self._keeper: Keeper | None = None

    @property
    def steps(self) -> int:
        """Batches trained so far."""
        return 0 if self.trainer is None else self.trainer.steps

    def ensure_thread(self) -> None:
        """Start the thread if there is none; to be called under the mailbox's lock, after something was put in."""
        if self.has_ended:
            self.has_ended = False
            self.thread = threading.Thread(target=self.run, name="ffexplore trainer", daemon=True)
            self.thread.start()

    def run(self) -> None:
        """Be the trainer thread until stopped or forgotten."""
        while not self.is_abandoned:
            try:
                if self.mail.is_waiting and self._attend():
                    return
                if self._is_running or self._steps_left:
                    self._train()
                else:
                    self.threads.release()
                    self.mail.sleep(POLL, resting=True)
            except BaseException as error:  # nothing may be lost in a thread, SystemExit neither
                self._fail(error)
        with self.mail.lock:
            self.has_ended = True
            self.mail.drop_all()

    def hurry(self) -> None:
        """Wake the thread, if there is one, to look at a speed that was set from outside."""
        self._next_step = 0.0
        with self.mail.lock:
            if not self.has_ended:
                self.mail.wake()

    def set_rate(self, rate: float) -> None:
        """Publish so many snapshots a second from now on."""
        self.rate = rate
        if self._publisher is not None:
            self._publisher.set_rate(rate)

    def lock_ranges(self, is_locked: bool) -> None:
        """Keep the ranges of the histograms, or let them follow."""
        self._is_locked = is_locked
        if self._publisher is not None:
            self._publisher.probe.is_locked = is_locked

    def _attend(self) -> bool:
        """Take the mail and do what it says; returns whether that was to end."""
        letter = self.mail.take(next_order=not self._steps_left)
        if letter.halt:
            self._halt(letter.halt_message)
        if letter.settings is not None:
            self._take_up(letter.settings, letter)
        for question in letter.questions:
            self.answer(question)
        return letter.order is not None and self._carry_out(letter.order)

    def _carry_out(self, order: Order) -> bool:
        if order.kind == "stop":
            return self._end()
        if order.kind == "save":
            self._save(order)
        elif order.kind == "restore":
            self._restore(order)
        elif order.kind == "reset":
            self._reset()
        elif order.kind == "branch":
            assert order.moment is not None
            self._branch(order.moment)
        elif order.kind == "publish":
            if self._build():
                self._publish(fresh=not self._is_running)
        elif self._build() and self._recover():
            assert self.trainer is not None
            self._is_running = order.kind == "start"
            self._steps_left = self.trainer.batches.left if order.kind == "epoch" else order.count
            self._next_step = 0.0
            self._set("running")
            self._running_publisher().run()
        return False

    # -- building and changing ------------------------------------------------------------------------------------

    def _build(self) -> bool:
        """Make the trainer if there is none; returns whether there is one."""
        if self._publisher is not None:
            return True
        try:
            if self.trainer is None:
                self.trainer = Trainer(self.mail.wanted)
                self.mail.settled(self.trainer.settings)
            self._surround(self.trainer)
        except BaseException as error:
            self._fail(error)
            return False
        self.journal.begin(self.trainer.settings, self.trainer.steps)
        if self.status == "failed":
            self._set("idle")
        self._has_failed, self.error, self.message = False, None, ""
        self._keep_moment()
        self._publish(fresh=True)
        return self.status != "failed"

    def _surround(self, trainer: Trainer) -> None:
        trainer.progress = 0.0  # no end is in sight, so the course of the rate stays at its beginning
        self._keeper, self._publisher = Keeper(trainer), Publisher(trainer, self.rate)
        self._publisher.probe.is_locked = self._is_locked

    def _running_publisher(self) -> Publisher:
        assert self._publisher is not None  # _build came before
        return self._publisher

    def _recover(self) -> bool:
        """Before going on after an exception: take up functions that were mended; returns whether that worked."""
        assert self.trainer is not None
        if self._has_failed:
            try:
                self.trainer.apply(self.trainer.settings)
            except Exception as error:
                self._fail(error)
                return False
        self._has_failed, self.error, self.message = False, None, ""
        return True

    def _take_up(self, settings: Settings, letter: Letter) -> None:
        """Take up changed settings, or stay with the former ones and say why."""
        if not self._build():  # from the settings as they are now wanted
            return
        assert self.trainer is not None
        old = self.trainer.settings
        if settings == old:
            self.mail.settled(settings)
            return
        try:
            self.trainer.apply(settings)
        except BaseException as error:
            self.mail.refused()
            if self.trainer.settings != old:  # it broke off half-way
                self.trainer.apply(old)
            self._store(error)
            self._publish(fresh=False)
            return
        self.mail.settled(settings)
        self.journal.note(self.trainer.steps, settings)
        if self.status not in ("failed", "diverged"):
            self.error, self.message = None, ""
        publisher = self._running_publisher()
        self._note(old, settings, letter.notes)
        assert self._keeper is not None
        self._keeper.keep_if_rebuilt()
        if self._is_training:
            publisher.hurry()
            if publisher.is_due(time.perf_counter()):
                self._publish(fresh=False)
        else:
            self._publish(fresh=True)

    def _note(self, old: Settings, new: Settings, notes: tuple[str, ...]) -> None:
        """Mark a change in the history; a slider on its way leaves one mark."""
        assert self.trainer is not None
        now, fields = time.perf_counter(), differing(old, new)
        self._changes += [*describe(old, new), *notes]
        same = self._mark is not None and now - self._mark[0] < SAME_CHANGE and self._mark[1] == fields
        before = self._mark[2] if same and self._mark is not None else old
        text = "; ".join([*(describe(before, new) or describe(old, new)), *notes])
        self.history.mark(self.trainer.steps, text, replace=same)
        self._mark = now, fields, before

    def _reset(self) -> None:
        """Begin anew with the same settings."""
        if self.trainer is not None:
            try:
                self.trainer = Trainer(self.trainer.settings)
                self._surround(self.trainer)
            except Exception as error:
                self._fail(error)
                return
        elif not self._build():
            return
        assert self.trainer is not None
        self.journal.begin(self.trainer.settings)
        self._forget("started anew")
        if self._is_training:
            self._running_publisher().run()
        else:
            self._set("idle")
        self._publish(fresh=True)

    def _forget(self, news: str) -> None:
        """Forget what was before; what the history now begins with is said in words."""
        self._has_failed, self.error, self.message, self._mark = False, None, "", None
        self._changes = [news]
        self.history.clear()
        self.history.mark(self.steps, news)
        self.moments.clear()
        self._keep_moment()

    def _branch(self, moment: Moment) -> None:
        """Go on from a moment that was kept; what is left behind is kept too, so that one can come back to it."""
        if not self._build():
            return
        trainer, publisher = self.trainer, self._running_publisher()
        assert trainer is not None
        assert self._keeper is not None
        left = self.moments.present(trainer, self.history, moment)
        try:
            moment.restore(trainer)
        except Exception as error:
            left.restore(trainer)
            self.mail.go_back(trainer.settings)
            self._store(error)
            self._publish(fresh=True)
            return
        self.mail.go_back(trainer.settings)
        self._keeper.keep()
        self.moments.go_to(moment, left)
        self.journal.branch(moment)
        if moment.history is None:
            self.history.rewind(moment.step, undo=True)
        else:
            self.history.become(moment.history)
        text = f"went back from step {left.step} to step {moment.step}"
        self.history.mark(moment.step, text)
        self._has_failed, self.error, self.message, self._mark = False, None, "", None
        self._changes.append(text)
        publisher.rest()
        if self._is_training:
            publisher.run()
        else:
            self._set("paused")
        self._publish(fresh=True)

    def _keep_moment(self) -> None:
        """Keep the weights where training rests among the moments one can go back to, unless one is near."""
        assert self.trainer is not None
        assert self._keeper is not None
        if self.moments.wants(self.trainer.steps, at_rest=True) and self._keeper.keep():
            self.moments.keep(self.trainer, at_rest=True)

    # -- training -------------------------------------------------------------------------------------------------

    @property
    def _is_training(self) -> bool:
        return self._is_running or self._steps_left > 0

    def _train(self) -> None:
        """One step, at the pace that is asked for, and what is due after it."""
        trainer, publisher, keeper = self.trainer, self._publisher, self._keeper
        assert trainer is not None
        assert publisher is not None
        assert keeper is not None
        if self.speed and not self._is_time(self.speed, publisher):
            return
        try:
            self.threads.step(trainer)
        except DivergedError as error:
            self._diverge(error)
            return
        except Exception as error:
            if not self._retreat(error):
                raise
            return
        self._worked = trainer.settings
        self._steps_left = max(0, self._steps_left - 1)
        now = time.perf_counter()
        if trainer.steps == self.stop_at:
            self._come_to_rest(f"Stopped at step {trainer.steps}, as asked.")
        elif not self._is_training:
            self._come_to_rest("")
        else:
            if publisher.is_due(now):
                self._publish(fresh=False)
            if keeper.keep_now_and_then(now) and self.moments.wants(trainer.steps):
                self.moments.keep(trainer)

    def _is_time(self, speed: float, publisher: Publisher) -> bool:
        """Whether the next step is due at a limited speed; if not, wait a while."""
        now = time.perf_counter()
        if now < self._next_step:
            shown = self.snapshot.step if self.snapshot is not None else -1
            is_news = bool(self._changes) or shown != publisher.trainer.steps
            if is_news and publisher.is_due(now):
                self._publish(fresh=False)
                return False
            soon = publisher.seconds_to_next(now) if is_news else POLL
            self.mail.sleep(min(self._next_step - now, soon, POLL), resting=False)
            return False
        is_late = now - self._next_step > 1 / speed  # then steps that were missed are not made up for
        self._next_step = (now if is_late else self._next_step) + 1 / speed
        return True

    def _halt(self, message: str) -> None:
        """Stop training where it is, because a person or another runner wants it."""
        if self._is_training or message:
            self._come_to_rest(message)

    def _come_to_rest(self, message: str) -> None:
        """Show where training rests."""
        self._is_running, self._steps_left = False, 0
        if self.status in ("failed", "diverged"):
            return
        self.message = message
        self._set("paused")
        if self._publisher is not None:
            self._keep_moment()
            self._publish(fresh=True, status="paused")
            self._publisher.rest()

    def _end(self) -> bool:
        """End the thread, unless something came in meanwhile."""
        if self._is_training:
            self._come_to_rest("")
        with self.mail.lock:
            self.has_ended = not self.mail.has_work
            self.mail.is_resting = self.has_ended
            self.mail.lock.notify_all()
            return self.has_ended

    def _set(self, status: str) -> None:
        """Change the status; one that a person has just caused stands until its order is carried out."""
        with self.mail.lock:
            if status in ("failed", "diverged") or not self.mail.will_train:
                self.status = status

    # -- when something goes wrong --------------------------------------------------------------------------------

    def _diverge(self, error: DivergedError) -> None:
        assert self.trainer is not None
        assert self._keeper is not None
        self._is_running, self._steps_left = False, 0
        reached = self.trainer.steps
        self._keeper.go_back()
        self.history.rewind(self._keeper.step)
        self.journal.rewind(self._keeper.step)
        self._store(error)
        self.message += f" Training went back to step {self._keeper.step}, the last good state."
        self._set("diverged")
        self.history.mark(self._keeper.step, f"diverged at step {reached}")
        self._publish(fresh=True)
        self._running_publisher().rest()

    def _retreat(self, error: Exception) -> bool:
        """Where memory ran out in the first step after a change, go on with the settings from before it."""
        trainer, worked = self.trainer, self._worked
        assert trainer is not None
        if not is_out_of_memory(error) or worked is None or worked == trainer.settings:
            return False
        wanted = trainer.settings
        error.__traceback__ = None  # it holds on to the tensors that were too large
        trainer.apply(worked)
        self.mail.go_back(worked)
        self.journal.note(trainer.steps, worked)
        assert self._keeper is not None
        self._keeper.keep_if_rebuilt()
        self._store(error)
        made, undone = ("; ".join(describe(*pair)) for pair in ((worked, wanted), (wanted, worked)))
        self.message = f"Memory ran out after the change {made}. It was taken back; training goes on as before."
        self._changes.append(f"memory ran out: {undone}")
        self.history.mark(trainer.steps, self._changes[-1])
        self._publish(fresh=False)
        return True

    def _fail(self, error: BaseException) -> None:
        """Keep an exception, stop training and show what happened with the numbers that were there last."""
        self._is_running, self._steps_left = False, 0
        self._has_failed = True
        self._store(error)
        self._set("failed")
        if self._publisher is not None:
            self._publisher.rest()
        last = self.snapshot
        if last is None:
            last = blank_snapshot(self.mail.wanted, "failed", self.message)
        self._hand_out(dataclasses.replace(last, status="failed", message=self.message, changes=self._take_changes()))

    def _store(self, error: BaseException) -> None:
        self.error, self.traceback, self.message = error, error.__traceback__, explain(error)

    # -- publishing -----------------------------------------------------------------------------------------------

    def _publish(self, *, fresh: bool, status: str | None = None) -> None:
        publisher = self._running_publisher()
        shown = status or ("running" if self._is_training else self.status)
        try:
            snapshot = publisher.make(shown, self.message, tuple(self._changes), fresh=fresh)
        except Exception as error:
            self._fail(error)
            return
        self._take_changes()
        self.history.append(snapshot, keep=not self._is_training)
        self._hand_out(snapshot)

    def _take_changes(self) -> tuple[str, ...]:
        changes, self._changes = tuple(self._changes), []
        return changes

    def _hand_out(self, snapshot: Snapshot) -> None:
        """Show a snapshot to every listener; one that raises is not called again."""
        self.snapshot = snapshot
        for listener in tuple(self.listeners):
            try:
                listener(snapshot)
            except Exception as error:
                self.listener_errors = [*self.listener_errors, error][-KEPT_ERRORS:]
                if listener in self.listeners:
                    self.listeners.remove(listener)

    # -- questions and files --------------------------------------------------------------------------------------

    def answer(self, question: Question) -> None:
        """Answer a question with the present trainer; in the trainer thread only."""
        if not question.answer.set_running_or_notify_cancel():
            return
        if not self._build():
            question.answer.set_exception(self.error or RuntimeError(self.message))
            return
        try:
            question.answer.set_result(question.function(self.trainer, *question.arguments))
        except BaseException as error:
            question.answer.set_exception(error)

    def _save(self, order: Order) -> None:
        assert order.answer is not None
        assert order.path is not None
        if not order.answer.set_running_or_notify_cancel():
            return
        try:
            if not self._build():
                raise self.error or RuntimeError(self.message)
            assert self.trainer is not None
            order.answer.set_result(self.trainer.save(order.path))
        except Exception as error:
            self.message = f"The checkpoint was not written: {error}"
            order.answer.set_exception(error)

    def _restore(self, order: Order) -> None:
        """Go on, paused, where a checkpoint was written."""
        assert order.answer is not None
        assert order.path is not None
        if not order.answer.set_running_or_notify_cancel():
            return
        try:
            trainer = Trainer.restore(order.path)
            self._surround(trainer)
        except Exception as error:
            order.answer.set_exception(error)
            return
        self.trainer, self._is_running, self._steps_left = trainer, False, 0
        self.mail.adopt(trainer.settings)
        self.journal.begin(trainer.settings, trainer.steps, order.path)
        self._forget(f"loaded {order.path.name}")
        self._set("paused")
        self._publish(fresh=True)
        order.answer.set_result(None)
