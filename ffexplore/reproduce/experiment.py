"""What an experiment is: configurations to train, what is measured of them, and the figures they are held against.

An experiment is a function in the catalogue that returns its configurations; its docstring says what it shows::

    @experiments.register("mine", source="where the question comes from")
    def mine() -> list[Configuration]:
        \"\"\"What it shows, in one line.\"\"\"
        return [Configuration("wide", {"preset": "fast", "layers": (2000, 2000)}, epochs=20)]

Traits say how the page shows it: ``ranked`` names a figure by which the configurations are put in order, ``baseline``
the configuration that the others are told from, ``like`` another experiment with the same configurations; ``over``
says what the places of configurations in curves are.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.registry import Entry, Registry
from ffexplore.reproduce.figures import figure

KINDS = ("forward_forward", "backprop")
PLAIN_NAME = re.compile(r"[\w+][\w.+-]*")  # names become parts of file names
TUNING_SEED = 1000  # no seed that is reported has a part in the choice of settings

experiments: Registry[Entry] = Registry("experiment", Entry)


@dataclass(frozen=True)
class Aim:
    """What a figure is to reach, and what was published.

    Parameters
    ----------
    figure
        Name of the figure; see ``figures``.
    low, high
        Inclusive bounds of the mean over the seeds; None leaves that side open.
    than
        Name of another configuration of the experiment whose mean this one is to lie below.
    published
        The published figure with its unit.
    source
        Where it was published.
    """

    figure: str
    low: float | None = None
    high: float | None = None
    than: str = ""
    published: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        figure(self.figure)  # an unknown name is refused here
        if self.published and not self.source:
            raise ValueError(f"An aim for {self.figure} has a published figure, {self.published!r}, and no source.")


@dataclass(frozen=True)
class Configuration:
    """One row of an experiment: settings that are trained for a while, with several seeds.

    Parameters
    ----------
    name
        Letters, digits, ``_ . + -``.
    fields
        Fields of ``Settings``; ``preset`` names the recipe they change. The seed is not among them.
    epochs, seconds
        How long a run is; one of the two. A run of seconds wants the machine for itself.
    minutes
        About how long a run takes on one core of a present machine, as planned; what it took is measured.
    seeds
        Runs that are wanted, with seeds 0, 1, 2 ...
    grid
        Fields to choose on validation data, and their values: every combination is tried once.
    tuning_epochs
        How long a combination is tried.
    figures
        What the page shows of it.
    aims
        What it is held against.
    looks
        Epochs after which the validation data is looked at, beside ten spread over the run.
    gpu
        Whether a run is too long without one.
    kind
        "forward_forward", or "backprop" for the twin trained by backpropagation.
    readout_passes
        Most passes over the training data by which the read-out is fitted when the layers have learned; 0 leaves it
        as it has learned beside them.
    readout_copies
        Places in which that fit sees each training picture, as for ``Trainer.fit_readout``.
    place
        Where it stands in the picture of its experiment: the name of a curve, and the place along it.
    """

    name: str
    fields: Mapping[str, Any]
    epochs: int | None = None
    seconds: float | None = None
    minutes: float = 1.0
    seeds: int = 3
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    tuning_epochs: int = 1
    figures: tuple[str, ...] = ("test_error",)
    aims: Sequence[Aim] = ()
    looks: tuple[int, ...] = ()
    gpu: bool = False
    kind: str = "forward_forward"
    readout_passes: int = 0
    readout_copies: int = 1
    place: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        if not PLAIN_NAME.fullmatch(self.name):
            raise ValueError(f"A configuration is named {self.name!r}; it may hold letters, digits, _ . + and -.")
        if (self.epochs is None) == (self.seconds is None):
            raise ValueError(f"The configuration {self.name!r} needs epochs or seconds, and not both.")
        if self.kind not in KINDS:
            raise ValueError(f"The configuration {self.name!r} is of kind {self.kind!r}; allowed: {', '.join(KINDS)}.")
        for name in self.figures:
            figure(name)

    def planned_minutes(self, seeds: int | None = None) -> float:
        """About how long so many runs take on one core, with the trials that choose their settings; all if left out."""
        trials = len(self.candidates()) if self.grid else 0
        share = self.tuning_epochs / (self.epochs or self.tuning_epochs)
        return self.minutes * ((self.seeds if seeds is None else seeds) + trials * share)

    def candidates(self) -> list[dict[str, Any]]:
        """Every combination of the grid; one empty one where there is no grid."""
        return [dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]

    def settings(self, seed: int, epochs: int | None, chosen: Mapping[str, Any] | None = None) -> Settings:
        """The settings of one run; the course of its rate ends after ``epochs``.

        Raises
        ------
        SettingsError
            When they name what is not registered, or do not go together.
        """
        given = {**self.fields, **(chosen or {}), "seed": seed}
        preset = given.pop("preset", None)
        if epochs is not None:
            given.setdefault("horizon", float(epochs))
        return Settings(**given) if preset is None else Settings.preset(preset, **given)


@dataclass(frozen=True)
class Run:
    """One training: settings, how long, and where what it finds is kept.

    ``part`` is "seed-0" and so on for what is reported, "candidate-0" and so on for a trial of a grid, which never
    meets the test data.
    """

    experiment: str
    configuration: Configuration
    part: str
    settings: Settings
    epochs: int | None

    @property
    def is_reported(self) -> bool:
        """Whether the run is one of those that are reported, and not a trial of a grid."""
        return self.part.startswith("seed-")

    @property
    def looks(self) -> set[int]:
        """Epochs after which the validation data is looked at."""
        if self.epochs is None:
            return set()
        spread = {round(self.epochs * part / 10) for part in range(1, 11)}
        return {look for look in spread | set(self.configuration.looks) if 0 < look <= self.epochs}

    @property
    def title(self) -> str:
        """What the run is, for a person."""
        return f"{self.experiment}, {self.configuration.name}, {self.part.replace('-', ' ')}"


def configurations(name: str) -> list[Configuration]:
    """The configurations of an experiment.

    Raises
    ------
    SettingsError
        When there is no such experiment; names the nearest.
    """
    found: list[Configuration] = experiments[name].function()
    return found
