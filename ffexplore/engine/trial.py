"""What is told of somebody else's function that was tried out, and where it goes by random numbers of its own."""

from __future__ import annotations

import pickle
import random
import sys
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# What helps against nan and infinity.
AWAY_FROM_ZERO = "Keep logarithms, roots and quotients away from zero, as in torch.log(1e-8 + ...)."


def tell(text: str) -> None:
    """Warn at the line from which ffexplore was called: there the function was registered."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("ffexplore."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def warn_where_random(what: str, call: Callable[[], object], instead: str = "") -> bool:
    """Warn where a function goes by random numbers of its own, so that a run cannot be repeated; and say whether.

    Parameters
    ----------
    what
        The function in words, as in ``"The goodness 'mine'"``.
    call
        Asks it; called twice. It goes by chance if it answers otherwise then, or draws from the random numbers that all
        of a program share.
    instead
        What can be done about it, beginning with a space.
    """
    one, drawn = call(), _shared()
    other = call()
    is_random = drawn != _shared() or not _same(one, other)  # one that seeds them leaves them as they were
    if is_random:
        tell(f"{what} goes by random numbers of its own; the same seed will not give the same run.{instead}")
    return is_random


def _shared() -> tuple[object, ...]:
    """The state of the random numbers that are shared by all: of Python, NumPy and torch."""
    return random.getstate(), pickle.dumps(np.random.get_state()), torch.get_rng_state().numpy().tobytes()  # noqa: NPY002


def _same(one: object, other: object) -> bool:
    """Whether two answers are alike: tensors up to rounding, nests of them, or anything that can be compared."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and torch.allclose(one.double(), other.double(), equal_nan=True)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other
