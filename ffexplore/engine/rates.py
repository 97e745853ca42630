"""The catalogue of courses of the learning rate: a factor from the progress of a stated horizon."""

from __future__ import annotations

import math

from ffexplore.registry import Entry, Registry

rate_courses: Registry[Entry] = Registry("rate course", Entry)


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
