"""The bar at the top: play and pause, one step or epoch, undo, reset, preset, speed, where to stop."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

from ffexplore.engine.presets import presets
from ffexplore.engine.settings import Settings
from ffexplore.ui.field_control import listing
from ffexplore.ui.form import Form
from ffexplore.ui.guard import Guard
from ffexplore.ui.parts import Button, Part
from ffexplore.ui.rows import MenuRow, TextRow
from ffexplore.ui.undo import Undo

PLAY, PAUSE = "▶ Play", "❚❚ Pause"
RESET = "Begin anew with new weights from the same seed and the same settings"
NOTHING_TO_UNDO, NOTHING_TO_REDO = "Nothing was changed yet", "Nothing was undone"

#: Keys that neither Lab, Notebook, VS Code nor a browser takes; they count while the focus is inside the panel.
KEYS = {"play": "Alt+P", "step": "Alt+N"}

#: Steps per second; 0 stands for as many as can be, because a menu takes None for "nothing chosen".
SPEEDS = [
    ("full", 0.0), ("50 steps/s", 50.0), ("10 steps/s", 10.0), ("3 steps/s", 3.0), ("1 step/s", 1.0),
]  # fmt: skip

#: What a preset leaves as the person has it: the data at hand, the machine, the luck.
KEPT = ("dataset", "device", "precision", "seed")

CHANGED = ""  #: the menu's value while no preset describes the settings


def preset_changes(name: str) -> dict[str, Any]:
    """The fields that a preset sets in an open explorer: all but the data, the machine and the seed."""
    return dict(_changes_of(presets[name].function))


@functools.lru_cache(maxsize=64)  # looked at whenever the bar is shown, and checking settings takes its time
def _changes_of(recipe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    settings = Settings(**recipe())
    return {field: getattr(settings, field) for field in Settings.fields() if field not in KEPT}


def preset_of(settings: Settings) -> str:
    """The preset that describes settings, or an empty name."""
    for name in presets.names():
        if all(getattr(settings, field) == value for field, value in preset_changes(name).items()):
            return name
    return CHANGED


class Actions(Protocol):
    """What the bar asks for when a person presses something."""

    def play(self) -> None:
        """Train, or pause."""

    def step(self) -> None:
        """Train on one batch."""

    def epoch(self) -> None:
        """Train to the end of the present pass over the data."""

    def undo(self) -> None:
        """Take back the last change."""

    def redo(self) -> None:
        """Make the change again that was taken back."""

    def reset(self) -> None:
        """Begin anew."""

    def preset(self, name: str) -> None:
        """Take a whole recipe."""

    def speed(self, steps_per_second: float | None) -> None:
        """Train at so many steps a second, None for as many as can be."""

    def stop_at(self, text: str) -> None:
        """Pause at a step that was written."""


class RunBar(Form):
    """Buttons and menus that steer the run.

    Parameters
    ----------
    guard
        Tells the program's changes from the person's.
    actions
        Does what they ask for.
    more
        What else belongs into the bar, at its end.
    """

    def __init__(self, guard: Guard, actions: Actions, *more: Part) -> None:
        self._guard = guard
        self.play = Button(PLAY, f"Train, or pause: everything can be changed meanwhile ({KEYS['play']})", actions.play)
        self.step = Button("Step", f"Train on one batch and pause ({KEYS['step']})", actions.step)
        self.epoch = Button("Epoch", "Train to the end of this pass over the data and pause", actions.epoch)
        self.undo = Button("↶ Undo", NOTHING_TO_UNDO, actions.undo)
        self.redo = Button("↷", NOTHING_TO_REDO, actions.redo)
        self.reset = Button("Reset", RESET, actions.reset)
        for name, button in (("play", self.play), ("step", self.step), ("reset", self.reset)):
            button.add_class(f"ffx-{name}")
        self.preset = MenuRow("preset", self._presets(), guard, lambda name: actions.preset(name) if name else None)
        self.speed = MenuRow("speed", SPEEDS, guard, lambda steps: actions.speed(steps or None))
        self.stop_at = TextRow("stop at", (), guard, actions.stop_at, wanted="step")
        self.stop_at.widget.add_class("ffx-stop")
        self.speed.widget.add_class("ffx-speed")
        self.preset.explain(
            f"A whole recipe, begun anew; the dataset, the seed and the device stay.\n\n{listing(presets)}"
        )
        self.speed.explain("How fast to train: slow it down to watch single steps.")
        self.stop_at.explain(
            "Training pauses at this step; empty to go on without an end.\n"
            "Allowed: a whole number above the present step.\nIn Python: panel.runner.stop_at"
        )
        self._forget = presets.observe(lambda _: self.preset.offer(self._presets()))
        rows = (self.preset.widget, self.speed.widget, self.stop_at.widget)
        buttons = (self.play, self.step, self.epoch, self.undo, self.redo, self.reset)
        super().__init__(*buttons, *rows, *more, in_line=True, _dom_classes=["ffx-bar"])

    @staticmethod
    def _presets() -> list[tuple[str, str]]:
        return [(name, name) for name in presets.names()]

    def show(
        self,
        settings: Settings,
        is_running: bool,
        undo: Undo,
        stop_at: int | None,
        speed: float | None,
        standstill: str = "",
    ) -> None:
        """Show whether and how fast training runs, which preset it is, what can be undone and where it stops.

        ``standstill`` says why nothing can be changed now; what would change something is greyed out then.
        """
        with self._guard, self.holding():
            self.play.description = PAUSE if is_running else PLAY
            self.preset.show(preset_of(settings), "(changed)")
            self.speed.show(speed or 0.0, f"{speed or 0.0:g} steps/s")
            self.stop_at.show("" if stop_at is None else str(stop_at))
            for button, settings_there, nothing, verb in (
                (self.undo, undo.back, NOTHING_TO_UNDO, "Take back the last change"),
                (self.redo, undo.forth, NOTHING_TO_REDO, "Make the change again"),
            ):
                button.disabled = settings_there is None or bool(standstill)
                button.tooltip = nothing if settings_there is None else f"{verb}: {undo.words(settings_there)}"
                if standstill:
                    button.tooltip = f"Not in use: {standstill}"
            self.reset.disabled = bool(standstill)
            self.reset.tooltip = f"Not in use: {standstill}" if standstill else RESET
            self.preset.disable(standstill)

    def close(self) -> None:
        """Stop listening to the catalogue."""
        if hasattr(self, "_forget"):
            self._forget()
        super().close()
