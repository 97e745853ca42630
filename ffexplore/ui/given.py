"""Reads what a person gave: the arguments of ``explore``, and the step to stop at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.engine.sharing import PANEL, SHARE_PREFIX, unpack
from ffexplore.errors import SettingsError
from ffexplore.live import Snapshot
from ffexplore.ui.looks import Looks


def unpacked(
    settings: Settings | str | None, share: str | None, overrides: Mapping[str, Any]
) -> tuple[Settings, Looks]:
    """Settings and looks from what ``explore`` was given.

    Raises
    ------
    SettingsError
        When it is neither Settings nor the name of a preset nor a share string, or a value does not fit.
    """
    if isinstance(settings, str) and settings.strip().startswith(SHARE_PREFIX):
        settings, share = None, settings
    if share is not None:
        if settings is not None:
            raise SettingsError("settings and share were given; a share string holds the settings: give one of both.")
        values = unpack(share)
        looks = Looks.of(values.pop(PANEL, {}))
        return Settings.from_dict(values).replace(**overrides), looks
    if settings is None or isinstance(settings, str):
        return Settings.preset(settings or "classroom", **overrides), Looks()
    if isinstance(settings, Settings):
        return settings.replace(**overrides), Looks()
    raise SettingsError(f"settings is {settings!r}; give Settings or the name of a preset, and fields by keyword.")


def step_to_stop_at(text: str, snapshot: Snapshot | None) -> int | None:
    """Read a step to stop at; None for an empty text.

    Raises
    ------
    SettingsError
        When it is no whole number above the present step.
    """
    text = text.strip()
    if not text:
        return None
    present = 0 if snapshot is None else snapshot.step
    if not text.isascii() or not text.isdigit() or int(text) <= present:
        raise SettingsError(f"stop at is {text!r}; it must be a whole number above the present step, {present}.")
    return int(text)
