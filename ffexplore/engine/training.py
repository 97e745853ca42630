"""The Trainer: build, take up changes, step, fit. It knows no thread and no widget."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable, Sequence

import torch

from ffexplore.engine.augment import Dropout, Jitter
from ffexplore.engine.batches import Batches
from ffexplore.engine.build import begin_means_anew, build, configure
from ffexplore.engine.fitting import chosen_length, run
from ffexplore.engine.lockstep import check_lockstep, distinct_seeds, listed
from ffexplore.engine.own_functions import code_marks
from ffexplore.engine.plan import Plan, plan
from ffexplore.engine.settings import Settings, check_settings
from ffexplore.engine.suitability import check_suited
from ffexplore.engine.trained import Trained
from ffexplore.errors import DivergedError, SettingsError

CALM_INTERVAL = 128  # steps between two clearings of the optimizers' averages, which only a CPU needs
# A change of one of these ends negatives that were to last.
PAIR_FIELDS = ("negatives", "negatives_refresh", "goodness")
# A change of these alone is a matter of numbers that are looked up; whoever looks at the network may go on as before.
NUMBERS = frozenset({"threshold", "logit_scale", "learning_rate", "weight_decay"})


class Trainer(Trained):
    """Trains a network by the Forward-Forward algorithm.

    Parameters
    ----------
    settings
        What to train; see ``Settings``.

    Raises
    ------
    SettingsError, DatasetError
        When the settings do not go with the data, or the data is not to be had.
    """

    _waits = True  #: whether a step lasts until a GPU has done it, and what goes wrong shows in that very step

    def __init__(self, settings: Settings | None = None) -> None:
        self._begin([settings if settings is not None else Settings()])

    @classmethod
    def variants(cls, variants: Iterable[Settings]) -> Trainer:
        """A trainer of several networks in lockstep, each with the numbers it would have alone.

        Parameters
        ----------
        variants
            Settings that differ only in the fields marked lockstep: negatives, goodness, threshold, threshold_rate,
            objective, logit_scale, learning_rate, weight_decay, dropout, peer_normalization, seed.

        Raises
        ------
        SettingsError
            When there is none, they differ in another field, or their goodness, objectives or negatives cannot share a
            batch.
        """
        variants = listed(variants)
        check_lockstep(variants)
        trainer = cls.__new__(cls)
        trainer._begin(variants)
        return trainer

    def fan_out(self, variants: Sequence[Settings], among: Sequence[Settings] | None = None) -> Trainer:
        """A trainer of several networks in lockstep that go on from here; see ``ffexplore.engine.variants``."""
        from ffexplore.engine.variants import fan_out

        return fan_out(self, variants, among)

    def single(self, variant: int) -> Trainer:
        """A trainer of one of several variants, alone, which goes on where it is; see ``ffexplore.engine.variants``."""
        from ffexplore.engine.variants import single

        return single(self, variant)

    @classmethod
    def restore(cls, path: str | os.PathLike[str]) -> Trainer:
        """Read a checkpoint and go on bit for bit where it was written (on a CPU, with as many threads).

        Warns where a function of somebody's own, or data known by its name, is no longer what it was then.

        Raises
        ------
        CheckpointError
            When the checkpoint is truncated, altered, foreign, or names what is not registered here.
        """
        from ffexplore.engine.checkpoint import restore

        trainer, others = restore(cls, path)
        for other in others:
            warnings.warn(f"The checkpoint {path} was written with something else. {other}", stacklevel=2)
        return trainer

    def _begin(self, variants: list[Settings]) -> None:
        for each in variants:
            check_settings(each)
        self._variants = variants
        self.steps = 0
        self.seconds = 0.0
        self.progress = 0.0  # of the horizon, in [0, 1]
        self._plan = plan(variants[0])
        check_suited(variants[1:], self._plan.dataset)
        self._start()

    def _start(self) -> None:
        """Build everything anew; steps and time go on."""
        epochs = self.epochs if hasattr(self, "batches") else 0.0
        self.network = build(self._plan, self._variants)
        configure(self.network, self._variants)
        self.own_marks = code_marks(self._variants)
        self.pairs = self.make_pairs("train", to_learn=True)
        seeds, data, device = distinct_seeds(self._variants), self._plan.dataset, self._plan.device
        self.batches, self._epochs_before = Batches(len(data.train), self._batch_size(), seeds, device), epochs
        self.dropout = Dropout(seeds, device)
        self.jitter = Jitter(data.shape, seeds, device)
        self.stepper = self._make_stepper()

    def step_call_by_call(self) -> None:
        """Train on one batch as `step` does, but not as a recording has it: for who watches what is done."""
        self.renew_stepper()
        self.step()

    def _batch_size(self) -> int:
        size = self.settings.batch_size
        return len(self._plan.dataset.train) if size == "full" else int(size)

    def apply(self, settings: Settings) -> None:
        """Take up changed settings before the next batch.

        Only what has to change is rebuilt: layers whose shapes stay keep weights and optimizer state; another
        dataset, seed, device, precision or initialization begins anew. The step count goes on. A function of somebody's
        own that was registered anew since then takes the place of the former.

        Raises
        ------
        SettingsError, DatasetError
            When the new settings cannot be met. Then, and where a function of somebody's own raises something else
            while it is built in, nothing has changed.
        """
        if len(self._variants) > 1:
            raise SettingsError("A trainer of several variants keeps its settings; make a new one.")
        check_settings(settings)
        new_plan = plan(settings)
        # What is built anew takes the place of what was there, which stays whole: to have it back is enough.
        layers, readout = self.network.layers, self.network.readout
        owners = [
            self,
            *layers,
            *(layer.parameters for layer in layers),
            *(layer.threshold for layer in layers),
            readout,
        ]
        before = [(owner, dict(vars(owner))) for owner in owners if owner is not None]
        try:
            self._take_up(settings, new_plan)
        except BaseException:  # what somebody else wrote may raise anything while it is built in
            for owner, attributes in before:
                vars(owner).clear()
                vars(owner).update(attributes)
            raise
        self.own_marks = code_marks(self._variants)

    def _take_up(self, settings: Settings, new_plan: Plan) -> None:
        """Build what has to be built for settings, and set up the rest."""
        old, old_plan = self.settings, self._plan
        if new_plan.start != old_plan.start:
            self._plan, self._variants = new_plan, [settings]
            self._start()
            return
        if all(getattr(old, name) == getattr(settings, name) for name in Settings.fields() if name not in NUMBERS):
            self._plan, self._variants = new_plan, [settings]
            configure(self.network, [settings])
            self.renew_stepper()
            return
        network = build(new_plan, [settings], self.network)
        self._plan, self._variants, self.network = new_plan, [settings], network
        if settings.optimizer != old.optimizer:
            for layer in network.layers:
                layer.set_optimizer(settings.optimizer.name, settings.optimizer.values)
        configure(network, [settings])
        pairs = self.make_pairs("train", to_learn=True)
        pairs.go_on(self.pairs, keep=all(getattr(old, name) == getattr(settings, name) for name in PAIR_FIELDS))
        self.pairs = pairs
        self.batches.resize(self._batch_size())
        self.renew_stepper()

    def step(self) -> None:
        """Train on one batch; see ``ffexplore.engine.stepping``.

        Raises
        ------
        DivergedError
            When a loss or a gradient is not finite; the weights of that layer are those from before. Of several
            variants one that meets such a value rests from then on (see ``diverged``), while the others go on.
        """
        began = time.perf_counter()
        try:
            with torch.no_grad():
                # the course goes by what was done before this batch, as in a fit
                self.stepper.step(self.steps, self.progress, self.epochs)
        except DivergedError as error:
            self.steps += 1
            raise self._told(error) from None
        if self.network.diverged.words:
            self.network.diverged.date(self.steps)
        self.steps += 1
        if self.steps % CALM_INTERVAL == 0 and not self.network.is_on_gpu:
            self.network.calm()
        self.seconds += time.perf_counter() - began
        if self._waits:
            self._settle()

    def _settle(self) -> None:
        """Wait until the steps that were begun are done."""
        began = time.perf_counter()
        try:
            self.stepper.settle()
        except DivergedError as error:
            raise self._told(error) from None
        self.seconds += time.perf_counter() - began

    def _told(self, error: DivergedError) -> DivergedError:
        """What went wrong, for the person; the step that it happened at is the next one again."""
        self.steps -= error.steps
        with torch.no_grad():
            begin_means_anew(self.network, self._variants)  # else no step could be good any more
        rate = f"learning_rate (now {max(self.settings.per_layer('learning_rate')):g})"
        kept = "the weights of that layer are those from before the step."
        advice = f"Lower {rate}, then go on; {kept}"
        if self.steps == 0:  # no weight had moved
            advice = "This is the first step, so it is not the rate: look at the data, at functions of your own, at "
            advice += f"scales; {kept}"
        elif not all(bool(layer.parameters.flat.isfinite().all()) for layer in self.network.layers):
            advice = f"Weights are not finite since an earlier step: lower {rate}, and make a new trainer or restore a "
            advice += "checkpoint."
        return DivergedError(f"At step {self.steps} {error}. {advice}", met=f"at step {self.steps} {error}")

    def blocks(self) -> list[list[int]]:
        """The blocks of layers that learn at the next step."""
        return self.stepper.rhythm.blocks(self.steps)

    def course(self) -> float:
        """The present factor of the learning rate."""
        return self.stepper.rhythm.rate_factor(self.progress, self.epochs)

    def fit(
        self,
        *,
        epochs: float | None = None,
        steps: int | None = None,
        seconds: float | None = None,
        progress: bool = True,
    ) -> Trainer:
        """Train for a number of epochs, steps or seconds; exactly one is to be given.

        The course of the learning rate ends with the fit unless ``horizon`` is set. An interrupt (Ctrl-C) ends the
        fit and leaves a trainer that can be used and go on. With ``seconds`` the same seed need not give the same
        numbers.

        Parameters
        ----------
        epochs
            Passes over the training data, possibly broken.
        steps
            Batches.
        seconds
            Time in seconds.
        progress
            Whether to show a progress bar.

        Returns
        -------
        Trainer
            The trainer itself.

        Raises
        ------
        SettingsError
            When none or several of the three are given, or an amount is out of range.
        DivergedError
            When a value is not finite; see ``step``.
        """
        unit, amount = chosen_length({"epochs": epochs, "steps": steps, "seconds": seconds})
        self._waits = False
        try:
            run(self, unit, amount, progress)
        finally:
            self._waits = True
        self._settle()
        return self

    def __repr__(self) -> str:
        widths = "-".join(str(width) for width in self.network.widths)
        variants = f", {len(self._variants)} variants" if len(self._variants) > 1 else ""
        return f"<Trainer {self._plan.dataset.name} {widths}{variants}, {self.steps} steps>"
