"""Training in the background: the runner, what it publishes, and what is kept of it."""

from __future__ import annotations

from ffexplore.live.history import History
from ffexplore.live.moments import Moment
from ffexplore.live.runner import Runner
from ffexplore.live.snapshot import Examples, Snapshot

__all__ = ["Examples", "History", "Moment", "Runner", "Snapshot"]
