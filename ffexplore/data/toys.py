"""Two-dimensional toy sets, drawn with a fixed seed."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ffexplore.data.catalogue import datasets
from ffexplore.data.dataset import Dataset
from ffexplore.registry import Param

POINTS = 3000  #: 2000 to train on, 500 to validate, 500 to test
Noise = Annotated[float, Param("standard deviation of the noise on each coordinate", 0.0, 1.0)]


@datasets.register("moons", source="drawn by formula", offline=True, size="3000 points in the plane")
def moons(*, noise: Noise = 0.15) -> Dataset:
    """Two half circles of radius 1 that reach into each other; no straight line parts them."""
    angle, y = _angles(0.5)
    x = np.where(
        y[:, None] == 0,
        np.stack([np.cos(angle), np.sin(angle)], axis=1),
        np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1),
    )
    return _toy("moons", x, y, ("upper moon", "lower moon"), noise, 0.15)


@datasets.register("rings", source="drawn by formula", offline=True, size="3000 points in the plane")
def rings(*, noise: Noise = 0.1) -> Dataset:
    """Two rings around the same point, of radius 1 and 0.5."""
    angle, y = _angles(1.0)
    radius = np.where(y == 0, 1.0, 0.5)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _toy("rings", x, y, ("outer ring", "inner ring"), noise, 0.1)


def _angles(turn: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Angles spread evenly over a part of a turn, the same for each of two classes."""
    angle = np.linspace(0, 2 * np.pi * turn, POINTS // 2, endpoint=turn < 1)
    return np.tile(angle, 2), np.repeat(np.arange(2), POINTS // 2).astype(np.int64)


def _toy(
    name: str, x: NDArray[np.float64], y: NDArray[np.int64], class_names: tuple[str, str], noise: float, usual: float
) -> Dataset:
    x = x + noise * np.random.RandomState(0).standard_normal(x.shape)  # a stream that stays the same in every numpy
    title = name if noise == usual else f"{name}(noise={noise:g})"
    return Dataset.from_counts(
        title,
        x.astype(np.float32),
        y,
        class_names,
        validation=500,
        test=500,
        source="drawn by formula",
    )
