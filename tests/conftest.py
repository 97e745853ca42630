"""What all tests share: one torch thread, fixed seeds, one cache of parsed data, the end-to-end tests last."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
CHROMIUM_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)

# Before torch is imported anywhere, and for the processes that tests start: results must not depend on the core count.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests in a browser last; the order is otherwise kept."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the whole session, so that a CSV is parsed once and the person's own cache stays as it is."""
    given = os.environ.get("FFEXPLORE_CACHE")
    folder = tmp_path_factory.mktemp("ffexplore-cache")
    os.environ["FFEXPLORE_CACHE"] = str(folder)
    yield folder
    if given is None:
        del os.environ["FFEXPLORE_CACHE"]
    else:
        os.environ["FFEXPLORE_CACHE"] = given


@pytest.fixture(autouse=True)
def seeds() -> None:
    """The same random numbers in every test, whatever ran before."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  a test may call code that draws from the global generator
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that playwright can drive; skips where there is none."""
    given = os.environ.get("FFEXPLORE_CHROMIUM")
    if given:
        return given
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    found = found or next((place for place in CHROMIUM_PLACES if Path(place).is_file()), None)
    if found is None:
        pytest.skip("no Chromium found; install one or set FFEXPLORE_CHROMIUM to its path")
    return found
