"""Small experiments on digits, entered for the time of one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ffexplore.reproduce.experiment import Configuration, Run, experiments
from ffexplore.reproduce.store import Store

SMALL = {"dataset": "digits", "layers": (16, 16), "label_encoding": "appended", "device": "cpu"}
Enter = Callable[..., str]


@pytest.fixture
def enter() -> Iterator[Enter]:
    """``enter(configuration, ...)`` makes an experiment "tiny" of them and returns its name."""
    added: list[str] = []

    def make(*configurations: Configuration, name: str = "tiny", **traits: Any) -> str:
        experiments.register(name, summary="A tiny experiment.", source="these tests", **traits)(
            lambda: list(configurations)
        )
        added.append(name)
        return name

    yield make
    for name in added:
        experiments._entries.pop(name, None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def configuration(name: str = "one", epochs: int | None = 3, **more: Any) -> Configuration:
    """A configuration of the small network; ``fields`` change its settings."""
    fields = {**SMALL, **more.pop("fields", {})}
    return Configuration(name, fields, epochs=epochs, **{"seeds": 1, **more})


def first_run(one: Configuration, seed: int = 0) -> Run:
    """The run of a configuration with one seed."""
    return Run("tiny", one, f"seed-{seed}", one.settings(seed, one.epochs), one.epochs)
