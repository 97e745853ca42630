"""What changes with the steps by rule: which layers learn, how long negatives last, and the rate over time."""

from __future__ import annotations

from ffexplore.engine.rates import checked_factor, rate_courses
from ffexplore.engine.schedule import Blocks, checked_blocks, round_length, schedules
from ffexplore.engine.settings import Settings


class Rhythm:
    """The rules of some settings, looked up once.

    Parameters
    ----------
    settings
        The settings.
    """

    def __init__(self, settings: Settings) -> None:
        schedule, course = settings.schedule, settings.rate_course
        self._schedule, self._schedule_params = schedules[schedule.name], schedule.values
        self._course, self._course_params = rate_courses[course.name], course.values
        self._depth, self._horizon = len(settings.layers), settings.horizon
        self._round = round_length(self._depth, self._schedule_params)
        self._known: Blocks | None = None  # blocks that were seen to be in order

    def blocks(self, step: int) -> Blocks:
        """The blocks of layers that learn at a step."""
        blocks: Blocks = self._schedule.function(step, self._depth, **self._schedule_params)
        if blocks != self._known:
            self._known = blocks = checked_blocks(self._schedule, blocks, self._depth)
        return blocks

    def period(self, refresh: str, step: int, epoch: int) -> object:
        """A value that changes when lasting negatives are to be drawn anew, which is as ``refresh`` says."""
        if refresh == "epoch":
            return epoch
        return step // self._round if refresh == "round" else refresh

    def rate_factor(self, progress: float, epochs: float) -> float:
        """The factor of the learning rate: by the horizon where one is stated, else by the progress of the fit."""
        if self._horizon is not None:
            progress = epochs / self._horizon
        return checked_factor(self._course.name, self._course.function(min(1.0, progress), **self._course_params))
