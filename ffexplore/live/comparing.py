"""Variants of a run are trained side by side while the run waits; then one of them, or the run, goes on."""

from __future__ import annotations

from ffexplore.engine.variants import way
from ffexplore.errors import SettingsError
from ffexplore.live.abreast import fan_out
from ffexplore.live.changes import describe
from ffexplore.live.compared import Compared
from ffexplore.live.history import History
from ffexplore.live.moments import Moments
from ffexplore.live.recovery import recover
from ffexplore.live.state import Home, State


def compare(state: State, compared: Compared) -> None:
    """Train variants from here on; the run stays as it is, and its present is a kept moment."""
    if not (state.build() and recover(state)):
        state.mail.cannot_compare(compared)
        return
    trainer, publisher, keeper = state.alone()
    try:
        if compared.base is not None and compared.base != trainer.settings:
            raise SettingsError(
                f"Nothing is compared: the run has other settings than when {compared.field} was to be compared, "
                "because a checkpoint was loaded or a change refused meanwhile. Compare again."
            )
        together = fan_out(trainer, compared.settings)
        if all(moment.step != trainer.steps for moment in state.moments.all) and keeper.keep():
            state.moments.keep(trainer, state.journal.newest, at_rest=True)
        state.publish(fresh=True)  # so that the curves of the run lead up to here
        state.surround(together)
    except Exception as error:
        state.mail.cannot_compare(compared)
        state.store(error)
        state.publish(fresh=False)
        return
    publisher.rest()
    state.home = Home(trainer, publisher, keeper, state.history, state.moments)
    # A moment of all variants would be as large as they are together, and the way back is the run that waits.
    state.moments, state.announcer.history = Moments(limit=0), History()
    state.announcer.turn_page()
    state.announcer.tell(trainer.steps, f"compares {compared}")
    _go_on(state)


def choose(state: State, compared: Compared, variant: int | None) -> None:
    """End a comparison; the chosen variant goes on as if its settings had been taken up where it began."""
    home = state.home
    if home is None:  # it could not be begun
        state.mail.go_back(state.mail.in_force)
        return
    present, publisher, _ = state.built()
    try:
        if variant is not None:
            state.surround(present.single(variant))
    except Exception as error:
        state.store(error)
        variant = None
    publisher.rest()
    seen, state.home, state.worked = state.history, None, None
    state.moments, state.announcer.history = home.moments, home.history
    state.announcer.turn_page()
    if variant is None:
        state.trainer, state.publisher, state.keeper = home.trainer, home.publisher, home.keeper
        state.instruct(home.publisher)
        state.announcer.tell(home.trainer.steps, f"compared {compared}")
    else:
        chosen, before = compared.settings[variant], home.trainer.settings
        for settings in way(before, chosen, compared.settings):
            state.journal.note(home.trainer.steps, settings)
        _take_over(state.history, seen, compared, variant)
        text = "; ".join(describe(before, chosen)) or f"{compared.field} stayed {compared.labels[variant]}"
        state.history.mark(home.trainer.steps, text)
        state.announcer.changes.append(f"chose {text}")
    trainer, _, _ = state.built()
    state.mail.go_back(trainer.settings)
    _go_on(state)


def tell_diverged(state: State) -> None:
    """Say which variants have come to rest because they met a value that is not finite."""
    trainer, publisher, _ = state.built()
    compared = state.mail.compared
    for variant in set(trainer.diverged) - state.told_diverged:
        state.told_diverged.add(variant)
        label = f"variant {variant + 1}" if compared is None else f"{compared.field} {compared.labels[variant]}"
        state.announcer.tell(trainer.steps, f"{label} diverged; the others go on")
        publisher.hurry()


def _go_on(state: State) -> None:
    """Train or rest as before, and show it."""
    _, publisher, _ = state.built()
    state.all_is_well()
    if state.is_training:
        publisher.run()
    elif state.status != "idle":
        state.set_status("paused")
    state.publish(fresh=True)


def _take_over(history: History, seen: History, compared: Compared, variant: int) -> None:
    """Let the history go on with what was seen of one variant."""
    settings = compared.settings[variant]
    names = tuple(choice.name for choice in settings.per_layer("goodness"))
    for snapshot in seen.snapshots:
        history.append(snapshot.of_variant(variant, names))
