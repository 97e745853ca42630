"""Own data from pictures in one folder per class."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.errors import DatasetError
from ffexplore.paths import home_for_tilde

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
MOST_BYTES = 4 * 2**30  #: more than this is refused before it is read


def read_folder(
    path: str | os.PathLike[str], size: int | tuple[int, int] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Read all pictures below a folder, in the order of their names.

    Parameters
    ----------
    path
        The folder with one folder per class.
    size
        Side, or (height, width), in pixels; the size of the first picture if None.

    Returns
    -------
    x
        uint8 of shape (N, height, width, 1), or with three channels when one of the pictures is coloured.
    y
        The names of the folders, shape (N,).

    Raises
    ------
    DatasetError
        When there is nothing to read, a picture is corrupted, or all together would be too large; names the file.
    """
    files = _files(home_for_tilde(path))
    modes, (first_height, first_width) = _headers([file for file, _ in files])
    height, width = _size(size) if size is not None else (first_height, first_width)
    channels = 1 if all(mode.startswith(("1", "L", "I", "F")) for mode in modes) else 3
    needed = len(files) * height * width * channels
    if needed > MOST_BYTES:
        raise DatasetError(
            f"{len(files)} pictures of {height}×{width}×{channels} would take {needed / 2**30:.1f} GiB; "
            "give a smaller size, as in size=(28, 28)."
        )
    x = np.empty((len(files), height, width, channels), dtype=np.uint8)
    for row, (file, _) in enumerate(files):
        x[row] = _read(file, height, width, channels)
    return x, np.array([name for _, name in files])


def _files(path: Path) -> list[tuple[Path, str]]:
    """Every picture with the name of its folder."""
    try:
        folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        files = []
        for folder in folders:
            inside = [(file, folder.name) for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES]
            inside = [pair for pair in inside if not pair[0].name.startswith(".")]
            if not inside:
                raise DatasetError(f"The folder {folder} has no pictures ({', '.join(sorted(SUFFIXES))}).")
            files += inside
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(folders) < 2:
        raise DatasetError(f"{path} has {len(folders)} folders; it needs 2 or more, one for each class.")
    return files


def _size(size: Any) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else size
    if isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(side, int) and side > 0 for side in pair):
        return pair[0], pair[1]
    raise DatasetError(f"size is {size!r}; it must be a side or (height, width), in whole pixels from 1.")


def _headers(files: list[Path]) -> tuple[set[str], tuple[int, int]]:
    """Collect the colour modes of all pictures, and height and width of the first."""
    from PIL import Image, ImageOps

    modes, first = set(), (0, 0)
    for row, file in enumerate(files):
        with _naming(file), Image.open(file) as picture:
            modes.add(picture.mode)
            if row == 0:
                width, height = ImageOps.exif_transpose(picture).size
                first = (height, width)
    return modes, first


def _read(file: Path, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    with _naming(file), Image.open(file) as opened:
        picture = _eight_bits(ImageOps.exif_transpose(opened))
        if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        picture = picture.convert("L" if channels == 1 else "RGB")
        if picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        pixels: NDArray[np.uint8] = np.asarray(picture).reshape(height, width, channels)
    return pixels


def _eight_bits(picture: Image) -> Image:
    """Bring 16 bits a pixel to 8; Pillow's own conversion clips at 255."""
    from PIL import Image

    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.asarray(picture, dtype=np.float64)
    top = 255.0 if picture.mode == "F" else 65535.0
    return Image.fromarray(np.rint(np.clip(values / top, 0, 1) * 255).astype(np.uint8))


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Name the picture that cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of sizes that are judged here
            yield
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them stumble over
        reason = f"{type(error).__name__}: {error}"
        raise DatasetError(f"The picture {file} cannot be read ({reason}); repair or remove it.") from None
