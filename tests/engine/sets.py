"""Small data for the tests of the engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ffexplore import Dataset

#: Each device that numbers may be computed on; a test skips where there is none of a kind.
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")),
]


def pictures(
    classes: int = 4, shape: tuple[int, ...] = (6, 5, 1), count: int = 60, blank: bool = True, seed: int = 0
) -> Dataset:
    """Noisy copies of one random picture a class; the first ``classes`` values are blank unless told otherwise."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((classes, *shape)) > 0.5
    y = np.arange(count) % classes
    x = np.clip(0.6 * patterns[y] + 0.2 * rng.random((count, *shape)), 0, 1)
    x[0].flat[-1] = 1.0  # the brightest pixel that is possible
    flat = x.reshape(count, -1)
    if blank:
        flat[:, :classes] = 0
    return Dataset.from_arrays(flat.reshape(x.shape), y, name="pictures", validation_fraction=0.15, test_fraction=0.15)


def table(classes: int = 3, features: int = 5, count: int = 60, seed: int = 0) -> Dataset:
    """Clouds of points around one centre a class, in odd units."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = 3 * rng.standard_normal((classes, features))[y] + rng.standard_normal((count, features))
    x = x * np.arange(1, features + 1) - 7
    return Dataset.from_arrays(x.astype(np.float32), y, name="clouds", validation_fraction=0.15, test_fraction=0.15)
