"""What the tests of the engine share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ffexplore as ff
from ffexplore.registry import Registry


@pytest.fixture
def register() -> Iterator[Callable[..., Any]]:
    """``register(registry, name, function, **traits)`` for the time of one test."""
    added: list[tuple[Registry[Any], str]] = []

    def add(registry: Registry[Any], name: str, function: Callable[..., Any], **traits: Any) -> None:
        registry.register(name, **traits)(function)
        added.append((registry, name))

    yield add
    for registry, name in added:
        registry._entries.pop(name, None)


@pytest.fixture
def next_label(register: Callable[..., Any]) -> str:
    """Negatives without chance: the class after the right one."""
    register(
        ff.negatives, "next_label", lambda batch, rng: (batch.labels + 1) % batch.classes, changes="label",
        needs=("labels",), summary="the next class",
    )  # fmt: skip
    return "next_label"


@pytest.fixture
def dimmed(register: Callable[..., Any]) -> str:
    """Negatives without chance that change the image."""
    register(ff.negatives, "dimmed", lambda batch, rng: 0.7 * batch.images.flip(1), changes="image", summary="flipped")
    return "dimmed"
