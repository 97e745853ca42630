"""Own data from files that came through a page: one table, pictures, or an archive of pictures."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from ffexplore.data.csv_file import read_csv
from ffexplore.data.dataset import Dataset
from ffexplore.data.folder import SUFFIXES
from ffexplore.errors import DatasetError

TABLES = (".csv", ".tsv", ".txt")
MOST_BYTES = 64 * 2**20  #: of all files together, and of what an archive unpacks to
MOST_FILES = 20_000
LABELS = ("label", "labels", "class", "target", "y", "species", "category")  #: names of the column of labels
LARGE = 64  #: pixels; pictures with a longer side are brought to ...
SIDE = 32  #: ... this side
PIXELS = 49  #: columns of whole numbers from 0 to 255, a square number of them and at least so many, are a picture


def dataset_of_files(files: Mapping[str, bytes]) -> Dataset:
    """Make a Dataset of uploaded files; nothing in them is executed.

    Parameters
    ----------
    files
        Content by name: one CSV file; or one zip archive with a folder of pictures for each class; or pictures named
        by their class, as in ``cat_01.png``.

    Raises
    ------
    DatasetError
        When they are too large, of another kind, or cannot be read; says what is expected.
    """
    size = sum(map(len, files.values()))
    if size > MOST_BYTES:
        raise DatasetError(f"The files take {size / 2**20:.0f} MB; at most {MOST_BYTES // 2**20} MB can be uploaded.")
    names = list(files)
    endings = {PurePosixPath(name).suffix.lower() for name in names}
    if len(names) == 1 and endings <= set(TABLES):
        return _table(names[0], files[names[0]])
    if len(names) == 1 and endings == {".zip"}:
        return _pictures(PurePosixPath(names[0]).stem, _unpacked(names[0], files[names[0]]))
    if names and endings <= SUFFIXES:
        return _pictures("pictures", ((_class_of(name), name, content) for name, content in files.items()))
    given = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") or "nothing"
    raise DatasetError(
        f"{given}: upload one CSV file, one zip archive with a folder of pictures for each class, or pictures whose "
        "names begin with their class, as in cat_01.png."
    )


def _table(name: str, content: bytes) -> Dataset:
    """A table; its labels are in the column that is called so, else in the last one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        first = content.split(b"\n", 1)[0].decode("utf-8-sig", "replace")
        header = [cell.strip().strip('"') for cell in re.split(r"[,;\t]", first)]
        label: str | int = next((cell for cell in header if cell.lower() in LABELS), -1)
        try:
            x, y = read_csv(path, label)
        except DatasetError as error:
            raise DatasetError(str(error).replace(str(path), name)) from None
    side = round(x.shape[1] ** 0.5)
    if x.shape[1] >= PIXELS and side * side == x.shape[1] and _are_pixels(x):
        x = x.reshape(len(x), side, side).astype(np.uint8)
    return Dataset.from_arrays(x, y, name=name, source=name)


def _are_pixels(x: np.ndarray) -> bool:
    return bool(x.min() >= 0 and 1 < x.max() <= 255 and (x == np.rint(x)).all())


def _unpacked(name: str, content: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Class, name and content of each picture in an archive; no more of it is read than is allowed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [item for item in archive.infolist() if _is_picture(item.filename)]
            total = sum(item.file_size for item in wanted)
            if total > MOST_BYTES or len(wanted) > MOST_FILES:
                raise DatasetError(
                    f"{name} holds {len(wanted)} pictures of {total / 2**20:.0f} MB; at most {MOST_FILES} of "
                    f"{MOST_BYTES // 2**20} MB can be uploaded."
                )
            for item in wanted:
                with archive.open(item) as file:
                    yield PurePosixPath(item.filename).parent.name, item.filename, file.read(item.file_size)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DatasetError(f"{name} is not a zip archive that can be read: {error}.") from None


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.parent.name != ""


def _class_of(name: str) -> str:
    """What a file is called before its number."""
    stem = PurePosixPath(name).stem
    return re.sub(r"[\s_\-.]*\(?\d*\)?$", "", stem) or stem


def _pictures(name: str, pictures: Iterator[tuple[str, str, bytes]]) -> Dataset:
    """Pictures in a folder for each class, as ``Dataset.from_folder`` reads them; no name of a person's is a path."""
    from PIL import Image, UnidentifiedImageError

    classes: dict[str, Path] = {}
    size: int | None = None
    with tempfile.TemporaryDirectory() as place:
        for number, (label, file, content) in enumerate(pictures):
            if label not in classes:
                classes[label] = Path(place) / f"{len(classes):05d}"
                classes[label].mkdir()
            if number == 0:
                try:
                    with Image.open(io.BytesIO(content)) as picture:
                        size = SIDE if max(picture.size) > LARGE else None
                except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
                    raise DatasetError(f"The picture {file} cannot be read ({error}).") from None
            (classes[label] / f"{number:05d}{PurePosixPath(file).suffix.lower()}").write_bytes(content)
        if len(classes) < 2:
            found = f"one class, {next(iter(classes))!r}" if classes else "no pictures"
            raise DatasetError(
                f"{name} has {found}; there must be two classes or more: a folder for each in an archive, or "
                "pictures whose names begin with their class, as in cat_01.png."
            )
        data = Dataset.from_folder(place, size, name=name, source=name)
    return Dataset(name, data.train, data.validation, data.test, tuple(classes), name)
