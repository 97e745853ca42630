"""A cell registered a function anew that an open explorer is using: its trainer takes it up without being told."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.errors import FFExploreError
from ffexplore.live import Runner
from ffexplore.registry import Choice, Registry


def catalogues() -> dict[str, Registry[Any]]:
    """The catalogue of each field that has one."""
    return {name: spec.registry for name, spec in Settings.fields().items() if spec.registry is not None}


def renew_on_registration(runner: Runner, tell: Callable[[str], None]) -> list[Callable[[], None]]:
    """Listen to every catalogue for a runner, which is not kept alive but by ``tell``, if that holds it.

    Parameters
    ----------
    runner
        Whose settings say what is in use.
    tell
        Called with what went wrong, in words.

    Returns
    -------
    list
        Functions that end it.
    """
    reference = weakref.ref(runner)

    def listener_of(field: str, catalogue: Registry[Any]) -> Callable[[str], None]:
        def listener(name: str) -> None:
            alive = reference()
            if alive is not None and any(choice.name == name for choice in alive.settings.per_layer(field)):
                renew(alive, field, catalogue, tell)

        return listener

    return [catalogue.observe(listener_of(field, catalogue)) for field, catalogue in catalogues().items()]


def renew(runner: Runner, field: str, catalogue: Registry[Any], tell: Callable[[str], None]) -> None:
    """Have the trainer take up the functions of a field as they are now, with the parameters they have now."""
    value = getattr(runner.settings, field)
    fresh = tuple(_fitting(catalogue, choice) for choice in value) if isinstance(value, tuple) else (
        _fitting(catalogue, value)
    )  # fmt: skip
    if fresh != value:
        try:
            runner.update(**{field: fresh})
        except FFExploreError as error:
            tell(str(error))
        return
    if runner.snapshot is None:
        return  # nothing is built yet

    def told(answer: Future[None]) -> None:
        if not answer.cancelled() and answer.exception() is not None:
            tell(f"{type(answer.exception()).__name__}: {answer.exception()}")

    runner.ask(lambda trainer: trainer.apply(trainer.settings)).add_done_callback(told)
    if not runner.is_running:
        runner.publish()


def _fitting(catalogue: Registry[Any], choice: Choice) -> Choice:
    """The choice with the parameters that its entry declares now."""
    declared = catalogue[choice.name].params
    try:
        return catalogue.choice((choice.name, {key: value for key, value in choice.values.items() if key in declared}))
    except FFExploreError:  # a former value lies outside a new range
        return catalogue.choice(choice.name)
