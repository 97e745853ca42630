"""All catalogues and their entries, and inputs that are hard on a function, for the contract tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.registry import Entry, Registry

CATALOGUES: dict[str, Registry[Any]] = {
    "goodness": ff.goodness,
    "objectives": ff.objectives,
    "negatives": ff.negatives,
    "label_encodings": ff.label_encodings,
    "normalizations": ff.normalizations,
    "activations": ff.activations,
    "initializations": ff.initializations,
    "inferences": ff.inferences,
    "optimizers": ff.optimizers,
    "rate_courses": ff.rate_courses,
    "schedules": ff.schedules,
    "black_boxes": ff.black_boxes,
    "presets": ff.presets,
    "datasets": ff.datasets,
}
ALL = [pytest.param(entry, id=f"{name}-{entry.name}") for name, entries in CATALOGUES.items() for entry in entries]


def each(registry: Registry[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", list(registry), ids=lambda entry: entry.name)


def defaults(entry: Entry) -> dict[str, Any]:
    return {name: param.default for name, param in entry.params.items()}


INPUTS = ["usual", "any sign", "zeros", "large", "one unit", "batch of one"]


SCALES = {"zeros": 0.0, "large": 1e4}
DTYPES = [torch.float32, torch.float64]


def activities(kind: str, variants: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    units, rows = (1 if kind == "one unit" else 6), (1 if kind == "batch of one" else 5)
    h = torch.rand(variants, 2, rows, units, generator=generator)
    return h - 0.5 if kind == "any sign" else h * SCALES.get(kind, 1.0)


def held(call: Callable[[], Tensor], *given: Tensor, shape: tuple[int, ...] | None = None) -> Tensor:
    """What a call gives, once it was seen to keep to what every function of a catalogue does.

    What comes out is finite, has the dtype and device of the first input and its shape unless told otherwise, is the
    same when asked for again, and the inputs are as they were.
    """
    kept = [value.clone() for value in given]
    result = call()
    assert result.shape == (given[0].shape if shape is None else shape)
    assert result.dtype == given[0].dtype
    assert result.device == given[0].device
    assert bool(torch.isfinite(result).all())
    assert torch.equal(result, call())
    assert all(torch.equal(value, before) for value, before in zip(given, kept, strict=True))
    return result
