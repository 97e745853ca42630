"""Forward-Forward and backpropagation side by side: the same network and data, batch for batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from tqdm.auto import tqdm

from ffexplore.engine.backprop import BackpropTwin
from ffexplore.engine.fitting import chosen_length
from ffexplore.engine.footprint import footprint_of_step
from ffexplore.engine.inference import asks_readout
from ffexplore.engine.probe import Probe, scored_rows
from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import NoDerivativeError, SettingsError

POINTS = 24  # looks at the validation accuracy


@dataclass(frozen=True)
class Side:
    """One of the two, over T looks.

    Attributes
    ----------
    steps, epochs, seconds
        Batches, passes over the training data and seconds of training at each look, (T,).
    accuracy
        Validation accuracy at each look, (T,), in [0, 1]; for both on the same rows.
    test_accuracy
        On the whole test split at the end.
    held_bytes
        Bytes of tensors that a step holds between a forward pass and its gradient, at most: for backpropagation the
        activity of all layers, for Forward-Forward that of one.
    peak_bytes
        The most that a step holds at any moment, gradients of the weights included. Neither counts weights,
        optimizer, and buffers for gradients that are kept from step to step.
    """

    steps: tuple[int, ...]
    epochs: tuple[float, ...]
    seconds: tuple[float, ...]
    accuracy: tuple[float, ...]
    test_accuracy: float
    held_bytes: int
    peak_bytes: int

    @property
    def steps_per_second(self) -> float:
        """Batches trained per second; nan when nothing was trained."""
        return self.steps[-1] / self.seconds[-1] if self.seconds[-1] else float("nan")


@dataclass(frozen=True)
class Comparison:
    """What ``compare_with_backprop`` found; printed, it is a table.

    Attributes
    ----------
    forward_forward, backprop
        The two sides; ``backprop`` is None where backpropagation cannot train the network.
    refusal
        Why it cannot; else empty.
    network
        Data, widths, batch size, precision and number of torch threads, in words.
    """

    forward_forward: Side
    backprop: Side | None
    refusal: str
    network: str

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        sides = [self.forward_forward, *([self.backprop] if self.backprop else [])]
        rows = {
            "": ["Forward-Forward", "backpropagation"][: len(sides)],
            "test accuracy": [f"{100 * side.test_accuracy:.2f} %" for side in sides],
            "validation accuracy": [f"{100 * side.accuracy[-1]:.2f} %" for side in sides],
            "batches": [f"{side.steps[-1]}" for side in sides],
            "seconds of training": [f"{side.seconds[-1]:.2f}" for side in sides],
            "batches per second": [f"{side.steps_per_second:.0f}" for side in sides],
            "held for the gradient": [f"{side.held_bytes / 2**20:.2f} MiB" for side in sides],
            "peak of a step": [f"{side.peak_bytes / 2**20:.2f} MiB" for side in sides],
        }
        lines = [
            self.network,
            *(f"{name:<22}" + "".join(f"{cell:>18}" for cell in cells) for name, cells in rows.items()),
        ]
        return "\n".join([*lines, *([self.refusal] if self.refusal else [])])


class Contestant:
    """A trainer or a twin on its way through a comparison."""

    def __init__(self, trained: Trainer | BackpropTwin, rows: int | None = None) -> None:
        self.trained, self._rows = trained, rows
        self._probe = Probe(trained) if isinstance(trained, Trainer) else None
        self._looks: list[tuple[int, float, float, float]] = []

    def advance(self, steps: int, total: int) -> Iterator[None]:
        """Train some batches of all."""
        for _ in range(steps):
            self.trained.progress = self.trained.steps / total
            self.trained.step()
            yield

    def look(self) -> None:
        """Note where it is."""
        trained = self.trained
        self._looks.append((trained.steps, trained.epochs, trained.seconds, self._accuracy()))

    def _accuracy(self) -> float:
        if self._probe is None:
            assert isinstance(self.trained, BackpropTwin)
            return self.trained.accuracy("validation", self._rows)
        by_goodness, by_readout = self._probe.accuracy()
        return float((by_readout if asks_readout(self.trained.settings.inference) else by_goodness)[0])

    def finish(self) -> Side:
        """Evaluate on the test split, then measure the memory of one more step."""
        steps, epochs, seconds, accuracy = (tuple(column) for column in zip(*self._looks, strict=True))
        reached = self._on_test()
        found = footprint_of_step(self.trained)
        return Side(steps, epochs, seconds, accuracy, reached, found.held, found.peak)

    def _on_test(self) -> float:
        report = self.trained.evaluate("test")
        by_readout = asks_readout(self.trained.settings.inference)
        return float(getattr(report, "readout_accuracy" if by_readout and self._probe else "accuracy"))


def compare_with_backprop(
    settings: Settings | None = None,
    *,
    epochs: float | None = None,
    steps: int | None = None,
    backprop: Mapping[str, Any] | None = None,
    points: int = POINTS,
    progress: bool = True,
) -> Comparison:
    """Train a network by Forward-Forward and its twin by backpropagation, in turns on the same machine.

    Parameters
    ----------
    settings
        What to train; see ``BackpropTwin`` for what of it the twin shares.
    epochs, steps
        How long each trains; one is to be given.
    backprop
        Settings that are to be other for the twin, as in ``{"learning_rate": 1e-3}``.
    points
        Looks at the validation accuracy.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Comparison
        Accuracy over time, speed and memory of both. Where no derivative comes through the network, Forward-Forward
        alone, and the reason.

    Raises
    ------
    SettingsError
        When not exactly one length is given, or the settings do not fit.
    """
    unit, amount = chosen_length({"epochs": epochs, "steps": steps})
    if isinstance(points, bool) or not isinstance(points, int) or points < 1:
        raise SettingsError(f"points is {points!r}; it must be a whole number of 1 or more.")
    trainer = Trainer(settings)
    batches = trainer.batches
    total = max(1, round(amount if unit == "steps" else amount * -(-batches.count // batches.size)))
    contestants = [Contestant(trainer)]
    refusal = ""
    chosen = trainer.settings.replace(**(backprop or {}))
    try:
        contestants.append(Contestant(BackpropTwin(chosen), scored_rows(trainer)))
    except NoDerivativeError as error:
        refusal = str(error)
    marks = sorted({round(total * point / points) for point in range(points + 1)})
    with tqdm(total=total * len(contestants), unit="step", leave=False, disable=not progress) as bar:
        for before, mark in zip([0, *marks], marks, strict=False):
            for each in contestants:
                for _ in each.advance(mark - before, total):
                    bar.update()
                each.look()
    sides = [each.finish() for each in contestants]
    return Comparison(sides[0], sides[1] if len(sides) > 1 else None, refusal, _in_words(trainer))


def _in_words(trainer: Trainer) -> str:
    """What was trained, and how."""
    planned = trainer.plan
    widths = "-".join(str(width) for width in (planned.dataset.features, *planned.units))
    precision = "bfloat16 products" if planned.half else "float32"
    threads = torch.get_num_threads()
    place = f"{threads} thread{'s' * (threads != 1)}" if planned.device.type == "cpu" else str(planned.device)
    return f"{planned.dataset.name}, {widths}, batch {trainer.batches.size}, {precision}, {place}"
