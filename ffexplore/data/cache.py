"""The folder that keeps what was fetched or parsed, and files that are whole or not there."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ffexplore.paths import home_for_tilde


def cache_folder() -> Path:
    """Name the folder for fetched and parsed data: ``FFEXPLORE_CACHE``, else the platform's cache folder for a user."""
    if own := os.environ.get("FFEXPLORE_CACHE"):
        return home_for_tilde(own)
    try:
        home = Path.home()
    except RuntimeError:  # an account without a home
        home = Path(tempfile.gettempdir())
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "ffexplore" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "ffexplore"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "ffexplore"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of ``path`` only once it is whole.

    Makes the folder if it is missing. When anything goes wrong, ``path`` is as before and nothing else is left.

    Raises
    ------
    OSError
        When the folder cannot be written or is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
