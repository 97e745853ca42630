"""Pictures side by side as one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def tiled(pictures: NDArray[Any], columns: int, gap: tuple[int, int], ground: float) -> NDArray[Any]:
    """Lay pictures out in rows from the top left.

    Parameters
    ----------
    pictures
        (N, height, width, ...), N of 1 or more.
    columns
        Pictures in a row.
    gap
        Rows and columns of pixels below and right of each picture.
    ground
        The value between the pictures.

    Returns
    -------
    ndarray
        (rows * (height + gap), columns * (width + gap), ...) of the same type.
    """
    count, height, width = pictures.shape[:3]
    down, right = height + gap[0], width + gap[1]
    rows = -(-count // columns)
    whole = np.full((rows * down, columns * right, *pictures.shape[3:]), ground, pictures.dtype)
    for place, picture in enumerate(pictures):
        top, left = place // columns * down, place % columns * right
        whole[top : top + height, left : left + width] = picture
    return whole
