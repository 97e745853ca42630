"""The catalogue of courses of the learning rate: a factor from the progress of a stated horizon.

An entry is a function of the progress, from 0 to 1, that returns a number of 0 or more; the rate is multiplied by it.
"""

from __future__ import annotations

import math
from numbers import Real

from ffexplore.engine.trial import warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Registry


def checked_factor(name: str, factor: object) -> float:
    """What a course returned, if it is a number of 0 or more.

    Raises
    ------
    SettingsError
        When it is not.
    """
    if not isinstance(factor, Real) or not 0 <= float(factor) < math.inf:
        raise SettingsError(f"The rate course {name!r} returned {factor!r}; it must return a number of 0 or more.")
    return float(factor)


def _try_out(entry: Entry) -> None:
    params = entry.defaults

    def factors() -> list[float]:
        return [checked_factor(entry.name, entry.function(progress, **params)) for progress in (0.0, 0.5, 1.0)]

    warn_where_random(f"The rate course {entry.name!r}", factors)


rate_courses: Registry[Entry] = Registry("rate course", Entry, _try_out, "the progress of a fit", ())


@rate_courses.register("constant", source="common")
def constant(progress: float) -> float:
    """The rate stays as it is."""
    return 1.0


@rate_courses.register("linear", source="common")
def linear(progress: float) -> float:
    """The rate falls in a straight line to zero at the horizon: times 1 − t, where t goes from 0 to 1."""
    return 1.0 - progress


@rate_courses.register("half_linear", source="Hinton's MATLAB code")
def half_linear(progress: float) -> float:
    """The rate stays for the first half, then falls in a straight line to zero: times min(1, 2 − 2t)."""
    return min(1.0, 2.0 * (1.0 - progress))


@rate_courses.register("cosine", source="Loshchilov and Hutter 2017")
def cosine(progress: float) -> float:
    """The rate falls along half a cosine to zero at the horizon: times (1 + cos πt) / 2."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))
