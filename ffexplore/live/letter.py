"""What is put into the mailbox: questions and orders; and what the trainer thread takes out at once, a letter."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from ffexplore.engine.settings import Settings
from ffexplore.live.changes import Change
from ffexplore.live.compared import Compared
from ffexplore.live.moments import Moment
from ffexplore.paths import Written

TRAINING = ("start", "step", "epoch")  #: orders to train
MOVING = ("branch", "choose")  #: orders that bring other settings with them


@dataclass
class Question:
    """A function that is to be called with the trainer between two batches."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    answer: Future[Any]


@dataclass
class Order:
    """Something to be done in turn."""

    kind: Literal[
        "start", "step", "epoch", "reset", "branch", "compare", "choose", "fit_readout", "save", "restore", "publish",
        "stop",
    ]  # fmt: skip
    count: int = 0
    seconds: float = 0.0
    moment: Moment | None = None
    compared: Compared | None = None
    variant: int | None = None
    path: Written | None = None
    answer: Future[Any] | None = None


def call_off(answer: Future[Any]) -> None:
    """Cancel an answer that nobody will give, and tell whoever waits for several at once."""
    answer.cancel()
    answer.set_running_or_notify_cancel()


@dataclass
class Letter:
    """What the trainer thread takes out at once."""

    settings: Settings | None = None
    changes: tuple[Change, ...] = ()  # that lead to the settings, in the order in which they came
    halt: bool = False
    halt_message: str = ""
    questions: list[Question] = field(default_factory=list)
    order: Order | None = None

    def give_up(self, error: BaseException) -> None:
        """Answer whoever still waits for something in it with what went wrong, so that nobody waits for ever."""
        waiting = [question.answer for question in self.questions]
        if self.order is not None and self.order.answer is not None:
            waiting.append(self.order.answer)
        for answer in waiting:
            with suppress(InvalidStateError):  # it was answered, or is not wanted any more
                answer.set_exception(error)
