"""Runners on a small set, which end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ffexplore as ff
from ffexplore.live.faults import CATALOGUES

SMALL: dict[str, Any] = {"dataset": "digits", "label_encoding": "appended", "layers": (24, 16), "batch_size": 32}


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = [dict(catalogue._entries) for catalogue in CATALOGUES]
    yield
    for catalogue, entries in zip(CATALOGUES, before, strict=True):
        catalogue._entries.clear()
        catalogue._entries.update(entries)


@pytest.fixture
def small() -> ff.Settings:
    """Settings that build in milliseconds."""
    return ff.Settings(**SMALL)


@pytest.fixture
def make_runner(small: ff.Settings) -> Iterator[Callable[..., ff.Runner]]:
    """Make runners that are stopped after the test."""
    made: list[ff.Runner] = []

    def make(settings: ff.Settings | ff.Trainer | None = None, **options) -> ff.Runner:
        made.append(ff.Runner(small if settings is None else settings, **options))
        return made[-1]

    yield make
    for runner in made:
        runner.stop(finish=False)
        thread = runner._worker.thread
        if thread is not None:
            thread.join(10)
            assert not thread.is_alive()
