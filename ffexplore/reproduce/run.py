"""One run: train, save on the way, go on where it stopped, and keep what was found."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ffexplore.cli_train import finite
from ffexplore.engine.backprop import BackpropReport, BackpropTwin
from ffexplore.engine.manifest import versions
from ffexplore.engine.report import Report
from ffexplore.engine.training import Trainer
from ffexplore.errors import CheckpointError, DivergedError
from ffexplore.reproduce.experiment import Run
from ffexplore.reproduce.machine import describe
from ffexplore.reproduce.store import FORMAT, Store, length, read, write

SAVE_EVERY = 60.0  # seconds of work that a sudden end may cost
CURVE = ("epochs", "accuracy", "readout_accuracy", "auc_uniform")  # of a look at the validation data
ACCURACIES = ("accuracy", "readout_accuracy")
Say = Callable[[str], None]
Learner = Trainer | BackpropTwin
LEARNERS: dict[str, type[Trainer] | type[BackpropTwin]] = {"forward_forward": Trainer, "backprop": BackpropTwin}


class OutOfTimeError(Exception):
    """The budget is used up; the run was saved and can go on."""


def perform(
    run: Run, store: Store, say: Say, *, deadline: float | None = None, save_every: float = SAVE_EVERY
) -> dict[str, Any]:
    """Train a run to its end and keep its record.

    Parameters
    ----------
    run
        What to train.
    store
        Where checkpoint and record are kept.
    say
        Called with a line for the person now and then.
    deadline
        ``time.monotonic()`` at which to stop.
    save_every
        Seconds between two checkpoints, which are written at the end of an epoch.

    Returns
    -------
    dict
        The record. Training that diverged is a result, too: then ``diverged`` says what happened.

    Raises
    ------
    OutOfTimeError, KeyboardInterrupt
        When it was stopped before its end; it can go on from a checkpoint. Runs by the clock begin anew.
    SettingsError, DatasetError
        When the run cannot be made here.
    """
    trainer, curve = _begin(run, store, say)
    machine = describe(trainer.plan.half, trainer.plan.device)
    diverged = ""
    try:
        if run.epochs is None:
            _train_by_clock(run, trainer)
        else:
            _train(run, run.epochs, trainer, curve, store, say, deadline, save_every)
        if run.configuration.readout_passes and isinstance(trainer, Trainer):
            with interrupts_raised():
                asked = run.configuration
                trainer.fit_readout(epochs=asked.readout_passes, copies=asked.readout_copies, progress=False)
    except DivergedError as error:
        diverged = str(error)
    record = {
        "format": FORMAT,
        "experiment": run.experiment,
        "configuration": run.configuration.name,
        "part": run.part,
        "kind": run.configuration.kind,
        "length": length(run),
        "seed": run.settings.seed,
        "network": "-".join(map(str, (trainer.plan.dataset.features, *trainer.plan.units))),
        "epochs": round(trainer.epochs, 3),
        "steps": trainer.steps,
        "seconds": round(trainer.seconds, 2),
        "machine": machine,
        "versions": versions(),
        "settings": run.settings.to_dict(),
        "curve": curve,
        "validation": _shares(_on_validation(run, trainer)),
    }
    if diverged:
        record["diverged"] = diverged
    elif run.is_reported:  # the one look at the test data, when nothing is left to choose
        record["test"] = _shares(trainer.evaluate("test"))
    record = finite(record)
    store.keep(run, record)
    return record


def _on_validation(run: Run, trainer: Learner) -> Report | BackpropReport:
    """The validation data at the end, with the shortcut meter where the page shows it."""
    if isinstance(trainer, Trainer):
        return trainer.evaluate("validation", shortcut="shortcut" in run.configuration.figures)
    return trainer.evaluate("validation")


def _begin(run: Run, store: Store, say: Say) -> tuple[Learner, list[dict[str, Any]]]:
    """A trainer that goes on where the last one stopped, or a new one, and what was seen on the way."""
    path = store.checkpoint(run)
    if run.epochs is not None and path.exists():
        try:
            trainer = Trainer.restore(path)
        except CheckpointError as error:
            say(f"{run.title}: begins anew. {error}")
        else:
            if trainer.settings.to_dict() == run.settings.to_dict() and trainer.epochs <= run.epochs + 1e-6:
                seen = (read(path.with_suffix(".curve.json")) or {}).get("curve", [])
                say(f"{run.title}: goes on after {trainer.epochs:g} of {run.epochs} epochs.")
                return trainer, [look for look in seen if look["epochs"] <= trainer.epochs + 1e-6]
        store.discard(run)
    return LEARNERS[run.configuration.kind](run.settings), []


def _train_by_clock(run: Run, trainer: Learner) -> None:
    seconds = run.configuration.seconds
    assert seconds is not None
    with interrupts_raised():
        trainer.fit(seconds=seconds, progress=False)


def _train(
    run: Run,
    epochs: int,
    trainer: Learner,
    curve: list[dict[str, Any]],
    store: Store,
    say: Say,
    deadline: float | None,
    save_every: float,
) -> None:
    """Train epoch by epoch; every moment a run can stop at is the end of one."""
    saved = time.monotonic()
    path = store.checkpoint(run)

    def save() -> None:
        if isinstance(trainer, Trainer):  # the twin has no checkpoints: its runs are short and begin anew
            # First the curve: one ahead of the checkpoint is cut when the run goes on, one behind would have a gap.
            write(path.with_suffix(".curve.json"), {"curve": finite(curve)})
            trainer.save(path)

    steps = math.ceil(len(trainer.plan.dataset.train) / trainer.batches.size)  # of an epoch
    for done in range(trainer.steps // steps + 1, epochs + 1):
        # An interrupt may come in the middle of a step, so that moment is not saved: the run goes on from the last
        # checkpoint, to the end that it would have had.
        with interrupts_raised():
            trainer.fit(steps=done * steps - trainer.steps, progress=False)
        if done in run.looks:
            shares = _shares(trainer.evaluate("validation"))
            curve.append({name: value for name, value in shares.items() if name in CURVE})
            errors = " / ".join(f"{100 * (1 - shares[name]):.2f}" for name in ACCURACIES if name in shares)
            say(f"{run.title}: epoch {done} of {epochs}, {trainer.seconds:.0f} s, validation error {errors} %")
        if deadline is not None and time.monotonic() >= deadline:
            save()
            raise OutOfTimeError
        if time.monotonic() - saved >= save_every:
            save()
            saved = time.monotonic()


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Raise a KeyboardInterrupt at the end where one came that was taken for a normal way to end."""
    came = []
    former = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if callable(former):
            former(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
    if came:
        raise KeyboardInterrupt


def _shares(report: Report | BackpropReport) -> dict[str, Any]:
    """A report rounded to what 10 000 rows can tell, without its histograms."""

    def rounded(value: Any) -> Any:
        if isinstance(value, tuple):
            return [rounded(each) for each in value]
        return round(value, 6) if isinstance(value, float) else value

    return {name: rounded(value) for name, value in report.to_dict().items() if name != "histograms"}
