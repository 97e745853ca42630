"""The Trainer: build, step, fit, evaluate. It knows no thread and no widget."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ffexplore.engine.augment import Dropout, Shifts
from ffexplore.engine.batches import Batches
from ffexplore.engine.build import build, configure, make_pairs, make_readout
from ffexplore.engine.epoch import EpochSides
from ffexplore.engine.fitting import chosen_length, run
from ffexplore.engine.inputs import Prepared
from ffexplore.engine.layers import Layer
from ffexplore.engine.lockstep import check_lockstep, distinct_seeds
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.plan import Plan, plan
from ffexplore.engine.readout import Readout
from ffexplore.engine.report import Report, make_reports
from ffexplore.engine.rhythm import blocks, period, rate_factor
from ffexplore.engine.settings import Settings
from ffexplore.engine.state import give, take
from ffexplore.engine.together import learn_together, listening
from ffexplore.engine.verdict import judge
from ffexplore.errors import DivergedError, SettingsError

CALM_INTERVAL = 128  # steps between two clearings of the optimizers' averages
# A change of one of these ends negatives that were to last.
PAIR_FIELDS = ("negatives", "negatives_refresh", "goodness")


class Trainer:
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

    def __init__(self, settings: Settings | None = None) -> None:
        self._begin([settings if settings is not None else Settings()])

    @classmethod
    def variants(cls, variants: Sequence[Settings]) -> Trainer:
        """A trainer of several networks in lockstep, each with the numbers it would have alone.

        Parameters
        ----------
        variants
            Settings that differ only in the fields marked lockstep: negatives, goodness, threshold, threshold_rate,
            objective, logit_scale, learning_rate, weight_decay, seed.

        Raises
        ------
        SettingsError
            When there is none, they differ in another field, or their goodness or negatives cannot share a batch.
        """
        check_lockstep(variants)
        trainer = cls.__new__(cls)
        trainer._begin(list(variants))
        return trainer

    def fan_out(self, variants: Sequence[Settings]) -> Trainer:
        """A trainer of several networks in lockstep that go on from here; see ``ffexplore.engine.variants``."""
        from ffexplore.engine.variants import fan_out

        return fan_out(self, variants)

    def single(self, variant: int) -> Trainer:
        """A trainer of one of several variants, alone, which goes on where it is; see ``ffexplore.engine.variants``."""
        from ffexplore.engine.variants import single

        return single(self, variant)

    def _begin(self, variants: list[Settings]) -> None:
        for each in variants:
            if not isinstance(each, Settings):
                raise SettingsError(f"settings is {each!r}; give Settings, as in Settings.preset('fast').")
        self._variants = variants
        self.steps = 0
        self.seconds = 0.0
        self.progress = 0.0  # of the horizon, in [0, 1]
        self._plan = plan(variants[0])
        self._start()

    @property
    def settings(self) -> Settings:
        """The present settings; those of the first variant when there are several."""
        return self._variants[0]

    @property
    def all_settings(self) -> list[Settings]:
        """The settings of every variant."""
        return list(self._variants)

    @property
    def plan(self) -> Plan:
        """What was built."""
        return self._plan

    @property
    def epochs(self) -> float:
        """Passes over the training data so far."""
        return self._epochs_before + self.batches.epochs

    @property
    def diverged(self) -> dict[int, str]:
        """What happened to each variant that rests since it met a value that is not finite, by its number."""
        found = self.network.diverged
        return {
            variant: f"at step {found.steps.get(variant, self.steps)} {words}" for variant, words in found.words.items()
        }

    @property
    def rows_per_step(self) -> int:
        """Inputs that one step trains, positive and negative ones apart unless one pass serves both."""
        return self.pairs.walked * self.batches.size * len(self._variants)

    def _start(self) -> None:
        """Build everything anew; steps and time go on."""
        self._epochs_before = self.epochs if hasattr(self, "batches") else 0.0
        self.network = build(self._plan, self._variants)
        configure(self.network, self._variants)
        self._set_pairs(self.make_pairs("train"))
        seeds, data, device = distinct_seeds(self._variants), self._plan.dataset, self._plan.device
        self.batches = Batches(len(data.train), self._batch_size(), seeds, device)
        self.dropout = Dropout(seeds, device)
        self.shifts = Shifts(data.shape, seeds, device)

    def _set_pairs(self, pairs: Pairs) -> None:
        self.pairs, self._epoch_sides = pairs, EpochSides(pairs)

    def _batch_size(self) -> int:
        size = self.settings.batch_size
        return len(self._plan.dataset.train) if size == "full" else int(size)

    def make_pairs(self, split: str) -> Pairs:
        """A generator of positive and negative sides for a split; off the training data always from the same seed."""
        return make_pairs(self.network, self._variants, split, None if split == "train" else [0])

    def apply(self, settings: Settings) -> None:
        """Take up changed settings before the next batch.

        Only what has to change is rebuilt: layers whose shapes stay keep weights and optimizer state; another
        dataset, seed, device, precision or initialization begins anew. The step count goes on.

        Raises
        ------
        SettingsError, DatasetError
            When the new settings cannot be met; nothing has changed then.
        """
        if len(self._variants) > 1:
            raise SettingsError("A trainer of several variants keeps its settings; make a new one.")
        new_plan = plan(settings)
        old, old_plan = self.settings, self._plan
        if new_plan.start != old_plan.start:
            self._plan, self._variants = new_plan, [settings]
            self._start()
            return
        network = build(new_plan, [settings], self.network)
        self._plan, self._variants, self.network = new_plan, [settings], network
        if settings.optimizer != old.optimizer:
            for layer in network.layers:
                layer.set_optimizer(settings.optimizer.name, settings.optimizer.values)
        configure(network, [settings])
        pairs = self.make_pairs("train")
        pairs.go_on(self.pairs, keep=all(getattr(old, name) == getattr(settings, name) for name in PAIR_FIELDS))
        former = self._epoch_sides
        self._set_pairs(pairs)
        self._epoch_sides.go_on(former)
        self.batches.resize(self._batch_size())

    def step(self) -> None:
        """Train on one batch.

        Raises
        ------
        DivergedError
            When a loss or a gradient is not finite; the weights of that layer are those from before. Of several
            variants one that meets such a value rests from then on (see ``diverged``), while the others go on.
        """
        began = time.perf_counter()
        settings, network = self.settings, self.network
        with torch.no_grad():
            factor = self.course()  # by what was done before this batch, as in a fit
            index = self.batches.next()
            now = period(settings, self.pairs.refresh, self.steps, self.batches.epoch)
            at_once = not (settings.shift or network.per_class) and EpochSides.serves(self.pairs)
            reads = network.readout is not None and self.steps % settings.readout_interval == 0
            raw = self.shifts(network.inputs.rows(index).unsqueeze(1), settings.shift) if settings.shift else None
            try:
                prepared = None
                if reads or not at_once:
                    prepared = network.inputs.prepare_rows(index) if raw is None else network.inputs.prepare(raw)
                if reads and prepared is not None:
                    self._teach_readout(index, prepared)
                if at_once or prepared is None:
                    parts = self._epoch_sides.batch(self.batches, index.shape[1], now)
                else:
                    parts = self.pairs.sides(index, raw, prepared, now)
                labels = self.pairs.labels if network.per_class else None
                blocks = self.blocks()
                learning = {layer for block in blocks for layer in block}
                self._set_rates(learning, factor)
                masks = self._mask if settings.dropout else None
                heard = listening(network.layers, learning)
                walk = network.walk(parts, None if "all" in heard else max(learning) + 1, masks, train=True)
                del prepared, parts  # so that what the first layer was fed goes with that layer
                if heard or len(blocks) < sum(map(len, blocks)):
                    learn_together(network, list(walk), blocks, labels)
                else:
                    for layer, fed, h, mask in walk:
                        if layer.number in learning:
                            layer.learn(fed, h, mask, labels)
                        del fed, h, mask
            except DivergedError as error:
                rate = max(settings.per_layer("learning_rate"))
                raise DivergedError(
                    f"At step {self.steps} {error}. Lower learning_rate (now {rate:g}), then go on; the weights are "
                    "those from before the step."
                ) from None
        if network.diverged.words:
            network.diverged.date(self.steps)
        self.steps += 1
        if self.steps % CALM_INTERVAL == 0:
            network.calm()
        self.seconds += time.perf_counter() - began

    def _teach_readout(self, index: Tensor, prepared: Prepared) -> None:
        """Let the read-out learn from rows (K', B); what it says of them is kept with them."""
        network, settings = self.network, self.settings
        assert network.readout is not None
        labels, features = network.inputs.y["train"][index], network.neutral(prepared)
        prepared.logits = network.readout.learn(features, labels, settings.readout_rate, settings.readout_decay)

    def blocks(self) -> list[list[int]]:
        """The blocks of layers that learn at the next step."""
        return blocks(self.settings, self.steps)

    def course(self) -> float:
        """The present factor of the learning rate."""
        return rate_factor(self.settings, self.progress, self.epochs)

    def _set_rates(self, learning: set[int], factor: float) -> None:
        for number in learning:
            rates = [each.per_layer("learning_rate")[number] * factor for each in self._variants]
            self.network.layers[number].rates = rates

    def _mask(self, layer: Layer, z: Tensor) -> Tensor:
        """Dropout's factors for a layer."""
        return self.dropout.mask(z, layer.dropout)

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
        DivergedError
            When a value is not finite; see ``step``.
        """
        unit, amount = chosen_length({"epochs": epochs, "steps": steps, "seconds": seconds})
        run(self, unit, amount, progress)
        return self

    def fit_readout(
        self,
        *,
        epochs: float | None = None,
        seconds: float | None = None,
        layers: str | None = None,
        decay: float | None = None,
        progress: bool = True,
    ) -> Trainer:
        """Fit the read-out to the layers as they are: a softmax regression on their normalized activities.

        Where the read-out beside the layers takes a short step now and then, this goes to the minimum of the same
        loss by L-BFGS, on all training data. The layers stay as they are; ``evaluate`` and ``predict`` use it.
        Training that goes on afterwards goes on with it, too. An interrupt (Ctrl-C) ends the search and keeps the
        best that was found.

        Parameters
        ----------
        epochs
            Most passes over the training data; none given, it goes on to the minimum.
        seconds
            Most time in seconds.
        layers
            Which layers it sees, as in the setting ``readout_layers``, which is set to it; None leaves it.
        decay
            Weight decay; None takes that of the setting ``readout_decay``.
        progress
            Whether to show a progress bar.

        Returns
        -------
        Trainer
            The trainer itself.

        Raises
        ------
        SettingsError
            When the read-out is switched off, or an argument is out of range.
        DivergedError
            When an activity is not finite.
        """
        from ffexplore.engine.readout_fit import fit_readout

        fit_readout(self, epochs=epochs, seconds=seconds, layers=layers, decay=decay, progress=progress)
        return self

    def choose_readout_layers(self, layers: str) -> Readout:
        """Let the read-out see these layers; it begins anew where they are others than before.

        Raises
        ------
        SettingsError
            When there is no such layer, or the read-out is switched off.
        """
        variants = [each.replace(readout_layers=layers) for each in self._variants]
        readout = make_readout(self._plan, variants[0], len(variants), self.network.readout)
        if readout is None:
            raise SettingsError("readout_rate is 0, which switches the read-out off; set it above 0.")
        self._variants, self.network.readout = variants, readout
        return readout

    def evaluate(self, split: str = "test", *, shortcut: bool = False) -> Report:
        """Accuracies and separations on held-out data.

        Parameters
        ----------
        split
            "test", "validation" or "train".
        shortcut
            Whether to measure also how well mere statistics of the inputs give the negatives away.

        Returns
        -------
        Report
            That of the first variant; ``evaluate_variants`` gives all.
        """
        return self.evaluate_variants(split, shortcut=shortcut)[0]

    def evaluate_variants(self, split: str = "test", *, shortcut: bool = False) -> list[Report]:
        """A report for each variant."""
        if split not in self.network.inputs.x:
            raise SettingsError(f"split is {split!r}; allowed: train, validation, test.")
        return make_reports(self, split, shortcut)

    def predict(self, images: ArrayLike) -> NDArray[np.int64]:
        """Classify inputs with the chosen inference.

        Parameters
        ----------
        images
            (N, height, width[, channels]) uint8 or float from 0 to 1, or (N, features) of a table in its own units.

        Returns
        -------
        ndarray
            Class numbers (N,) int64, by the first variant.

        Raises
        ------
        SettingsError
            When the inputs do not have the size of the training data.
        """
        return judge(self, self.network.inputs.given(images)).chosen

    def weights(self, layer: int, variant: int = 0) -> tuple[Tensor, Tensor]:
        """Copies of a layer's present weights (inputs, units) and biases (units,), float32.

        The first layer's inputs are the flattened image, then an appended label; an overlaid label has the first
        places of the image. Those of a layer above are the units below it, then the label where it sees one.
        """
        parameters = self.network.layers[layer].parameters
        return parameters.weight[variant].clone(), parameters.bias[variant].clone()

    def state(self) -> dict[str, Tensor]:
        """Every tensor that makes up the present moment, by name; no copies."""
        return take(self)

    def counters(self) -> dict[str, Any]:
        """The numbers that belong to ``state``."""
        return {
            "steps": self.steps,
            "seconds": self.seconds,
            "progress": self.progress,
            "epochs_before": self._epochs_before,
            "kept_for": self.pairs.kept_for,
        }

    def load_state(self, state: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Go back to a moment that ``state`` and ``counters`` recorded under the same settings."""
        self.steps, self.seconds = int(counters["steps"]), float(counters["seconds"])
        self.progress, self._epochs_before = float(counters["progress"]), float(counters["epochs_before"])
        give(self, state, counters)

    def manifest(self) -> dict[str, Any]:
        """What is needed to repeat the run: settings, versions, device, threads, precision, seed, data."""
        from ffexplore.engine.manifest import make_manifest

        return make_manifest(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a checkpoint; see ``ffexplore.engine.checkpoint``."""
        from ffexplore.engine.checkpoint import save

        return save(self, Path(path))

    @classmethod
    def restore(cls, path: str | os.PathLike[str]) -> Trainer:
        """Read a checkpoint and go on bit for bit where it was written (on a CPU, with as many threads).

        Raises
        ------
        CheckpointError
            When the checkpoint is truncated, altered, foreign, or names what is not registered here.
        """
        from ffexplore.engine.checkpoint import restore

        return restore(cls, Path(path))

    def __repr__(self) -> str:
        widths = "-".join(str(width) for width in self.network.widths)
        variants = f", {len(self._variants)} variants" if len(self._variants) > 1 else ""
        return f"<Trainer {self._plan.dataset.name} {widths}{variants}, {self.steps} steps>"
