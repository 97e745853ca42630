"""The explorer: controls, status line and board around one runner."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np

from ffexplore.engine.settings import Settings
from ffexplore.errors import FFExploreError, SettingsError
from ffexplore.live import Runner, Snapshot
from ffexplore.live.mailbox import describe, differing
from ffexplore.ui.board import Board
from ffexplore.ui.controls import Controls
from ffexplore.ui.field_control import Outlet, close_all
from ffexplore.ui.guard import Guard
from ffexplore.ui.reader import Reader
from ffexplore.ui.renewal import renew_on_registration
from ffexplore.ui.repairs import Attempt, in_words, proposals, recipes
from ffexplore.ui.run_bar import RunBar, preset_changes
from ffexplore.ui.status import StatusLine

NO_FRONT_END = (
    "There is no notebook here that could show the explorer; its engine works all the same: see panel.runner, or open "
    "the explorer in Jupyter (`ffexplore lab`)."
)
INVITATION = "Untrained: the blue and the orange hill lie on each other. Press Play and watch them part."
NEXT = "The hills part. Now drag the line θ in a histogram, or change anything else while it trains."
LIFELESS = (
    "Most units of {layers} are dead: no input makes them active, so they cannot learn any more. "
    "Press Reset to begin anew; a smaller learning rate keeps more of them alive."
)
MOST = 0.9  #: share of the units of a layer from which on its death is worth a word


def explore(settings: Settings | str | None = None, *, start: bool = False, **overrides: Any) -> Explorer:
    """Open an explorer: a network that trains in the background, and controls that change it meanwhile.

    Parameters
    ----------
    settings
        What to begin with: Settings, or the name of a preset; ``"classroom"`` if left out.
    start
        Train at once; otherwise the untrained network is shown and training waits for Play.
    **overrides
        Any field of Settings.

    Returns
    -------
    Explorer
        A widget; the last line of a cell shows it.

    Raises
    ------
    SettingsError
        When a name is unknown, a value is out of range, or values do not go together.

    Warns
    -----
    UserWarning
        When there is no notebook that could show it; the engine works.

    Examples
    --------
    >>> panel = explore("classroom", negatives="permuted_labels")  # doctest: +SKIP
    >>> panel.runner.update(threshold=2.0)  # doctest: +SKIP
    """
    panel = Explorer(settings, start=start, **overrides)
    if not has_front_end():
        warnings.warn(NO_FRONT_END, UserWarning, stacklevel=2)
    return panel


def has_front_end() -> bool:
    """Whether this Python runs as the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


