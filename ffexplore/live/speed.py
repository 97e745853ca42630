"""How fast a runner trains: at most so many steps a second."""

from __future__ import annotations

import math
import os

from ffexplore.engine.fitting import is_number
from ffexplore.errors import SettingsError

VARIABLE = "FFEXPLORE_SPEED"  #: the environment variable that says at which speed runners start


def check_speed(speed: float | None) -> None:
    """Refuse what is no speed.

    Raises
    ------
    SettingsError
        When it is neither None nor a number above 0.
    """
    if speed is not None and not (is_number(speed) and speed > 0 and math.isfinite(speed)):
        raise SettingsError(f"speed is {speed!r}; it must be None or a number of steps per second above 0.")


def check_rate(rate: float) -> None:
    """Refuse what is no rate of snapshots.

    Raises
    ------
    SettingsError
        When it is not a number above 0, or above 1000.
    """
    if not (is_number(rate) and 0 < rate <= 1000):
        raise SettingsError(f"rate is {rate!r}; it must be a number above 0 and at most 1000 snapshots per second.")


def starting_speed() -> float | None:
    """Steps per second at which a runner starts, from ``FFEXPLORE_SPEED``; None, which is full speed, without it.

    Raises
    ------
    SettingsError
        When the variable holds no number above 0.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        speed = float(text)
        check_speed(speed)
    except (ValueError, SettingsError):
        raise SettingsError(
            f"The environment variable {VARIABLE} is {text!r}; it must be a number of steps per second above 0, as in "
            f"{VARIABLE}=10, or not set for full speed."
        ) from None
    return speed
