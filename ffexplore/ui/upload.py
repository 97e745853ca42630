"""A button that takes a person's own files and makes a dataset of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from ffexplore.data import Dataset
from ffexplore.data.folder import SUFFIXES
from ffexplore.data.upload import MOST_BYTES, TABLES, dataset_of_files
from ffexplore.errors import FFExploreError
from ffexplore.ui.parts import Part

TIP = (
    "Your own data: a CSV file (the column 'label', else the last one, holds the labels), a zip archive with a folder "
    f"of pictures for each class, or pictures named by their class (cat_01.png). At most {MOST_BYTES // 2**20} MB.\n"
    "It stays in this kernel, and nothing in it is executed.\nIn Python: ff.Dataset.from_csv, from_folder, from_arrays"
)


class Upload(Part):
    """Takes files piece by piece.

    Parameters
    ----------
    done
        Called with the dataset.
    tell
        Called with what is wrong with the files, in words.
    """

    kind = "upload"
    told = (*Part.told, "accept", "most")

    accept = traitlets.Unicode(",".join([*TABLES, ".zip", *sorted(SUFFIXES)]))
    most = traitlets.Int(MOST_BYTES)

    def __init__(self, done: Callable[[Dataset], None], tell: Callable[[str], None]) -> None:
        self._done, self._tell = done, tell
        self._names: list[str] = []
        self._pieces: list[list[bytes]] = []
        super().__init__(description="upload …", tooltip=TIP)

    def __repr__(self) -> str:
        return "Upload()"

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take the next message about the files: their names, a piece of one, the end."""
        kind = content["kind"]
        if kind == "large":
            self._refuse(f"The files take {content['total'] / 2**20:.0f} MB")
        elif kind == "begin":
            self._names = [str(name) for name in content["names"]]
            self._pieces = [[] for _ in self._names]
        elif kind == "piece" and self._names:
            if self._size <= MOST_BYTES:
                self._pieces[int(content["number"])].append(bytes(buffers[0]))
        elif kind == "end":
            size, files = self._size, dict(zip(self._names, map(b"".join, self._pieces), strict=True))
            self._names, self._pieces = [], []
            if size > MOST_BYTES:
                self._refuse("The files are larger than they said")
            elif not files or size != content["total"]:
                self._tell("The files did not arrive whole; choose them again.")
            else:
                self._take(files)

    @property
    def _size(self) -> int:
        return sum(len(piece) for pieces in self._pieces for piece in pieces)

    def _refuse(self, what: str) -> None:
        self._tell(f"{what}; at most {MOST_BYTES // 2**20} MB can be uploaded.")

    def _take(self, files: Mapping[str, bytes]) -> None:
        try:
            dataset = dataset_of_files(files)
        except (FFExploreError, OSError) as error:
            self._tell(str(error))
        except Exception as error:  # whatever a strange file makes a reader stumble over
            self._tell(f"The files cannot be read: {type(error).__name__}: {error}")
        else:
            self._done(dataset)
