"""The runner: trains in one background thread, takes changes at any time, publishes what it sees."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from ffexplore.engine.fitting import amount_above_zero
from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import SettingsError
from ffexplore.live.changes import check_data
from ffexplore.live.compared import Compared, check_alone, make_compared
from ffexplore.live.kernel import claim, enter, pause
from ffexplore.live.letter import TRAINING, Order
from ffexplore.live.moments import Moment
from ffexplore.live.speed import check_rate, check_speed, starting_speed
from ffexplore.live.watched import Watched
from ffexplore.live.worker import Worker

OTHER_STARTED = "Paused, because another runner was started in this kernel. Press play to go on with this one."


class Runner(Watched):
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
        check_rate(rate)
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
        super().__init__(Worker(chosen, trainer, rate))
        self._worker.speed = speed
        enter(self._worker, self)

    # -- what to do -----------------------------------------------------------------------------------------------

    def start(self) -> Runner:
        """Train until paused, stopped, or at ``stop_at``; another runner that trains is paused."""
        self._train(Order("start"))
        return self

    def pause(self) -> None:
        """Stop training after the present batch; steps that are queued are dropped."""
        pause(self._worker)

    def step(self, n: int = 1) -> None:
        """Train n batches, then pause; further calls add up.

        Raises
        ------
        SettingsError
            When n is not a whole number of 1 or more.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise SettingsError(f"n is {n!r}; it must be a whole number of 1 or more.")
        self._train(Order("step", count=n))

    def step_epoch(self) -> None:
        """Train to the end of the present pass over the data, then pause; a pass that has just ended is followed."""
        self._train(Order("epoch"))

    def reset(self) -> None:
        """Begin anew with the same settings: weights from the seed, step 0, an empty history."""
        self._order_alone("begin anew", Order("reset"))

    def branch(self, moment: int | Moment) -> None:
        """Go on from a kept moment: weights, optimizer, order of the data, step count and settings of then.

        Training goes on if it ran and rests if it rested. The history ends at that moment with a mark. What is left
        behind becomes a kept moment with its own history, so that branching to it undoes this.

        Parameters
        ----------
        moment
            One of ``moments``, or its step. That it is no longer kept when its turn comes is told in ``message`` and
            raised by ``check``.

        Raises
        ------
        SettingsError
            When no weights are kept at that step.
        """
        with self._mail.lock:
            check_alone(self.compared, "go back")
            self._mail.branch(moment if isinstance(moment, Moment) else self._worker.moments.find(moment))
            self._worker.ensure_thread()

    def compare(self, field: str, values: Iterable[Any]) -> Compared:
        """Train variants of one setting in lockstep, all from here: weights, optimizer and order of the data.

        Training goes on if it ran and rests if it rested. The run waits as it is: ``choose`` makes one variant the
        run, as if its value had been set here, or goes back to the run. Until then snapshots and ``history`` are those
        of the variants, and settings stay as they are. Where one has another seed or initialization, all begin anew.

        Parameters
        ----------
        field
            A setting: every one but dataset, layers, device and precision.
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
            When the field cannot differ between variants or has no effect now, a value does not fit, or variants are
            compared already.
        """
        with self._mail.lock:
            check_alone(self.compared, "compare others")
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
            compared.check_variant(variant)
            self._mail.choose(compared, variant)
            self._worker.ensure_thread()

    def fit_readout(self, seconds: float = 5.0) -> None:
        """Take the read-out to its minimum with the layers as they are, then go on; see ``Trainer.fit_readout``.

        What else is asked for meanwhile ends it after the present pass over the training data. That the read-out is
        switched off is told in ``message``.

        Parameters
        ----------
        seconds
            How long it may take.

        Raises
        ------
        SettingsError
            When variants are compared, or ``seconds`` is not above 0.
        """
        amount_above_zero("seconds", seconds)
        self._order_alone("fit the read-out", Order("fit_readout", seconds=seconds))

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
            is told in ``message`` and raised by ``check``, and the former values stay; what was changed by other
            calls meanwhile is taken up all the same.
        """
        with self._mail.lock:
            check_alone(self.compared, "change settings")
            settings = self._mail.change(changes, partial(check_data, self._worker.trainer))
            if not self._worker.has_ended or self._worker.trainer is not None:
                self._worker.ensure_thread()
            return settings

    def save(self, path: str | os.PathLike[str]) -> Future[Path]:
        """Write a checkpoint in turn; the Future's result is its path, see ``Trainer.save``."""
        answer: Future[Path] = Future()
        self._order_alone("write a checkpoint", Order("save", path=path, answer=answer))
        return answer

    def restore(self, path: str | os.PathLike[str]) -> Future[None]:
        """Go on, paused, where a checkpoint was written, in turn; what waits to be changed is forgotten.

        The Future raises CheckpointError when the checkpoint is truncated, altered, foreign or names what is not at
        hand here; nothing has changed then.
        """
        answer: Future[None] = Future()
        self._order_alone("load a checkpoint", Order("restore", path=path, answer=answer))
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
                pause(self._worker)
            if not self._worker.has_ended:
                self._mail.put(Order("stop"))

    # -- how it goes ----------------------------------------------------------------------------------------------

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
    def rate(self) -> float:
        """Snapshots per second at most while training."""
        return self._worker.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        check_rate(rate)
        self._worker.set_rate(rate)

    def lock_ranges(self, is_locked: bool = True) -> None:
        """Keep the ranges of the histograms as they are, or let them follow the goodness again."""
        self._worker.lock_ranges(is_locked)

    def attend(self, is_watched: bool = True) -> None:
        """Say whether somebody looks at the snapshots: then they may cost more of training, and come more often."""
        self._worker.attend(is_watched)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _train(self, order: Order) -> None:
        claim(self._worker, OTHER_STARTED, lambda: self._order(order))

    def _order_alone(self, purpose: str, order: Order) -> None:
        with self._mail.lock:  # so that no comparison begins in between
            check_alone(self.compared, purpose)
            self._order(order)

    def _order(self, order: Order) -> None:
        with self._mail.lock:
            self._mail.put(order)
            if order.kind in TRAINING:
                self._worker.status = "running"
            self._worker.ensure_thread()
