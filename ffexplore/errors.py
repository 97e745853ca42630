"""The errors ffexplore raises on purpose, and the sentence that helps a person out of one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ffexplore.data import Dataset

MOST_LETTERS = 80  # of a wrong value in a sentence that refuses it


class FFExploreError(Exception):
    """Base of every error that ffexplore raises on purpose."""


class SettingsError(FFExploreError, ValueError):
    """A setting has an unknown name, a value out of range, or does not go with another setting."""


class UnsuitedError(SettingsError):
    """Settings do not go with data that are loaded.

    Parameters
    ----------
    words
        The reason.
    data
        Those data.
    """

    def __init__(self, words: str, data: Dataset) -> None:
        super().__init__(words)
        self.data = data

    def __reduce__(self) -> tuple[type[UnsuitedError], tuple[str, Dataset]]:
        """So that it can be copied, as a runner does that raises it again."""
        return type(self), (str(self), self.data)


class NoDerivativeError(SettingsError):
    """Backpropagation cannot train a network, because something in it lets no derivative through."""


class DatasetError(FFExploreError):
    """A dataset could not be found, fetched, read or used."""


class CheckpointError(FFExploreError):
    """A checkpoint is truncated, altered, foreign or does not fit; nothing was changed."""


class DivergedError(FFExploreError, ArithmeticError):
    """Training met a value that is not finite; the weights of that layer are those from before the step.

    Parameters
    ----------
    words
        What was met.
    steps
        How many steps were begun from the one on that met it, that one included.
    met
        What was met, and when, where the words say more than that.
    """

    def __init__(self, words: str, steps: int = 1, met: str = "") -> None:
        super().__init__(words)
        self.steps, self.met = steps, met or words


def shown(value: object) -> str:
    """A value as it stands in a sentence: as Python writes it, of a long one the beginning."""
    text = repr(value)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"


def unknown_name(kind: str, name: object, allowed: Iterable[str]) -> str:
    """Say that a name is unknown, which one it may have meant, and what is allowed.

    Parameters
    ----------
    kind
        What the name stands for, as a person would say it ("goodness", "dataset").
    name
        The name that was given.
    allowed
        The names that exist.

    Returns
    -------
    str
        One sentence or two, ready to be the text of an error.
    """
    names = sorted(allowed)
    meant = [one for one in names if "_" in one and name == "".join(word[:1] for word in one.split("_"))]
    if not meant and isinstance(name, str):
        meant = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {meant[0]!r}?" if meant else ""
    return f"Unknown {kind} {shown(name)}.{hint} Allowed: {', '.join(names)}."
