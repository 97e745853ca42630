"""Where a run stands: its trainer and what surrounds it, its status, and what went wrong."""

from __future__ import annotations

import dataclasses
import types
from dataclasses import dataclass

from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.live.abreast import Abreast
from ffexplore.live.announcer import Announcer
from ffexplore.live.faults import explain
from ffexplore.live.history import History
from ffexplore.live.journal import Journal
from ffexplore.live.keeper import Keeper
from ffexplore.live.mailbox import Mailbox
from ffexplore.live.moments import Moments
from ffexplore.live.publisher import Publisher, blank_snapshot
from ffexplore.live.snapshot import Snapshot


@dataclass(frozen=True)
class Home:
    """The run from before, as it is while variants of it are compared."""

    trainer: Trainer
    publisher: Publisher
    keeper: Keeper
    history: History
    moments: Moments


class State:
    """What is trained and how it stands; changed by the trainer thread alone, but for the status.

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
        self.trainer: Trainer | Abreast | None = trainer
        self.announcer = Announcer()
        self.journal = Journal()
        self.moments = Moments()
        self.status, self.message = "idle", ""
        self.error: BaseException | None = None
        self.untold: BaseException | None = None  # why a change was refused, as long as nobody has heard of it
        self.traceback: types.TracebackType | None = None
        self.is_running = False  # until told otherwise
        self.steps_left = 0  # or for so many steps
        self.next_step = 0.0  # when it is due, at a limited speed
        self.has_failed = False  # an exception ended training, and it has not gone on since
        self.worked: Settings | None = None  # those of the last step that succeeded
        self.publisher: Publisher | None = None
        self.keeper: Keeper | None = None
        self.home: Home | None = None  # the run from before, while variants of it are compared
        self.told_diverged: set[int] = set()  # variants of which it was said that they rest
        self._is_locked = False
        self._is_watched = False

    @property
    def steps(self) -> int:
        """Batches trained so far; those of the run from before while variants of it are compared."""
        trainer = self.trainer if self.home is None else self.home.trainer
        return 0 if trainer is None else trainer.steps

    @property
    def is_training(self) -> bool:
        """Whether a step is to be made."""
        return self.is_running or self.steps_left > 0

    @property
    def history(self) -> History:
        """What was published so far."""
        return self.announcer.history

    @property
    def snapshot(self) -> Snapshot | None:
        """The last snapshot; None before there was one."""
        return self.announcer.snapshot

    def built(self) -> tuple[Trainer | Abreast, Publisher, Keeper]:
        """What trains and what surrounds it, once ``build`` has said that it is there."""
        assert self.trainer is not None
        assert self.publisher is not None
        assert self.keeper is not None
        return self.trainer, self.publisher, self.keeper

    def alone(self) -> tuple[Trainer, Publisher, Keeper]:
        """The same of a run alone, not while variants of it are compared."""
        trainer, publisher, keeper = self.built()
        assert isinstance(trainer, Trainer)
        return trainer, publisher, keeper

    def set_rate(self, rate: float) -> None:
        """Publish so many snapshots a second from now on."""
        self.rate = rate
        if self.publisher is not None:
            self.publisher.set_rate(rate)

    def lock_ranges(self, is_locked: bool) -> None:
        """Keep the ranges of the histograms, or let them follow."""
        self._is_locked = is_locked
        if self.publisher is not None:
            self.publisher.probe.is_locked = is_locked

    def attend(self, is_watched: bool) -> None:
        """Take down whether somebody looks at the snapshots."""
        self._is_watched = is_watched
        if self.publisher is not None:
            self.publisher.is_watched = is_watched

    # -- building -------------------------------------------------------------------------------------------------

    def build(self) -> bool:
        """Make the trainer if there is none; returns whether there is one."""
        if self.publisher is not None:
            return True
        try:
            if self.trainer is None:
                self.trainer = Trainer(self.mail.in_force)
                self.mail.settled(self.trainer.settings)
            self.surround(self.trainer)
        except BaseException as error:
            self.fail(error)
            return False
        self.journal.begin(self.trainer.settings, self.trainer.steps)
        if self.status == "failed":
            self.set_status("idle")
        self.all_is_well()
        self.keep_moment()
        self.publish(fresh=True)
        return self.status != "failed"

    def surround(self, trainer: Trainer | Abreast) -> None:
        """Train this one from now on, with a keeper and a publisher of its own."""
        self.told_diverged = set()
        trainer.progress = 0.0  # no end is in sight, so the course of the rate stays at its beginning
        keeper, publisher = Keeper(trainer), Publisher(trainer, self.rate)
        self.instruct(publisher)
        self.trainer, self.keeper, self.publisher = trainer, keeper, publisher

    def instruct(self, publisher: Publisher) -> None:
        """Have a publisher do as a person said, perhaps to another one."""
        if publisher.rate != self.rate:
            publisher.set_rate(self.rate)
        publisher.probe.is_locked = self._is_locked
        publisher.is_watched = self._is_watched

    def forget(self, news: str) -> None:
        """Forget what was before; what the history now begins with is said in words."""
        self.all_is_well()
        self.announcer.forget(self.steps, news)
        self.moments.clear()
        self.keep_moment()

    def keep_moment(self) -> None:
        """Keep the weights where training rests among the moments one can go back to, unless one is near."""
        trainer, _, keeper = self.built()
        if self.moments.wants(trainer.steps, at_rest=True) and keeper.keep():
            self.moments.keep(trainer, self.journal.newest, at_rest=True)

    # -- status ---------------------------------------------------------------------------------------------------

    def set_status(self, status: str) -> None:
        """Change the status; one that a person has just caused stands until its order is carried out."""
        with self.mail.lock:
            if status in ("failed", "diverged") or not self.mail.will_train:
                self.status = status

    def all_is_well(self) -> None:
        """Forget what went wrong."""
        self.has_failed, self.error, self.message = False, None, ""

    def store(self, error: BaseException) -> None:
        """Keep what went wrong, for ``check`` and the panel."""
        self.error, self.traceback, self.message = error, error.__traceback__, explain(error)

    def fail(self, error: BaseException) -> None:
        """Keep an exception, stop training and show what happened with the numbers that were there last."""
        self.is_running, self.steps_left = False, 0
        self.has_failed = True
        self.store(error)
        self.set_status("failed")
        if self.publisher is not None:
            self.publisher.rest()
        last = self.snapshot
        if last is None:
            last = blank_snapshot(self.mail.wanted, "failed", self.message)
        changes = self.announcer.take_changes()
        self.announcer.hand_out(dataclasses.replace(last, status="failed", message=self.message, changes=changes))

    def come_to_rest(self, message: str) -> None:
        """Show where training rests."""
        self.is_running, self.steps_left = False, 0
        if self.status in ("failed", "diverged"):
            return
        self.message = message
        self.set_status("paused")
        if self.publisher is not None:
            self.keep_moment()
            self.publish(fresh=True, status="paused")
            self.publisher.rest()

    def publish(self, *, fresh: bool, status: str | None = None) -> None:
        """Make a snapshot and hand it out.

        Parameters
        ----------
        fresh
            Read the accuracies anew, whatever it costs.
        status
            The one to show, where it is not the present one.
        """
        _, publisher, _ = self.built()
        shown = status or ("running" if self.is_training else self.status)
        try:
            snapshot = publisher.make(shown, self.message, tuple(self.announcer.changes), fresh=fresh)
        except Exception as error:
            self.fail(error)
            return
        self.announcer.take_changes()
        self.history.append(snapshot, keep=not self.is_training)
        self.announcer.hand_out(snapshot)
