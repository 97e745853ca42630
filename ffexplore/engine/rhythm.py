"""What changes with the steps by rule: which layers learn, how long negatives last, and the rate over time."""

from __future__ import annotations

from ffexplore.engine.rates import rate_courses
from ffexplore.engine.schedule import Blocks, round_length, schedules
from ffexplore.engine.settings import Settings


def blocks(settings: Settings, step: int) -> Blocks:
    """The blocks of layers that learn at a step."""
    schedule = settings.schedule
    result: Blocks = schedules[schedule.name].function(step, len(settings.layers), **schedule.values)
    return result


def period(settings: Settings, refresh: str, step: int, epoch: int) -> object:
    """A value that changes when lasting negatives are to be drawn anew, which is as ``refresh`` says."""
    if refresh == "epoch":
        return epoch
    if refresh == "round":
        return step // round_length(len(settings.layers), settings.schedule.values)
    return refresh


def rate_factor(settings: Settings, progress: float, epochs: float) -> float:
    """The factor of the learning rate: by the stated horizon where there is one, else by the progress of the fit."""
    if settings.horizon is not None:
        progress = epochs / settings.horizon
    course = settings.rate_course
    factor: float = rate_courses[course.name].function(min(1.0, progress), **course.values)
    return factor
