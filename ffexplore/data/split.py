"""Splits by class: every part has each class in the same proportion."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from ffexplore.errors import DatasetError

HIGHEST_SEED = 2**32 - 1  # that RandomState takes


def stratified(y: NDArray[np.int64], counts: Sequence[int], seed: int) -> list[NDArray[np.intp]]:
    """Divide the indices of y into a remainder and parts of given sizes, class by class.

    Parameters
    ----------
    y
        Classes from 0, shape (N,); each of at least ``len(counts) + 1`` samples.
    counts
        Sizes of the parts; raised or lowered where else a class would be missing from a part or the remainder.
    seed
        Seed of the shuffle, a whole number from 0 to 4294967295.

    Returns
    -------
    list of arrays
        The remainder, then the parts; disjoint, shuffled, together all of ``range(N)``.

    Raises
    ------
    DatasetError
        When the seed is another.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed <= HIGHEST_SEED:
        raise DatasetError(f"seed is {seed!r}; it must be a whole number from 0 to {HIGHEST_SEED}.")
    # RandomState's stream is frozen for good; default_rng's may change with numpy, and every split with it.
    random = np.random.RandomState(seed)
    left = random.permutation(len(y))
    parts = []
    for number, count in enumerate(counts):
        classes = y[left]
        quota = quotas(np.bincount(classes), count, leave=len(counts) - number)
        taken = _rank_in_class(classes) < quota[classes]
        parts.append(left[taken])
        left = left[~taken]
    # The first samples of a class went to the parts, so what is left must be shuffled anew.
    return [random.permutation(part) for part in (left, *parts)]


def quotas(sizes: NDArray[np.intp], count: int, leave: int) -> NDArray[np.intp]:
    """How many samples of each class a part of ``count`` samples takes (largest remainders).

    Parameters
    ----------
    sizes
        Samples of each class, shape (C,).
    count
        Samples of the part.
    leave
        How many of each class must be left over.

    Returns
    -------
    array
        Shape (C,); each at least 1 and at most ``sizes - leave``.
    """
    most = sizes - leave
    count = int(np.clip(count, len(sizes), most.sum()))
    ideal = sizes * (count / sizes.sum())
    quota: NDArray[np.intp] = np.clip(np.floor(ideal).astype(np.intp), 1, most)
    while quota.sum() < count:
        quota[np.argmax(np.where(quota < most, ideal - quota, -np.inf))] += 1
    while quota.sum() > count:
        quota[np.argmin(np.where(quota > 1, ideal - quota, np.inf))] -= 1
    return quota


def _rank_in_class(classes: NDArray[np.int64]) -> NDArray[np.intp]:
    """For each sample, how many of its class come before it."""
    by_class = np.argsort(classes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(classes))[:-1]])
    rank = np.empty(len(classes), dtype=np.intp)
    rank[by_class] = np.arange(len(classes)) - starts[classes[by_class]]
    return rank
