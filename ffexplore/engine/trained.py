"""What one does with a network beside training it: judge it, read it, fit its read-out, keep and restore it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ffexplore.engine.augment import Dropout, Jitter
from ffexplore.engine.batches import Batches
from ffexplore.engine.build import make_pairs, make_readout
from ffexplore.engine.diagnostics import check_split
from ffexplore.engine.fields import whole_number
from ffexplore.engine.network import Network
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.plan import Plan
from ffexplore.engine.readout import Readout
from ffexplore.engine.report import Report, make_reports
from ffexplore.engine.settings import Settings
from ffexplore.engine.state import give, take
from ffexplore.engine.stepping import Stepper
from ffexplore.engine.verdict import judge
from ffexplore.errors import SettingsError

T = TypeVar("T", bound="Trained")


class Trained:
    """The part of a ``Trainer`` that does not train."""

    network: Network
    batches: Batches
    pairs: Pairs
    dropout: Dropout
    jitter: Jitter
    stepper: Stepper
    steps: int
    seconds: float
    progress: float
    own_marks: dict[str, str]  #: marks of the code of somebody's own functions that it trains with, by their names
    _variants: list[Settings]
    _plan: Plan
    _epochs_before: float

    @property
    def settings(self) -> Settings:
        """The present settings; those of the first variant when there are several."""
        return self._variants[0]

    @property
    def all_settings(self) -> list[Settings]:
        """The settings of every variant."""
        return list(self._variants)

    @property
    def parts(self: T) -> list[T]:
        """The trainers that this one consists of: itself."""
        return [self]

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

    def _make_stepper(self, former: Stepper | None = None) -> Stepper:
        return Stepper(self.network, self._variants, self.pairs, self.batches, self.dropout, self.jitter, former)

    def make_pairs(self, split: str, *, to_learn: bool = False) -> Pairs:
        """A generator of positive and negative sides for a split; off the training data always from the same seed.

        Sides ``to_learn`` from have no negatives where no objective looks at them.
        """
        return make_pairs(self.network, self._variants, split, None if split == "train" else [0], to_learn)

    def fit_readout(
        self: T,
        *,
        epochs: float | None = None,
        seconds: float | None = None,
        layers: str | None = None,
        decay: float | None = None,
        copies: int = 1,
        progress: bool = True,
    ) -> T:
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
        copies
            How often it sees each training picture: once as it is, and otherwise moved, turned, scaled and bent as
            in training, drawn once.
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

        fit_readout(self, epochs=epochs, seconds=seconds, layers=layers, decay=decay, copies=copies, progress=progress)
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
        readout.diverged = self.network.diverged
        self.renew_stepper()
        return readout

    def renew_stepper(self) -> None:
        """Have steps forget the tensors that they held: what is captured would go on reading and writing them."""
        self.stepper = self._make_stepper(self.stepper)

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

        Raises
        ------
        SettingsError
            When there is no such split.
        """
        return self.evaluate_variants(split, shortcut=shortcut)[0]

    def evaluate_variants(self, split: str = "test", *, shortcut: bool = False) -> list[Report]:
        """A report for each variant; parameters and errors as for ``evaluate``."""
        check_split(split)
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

        Raises
        ------
        SettingsError
            When there is no such layer or variant; both count from 0.
        """
        layer = whole_number("layer", layer, 0, len(self.network.layers) - 1)
        variant = whole_number("variant", variant, 0, len(self._variants) - 1)
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
            "diverged": self.network.diverged.to_list(),
        }

    def load_state(self, state: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Go back to a moment that ``state`` and ``counters`` recorded under the same settings."""
        self.steps, self.seconds = int(counters["steps"]), float(counters["seconds"])
        self.progress, self._epochs_before = float(counters["progress"]), float(counters["epochs_before"])
        give(self, state, counters)
        self.network.diverged.take(counters.get("diverged", []))

    def manifest(self) -> dict[str, Any]:
        """What is needed to repeat the run: settings, versions, device, threads, precision, seed, data.

        ``step`` says how the last step was taken: call by call, recorded, or captured in a CUDA graph, and why not.
        """
        from ffexplore.engine.manifest import make_manifest

        return make_manifest(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a checkpoint; see ``ffexplore.engine.checkpoint``."""
        from ffexplore.engine.checkpoint import save

        return save(self, path)
