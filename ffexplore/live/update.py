"""Changed settings are taken up between two batches, or refused with the former ones in force."""

from __future__ import annotations

import time

from ffexplore.engine.settings import Settings
from ffexplore.live.state import State


def take_up(state: State, settings: Settings, notes: tuple[str, ...]) -> None:
    """Take up changed settings, or stay with the former ones and say why.

    Parameters
    ----------
    state
        The run.
    settings
        As they are now wanted.
    notes
        What else was changed with them, in words.
    """
    if not state.build():  # from the settings as they are now wanted
        return
    trainer, publisher, keeper = state.built()
    old = trainer.settings
    if settings == old:
        state.mail.settled(settings)
        return
    try:
        trainer.apply(settings)
    except BaseException as error:
        state.mail.refused()
        if trainer.settings != old:  # it broke off half-way
            trainer.apply(old)
        state.store(error)
        state.publish(fresh=False)
        return
    state.mail.settled(settings)
    state.journal.note(trainer.steps, settings)
    if state.status not in ("failed", "diverged"):
        state.error, state.message = None, ""
    state.announcer.tell_change(trainer.steps, old, settings, notes)
    keeper.keep_if_rebuilt()
    if state.is_training:
        publisher.hurry()
        if publisher.is_due(time.perf_counter()):
            state.publish(fresh=False)
    else:
        state.publish(fresh=True)
