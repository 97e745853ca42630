"""Where runs are kept: a file for each that is finished, a folder for what is under way, and a lock for each run.

Finished runs lie at ``EXPERIMENT/CONFIGURATION.seed-0.json``; what a grid found at ``CONFIGURATION.tuning.json``.
Below ``.unfinished`` the same names hold checkpoints, trials of grids and locks; that folder may be deleted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ffexplore.data.cache import replacing
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError
from ffexplore.reproduce.experiment import Configuration, Run

FORMAT = "ffexplore run 1"


class Store:
    """The files of all runs below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / ".unfinished"

    def path(self, run: Run) -> Path:
        """The file of a finished run; trials of a grid stay in the work folder."""
        root = self.folder if run.is_reported else self.work
        return root / run.experiment / f"{run.configuration.name}.{run.part}.json"

    def checkpoint(self, run: Run) -> Path:
        """The checkpoint of a run that is under way."""
        return self.work / run.experiment / f"{run.configuration.name}.{run.part}.checkpoint.json"

    def tuning(self, experiment: str, configuration: Configuration) -> Path:
        """What a grid found."""
        return self.folder / experiment / f"{configuration.name}.tuning.json"

    def finished(self, run: Run) -> dict[str, Any] | None:
        """The record of a run, or None where it was not made, or was made with other settings."""
        record = read(self.path(run))
        return record if record is not None and is_of(record, run) else None

    def keep(self, run: Run, record: dict[str, Any]) -> None:
        """Write the record of a finished run, then let go of its checkpoint."""
        write(self.path(run), record)
        self.discard(run)

    def discard(self, run: Run) -> None:
        """Remove the checkpoint of a run and all that belongs to it."""
        path = self.checkpoint(run)
        for file in path.parent.glob(f"{glob_safe(path.stem)}.*"):
            file.unlink(missing_ok=True)

    @contextmanager
    def lock(self, run: Run) -> Iterator[bool]:
        """Hold a run alone; gives whether it was free. A process that dies lets go."""
        path = self.path(run)
        place = self.work / run.experiment / f"{path.stem}.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a+") as file:
            if not _take(file):
                yield False
                return
            try:
                yield True
            finally:
                _give(file)


def is_of(record: dict[str, Any], run: Run) -> bool:
    """Whether a record is of this very run: the same settings, trained as long."""
    if record.get("format") != FORMAT or record.get("length") != length(run):
        return False
    return record.get("kind") == run.configuration.kind and same_settings(record.get("settings"), run.settings)


def same_settings(kept: Any, settings: Settings) -> bool:
    """Whether settings that were kept are these; they may be from before a setting existed."""
    try:
        return Settings.from_dict(kept).to_dict() == settings.to_dict()
    except SettingsError:
        return False


def length(run: Run) -> dict[str, float]:
    """How long a run is, as its record says."""
    if run.epochs is None:
        assert run.configuration.seconds is not None
        return {"seconds": run.configuration.seconds}
    passes, copies = run.configuration.readout_passes, run.configuration.readout_copies
    fitted = {"readout_passes": float(passes)} if passes else {}
    return {"epochs": float(run.epochs), **fitted, **({"readout_copies": float(copies)} if copies > 1 else {})}


def read(path: Path) -> dict[str, Any] | None:
    """A JSON object from a file, or None where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object so that the file is there whole or not at all."""
    with replacing(path) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def glob_safe(text: str) -> str:
    """Text whose brackets and stars mean themselves in a glob."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _take(file: IO[str]) -> bool:
    """Lock an open file for this process, if it is free."""
    with suppress(OSError):
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _give(file: IO[str]) -> None:
    """Unlock a file."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)
