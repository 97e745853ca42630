"""The mailbox between a person's threads and the trainer thread: settings (last value wins) and a queue of orders."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError
from ffexplore.live.changes import Change, differing, joined, replayed, settle
from ffexplore.live.compared import Compared
from ffexplore.live.letter import MOVING, TRAINING, Letter, Order, Question, call_off
from ffexplore.live.moments import Moment


class Mailbox:
    """Holds what was asked for until the trainer thread takes it; safe from any thread.

    Parameters
    ----------
    settings
        The settings in force at the start.

    Attributes
    ----------
    lock
        Guards everything here and the status of the runner; wakes whoever waits for a change.
    compared
        The variants that are compared, or about to be; None otherwise.
    is_waiting
        Whether there is something to take; read without the lock between two batches.
    """

    def __init__(self, settings: Settings) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.is_waiting = False
        self.is_resting = True
        self.compared: Compared | None = None
        self._base = settings  # in force
        self._pending: list[Change] = []  # that the trainer thread has not taken yet
        self._due: tuple[Settings, tuple[Change, ...]] | None = None  # wanted before a branch that was queued since
        self._wanted = settings
        self._halt: str | None = None
        self._questions: deque[Question] = deque()
        self._orders: deque[Order] = deque()

    @property
    def wanted(self) -> Settings:
        """The settings as they will be when every change is taken up."""
        return self._wanted

    @property
    def in_force(self) -> Settings:
        """The settings that were taken up last."""
        return self._base

    @property
    def has_changes(self) -> bool:
        """Whether changes wait to be taken up."""
        return bool(self._pending or self._due)

    @property
    def has_work(self) -> bool:
        """Whether anything is left to be done, orders in the queue included."""
        return bool(self._pending or self._questions or self._orders or self._halt is not None)

    @property
    def calls_away(self) -> bool:
        """Whether anything but questions waits, for which long work is to be left."""
        return bool(self._pending or self._orders or self._halt is not None)

    @property
    def will_train(self) -> bool:
        """Whether an order to train is in the queue."""
        return any(order.kind in TRAINING for order in self._orders)

    @property
    def _will_branch(self) -> bool:
        return any(order.kind in MOVING for order in self._orders)

    def change(self, changes: dict[str, Any], check: Callable[[Settings, Settings], None]) -> Settings:
        """Put in changes of settings, judged together with those that wait.

        Parameters
        ----------
        changes
            Values by field.
        check
            Called with the settings so far and the new ones; raises to refuse them.

        Raises
        ------
        SettingsError
            When a value is unknown, out of range or does not go with the others; nothing has changed then.
        """
        with self.lock:
            old = self._wanted
            new, notes = settle(old, changes)
            if new == old:
                return new
            check(old, new)
            values = {name: getattr(new, name) for name in differing(old, new)}
            self._pending = joined(self._pending, Change(values, tuple(notes)))
            self._wanted = new
            self._wake()
            return new

    def put(self, order: Order) -> None:
        """Queue an order; it is carried out after those before it."""
        with self.lock:
            self._orders.append(order)
            self._wake()

    def branch(self, moment: Moment) -> None:
        """Queue going back to a moment; its settings are the wanted ones at once, and further changes build on them."""
        self._move(moment.settings, Order("branch", moment=moment))

    def compare(self, compared: Compared) -> None:
        """Queue that variants are trained side by side; until one is chosen the wanted settings stay as they are."""
        with self.lock:
            self.compared = compared
            self.put(Order("compare", compared=compared))

    def choose(self, compared: Compared, variant: int | None) -> None:
        """Queue going on with a variant, or with none; its settings are the wanted ones at once."""
        with self.lock:
            self.compared = None
            settings = self._wanted if variant is None else compared.settings[variant]
            self._move(settings, Order("choose", compared=compared, variant=variant))

    def cannot_compare(self, compared: Compared) -> None:
        """Say that these variants could not be built."""
        with self.lock:
            if self.compared is compared:
                self.compared = None

    def _move(self, settings: Settings, order: Order) -> None:
        """Queue an order that brings other settings with it; what was put in before comes before."""
        with self.lock:
            if self._pending and not self._will_branch:
                self._due = self._wanted, tuple(self._pending)
            self._wanted, self._pending = settings, []
            self.put(order)

    def ask(self, question: Question) -> None:
        """Put in a question; it is answered between two batches, before any order in the queue."""
        with self.lock:
            self._questions.append(question)
            self._wake()

    def halt(self, message: str = "") -> None:
        """Stop training now: what was queued to be trained is dropped, resets and saves are not."""
        with self.lock:
            self._orders = deque(order for order in self._orders if order.kind not in TRAINING)
            self._halt = message
            self._wake()

    def drop_orders(self) -> None:
        """Forget every order in the queue; saves that were not made are cancelled."""
        with self.lock:
            for order in reversed(self._orders):
                if order.answer is not None:
                    call_off(order.answer)
                if order.compared is not None:  # as it was before the first of them
                    self.compared = order.compared if order.kind == "choose" else None
            will_branch = self._will_branch
            self._orders.clear()
            if will_branch:  # what was put in before it stays, what was to build on it goes
                self._due, self._pending = None, [] if self._due is None else list(self._due[1])
                self.go_back(self._base)

    def drop_all(self) -> None:
        """Forget everything, because nobody is there any more; what was asked is cancelled."""
        with self.lock:
            self.drop_orders()
            for question in self._questions:
                call_off(question.answer)
            self._questions.clear()
            self._halt, self.is_waiting, self.is_resting = None, False, True
            self.lock.notify_all()

    def _wake(self) -> None:
        self.is_waiting, self.is_resting = True, False
        self.lock.notify_all()

    def wake(self) -> None:
        """Make the trainer thread look up."""
        with self.lock:
            self._wake()

    def take(self, *, next_order: bool) -> Letter:
        """Take out what waits; of the orders the first, if ``next_order``."""
        with self.lock:
            letter = Letter(questions=list(self._questions))
            self._questions.clear()
            if self._due is not None:
                letter.settings, letter.changes = self._due
                self._due = None
            elif self._pending and not self._will_branch:  # changes on top of a moment wait until it is there
                letter.settings, letter.changes = self._wanted, tuple(self._pending)
                self._pending = []
            if self._halt is not None:
                letter.halt, letter.halt_message, self._halt = True, self._halt, None
            elif next_order and self._orders:
                letter.order = self._orders.popleft()
            # orders that must not be taken yet wait silently; whoever comes to rest finds them, see sleep
            self.is_waiting = bool((next_order and self._orders) or self._pending)
            return letter

    def put_back(self, order: Order) -> None:
        """Put an order that was taken out back to the front of the queue."""
        with self.lock:
            self._orders.appendleft(order)
            self._wake()

    def settled(self, settings: Settings) -> None:
        """Say that the changes taken out are in force."""
        with self.lock:
            self._base = settings
            if not self._will_branch:  # an order to branch that was queued meanwhile may have been dropped again
                self._wanted, self._pending, _ = replayed(settings, self._pending)

    def adopt(self, settings: Settings) -> None:
        """Say that other settings are in force, from a checkpoint; changes that wait are forgotten."""
        with self.lock:
            self._base = self._wanted = settings
            self._pending, self._due = [], None

    def go_back(self, settings: Settings) -> list[SettingsError]:
        """Say that not all that was taken out is in force; of the changes that came since, those stay that go with it.

        Parameters
        ----------
        settings
            Those that are in force.

        Returns
        -------
        list
            Why other changes cannot stay.
        """
        with self.lock:
            self._base = settings
            self._wanted, self._pending, errors = replayed(settings, self._pending)
            return errors

    def sleep(self, seconds: float | None, *, resting: bool) -> None:
        """Wait until something comes in, or for some seconds; ``resting`` tells others that all is done."""
        with self.lock:
            self.is_waiting = self.is_waiting or (resting and bool(self._orders))
            if self.is_waiting:
                return
            self.is_resting = resting
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.is_waiting, seconds)
