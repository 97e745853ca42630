"""Memory stays where it is, however long a run is."""

from __future__ import annotations

import gc
import sys

import pytest


def resident() -> int:
    """Bytes of memory this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_long_run_does_not_grow(make_runner):
    run = make_runner(rate=200.0)
    run.step(1500)
    assert run.wait(60)
    gc.collect()
    before = resident()
    for value in range(20):
        run.update(threshold=1.0 + value / 10)
        run.step(150)
        assert run.wait(60)
    gc.collect()
    assert run.snapshot.step == 4500
    assert resident() - before < 6e6
    assert len(run.history) <= 600
