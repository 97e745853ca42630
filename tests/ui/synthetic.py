"""Snapshots and a history that nobody trained: two bells that part with time. For tests of the board."""

from __future__ import annotations

import threading
import time

import numpy as np

from ffexplore.live.snapshot import Snapshot

BINS = 64
SAMPLES = 512


def bell(center: float, low: float, high: float) -> np.ndarray:
    edges = np.linspace(low, high, BINS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    density = np.exp(-0.5 * ((middles - center) / (0.06 * (high - low))) ** 2)
    return np.round(density / density.sum() * SAMPLES).astype(np.int32)


def snapshot(step=100, layers=2, variants=1, threshold=2.0, status="running", **changes):
    """A moment; the two means part with the step, layer by layer a little later."""
    shape = (variants, layers)
    progress = np.array([1 - np.exp(-step / (300 * (layer + 1))) for layer in range(layers)])
    low, high = 0.0, 4.0
    mean_positive = np.broadcast_to(1.5 + 1.2 * progress, shape).astype(np.float32)
    mean_negative = np.broadcast_to(1.5 - 0.9 * progress, shape).astype(np.float32)
    accuracy = np.full(variants, 0.1 + 0.87 * progress[0], np.float32)
    values = {
        "step": step,
        "epoch": step / 40,
        "seconds": step / 500,
        "rows_per_second": 50_000.0,
        "status": status,
        "widths": tuple(256 // 2 ** min(layer, 3) for layer in range(layers)),
        "goodness": ("mean_square",) * layers,
        "low": np.full(shape, low, np.float32),
        "high": np.full(shape, high, np.float32),
        "positive": np.array([[bell(mean, low, high) for mean in row] for row in mean_positive]),
        "negative": np.array([[bell(mean, low, high) for mean in row] for row in mean_negative]),
        "threshold": np.full(shape, threshold, np.float32),
        "mean_positive": mean_positive,
        "mean_negative": mean_negative,
        "auc": np.broadcast_to(0.5 + 0.49 * progress, shape).astype(np.float32),
        "auc_uniform": np.broadcast_to(0.5 + 0.495 * progress, shape).astype(np.float32),
        "overlap": np.broadcast_to(1 - progress, shape).astype(np.float32),
        "dead": np.broadcast_to(np.arange(layers) * 3, shape).astype(np.int32),
        "loss": np.broadcast_to(0.7 - 0.5 * progress, shape).astype(np.float32),
        "accuracy": accuracy,
        "readout_accuracy": (accuracy - 0.02).astype(np.float32),
        "learning_rate": np.full(shape, 1e-3, np.float32),
    }
    return Snapshot(**(values | changes))


class History:
    """Rows are appended; `thin` drops every second one, as a bounded history does."""

    def __init__(self, variants=1):
        self.variants = variants
        self.generation = 0
        self.changes: list[tuple[int, str]] = []
        self.rows: list[Snapshot] = []

    def append(self, moment):
        self.rows = [*self.rows, moment]

    def at(self, step):
        return min(self.rows, key=lambda moment: abs(moment.step - step), default=None)

    def thin(self):
        self.rows = self.rows[::2]
        self.generation += 1

    def curve(self):
        rows = self.rows
        layers = max((len(row.widths) for row in rows), default=0)
        by_layer = {name: np.full((len(rows), self.variants, layers), np.nan, np.float32) for name in ("auc", "loss")}
        for place, row in enumerate(rows):
            for name, values in by_layer.items():
                values[place, :, : len(row.widths)] = getattr(row, name)
        return {
            "step": np.array([row.step for row in rows], np.int64),
            "epoch": np.array([row.epoch for row in rows], np.float32),
            "accuracy": np.array([row.accuracy for row in rows], np.float32).reshape(len(rows), self.variants),
            "readout_accuracy": np.array([row.readout_accuracy for row in rows], np.float32).reshape(
                len(rows), self.variants
            ),
            **by_layer,
        }


class Publisher:
    """A thread that shows a moment after the other, like training; stops after `last` steps and stays there."""

    def __init__(self, board, layers=2, rate=8.0, stride=20, last=100_000, **changes):
        self.board = board
        self.layers = layers
        self.rate = rate
        self.stride = stride
        self.last = last
        self.settings = {"threshold": 2.0} | changes
        self.history = History()
        self.step = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def publish(self, urgent=False):
        moment = snapshot(self.step, self.layers, **self.settings)
        self.board.show(moment, self.history, urgent=urgent)

    def run(self):
        while not self.stopping.is_set():
            if self.step < self.last:
                self.step += self.stride
                self.history.append(snapshot(self.step, self.layers, **self.settings))
                self.publish()
            time.sleep(1 / self.rate)

    def set_threshold(self, layer, value, final):
        self.settings["threshold"] = value
        if final:
            self.history.changes = [*self.history.changes, (self.step, f"threshold {value:g}")]
        self.publish(urgent=True)
