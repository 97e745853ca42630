"""A drawing made like the pictures of a dataset: cropped, scaled, centred, in the dataset's own size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ffexplore.data.dataset import Dataset
from ffexplore.errors import DatasetError

Picture = NDArray[np.float64]

BOX = 20 / 28  #: share of the smaller side that MNIST's digits fill with their longer side
BITMAP = 32  #: side of the bitmaps that the small digits were counted from ...
WIDTH = 20  #: ... and the width, of them, to which each digit was stretched; its height is the whole bitmap
STRETCH = 2.5  #: how much more a narrow digit (a 1) is stretched sideways than upwards, at most


def drawn_image(drawing: NDArray[np.uint8], dataset: Dataset) -> NDArray[np.uint8]:
    """Make an input of a dataset from a drawing.

    The ink is cropped, scaled with its proportions kept until its longer side fills 20 of 28 parts of the picture, and
    moved by whole pixels until its centre of mass lies in the middle, which is how MNIST was made (LeCun, Cortes and
    Burges, MNIST, its page). For scikit-learn's digits the ink is set upright and stretched over 20×32 of a bitmap of
    32×32, whose inked pixels are counted in blocks of 4×4 (Alpaydin and Kaynak 1998; Garris and others 1994).

    Parameters
    ----------
    drawing
        (height, width) uint8, 0 for the ground, 255 for full ink; of any size.
    dataset
        Pictures; where their ground is brighter than what is on it, so is that of the result.

    Returns
    -------
    ndarray
        uint8 of the shape of the dataset's inputs, (height, width, channels).

    Raises
    ------
    DatasetError
        When the drawing is none, or the dataset is a table.
    """
    if drawing.ndim != 2 or drawing.dtype != np.uint8 or not drawing.size:
        raise DatasetError(
            f"drawing is {drawing.dtype} of shape {drawing.shape}; uint8 of (height, width) is expected."
        )
    if dataset.kind != "images":
        raise DatasetError(f"{dataset.name!r} has rows of numbers, so there is nothing to draw.")
    height, width, channels = dataset.shape
    ink = cropped(drawing)
    if not ink.size:
        picture = np.zeros((height, width))
    elif dataset.name == "digits":
        picture = counted(ink, height)
    else:
        picture = centred(ink, height, width)
    if has_bright_ground(dataset):
        picture = 1 - picture
    shades = np.round(255 * picture.clip(0, 1)).astype(np.uint8)
    return np.repeat(shades[..., None], channels, axis=2)


def cropped(drawing: NDArray[np.uint8]) -> Picture:
    """The part of a drawing that holds its ink, from 0 to 1; empty where there is none."""
    rows, columns = (np.flatnonzero((drawing > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((0, 0))
    part: Picture = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255.0
    return part


def centred(ink: Picture, height: int, width: int) -> Picture:
    """Scale ink into MNIST's box and put its centre of mass into the middle of a picture (height, width)."""
    box = BOX * min(height, width)
    scale = box / max(ink.shape)
    sizes = [max(1, round(scale * size)) for size in ink.shape]
    small = resampled(ink, sizes[0], sizes[1])
    total = small.sum()
    picture = np.zeros((height, width))
    places = []
    for axis, (room, size) in enumerate(zip((height, width), small.shape, strict=True)):
        centre = (small.sum(1 - axis) * (np.arange(size) + 0.5)).sum() / total
        # MNIST counts pixels, not edges: the middle of 28 is the middle of its 15th pixel.
        places.append(int(np.clip(round(room // 2 + 0.5 - centre), 0, room - size)))
    picture[places[0] : places[0] + small.shape[0], places[1] : places[1] + small.shape[1]] = small
    return picture


def counted(ink: Picture, side: int) -> Picture:
    """Stretch ink over a black and white bitmap of 32×32 and count its inked pixels in side × side blocks."""
    ink = upright(ink)
    height, width = ink.shape
    scale = BITMAP / height
    across = min(WIDTH, max(1, round(STRETCH * scale * width)))
    bitmap = np.zeros((BITMAP, BITMAP))
    left = (BITMAP - across) // 2
    bitmap[:, left : left + across] = resampled(ink, BITMAP, across) >= 0.5
    block = BITMAP // side
    blocks: Picture = bitmap.reshape(side, block, side, block).mean((1, 3))
    return blocks


def upright(ink: Picture) -> Picture:
    """Move the rows of ink sideways until its slant, that of its second moments, is gone."""
    height, width = ink.shape
    rows, columns = np.arange(height), np.arange(width)
    weights = ink.sum(1)
    row = (weights * rows).sum() / weights.sum()
    column = (ink.sum(0) * columns).sum() / weights.sum()
    spread = (weights * (rows - row) ** 2).sum()
    slant = ((rows - row) @ ink @ (columns - column)) / spread if spread else 0.0
    room = np.zeros((height, width + 2 * height))
    for number in rows:
        left = height - int(np.floor(np.clip(slant, -1, 1) * (number - row) + 0.5))
        room[number, left : left + width] = ink[number]
    inked = np.flatnonzero(room.any(0))
    return room[:, inked[0] : inked[-1] + 1]


def resampled(picture: Picture, height: int, width: int) -> Picture:
    """Bring a picture to another size; each new pixel is the mean over the area that it covers."""
    result: Picture = _coverage(picture.shape[0], height) @ picture @ _coverage(picture.shape[1], width).T
    return result


def _coverage(size: int, new: int) -> Picture:
    """Share of each of ``size`` pixels in each of ``new`` ones along a line: (new, size), rows of sum 1."""
    edges = np.linspace(0, size, new + 1)
    places = np.arange(size)
    shared = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    coverage: Picture = shared.clip(0) * (new / size)
    return coverage


def has_bright_ground(dataset: Dataset) -> bool:
    """Whether most pixels at the border of a dataset's pictures are bright."""
    x = dataset.train.x[:200]
    border = [x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]]
    return bool(np.median(np.concatenate([part.ravel() for part in border])) > 127)
