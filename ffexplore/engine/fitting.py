"""How long a fit lasts, and its progress bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from numbers import Real
from typing import Any, Protocol

from tqdm.auto import tqdm

from ffexplore.errors import SettingsError

FORMATS = {
    "epochs": "{l_bar}{bar}| {n:.2f}/{total:g} epochs [{elapsed}<{remaining}]",
    "steps": "{l_bar}{bar}| {n:.0f}/{total:g} steps [{elapsed}<{remaining}, {rate_fmt}]",
    "seconds": "{l_bar}{bar}| {n:.1f}/{total:g} s",
}


class Trained(Protocol):
    """What a fit asks of what it trains."""

    steps: int
    progress: float

    @property
    def epochs(self) -> float:
        """Passes over the training data so far."""

    def step(self) -> None:
        """Train on one batch."""


def chosen_length(given: dict[str, float | None]) -> tuple[str, float]:
    """The one of epochs, steps and seconds that was given, and how much.

    Raises
    ------
    SettingsError
        When none or several were given, the amount is not above zero, or steps are not whole.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) != 1:
        raise SettingsError(f"fit takes exactly one of epochs, steps and seconds; {len(chosen)} were given.")
    ((unit, amount),) = chosen.items()
    return unit, amount_above_zero(unit, amount, whole=unit == "steps")


def amount_above_zero(name: str, amount: float, whole: bool = False) -> float:
    """The amount as a float; raises SettingsError, which names it, unless it is a (whole) number above zero."""
    if not is_number(amount) or not 0 < amount < float("inf") or (whole and amount != int(amount)):
        raise SettingsError(f"{name} is {amount!r}; it must be above 0 and a {'whole' if whole else 'finite'} number.")
    return float(amount)


def is_number(value: object) -> bool:
    """Whether a value is a real number, which True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def run(trainer: Trained, unit: str, amount: float, progress: bool) -> None:
    """Step until the amount is done or the person interrupts."""
    bar: Any = nullcontext()
    if progress:
        bar = tqdm(total=amount, unit=unit.rstrip("s"), leave=False, bar_format=FORMATS[unit])
    with bar as shown:
        try:
            for done in _until(trainer, unit, amount):
                trainer.progress = done / amount
                trainer.step()
                if shown is not None:
                    shown.update(done - shown.n)
            if shown is not None:
                shown.update(amount - shown.n)
        except KeyboardInterrupt:
            pass  # a normal way to end: the trainer is whole and can go on
        finally:
            trainer.progress = 0.0  # what follows without a horizon keeps its rate


def _until(trainer: Trained, unit: str, amount: float) -> Iterator[float]:
    """How much is done, before each step, until the amount is reached."""
    began, first_step, first_epoch = time.perf_counter(), trainer.steps, trainer.epochs
    while True:
        done = {
            "steps": float(trainer.steps - first_step),
            "epochs": trainer.epochs - first_epoch,
            "seconds": time.perf_counter() - began,
        }[unit]
        if done >= amount - 1e-9:
            return
        yield done
