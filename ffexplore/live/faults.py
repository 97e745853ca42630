"""What went wrong, in plain words: which registered function it was, and what to do."""

from __future__ import annotations

from typing import Any

import torch

from ffexplore.data import datasets
from ffexplore.engine.activations import activations
from ffexplore.engine.black_box import black_boxes
from ffexplore.engine.goodness import goodness
from ffexplore.engine.inference import inferences
from ffexplore.engine.initialize import initializations
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.negatives import negatives
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.objectives import objectives
from ffexplore.engine.optimize import optimizers
from ffexplore.engine.own_functions import codes_of
from ffexplore.engine.rates import rate_courses
from ffexplore.engine.schedule import schedules
from ffexplore.errors import DatasetError, DivergedError, FFExploreError
from ffexplore.registry import Registry

CATALOGUES: tuple[Registry[Any], ...] = (
    goodness,
    objectives,
    negatives,
    normalizations,
    label_encodings,
    activations,
    initializations,
    black_boxes,
    inferences,
    optimizers,
    rate_courses,
    schedules,
    datasets,
)


def culprit(error: BaseException) -> tuple[str, str] | None:
    """Which registered function an exception came out of.

    Returns
    -------
    tuple or None
        The kind of the entry and its name; None where no registered function is on the traceback. Of several the
        innermost.
    """
    entries = {}
    for catalogue in CATALOGUES:
        for entry in catalogue:
            for function in (entry.function, *entry.traits.values()):
                for code in codes_of(function):
                    entries[code] = catalogue.kind, entry.name
    found = None
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        trace = cause.__traceback__
        while trace is not None:
            found = entries.get(trace.tb_frame.f_code, found)
            trace = trace.tb_next
        cause = cause.__cause__ or cause.__context__
    return found


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a device or on the host."""
    return isinstance(error, MemoryError) or "out of memory" in str(error) or "not enough memory" in str(error)


def is_lost_device(error: BaseException) -> bool:
    """Whether an accelerator no longer answers; torch then refuses everything that is on it."""
    kinds = tuple(filter(None, [getattr(torch, "AcceleratorError", None)]))
    return isinstance(error, kinds) or str(error).startswith(("CUDA error", "MPS backend error"))


def explain(error: BaseException) -> str:
    """Say in plain words what went wrong and what to do.

    Parameters
    ----------
    error
        What was raised while training, measuring or building.
    """
    if isinstance(error, DivergedError):
        return str(error).partition("; the weights")[0].rstrip(".") + "."
    what = f"{type(error).__name__}: {error}".rstrip(": ").rstrip(".")
    if isinstance(error, DatasetError):
        return str(error)  # it says itself what to do; a dataset that cannot be had is nobody's mistake in a function
    found = culprit(error)
    if found is not None:
        kind, name = found
        return f"The {kind} {name!r} raised {what}. Mend it and run its cell again, or choose another; then press play."
    if isinstance(error, FFExploreError):
        return str(error)
    if is_out_of_memory(error):
        return f"Memory ran out ({what}). Choose fewer or narrower layers, or a smaller batch; then press play."
    if is_lost_device(error):
        first = what.partition("\n")[0].rstrip(".")
        return (
            f"The GPU was lost ({first}); the network that was on it is gone. Choose 'cpu' as device to begin anew "
            "there, or restart the kernel to use the GPU again."
        )
    return f"Training stopped with {what}. The traceback is on runner.error; press play to try again."
