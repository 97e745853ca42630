"""Paths that a person wrote: ``~`` is their home, and what ends in a separator is a folder."""

from __future__ import annotations

import os
from pathlib import Path

Written = str | os.PathLike[str]


def home_for_tilde(path: Written) -> Path:
    """The path with the person's home for a leading ``~``; as it is where that home is not known."""
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_folder(path: Written) -> bool:
    """Whether a path is that of a folder: one that is there, or one that is written as such, as ``runs/``."""
    ends = tuple(filter(None, (os.sep, os.altsep)))
    try:
        return os.fspath(path).endswith(ends) or home_for_tilde(path).is_dir()
    except OSError:  # what may not be looked at is met when the file is opened
        return False


def file_in_the_way(folder: Path) -> Path | None:
    """The file that stands where a folder, or one of those around it, would have to be; None where there is none."""
    for each in (folder, *folder.parents):
        try:
            if each.is_dir():
                return None
            if each.exists():
                return each
        except OSError:  # what may not be looked at is met when the file is opened
            return None
    return None


def is_a_folder(path: Path, name: str) -> str:
    """Say that a path is a folder where a file is to be written, and by which ``name`` one could be in it."""
    return f"{path} is a folder; name a file in it, as in {path / name}."
