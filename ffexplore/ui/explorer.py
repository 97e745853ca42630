"""The explorer: controls, status line and board around one runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets
import traitlets

from ffexplore.engine.settings import Settings
from ffexplore.engine.sharing import PANEL, pack
from ffexplore.errors import SettingsError
from ffexplore.live import Runner, Snapshot
from ffexplore.live.runner import OTHER_STARTED
from ffexplore.ui.board import Board
from ffexplore.ui.changer import Changer
from ffexplore.ui.comparing import Comparing
from ffexplore.ui.controls import Controls
from ffexplore.ui.field_control import Outlet
from ffexplore.ui.given import step_to_stop_at, unpacked
from ffexplore.ui.guard import Guard
from ffexplore.ui.hints import hint, standstill
from ffexplore.ui.keep import Keep
from ffexplore.ui.made import made
from ffexplore.ui.note import Note
from ffexplore.ui.parts import Box, Toggle
from ffexplore.ui.reader import Reader
from ffexplore.ui.renewal import renew_on_registration
from ffexplore.ui.run_bar import RunBar
from ffexplore.ui.status import StatusLine
from ffexplore.ui.task import to_html


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

    def __init__(
        self,
        settings: Settings | str | None = None,
        *,
        start: bool = False,
        share: str | None = None,
        controls: str | Sequence[str] | None = None,
        lock: Sequence[str] | None = None,
        task: str | None = None,
        layout: str | None = None,
        **overrides: Any,
    ) -> None:
        chosen, looks = unpacked(settings, share, overrides)
        given = {"controls": controls, "lock": lock, "task": task, "layout": layout}
        self._looks = looks.but({name: value for name, value in given.items() if value is not None})
        self.runner = Runner(chosen)
        self._guard = Guard()
        self._note = Note()
        self._told = ""
        self._shown: Settings = self.runner.settings
        self._standstill = ""  # why nothing can be changed now
        self._changer = Changer(self.runner, self._note, self._looks.locked)
        self._seen_error: BaseException | None = None
        self._is_untouched = True
        self._is_built = False
        self._is_to_start = start
        self.board = Board(self._looks.panes, is_slide=self._looks.is_slide)
        self.keep = Keep(self.runner, self.board, self.share)
        tip = "Share string, script, checkpoints, history and views as files"
        drawer = Toggle(description="Share", tooltip=tip).add_class("ffx-drawer")
        traitlets.link((drawer, "value"), (self.keep, "is_open"))
        self.comparing = Comparing(self.runner, self.board, self._looks, self._settling)
        drawers = Box(self.comparing.drawer.toggle, drawer, in_line=True).add_class("ffx-drawers")
        self.bar = RunBar(self._guard, self, drawers)
        self.status = StatusLine()
        self.controls = Controls(
            Outlet(self._guard, self._change, self._tell, self._fit_readout), self._shown, self._looks
        )
        for form in (self.bar, self.controls):
            form.on_entry(self._entered)
        body = made(widgets.Box, [self.controls, self.board], _dom_classes=["ffx-body"])
        tasks = [made(widgets.HTML, to_html(self._looks.task)).add_class("ffx-task")] if self._looks.task else []
        classes = ["ffx-explorer", "ffx-slide"] if self._looks.is_slide else ["ffx-explorer"]
        rows = [*tasks, self.bar, self.status, self.comparing.drawer, self.keep, body]
        super().__init__(rows, _dom_classes=classes)
        with self.board.hold_sync(), self.bar.holding(), self.status.hold_sync():  # a message of each
            self._show_settings()
            self._show_status()
            if "threshold" not in self._looks.locked:
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

    def share(self) -> str:
        """A short string that opens a panel like this one: ``explore(share="ff1...")``.

        It holds the settings and their seed, the controls, the task and the panes; own data and own functions are
        named in it and must be at hand where it is opened. Weights are not in it: ``panel.runner.save`` keeps those.
        """
        looks = self._looks.but({"panes": self.board.panes}).unusual()
        return pack(self.settings.unusual() | ({PANEL: looks} if looks else {}))

    def close(self) -> None:
        """Stop the training thread and remove the explorer from every page."""
        for end in getattr(self, "_unobserve", ()):
            end()
        if not getattr(self, "_unobserve", ()):
            return  # closed already, or never finished
        self._unobserve = []
        self.runner.stop(finish=False)
        for part in (*self.children, self.controls, self.board):  # ipywidgets holds what is not closed
            part.close()
        super().close()

    # ---- what the person does

    def _change(self, changes: Mapping[str, Any]) -> None:
        """Hand changes to the runner; what is refused goes back to the last valid value, with the reason in words."""
        with self._settling():
            self._changer.change(changes)

    def _entered(self) -> None:
        """Take a warning back: the box shows a valid value, or sends another one next, which is judged anew."""
        with self._guard:
            if self._note.warns:
                self._note.say("")
                self._show_status()

    def preset(self, name: str) -> None:
        """Take a recipe and begin anew: its initialization, and its first steps, belong to it."""
        with self._settling():
            taken = self._changer.preset(name)
        if taken:
            self.runner.reset()

    def undo(self) -> None:
        """Take back the last change of settings, whoever made it; weights stay where shapes do."""
        with self._settling():
            self._changer.go_to(self._changer.undo.back)

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        with self._settling():
            self._changer.go_to(self._changer.undo.forth)

    @contextmanager
    def _settling(self) -> Iterator[None]:
        """Around a change by a person: then everything shows what became of it."""
        self._is_untouched = False
        with self._guard, self.bar.holding(), self.controls.holding():
            yield
            self._show_settings()
            self._show_status()

    def _dragged(self, layer: int, value: float, is_final: bool) -> None:
        """The threshold was moved on the board, which knows only where it is now."""
        self.controls.threshold.move(layer, value)

    def play(self) -> None:
        """Train, or pause."""
        self._note.say("")
        if self.runner.is_running:
            self.runner.pause()
        else:
            self.runner.start()
        self._show_status()

    def step(self) -> None:
        """Train on one batch and pause."""
        self._note.say("")
        self.runner.step()

    def epoch(self) -> None:
        """Train to the end of this pass over the data and pause."""
        self._note.say("")
        self.runner.step_epoch()
        self._show_status()

    def reset(self) -> None:
        """Begin anew with the same settings."""
        self._order(self.runner.reset)

    def _fit_readout(self) -> None:
        """Take the read-out to its minimum."""
        self._order(self.runner.fit_readout)

    def _order(self, order: Callable[[], None]) -> None:
        """Have the runner do something; why it will not is shown."""
        self._note.say("")
        try:
            order()
        except SettingsError as error:
            self._tell(str(error))

    def _branch(self, number: int) -> None:
        """Go on from a kept moment; one that had to go meanwhile is no longer offered."""
        for moment in self.runner.moments:
            if moment.number == number:
                self._note.say("")
                self.runner.branch(moment)

    def speed(self, steps_per_second: float | None) -> None:
        """Train at so many steps a second; None for as many as can be."""
        self.runner.speed = steps_per_second

    def stop_at(self, text: str) -> None:
        """Pause at the step that is written; an empty text takes that back."""
        self._note.say("")
        try:
            self.runner.stop_at = step_to_stop_at(text, self.runner.snapshot)
        except SettingsError as error:
            self._note.say(str(error), warns=True)
        else:
            if self.runner.stop_at is not None and not self.runner.is_running:  # a click on Play may come next
                self._note.say(f"Play trains up to step {self.runner.stop_at} and pauses there.")
        self._show_status()

    # ---- what is shown

    def _publish(self, snapshot: Snapshot) -> None:
        """Show a moment; called from the trainer thread."""
        runner, urgent = self.runner, bool(snapshot.changes) or not self.runner.is_running
        compared = runner.compared
        self.board.show(snapshot, runner.history, moments=runner.moments, compared=compared, urgent=urgent)
        runner.attend(bool(self.board.visible))
        self._reader.refresh(at_rest=not self.runner.is_running)
        if runner.message == OTHER_STARTED and not self.board.is_open:
            runner.forget_moments()  # its cell was run again: nobody can see this panel any more
        with self._guard, self.bar.holding(), self.controls.holding():
            if snapshot.changes and self._note.passes:
                self._note.say("")
            self._look_at(self.runner.error)
            self._changer.settle()
            self._is_built = self._is_built or snapshot.status != "failed"
            shown = self._shown, self._data, self._standstill
            if (runner.settings, runner.dataset, standstill(runner)) != shown:
                self._show_settings()
            self._show_status()

    def _look_at(self, error: BaseException | None) -> None:
        """See to a refusal that only the trainer thread could see, with the data loaded."""
        if error is self._seen_error:
            return
        self._seen_error = error
        is_news = self._shown is not self.runner.settings or self._changer.has_lost
        if isinstance(error, SettingsError) and (not self._is_built or is_news):
            self._told = self.runner.message
            self._changer.refused(error)
            if not self._is_built and self._is_to_start:
                self.runner.start()

    def _tell(self, problem: str) -> None:
        """Show what went wrong elsewhere."""
        with self._guard:
            self._note.say(problem, warns=True)
            self._show_status()

    def _show_settings(self) -> None:
        settings = self._shown = self.runner.settings
        self._changer.undo.saw(settings)
        self._standstill = standstill(self.runner)
        self._data = self.runner.dataset
        self.controls.show(settings, self._standstill, self._data)
        self.board.suit(self._data)
        self.board.threshold_is_movable = "threshold" not in self._looks.locked and not self._standstill
        self.comparing.drawer.show(settings, self._standstill)
        self.keep.refresh()

    def _show_status(self) -> None:
        runner, snapshot = self.runner, self.runner.snapshot
        self.status.tell_place(self._shown, runner.threads, "" if snapshot is None else snapshot.step_manner)
        self.bar.show(
            self._shown, runner.is_running, self._changer.undo, runner.stop_at, runner.speed, self._standstill
        )
        if runner.message not in (self._told, ""):  # news from the runner replaces what the panel said
            self._note.say("")
        self._told = runner.message
        message = self._note.text or runner.message or hint(runner, self._is_untouched)
        warn = self._note.warns if self._note.text else runner.error is not None
        self.status.show(runner.status, message, snapshot, compared=runner.compared, warn=warn)
