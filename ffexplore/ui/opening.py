"""``explore``: how a person opens an explorer."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.ui.explorer import Explorer

NO_FRONT_END = (
    "There is no notebook here that could show the explorer; its engine works all the same: see panel.runner, or open "
    "the explorer in Jupyter (`ffexplore lab`)."
)


def explore(
    settings: Settings | str | None = None,
    *,
    start: bool = False,
    share: str | None = None,
    controls: str | Sequence[str] | None = None,
    lock: Sequence[str] | None = None,
    task: str | None = None,
    layout: str | None = None,
    **overrides: Any,
) -> Explorer:
    """Open an explorer: a network that trains in the background, and controls that change it meanwhile.

    Parameters
    ----------
    settings
        What to begin with: Settings, the name of a preset, or a share string; ``"classroom"`` if left out.
    start
        Train at once; otherwise the untrained network is shown and training waits for Play.
    share
        A string from ``panel.share()``: settings, seed, controls, task and panes as they were there.
    controls
        ``"all"``, ``"minimal"``, or names of fields and groups (``"Goodness"``): the others are hidden.
    lock
        Names of fields and groups whose controls are shown and cannot be turned.
    task
        What is to be done, for a class; plain text with ``**bold**``, ``*italic*``, ```code``` and lists.
    layout
        ``"notebook"``, or ``"slide"`` for a projector: in larger type play, pause, reset, task, threshold and
        histograms, and what ``controls`` names.
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
    >>> explore(controls="minimal", task="Make the hills part as **fast** as you can.")  # doctest: +SKIP
    """
    looks: dict[str, Any] = {"controls": controls, "lock": lock, "task": task, "layout": layout}
    panel = Explorer(settings, start=start, share=share, **looks, **overrides)
    if not has_front_end():
        warnings.warn(NO_FRONT_END, UserWarning, stacklevel=2)
    return panel


def has_front_end() -> bool:
    """Whether this Python runs as the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None
