"""Hands what a person changes to the runner, with what has to change along, and takes it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.errors import FFExploreError, UnsuitedError
from ffexplore.live import Runner
from ffexplore.live.changes import describe, differing
from ffexplore.ui.note import Note
from ffexplore.ui.repairs import Attempt, in_words, proposals, recipes
from ffexplore.ui.run_bar import preset_changes
from ffexplore.ui.undo import Undo

LOCKED = "{names} cannot be changed here: locked for this task."

#: What is said where layers that learned are built anew, because of settings that were gone back to.
KEPT = "The weights of step {step} are kept: ◂◆ under the curves goes back to them."


class Changer:
    """Changes settings for a person, and says what became of it.

    Parameters
    ----------
    runner
        Who takes them.
    note
        Where to say what was refused, or went along.
    locked
        Fields that a person may not change.

    Attributes
    ----------
    attempts : list of Attempt
        What a person changed and is not known to be in force yet.
    undo : Undo
        The settings there were.
    """

    def __init__(self, runner: Runner, note: Note, locked: frozenset[str]) -> None:
        self.runner, self.note, self.locked = runner, note, locked
        first = {"dataset": runner.settings.dataset}
        self.attempts = [Attempt(first, proposals(runner.settings, first))]
        self.undo = Undo(runner.settings)

    def change(self, changes: Mapping[str, Any], else_try: Iterator[dict[str, Any]] | None = None) -> None:
        """Hand changes over; what is refused is said in words, and the former values stay."""
        forbidden = self.locked.intersection(changes)
        if forbidden:
            names = ", ".join(sorted(name.replace("_", " ") for name in forbidden))
            self.note.say(LOCKED.format(names=names), warns=True)
            return
        attempt = Attempt(changes, else_try or proposals(self.runner.settings, changes))
        self.attempts = [*(each for each in self.attempts if not changes.keys() & each.changes.keys()), attempt]
        self.note.say("")
        self._try(attempt, changes)

    def preset(self, name: str) -> bool:
        """Take a recipe, but for what is locked; tells whether it was taken."""
        changes = {field: value for field, value in preset_changes(name).items() if field not in self.locked}
        self.change(changes, recipes(changes))
        return not self.note.warns

    def go_to(self, settings: Settings | None) -> None:
        """Take whole settings, of those there were; nothing follows them."""
        if settings is not None:
            self.attempts = []
            self.note.say("")
            before = self.runner.settings
            self._try(Attempt({}, iter(())), {name: getattr(settings, name) for name in Settings.fields()})
            renewed = [Settings.field(name).renews for name in differing(before, self.runner.settings)]
            moments = self.runner.moments
            if any(renewed) and moments and not self.note.text:
                kept = KEPT.format(step=moments[-1].step)
                self.note.say(" ".join([*dict.fromkeys(filter(None, renewed)), kept]))

    def settle(self) -> None:
        """Forget what is in force, so that it is not tried again when something else is refused."""
        if self.runner.journal.present == self.runner.settings:
            self.attempts = []

    @property
    def has_lost(self) -> bool:
        """Whether something that a person changed was refused, be it before it could be shown."""
        return any(self._is_lost(attempt) for attempt in self.attempts)

    def refused(self, error: Exception) -> None:
        """Try for each change that was refused the next thing that may have to go along, or say why it was refused."""
        if self.runner.journal.present != self.undo.present:
            self.undo.refused()
        lost = [attempt for attempt in self.attempts if self._is_lost(attempt)]
        for attempt in lost:
            if isinstance(error, UnsuitedError):
                attempt.data = error.data
            self._try_next(attempt, str(error))
        if not lost and not any(attempt.reason for attempt in self.attempts):  # which is being mended
            self.note.say(str(error), warns=True)

    def _is_lost(self, attempt: Attempt) -> bool:
        """Whether what a person changed is not, or no longer, on its way."""
        runner = self.runner
        if runner.journal.present is None and runner.is_settled:
            return True  # there is nothing yet that it could have been taken back to
        return any(getattr(runner.settings, name) != value for name, value in attempt.wanted.items())

    def _try_next(self, attempt: Attempt, reason: str) -> None:
        attempt.reason = attempt.reason or reason
        proposal = next((each for each in attempt.proposals if attempt.suits(self.runner.settings, each)), None)
        if proposal is None:
            self.attempts = [each for each in self.attempts if each is not attempt]
            self.note.say(attempt.reason, warns=True)
            return
        self._try(attempt, proposal)
        if not self.note.text or self.note.passes:
            extra = {name: value for name, value in proposal.items() if attempt.changes.get(name) != value}
            self.note.say(f"Also changed: {in_words(extra)}. Without that: {attempt.reason}")

    def _try(self, attempt: Attempt, changes: Mapping[str, Any]) -> None:
        """Hand changes over, and if they are refused at once what may help."""
        before = self.runner.settings
        try:
            after = self.runner.update(**changes)
        except FFExploreError as error:
            self._try_next(attempt, str(error))
            return
        attempt.wanted = {name: getattr(after, name) for name in attempt.changes}
        followed = set(differing(before, after)) - set(changes)
        if isinstance(changes.get("dataset"), str) and after.dataset != before.dataset:
            self.note.say(f"Loading {changes['dataset']} ...", passes=True)
        if followed:
            texts = [text for text in describe(before, after) if text.partition(" ")[0] in followed]
            why = " (the same multiple of the natural one)" if after.threshold is not None else ""
            self.note.say(f"Went along: {', '.join(texts)}{why}.")
