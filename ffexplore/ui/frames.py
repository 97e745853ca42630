"""A frame: what one moment looks like on its way to the page, a small JSON header and one binary buffer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

ALIGNMENT = 4  # typed arrays in the page must start at a multiple of their item size


class Arrays:
    """Collects arrays into one buffer and notes where each lies.

    Numbers travel as little-endian float32, pictures (uint8) as they are; those are the two kinds the page reads
    without copying.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: ArrayLike) -> list[Any]:
        """Append an array to the buffer.

        Parameters
        ----------
        array
            Any shape. uint8 is kept, everything else becomes float32.

        Returns
        -------
        list
            ``[kind, offset, shape]``: "f4" or "u1", the offset in bytes, the list of sizes.
        """
        values = np.asarray(array)
        kind = "u1" if values.dtype == np.uint8 else "f4"
        raw = np.ascontiguousarray(values, dtype="<f4" if kind == "f4" else np.uint8).tobytes()
        place = [kind, self._size, list(values.shape)]
        padding = -len(raw) % ALIGNMENT
        self._parts.append(raw + b"\0" * padding)
        self._size += len(raw) + padding
        return place

    def buffer(self) -> bytes:
        """Return everything added so far as one buffer."""
        return b"".join(self._parts)
