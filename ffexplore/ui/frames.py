"""A frame: what one moment looks like on its way to the page, a small JSON header and one binary buffer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

ALIGNMENT = 4  # typed arrays in the page must start at a multiple of their item size
MOST = 2**16 - 1  # that a uint16 holds


class Arrays:
    """Collects arrays into one buffer and notes where each lies.

    Numbers travel as little-endian float32, counts that fit as uint16, pictures (uint8) as they are; those are the
    kinds that the page reads without copying.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: ArrayLike) -> list[Any]:
        """Append an array to the buffer.

        Parameters
        ----------
        array
            Any shape. uint8 is kept, other whole numbers from 0 to 65535 become uint16, everything else float32.

        Returns
        -------
        list
            ``[kind, offset, shape]``: "f4", "u2" or "u1", the offset in bytes, the list of sizes.
        """
        values = np.asarray(array)
        kind = _kind_of(values)
        raw = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
        place = [kind, self._size, list(values.shape)]
        padding = -len(raw) % ALIGNMENT
        self._parts.append(raw + b"\0" * padding)
        self._size += len(raw) + padding
        return place

    def buffer(self) -> bytes:
        """Return everything added so far as one buffer."""
        return b"".join(self._parts)


def _kind_of(values: np.ndarray) -> str:
    if values.dtype == np.uint8:
        return "u1"
    is_count = values.dtype.kind in "iu" and values.size > 0 and values.min() >= 0 and values.max() <= MOST
    return "u2" if is_count else "f4"
