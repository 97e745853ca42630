"""How a run goes on after something went wrong: from the last good state, or from the settings that worked."""

from __future__ import annotations

from ffexplore.errors import DivergedError
from ffexplore.live.changes import describe
from ffexplore.live.faults import is_out_of_memory
from ffexplore.live.state import State


def recover(state: State) -> bool:
    """Before going on after an exception: take up functions that were mended; returns whether that worked."""
    if state.has_failed and state.home is None:  # variants keep their settings
        trainer, _, _ = state.alone()
        try:
            trainer.apply(trainer.settings)
        except Exception as error:
            state.fail(error)
            return False
    state.all_is_well()
    return True


def diverge(state: State, error: DivergedError) -> None:
    """Go back to the last good state, and rest there."""
    trainer, publisher, keeper = state.built()
    state.is_running, state.steps_left = False, 0
    reached = trainer.steps
    keeper.go_back()
    state.history.rewind(keeper.step)
    state.journal.rewind(keeper.step)
    state.store(error)
    state.message += f" Training went back to step {keeper.step}, the last good state."
    state.set_status("diverged")
    state.announcer.turn_page()
    state.history.mark(keeper.step, f"diverged at step {reached}")
    state.publish(fresh=True)
    publisher.rest()


def retreat(state: State, error: Exception) -> bool:
    """Where memory ran out in the first step after a change, go on with the settings from before it."""
    if state.home is not None:
        return False
    trainer, _, keeper = state.alone()
    worked, wanted = state.worked, trainer.settings
    if not is_out_of_memory(error) or worked is None or worked == wanted:
        return False
    error.__traceback__ = None  # it holds on to the tensors that were too large
    trainer.apply(worked)
    state.mail.go_back(worked)
    state.journal.note(trainer.steps, worked)
    keeper.keep_if_rebuilt()
    state.store(error)
    made, undone = ("; ".join(describe(*pair)) for pair in ((worked, wanted), (wanted, worked)))
    state.message = f"Memory ran out after the change {made}. It was taken back; training goes on as before."
    state.announcer.turn_page()
    state.announcer.tell(trainer.steps, f"memory ran out: {undone}")
    if state.is_running:
        state.publish(fresh=False)
    else:  # the steps that were asked for were to be made with the change; and what is said of it is to stay
        state.come_to_rest(state.message)
    return True
