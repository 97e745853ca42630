"""Stand-ins for a runner and for time, for tests of what is asked of a trainer."""

from __future__ import annotations

from concurrent.futures import Future


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Asker:
    """Stands for a runner whose thread answers at once, or when told to."""

    def __init__(self, trainer, at_once=True):
        self.trainer, self.at_once = trainer, at_once
        self.count = 0
        self.waiting: list = []

    def __call__(self, function, *arguments):
        self.count += 1
        answer: Future = Future()
        self.waiting.append((answer, function, arguments))
        if self.at_once:
            self.answer()
        return answer

    def answer(self):
        waiting, self.waiting = self.waiting, []
        for answer, function, arguments in waiting:
            answer.set_result(function(self.trainer, *arguments))
