"""The status line: what the runner does, a few figures, and in plain words what happened and what to do."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import traitlets

from ffexplore.engine.device import resolve_device, resolve_half
from ffexplore.engine.repeats import CAPTURED
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError
from ffexplore.live.compared import Compared
from ffexplore.live.side_by_side import measure_of
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.scripted import Scripted

INTERVAL = 0.25  #: seconds between two updates of the figures while nothing else changes
GRAPH, CALLS = "graph", "call by call"  #: how a step is taken on a GPU, in short
OLD = 0.2  #: share of all steps since which an accuracy was not read anew, so that its step is told


class StatusLine(Scripted):
    """One line of figures and one of words; brings the explorer's style sheet to the page, once."""

    name, modules, sheet = "status", ("keyboard", "status"), "explorer.css"

    word = traitlets.Unicode("idle").tag(sync=True)
    tone = traitlets.Unicode("").tag(sync=True)  #: "" or "warn"
    facts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    place = traitlets.Unicode("").tag(sync=True)
    manner = traitlets.Unicode("").tag(sync=True)  #: what is told of the place to who points at it
    message = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        self._lock = threading.Lock()
        self._shown_at = -math.inf
        self._placed: tuple[Settings | None, int | None, str] = None, None, ""
        super().__init__(**kwargs)

    def __repr__(self) -> str:
        return f"StatusLine({self.word!r})"

    def show(
        self,
        word: str,
        message: str,
        snapshot: Snapshot | None,
        *,
        compared: Compared | None = None,
        warn: bool = False,
    ) -> None:
        """Show what the runner does; figures alone are sent at most four times a second, but for the accuracy.

        The legend of the curves says that too, and the two must not disagree.

        Parameters
        ----------
        word
            idle, running, paused, diverged or failed.
        message
            What happened and what to do; may be empty.
        snapshot
            Where the figures come from; None before there is one.
        compared
            The variants, while some are compared.
        warn
            Whether the message needs attention.
        """
        tone = "warn" if warn or word in ("diverged", "failed") else ""
        with self._lock:
            now = time.monotonic()
            settings = self._placed[0]
            judged: Sequence[Settings] = [] if settings is None else [settings]
            facts = [] if snapshot is None else figures(snapshot, judged if compared is None else compared.settings)
            is_new = (word, message, tone) != (self.word, self.message, self.tone)
            is_new = is_new or _accuracy(facts) != _accuracy(self.facts)
            if not is_new and now - self._shown_at < INTERVAL and word == "running":
                return
            self._shown_at = now
            with self.hold_sync():
                self.word, self.message, self.tone = word, message, tone
                self.facts = facts

    def tell_place(self, settings: Settings, threads: int | None = None, manner: str = "") -> None:
        """Say where and how precisely the numbers are computed; looked up only where something of it is new.

        On a GPU also how steps are taken, in the words of ``Snapshot.step_manner``.
        """
        # threads are chosen in the first steps, and a graph is captured some steps later
        if settings is not self._placed[0] or (threads, manner) != self._placed[1:]:
            self._placed = settings, threads, manner
            self.place = place(settings, threads, manner)
            self.manner = explained(manner) if manner and self.place.startswith("CUDA") else ""


def figures(snapshot: Snapshot, settings: Sequence[Settings] = ()) -> list[str]:
    """The figures of a moment, each with its name; of several variants the best accuracy.

    The accuracy is that of the read-out where the inference looks at it, or where nothing else names a class.
    """
    facts = [f"step {_grouped(snapshot.step)}", f"epoch {snapshot.epoch:.1f}"]
    if snapshot.rows_per_second > 0:
        facts.append(f"{_grouped(float(f'{snapshot.rows_per_second:.2g}'))} rows/s")
    count = len(snapshot.accuracy)
    if count > 1:
        facts.append(f"{count} variants")
    # settings of other variants than those of the moment: a comparison is about to begin or to end
    measure = measure_of(snapshot, settings if len(settings) == count else ())
    values = measure.of(vars(snapshot))
    known = values[np.isfinite(values)]
    if measure.is_share and len(known):
        of = " of the read-out" if set(measure.names) == {"readout_accuracy"} else ""
        best = "best " if count > 1 else ""
        facts.append(f"{best}accuracy{of} {100 * float(known.max()):.1f} %{_of_step(snapshot)}")
    return facts


def _of_step(snapshot: Snapshot) -> str:
    """When the accuracy was read, where that is a good while ago."""
    is_old = 0 <= snapshot.accuracy_step < (1 - OLD) * snapshot.step
    return f" at step {_grouped(snapshot.accuracy_step)}" if is_old else ""


def _accuracy(facts: list[str]) -> list[str]:
    return [fact for fact in facts if "accuracy" in fact]


def _grouped(number: float) -> str:
    """A whole number with thin spaces between the thousands."""
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def place(settings: Settings, threads: int | None = None, manner: str = "") -> str:
    """Device and precision, then threads or how a step is taken, as in ``CPU · bfloat16 · 2 threads``.

    Empty where the device is missing.
    """
    try:
        device = resolve_device(settings.device)
        half = resolve_half(settings.precision, device, settings.layers)
    except SettingsError:
        return ""
    parts = [device.type.upper(), "bfloat16" if half else "float32"]
    if device.type == "cpu":
        threads = threads or torch.get_num_threads()
        parts.append(f"{threads} thread{'s' if threads > 1 else ''}")
    elif device.type == "cuda" and manner:
        parts.append(GRAPH if manner.startswith(CAPTURED) else CALLS)
    return " · ".join(parts)


def explained(manner: str) -> str:
    """How steps are taken on a GPU, and why that matters."""
    return (
        f"Steps: {manner}. The calls of a step take less time when they are launched as one graph; the first batches "
        "after a change, and what looks at a number on the way, go call by call."
    )
