"""What is done in turn, each order in the trainer thread: train, begin anew, go back, save, restore."""

from __future__ import annotations

from ffexplore.engine.checkpoint import restore
from ffexplore.engine.readout_fit import fit_readout
from ffexplore.engine.training import Trainer
from ffexplore.errors import DivergedError, SettingsError
from ffexplore.live.comparing import choose, compare
from ffexplore.live.letter import Order, Question
from ffexplore.live.moments import Moment
from ffexplore.live.recovery import recover
from ffexplore.live.state import State
from ffexplore.paths import home_for_tilde

FITTING = "Fitting the read-out to the layers as they are ..."
KEPT_BYTES = 256 << 20  # activities up to this size are kept while the read-out is fitted


def carry_out(state: State, order: Order) -> None:
    """Do what an order says; the end of the thread is not among what can be done here."""
    if order.kind == "save":
        _save(state, order)
    elif order.kind == "restore":
        _restore(state, order)
    elif order.kind == "reset":
        _reset(state)
    elif order.kind == "branch":
        assert order.moment is not None
        _branch(state, order.moment)
    elif order.kind == "compare":
        assert order.compared is not None
        compare(state, order.compared)
    elif order.kind == "choose":
        assert order.compared is not None
        choose(state, order.compared, order.variant)
    elif order.kind == "fit_readout":
        _fit_readout(state, order.seconds)
    elif order.kind == "publish":
        if state.build():
            state.publish(fresh=not state.is_running)
    elif state.build() and recover(state):
        _train(state, order)


def answer(state: State, question: Question) -> None:
    """Answer a question with the present trainer."""
    if not question.answer.set_running_or_notify_cancel():
        return
    if not state.build():
        question.answer.set_exception(state.error or RuntimeError(state.message))
        return
    try:
        question.answer.set_result(question.function(state.trainer, *question.arguments))
    except BaseException as error:
        question.answer.set_exception(error)


def _train(state: State, order: Order) -> None:
    trainer, publisher, _ = state.built()
    state.is_running = order.kind == "start"
    state.steps_left = trainer.batches.left if order.kind == "epoch" else order.count
    state.next_step = 0.0
    state.set_status("running")
    publisher.run()


def _reset(state: State) -> None:
    """Begin anew with the same settings."""
    if state.trainer is not None:
        try:
            state.surround(Trainer(state.trainer.settings))
            state.worked = None
        except Exception as error:
            state.fail(error)
            return
    elif not state.build():
        return
    trainer, publisher, _ = state.built()
    state.journal.begin(trainer.settings)
    state.forget("started anew")
    if state.is_training:
        publisher.run()
    else:
        state.set_status("idle")
    state.publish(fresh=True)


def _branch(state: State, moment: Moment) -> None:
    """Go on from a moment that was kept; what is left behind is kept too, so that one can come back to it."""
    if not state.build():
        return
    trainer, publisher, keeper = state.alone()
    if moment not in state.moments.all:  # the journal and the history may be of another run by now
        state.mail.go_back(trainer.settings)
        state.store(SettingsError(f"The weights of step {moment.step} are no longer kept."))
        state.publish(fresh=False)
        return
    left = state.moments.present(trainer, state.journal.newest, state.history, moment)
    try:
        moment.restore(trainer)
    except Exception as error:
        left.restore(trainer)
        state.mail.go_back(trainer.settings)
        state.store(error)
        state.publish(fresh=True)
        return
    state.mail.go_back(trainer.settings)
    keeper.keep()
    state.moments.go_to(moment, left)
    state.journal.branch(moment)
    if moment.history is None:
        state.history.rewind(moment.step, undo=True)
    else:
        state.history.become(moment.history)
    state.announcer.turn_page()
    state.announcer.tell(moment.step, f"went back from step {left.step} to step {moment.step}")
    state.all_is_well()
    publisher.rest()
    if state.is_training:
        publisher.run()
    else:
        state.set_status("paused")
    state.publish(fresh=True)


def _fit_readout(state: State, seconds: float) -> None:
    """Take the read-out to its minimum; whatever else is asked for ends that after the present pass."""
    if not (state.build() and recover(state)):
        return
    trainer, _, keeper = state.alone()
    state.message = FITTING
    state.publish(fresh=False)
    try:
        passes = fit_readout(
            trainer, seconds=seconds, progress=False, is_over=lambda: state.mail.calls_away, kept_bytes=KEPT_BYTES
        )
    except (DivergedError, SettingsError) as error:
        state.store(error)
    else:
        state.all_is_well()
        keeper.keep()  # whoever goes back to this step after diverging has the fit
        state.journal.note_fit(trainer.steps, trainer.settings, passes)
        state.announcer.turn_page()
        state.announcer.tell(trainer.steps, f"read-out fitted, {passes} passes")
    state.publish(fresh=True)


def _save(state: State, order: Order) -> None:
    assert order.answer is not None
    assert order.path is not None
    if not order.answer.set_running_or_notify_cancel():
        return
    try:
        if not state.build():
            raise state.error or RuntimeError(state.message)
        trainer, _, _ = state.alone()
        order.answer.set_result(trainer.save(order.path))
    except Exception as error:
        state.message = f"The checkpoint was not written: {error}"
        order.answer.set_exception(error)


def _restore(state: State, order: Order) -> None:
    """Go on, paused, where a checkpoint was written."""
    assert order.answer is not None
    assert order.path is not None
    if not order.answer.set_running_or_notify_cancel():
        return
    try:
        trainer, others = restore(Trainer, order.path)
        state.surround(trainer)
        state.worked = None
    except Exception as error:
        order.answer.set_exception(error)
        return
    state.is_running, state.steps_left = False, 0
    state.mail.adopt(trainer.settings)
    path = home_for_tilde(order.path)
    state.journal.begin(trainer.settings, trainer.steps, path)
    state.forget(" ".join([f"loaded {path.name}", *(f"({other.rstrip('.')})" for other in others)]))
    state.set_status("paused")
    state.publish(fresh=True)
    order.answer.set_result(None)
