"""The bar at the top: play and pause, one step, reset, preset, speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ffexplore.engine.presets import presets
from ffexplore.engine.settings import Settings
from ffexplore.ui.field_control import listing
from ffexplore.ui.guard import Guard
from ffexplore.ui.rows import MenuRow

PLAY, PAUSE = "▶ Play", "❚❚ Pause"

#: Steps per second; 0 stands for as many as can be, because a menu takes None for "nothing chosen".
SPEEDS = [
    ("full", 0.0), ("50 steps/s", 50.0), ("10 steps/s", 10.0), ("3 steps/s", 3.0), ("1 step/s", 1.0),
]  # fmt: skip

#: What a preset leaves as the person has it: the data at hand, the machine, the luck.
KEPT = ("dataset", "device", "precision", "seed")

CHANGED = ""  #: the menu's value while no preset describes the settings


def preset_changes(name: str) -> dict[str, Any]:
    """The fields that a preset sets in an open explorer: all but the data, the machine and the seed."""
    recipe = Settings.preset(name)
    return {field: getattr(recipe, field) for field in Settings.fields() if field not in KEPT}


def preset_of(settings: Settings) -> str:
    """The preset that describes settings, or an empty name."""
    for name in presets.names():
        if all(getattr(settings, field) == value for field, value in preset_changes(name).items()):
            return name
    return CHANGED


class RunBar(widgets.HBox):
    """Buttons and menus that steer the run.

    Parameters
    ----------
    guard
        Tells the program's changes from the person's.
    play, step, reset
        Called when the person presses a button.
    preset
        Called with the name of a preset.
    speed
        Called with steps per second; None for full speed.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        play: Callable[[], None],
        step: Callable[[], None],
        reset: Callable[[], None],
        preset: Callable[[str], None],
        speed: Callable[[float | None], None],
    ) -> None:
        self._guard = guard
        self.play = _button(PLAY, "Train, or pause: everything can be changed meanwhile", play)
        self.step = _button("Step", "Train on one batch and pause", step)
        self.reset = _button("Reset", "Begin anew with new weights from the same seed and the same settings", reset)
        self.play.add_class("ffx-play")
        self.preset = MenuRow("preset", self._presets(), guard, lambda name: preset(name) if name else None)
        self.speed = MenuRow("speed", SPEEDS, guard, lambda steps: speed(steps or None))
        self.preset.explain(
            f"A whole recipe, begun anew; the dataset, the seed and the device stay.\n\n{listing(presets)}"
        )
        self.speed.explain("How fast to train: slow it down to watch single steps.")
        self._forget = presets.observe(lambda _: self.preset.offer(self._presets()))
        super().__init__([self.play, self.step, self.reset, self.preset.widget, self.speed.widget])
        self.add_class("ffx-bar")

    @staticmethod
    def _presets() -> list[tuple[str, str]]:
        return [(name, name) for name in presets.names()]

    def show(self, settings: Settings, is_running: bool) -> None:
        """Show whether training runs and which preset the settings are."""
        with self._guard:
            self.play.description = PAUSE if is_running else PLAY
            self.preset.show(preset_of(settings), "(changed)")

    def close(self) -> None:
        """Stop listening to the catalogue."""
        if hasattr(self, "_forget"):
            self._forget()
        super().close()


def _button(text: str, tip: str, press: Callable[[], None]) -> widgets.Button:
    button = widgets.Button(description=text, tooltip=tip)
    button.on_click(lambda _: press())
    return button
