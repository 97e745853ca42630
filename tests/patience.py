"""Waiting for a fact."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(fact: Callable[[], object], seconds: float = 30.0) -> bool:
    """Wait until something is so; tells whether it came."""
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
