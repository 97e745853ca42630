"""Small panels that end with their test."""

from __future__ import annotations

import numpy as np
import pytest

import ffexplore as ff
from ffexplore.ui.explorer import Explorer
from tests.ui.turning import until


@pytest.fixture(scope="session")
def halves():
    """Small pictures with a blank border, two classes: one bright half."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 40, (160, 6, 6), dtype=np.uint8)
    labels = np.arange(160) % 2
    images[labels == 0, 2:, :3] += 200
    images[labels == 1, 2:, 3:] += 200
    images[:, :2] = 0
    return ff.Dataset.from_arrays(images, labels, name="halves")


@pytest.fixture
def open_panel(halves):
    """A function that opens an explorer, on a small set unless told otherwise."""
    opened: list[Explorer] = []

    def open_it(*arguments, **options) -> Explorer:
        is_whole = bool(arguments) or "share" in options
        small = {} if is_whole else {"dataset": halves, "layers": (8, 6), "batch_size": 16}
        opened.append(Explorer(*arguments, **(small | options)))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()
        assert each.runner.listener_errors == []


@pytest.fixture
def panel(open_panel):
    """An explorer of a small set and two layers."""
    return open_panel()


@pytest.fixture(name="until")
def _until():
    """A function that waits for a condition, ten seconds at most."""
    return until
