"""The trainer thread: take the mail, train at the pace that is asked for, and never lose an exception."""

from __future__ import annotations

import threading
import time

from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import DivergedError
from ffexplore.live.comparing import tell_diverged
from ffexplore.live.letter import Letter, Question
from ffexplore.live.orders import answer, carry_out
from ffexplore.live.publisher import Publisher
from ffexplore.live.recovery import diverge, retreat
from ffexplore.live.state import State
from ffexplore.live.threads import ThreadChoice
from ffexplore.live.update import take_up

POLL = 0.5  # seconds after which an idle thread looks whether its runner is gone
BREATH = 0.03  # seconds at most between two steps while a watched person's hand moves, see Worker._breathe


class Worker(State):
    """A run and its thread, without the runner: so that a forgotten runner can be collected, and the thread end.

    Parameters
    ----------
    settings, trainer, rate
        As for State.
    """

    def __init__(self, settings: Settings, trainer: Trainer | None, rate: float) -> None:
        super().__init__(settings, trainer, rate)
        self.speed: float | None = None
        self.stop_at: int | None = None
        self.threads = ThreadChoice()
        self.is_abandoned = False
        self.has_ended = True
        self.thread: threading.Thread | None = None

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
                if self.is_training:
                    self._train()
                else:
                    self.threads.release()
                    self.mail.sleep(POLL, resting=True)
            except BaseException as error:  # nothing may be lost in a thread, SystemExit neither
                self.fail(error)
        with self.mail.lock:
            self.has_ended = True
            self.mail.drop_all()

    def hurry(self) -> None:
        """Wake the thread, if there is one, to look at a speed that was set from outside."""
        self.next_step = 0.0
        with self.mail.lock:
            if not self.has_ended:
                self.mail.wake()

    def answer(self, question: Question) -> None:
        """Answer a question at once; in the trainer thread only."""
        answer(self, question)

    def _attend(self) -> bool:
        """Take the mail and do what it says; returns whether that was to end."""
        letter = self.mail.take(next_order=not self.steps_left)
        try:
            return self._do(letter)
        except BaseException as error:
            letter.give_up(error)
            raise

    def _do(self, letter: Letter) -> bool:
        """Do what a letter says; returns whether that was to end."""
        if letter.halt and (self.is_training or letter.halt_message):  # a person or another runner wants it
            self.come_to_rest(letter.halt_message)
        is_met = letter.settings is None or take_up(self, letter.settings, letter.changes)
        for question in letter.questions:
            answer(self, question)
        if letter.order is None:
            return False
        if not is_met and self.mail.has_changes:  # what was refused is tried again with what it needs
            self.mail.put_back(letter.order)
            return False
        if letter.order.kind == "stop":
            return self._end()
        carry_out(self, letter.order)
        return False

    def _train(self) -> None:
        """One step, at the pace that is asked for, and what is due after it."""
        trainer, publisher, keeper = self.built()
        if self.speed and not self._is_time(self.speed, publisher):
            return
        began = time.perf_counter()
        try:
            self.threads.step(trainer)
        except DivergedError as error:
            diverge(self, error)
            return
        except Exception as error:
            if not retreat(self, error):
                raise
            return
        self.worked = trainer.settings
        if trainer.diverged:
            tell_diverged(self)
        self.steps_left = max(0, self.steps_left - 1)
        now = time.perf_counter()
        if trainer.steps == self.stop_at:
            self.come_to_rest(f"Stopped at step {trainer.steps}, as asked.")
        elif not self.is_training:
            self.come_to_rest("")
        else:
            if publisher.is_due(now):
                self.publish(fresh=False)
            if keeper.keep_now_and_then(now) and self.moments.wants(trainer.steps):
                self.moments.keep(trainer, self.journal.newest)
            if publisher.is_watched and publisher.sees_hand_move(now):
                self._breathe(now - began)

    def _breathe(self, step: float) -> None:
        """Leave the processor to page and server for as long as a step took, or until something comes in.

        What a person drags has to get here, and its picture back; on a machine of two cores training would keep both
        waiting, and the hand would be ahead of what it sees.
        """
        self.mail.sleep(min(step, BREATH), resting=False)

    def _is_time(self, speed: float, publisher: Publisher) -> bool:
        """Whether the next step is due at a limited speed; if not, wait a while."""
        now = time.perf_counter()
        if now < self.next_step:
            shown = self.snapshot.step if self.snapshot is not None else -1
            is_news = bool(self.announcer.changes) or shown != publisher.trainer.steps
            if is_news and publisher.is_due(now):
                self.publish(fresh=False)
                return False
            soon = publisher.seconds_to_next(now) if is_news else POLL
            self.mail.sleep(min(self.next_step - now, soon, POLL), resting=False)
            return False
        is_late = now - self.next_step > 1 / speed  # then steps that were missed are not made up for
        self.next_step = (now if is_late else self.next_step) + 1 / speed
        return True

    def _end(self) -> bool:
        """End the thread, unless something came in meanwhile."""
        if self.is_training:
            self.come_to_rest("")
        with self.mail.lock:
            self.has_ended = not self.mail.has_work
            self.mail.is_resting = self.has_ended
            self.mail.lock.notify_all()
            return self.has_ended
