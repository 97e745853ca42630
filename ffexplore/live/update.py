"""Changed settings are taken up between two batches; what cannot be met is refused alone, with the reason."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ffexplore.engine.settings import Settings
from ffexplore.engine.training import Trainer
from ffexplore.errors import SettingsError
from ffexplore.live.changes import Change
from ffexplore.live.faults import explain
from ffexplore.live.state import State


def take_up(state: State, settings: Settings, changes: Sequence[Change]) -> bool:
    """Take up changed settings, or those of the changes that can be met, and say why the others cannot.

    Parameters
    ----------
    state
        The run.
    settings
        As they are now wanted.
    changes
        What leads to them, in the order in which it came.

    Returns
    -------
    bool
        Whether all of them are in force.
    """
    if not (_begin(state, settings) and state.build()):
        return False
    trainer, publisher, keeper = state.alone()
    old, marks = trainer.settings, trainer.own_marks
    if settings == old:
        state.mail.settled(settings)
        return True
    errors: list[BaseException] = []
    try:
        trainer.apply(settings)
    except BaseException as error:
        changes, errors = _one_by_one(trainer, changes) if len(changes) > 1 else ((), [error])
        settings = trainer.settings
        errors += state.mail.go_back(settings)
    else:
        state.mail.settled(settings)
    if errors:
        state.store(errors[0] if len(errors) == 1 else SettingsError(" ".join(map(explain, errors))))
        state.untold = None if state.announcer.listeners else state.error  # who listens is shown it at once
    elif state.status not in ("failed", "diverged"):
        state.error, state.message = None, ""
    if settings == old:
        state.publish(fresh=False)
        return False
    state.journal.note(trainer.steps, settings)
    renewed = (name for name, mark in trainer.own_marks.items() if marks.get(name, mark) != mark)
    notes = (*(note for change in changes for note in change.notes), *(f"{name} as registered now" for name in renewed))
    state.announcer.tell_change(trainer.steps, old, settings, notes)
    keeper.keep_if_rebuilt()
    if state.is_training:
        publisher.hurry()
        if publisher.is_due(time.perf_counter()):
            state.publish(fresh=False)
    else:
        state.publish(fresh=True)
    return not errors


def _begin(state: State, settings: Settings) -> bool:
    """Make the trainer, if there is none, of what is wanted, or else of what was to be before; tells whether it is."""
    if state.trainer is not None:
        return True
    errors = []
    for each in (settings, state.mail.in_force):
        try:
            state.trainer = Trainer(each)
        except BaseException as error:
            errors.append(error)
        else:
            if each == settings:  # else what is wanted is to be refused with its reason first
                state.mail.settled(each)
            return True
    state.mail.go_back(state.mail.in_force)
    state.fail(errors[0])
    return False


def _one_by_one(trainer: Trainer, changes: Sequence[Change]) -> tuple[list[Change], list[BaseException]]:
    """Take up each change that can be met, and return those and why the others cannot; one may need another first."""
    made: list[Change] = []
    waiting = list(changes)
    while True:
        errors, left = [], []
        for change in waiting:
            try:
                trainer.apply(trainer.settings.replace(**change.values))
            except BaseException as error:
                errors.append(error)
                left.append(change)
            else:
                made.append(change)
        if not left or len(left) == len(waiting):
            return made, errors
        waiting = left
