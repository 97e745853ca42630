"""The history of a run: thinned when it grows long, never cut, with every change marked."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.errors import FFExploreError
from ffexplore.live.snapshot import Snapshot
from ffexplore.paths import home_for_tilde, is_a_folder, is_folder

POINTS = 600  # when this many are reached, every second one goes
MARKS = 500  # changes that are kept; beyond, every second one of the older half goes
SCALARS = ("step", "epoch", "seconds", "rows_per_second")
HIDDEN = ("accuracy_step",)  # kept, but no curve
BY_VARIANT = ("accuracy", "readout_accuracy")  # (K,)
BY_LAYER = ("auc", "auc_uniform", "loss", "overlap", "dead", "threshold", "mean_positive", "mean_negative")  # (K, L)
RANGES = ("low", "high", "learning_rate")  # (K, L) that are no curves
COUNTS = ("positive", "negative")  # (K, L, N)
CURVES = (*SCALARS, *BY_VARIANT, *BY_LAYER)
COLUMNS = (*CURVES, *HIDDEN, *RANGES, *COUNTS)
WORDS = ("status", "widths", "goodness", "message", "changes", "step_manner", "diverged")  # kept as they are


class History:
    """What was published over time; safe to read from any thread.

    Parameters
    ----------
    points
        How many points are kept at most.

    Attributes
    ----------
    generation
        Grows when what was handed out before no longer holds: the history was thinned, cleared or rewound.
    """

    def __init__(self, points: int = POINTS) -> None:
        self._points = max(4, points)
        self._lock = threading.RLock()
        self._steps: list[int] = []
        self._words: list[dict[str, Any]] = []
        self._columns: dict[str, NDArray[Any]] = {}
        self._marks: list[tuple[int, str]] = []
        self._stride = 1
        self._skipped = 0
        self.generation = 0

    def __len__(self) -> int:
        return len(self._steps)

    def __repr__(self) -> str:
        last = self._steps[-1] if self._steps else 0
        return f"<History of {len(self)} points to step {last}, {len(self._marks)} changes>"

    @property
    def changes(self) -> list[tuple[int, str]]:
        """The step at which something was changed, and what."""
        with self._lock:
            return list(self._marks)

    @property
    def snapshots(self) -> list[Snapshot]:
        """The kept snapshots, oldest first; without their examples."""
        with self._lock:
            return [self.snapshot(row) for row in range(len(self))]

    def snapshot(self, row: int) -> Snapshot:
        """One kept snapshot, without its examples; rows count from 0, negative ones from the end."""
        with self._lock:
            row = range(len(self))[row]
            layers = len(self._words[row]["widths"])
            values: dict[str, Any] = {name: self._columns[name][row].item() for name in (*SCALARS, *HIDDEN)}
            values |= {name: self._columns[name][row].copy() for name in BY_VARIANT}
            for name in (*BY_LAYER, *RANGES, *COUNTS):
                values[name] = self._columns[name][row, :, :layers].copy()
            for name in ("dead", *COUNTS):
                values[name] = values[name].astype(np.int32)
            return Snapshot(**values, **self._words[row])

    def append(self, snapshot: Snapshot, *, keep: bool = False) -> None:
        """Take in a snapshot, or pass it over where the history has been thinned.

        Parameters
        ----------
        snapshot
            The moment.
        keep
            Keep it in any case; for moments that matter, such as the end of a run.
        """
        with self._lock:
            if self._steps and snapshot.step == self._steps[-1]:
                if not keep:
                    return
                self._drop(len(self) - 1)
                self.generation += 1
            self._skipped += 1
            if not keep and self._steps and self._skipped < self._stride:
                return
            self._skipped = 0
            if len(self) >= self._points:
                self._thin()
            self._write(len(self), snapshot)
            self._steps.append(snapshot.step)
            self._words.append({name: getattr(snapshot, name) for name in WORDS})

    def mark(self, step: int, text: str, *, replace: bool = False) -> None:
        """Note a change; ``replace`` puts it in the place of the last one (a slider that is still being moved)."""
        with self._lock:
            if replace and self._marks:
                self._marks.pop()
            self._marks.append((step, text))
            if len(self._marks) > MARKS:
                half = MARKS // 2
                self._marks[:half] = self._marks[:half:2]

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._steps, self._words, self._columns, self._marks = [], [], {}, []
            self._stride, self._skipped = 1, 0
            self.generation += 1

    def rewind(self, step: int, *, undo: bool = False) -> None:
        """Forget the points after a step.

        Parameters
        ----------
        step
            The last one that stays.
        undo
            Forget the changes after it too; else they stay, as marks at that step.
        """
        with self._lock:
            if undo:
                self._marks = [mark for mark in self._marks if mark[0] <= step]
            count = sum(1 for kept in self._steps if kept <= step)
            if count < len(self):
                self._drop(count)
                self.generation += 1
            self._marks = [(min(at, step), text) for at, text in self._marks]

    def copy(self) -> History:
        """A history of its own with the same contents."""
        other = History(self._points)
        other.become(self)
        return other

    def become(self, other: History) -> None:
        """Take over the contents of another history with as many points, which stays as it is."""
        with other._lock:
            steps, words, marks = list(other._steps), list(other._words), list(other._marks)
            columns = {name: column.copy() for name, column in other._columns.items()}
            stride, skipped = other._stride, other._skipped
        with self._lock:
            self._steps, self._words, self._marks, self._columns = steps, words, marks, columns
            self._stride, self._skipped = stride, skipped
            self.generation += 1

    def at(self, step: int) -> Snapshot | None:
        """The kept snapshot nearest to a step, without its examples; None while there is none."""
        with self._lock:
            if not self._steps:
                return None
            return self.snapshot(min(range(len(self)), key=lambda row: abs(self._steps[row] - step)))

    def curve(self) -> dict[str, NDArray[Any]]:
        """The curves as arrays of T points.

        Returns
        -------
        dict
            ``step`` (T,) int64; ``epoch``, ``seconds``, ``rows_per_second`` (T,) float32; ``accuracy`` and
            ``readout_accuracy`` (T, K) float32; ``auc``, ``auc_uniform``, ``loss``, ``overlap``, ``dead``,
            ``threshold``, ``mean_positive`` and ``mean_negative`` (T, K, L) float32, L the largest number of layers
            so far and nan where there was no such layer. The accuracies are read less often than the rest, and nan
            where they were not read anew.
        """
        with self._lock:
            if not self._columns:
                shapes: dict[str, tuple[int, ...]] = dict.fromkeys(SCALARS, (0,))
                shapes |= dict.fromkeys(BY_VARIANT, (0, 1)) | dict.fromkeys(BY_LAYER, (0, 1, 0))
                return {name: np.zeros(shape, _kind(name)) for name, shape in shapes.items()}
            curves = {name: self._columns[name][: len(self)].copy() for name in CURVES}
            read_at = self._columns["accuracy_step"][: len(self)]
            carried = np.zeros(len(read_at), bool)
            carried[1:] = (read_at[1:] == read_at[:-1]) & (read_at[1:] >= 0)
            for name in BY_VARIANT:
                curves[name][carried] = np.nan
            return curves

    def to_frame(self) -> Any:
        """The history as a pandas DataFrame: a row a point (and variant, where there are several).

        Columns of layers end in their number from 1, as in ``auc_1``; ``changes`` names what was changed since the
        row before.
        """
        import pandas as pd

        with self._lock:
            curve, marks = self.curve(), self.changes
        count, variants = curve["accuracy"].shape
        pieces = []
        for variant in range(variants):
            columns = {name: curve[name] for name in SCALARS}
            if variants > 1:
                columns["variant"] = np.full(count, variant)
            columns |= {name: curve[name][:, variant] for name in BY_VARIANT}
            for name in BY_LAYER:
                values = curve[name][:, variant]
                columns |= {f"{name}_{layer + 1}": values[:, layer] for layer in range(values.shape[1])}
            pieces.append(pd.DataFrame(columns))
        frame = pd.concat(pieces, ignore_index=True) if len(pieces) > 1 else pieces[0]
        frame["changes"] = _texts(curve["step"], marks) * variants
        return frame

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write ``to_frame`` to a file of comma-separated values; folders that are missing are made.

        Raises
        ------
        FFExploreError
            When the path is that of a folder.
        """
        file = home_for_tilde(path)
        if is_folder(path):
            raise FFExploreError(is_a_folder(file, "history.csv"))
        file.parent.mkdir(parents=True, exist_ok=True)
        self.to_frame().to_csv(file, index=False)

    def _write(self, row: int, snapshot: Snapshot) -> None:
        """Copy a snapshot into the columns, which grow with the number of layers."""
        # Columns that are made once, and not a list of snapshots: small arrays that live long between large ones
        # that do not would scatter the memory.
        for name in COLUMNS:
            value = np.asarray(getattr(snapshot, name))
            column = self._columns.get(name)
            shape = value.shape if column is None else tuple(map(max, value.shape, column.shape[1:]))
            if column is None or shape != column.shape[1:]:
                wider = np.full((self._points, *shape), _empty(name), _kind(name))
                if column is not None:
                    wider[(slice(None), *map(slice, column.shape[1:]))] = column
                    self.generation += name == BY_LAYER[0]
                self._columns[name] = column = wider
            column[row : row + 1] = _empty(name)
            column[row : row + 1][(slice(None), *map(slice, value.shape))] = value

    def _thin(self) -> None:
        """Drop every second point and take in half as many from now on."""
        count = len(self)
        self._steps, self._words = self._steps[::2], self._words[::2]
        for column in self._columns.values():
            column[: len(self)] = column[:count:2].copy()
        self._stride *= 2
        self.generation += 1

    def _drop(self, count: int) -> None:
        del self._steps[count:], self._words[count:]


def _kind(name: str) -> type:
    if name in COUNTS:
        return np.uint16  # no probe has more samples than that
    return np.int64 if name in ("step", *HIDDEN) else np.float32


def _empty(name: str) -> float:
    return 0 if name in ("step", *HIDDEN, *COUNTS) else float("nan")


def _texts(steps: NDArray[Any], marks: list[tuple[int, str]]) -> list[str]:
    """For each point what was changed since the point before."""
    texts: list[list[str]] = [[] for _ in steps]
    for step, text in marks:
        place = int(np.searchsorted(steps, step))
        if len(texts):
            texts[min(place, len(texts) - 1)].append(text)
    return ["; ".join(parts) for parts in texts]