class Explorer(widgets.VBox):
    """What ``explore`` returns; its parameters are those.

    Attributes
    ----------
    runner : Runner
        The thread that trains, and everything that can be asked of it.
    board : Board
        Where snapshots are drawn.
    controls : Controls
        The control of each field, as in ``panel.controls["threshold"]``.
    """

    def __init__(self, settings: Settings | str | None = None, *, start: bool = False, **overrides: Any) -> None:
        self.runner = Runner(chosen_settings(settings, overrides))
        self._guard = Guard()
        self._note = ""
        self._note_warns = self._note_passes = False
        self._told = ""
        self._shown: Settings = self.runner.settings
        first = {"dataset": self._shown.dataset}
        self._tried = Attempt(first, proposals(self._shown, first))
        self._seen_error: BaseException | None = None
        self._is_untouched = True
        self._is_built = False
        self._is_to_start = start
        self.bar = RunBar(
            self._guard, play=self._play, step=self._step, reset=self._reset, preset=self._preset, speed=self._speed
        )
        self.status = StatusLine()
        self.controls = Controls(Outlet(self._guard, self._change), self._shown)
        self.board = Board()
        body = widgets.Box([self.controls, self.board]).add_class("ffx-body")
        super().__init__([self.bar, self.status, body])
        self.add_class("ffx-explorer")
        self._show_settings()
        self._show_status()
        self.board.on_threshold(self._dragged)
        self.board.on_lock(self.runner.lock_ranges)
        self.board.on_branch(self._branch)
        self._reader = Reader(self.runner.ask, self.board)
        self._unobserve = [self.runner.observe(self._publish, weak=True)]
        self._unobserve += renew_on_registration(self.runner, self._tell)
        if start:
            self.runner.start()
        else:
            self.runner.publish()

    def __repr__(self) -> str:
        settings = self.settings
        data = settings.dataset if isinstance(settings.dataset, str) else settings.dataset.name
        return f"<Explorer {data} {'-'.join(map(str, settings.layers))}, {self.runner.status}>"

    @property
    def settings(self) -> Settings:
        """The present settings."""
        return self.runner.settings

    def close(self) -> None:
        """Stop the training thread and remove the explorer from every page."""
        for end in getattr(self, "_unobserve", ()):
            end()
        if not getattr(self, "_unobserve", ()):
            return  # closed already, or never finished
        self._unobserve = []
        self.runner.stop(finish=False)
        close_all(self.bar)
        close_all(self.controls)
        self.board.close()
        self.status.close()
        super().close()

    # ---- what the person does

    def _change(self, changes: Mapping[str, Any], else_try: Iterator[dict[str, Any]] | None = None) -> None:
        """Hand changes to the runner; what is refused goes back to the last valid value, with the reason in words."""
        self._is_untouched = False
        with self._guard:
            self._tried = Attempt(changes, else_try or proposals(self.settings, changes))
            self._say("")
            self._try(changes)
            self._show_settings()
            self._show_status()

    def _try(self, changes: Mapping[str, Any]) -> None:
        """Hand changes over, and if they are refused at once what may help."""
        before = self.settings
        try:
            after = self.runner.update(**changes)
        except FFExploreError as error:
            self._refused(error)
            return
        followed = set(differing(before, after)) - set(changes)
        if isinstance(changes.get("dataset"), str):
            self._say(f"Loading {changes['dataset']} ...", passes=True)
        if followed:
            texts = [text for text in describe(before, after) if text.partition(" ")[0] in followed]
            why = " (the same multiple of the natural one)" if after.threshold is not None else ""
            self._say(f"Went along: {', '.join(texts)}{why}.")

    def _refused(self, error: Exception) -> None:
        """Try the next thing that may have to change along, or say why the change was refused."""
        attempt = self._tried
        attempt.reason = attempt.reason or str(error)
        proposal = next(attempt.proposals, None)
        if proposal is None:
            self._say(attempt.reason, warns=True)
            return
        self._try(proposal)
        if not self._note or self._note_passes:
            extra = {name: value for name, value in proposal.items() if attempt.changes.get(name) != value}
            self._say(f"Also changed: {in_words(extra)}. Without that: {attempt.reason}")

    def _preset(self, name: str) -> None:
        """Take a recipe and begin anew: its initialization, and its first steps, belong to it."""
        changes = preset_changes(name)
        self._change(changes, recipes(changes))
        if not self._note_warns:
            self.runner.reset()

    def _dragged(self, layer: int, value: float, is_final: bool) -> None:
        """The threshold was moved on the board, which knows only where it is now."""
        self.controls.threshold.move(layer, value)

    def _play(self) -> None:
        self._say("")
        if self.runner.is_running:
            self.runner.pause()
        else:
            self.runner.start()
        self._show_status()

    def _step(self) -> None:
        self._say("")
        self.runner.step()

    def _reset(self) -> None:
        self._say("")
        self.runner.reset()

    def _branch(self, number: int) -> None:
        """Go on from a kept moment; one that had to go meanwhile is no longer offered."""
        for moment in self.runner.moments:
            if moment.number == number:
                self._say("")
                self.runner.branch(moment)

    def _speed(self, steps_per_second: float | None) -> None:
        self.runner.speed = steps_per_second

    # ---- what is shown

    def _publish(self, snapshot: Snapshot) -> None:
        """Show a moment; called from the trainer thread."""
        runner, urgent = self.runner, bool(snapshot.changes) or not self.runner.is_running
        self.board.show(snapshot, runner.history, moments=runner.moments, urgent=urgent)
        self._reader.refresh(at_rest=not self.runner.is_running)
        with self._guard:
            if snapshot.changes and self._note_passes:
                self._say("")
            self._look_at(self.runner.error)
            self._is_built = self._is_built or snapshot.status != "failed"
            if self.runner.settings is not self._shown:
                self._show_settings()
            self._show_status()

    def _look_at(self, error: BaseException | None) -> None:
        """See to a refusal that only the trainer thread could see, with the data loaded."""
        if error is self._seen_error:
            return
        self._seen_error = error
        if isinstance(error, SettingsError) and (not self._is_built or self._shown is not self.runner.settings):
            self._told = self.runner.message
            self._refused(error)
            if not self._is_built and self._is_to_start:
                self.runner.start()

    def _say(self, note: str, *, warns: bool = False, passes: bool = False) -> None:
        """Say something that is true until the next thing happens; ``passes``: until the change is taken up."""
        self._note, self._note_warns, self._note_passes = note, warns, passes

    def _tell(self, problem: str) -> None:
        """Show what went wrong elsewhere."""
        with self._guard:
            self._say(problem, warns=True)
            self._show_status()

    def _show_settings(self) -> None:
        settings = self._shown = self.runner.settings
        self.controls.show(settings)
        self._threads = self.runner.threads
        self.status.tell_place(settings, self._threads)

    def _show_status(self) -> None:
        runner, snapshot = self.runner, self.runner.snapshot
        if runner.threads != self._threads:  # chosen by measurement in the first steps
            self._threads = runner.threads
            self.status.tell_place(self._shown, self._threads)
        self.bar.show(self._shown, runner.is_running)
        if runner.message not in (self._told, ""):  # news from the runner replaces what the panel said
            self._say("")
        self._told = runner.message
        message = self._note or runner.message or self._hint(snapshot)
        warn = self._note_warns if self._note else runner.error is not None
        self.status.show(runner.status, message, snapshot, warn=warn)

    def _hint(self, snapshot: Snapshot | None) -> str:
        if snapshot is None:
            return f"Loading {self.settings.dataset} ..." if isinstance(self.settings.dataset, str) else "Building ..."
        if snapshot.step == 0 and self.runner.status == "idle":
            return INVITATION
        dead = [number for number, share in enumerate(snapshot.dead[0] / snapshot.widths, 1) if share >= MOST]
        if dead:
            return LIFELESS.format(layers=", ".join(f"layer {number}" for number in dead))
        is_first = self._is_untouched and self.runner.is_running and bool(np.isfinite(snapshot.threshold).all())
        return NEXT if is_first else ""


def chosen_settings(settings: Settings | str | None, overrides: Mapping[str, Any]) -> Settings:
    """Settings from what ``explore`` was given.

    Raises
    ------
    SettingsError
        When it is neither Settings nor the name of a preset, or a value does not fit.
    """
    if settings is None or isinstance(settings, str):
        return Settings.preset(settings or "classroom", **overrides)
    if isinstance(settings, Settings):
        return settings.replace(**overrides)
    raise SettingsError(f"settings is {settings!r}; give Settings or the name of a preset, and fields by keyword.")
