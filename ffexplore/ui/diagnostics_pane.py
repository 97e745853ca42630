"""The pane of diagnostics, kernel side: accuracy, calibration, silence and weights by layer, and the shortcut meter."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ffexplore.engine.diagnostics import Diagnostics, diagnose
from ffexplore.engine.shortcut import Shortcut, shortcut_meter
from ffexplore.engine.training import Trainer
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.frames import Arrays

Answer = tuple[Diagnostics, Shortcut]


class DiagnosticsPane(AskedPane[Answer]):
    """What tells a healthy layer from a sick one, in numbers and in words."""

    interval = 1.0

    def __init__(self) -> None:
        super().__init__()
        self._read: tuple[object, Shortcut] | None = None

    def look(self, trainer: Trainer, at_rest: bool) -> Answer:
        """Diagnose the layers; the meter is read anew where data or negatives are others."""
        settings = trainer.settings
        of = settings.dataset, settings.negatives, settings.label_encoding
        if self._read is None or self._read[0] != of:
            self._read = of, shortcut_meter(trainer)
        return diagnose(trainer), self._read[1]

    def pack_answer(self, answer: Answer, arrays: Arrays) -> dict[str, Any]:
        """Pack the numbers of the first variant."""
        found, shortcut = answer
        names = tuple(field.name for field in fields(Diagnostics))
        return {
            "shortcut": str(shortcut),
            "auc": shortcut.auc,
            "arrays": {name: arrays.add(getattr(found, name)[0]) for name in names},
        }
