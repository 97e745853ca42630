"""Own data from files that came through a page."""

from __future__ import annotations

import io
import pickle
import tempfile
import zipfile

import numpy as np
import pytest
from PIL import Image

import ffexplore as ff
from ffexplore.data import upload
from ffexplore.data.upload import dataset_of_files


def picture(shade, size=(8, 8), kind="PNG"):
    file = io.BytesIO()
    Image.new("L", size, shade).save(file, kind)
    return file.getvalue()


def archive(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return file.getvalue()


def table(header, rows):
    return "\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)]).encode()


def all_of(data):
    parts = (data.train, data.validation, data.test)
    return np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts])


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("name", ["species", "Label"])
def test_a_table_finds_its_column_of_labels(name, place):
    rows: list[tuple] = [(word, 1.5 * number, -number) for number, word in enumerate(["a", "b"] * 10)]
    columns = [name, "x1", "x2"]
    if place:
        rows, columns = [row[1:] + row[:1] for row in rows], [*columns[1:], name]
    data = dataset_of_files({"mine.csv": table(columns, rows)})
    assert (data.name, data.kind, data.shape, data.class_names) == ("mine.csv", "table", (2,), ("a", "b"))
    x, y = all_of(data)
    for row, label in zip(x, y, strict=True):
        assert row[0] == -1.5 * row[1]
        assert label == int(-row[1]) % 2


def test_without_a_name_for_it_the_last_column_holds_the_labels():
    data = dataset_of_files({"m.csv": table(["u", "v", "w"], [(n, 0.5, n % 3) for n in range(30)])})
    assert data.classes == 3
    assert data.features == 2


def test_a_table_of_pixels_is_pictures():
    rng = np.random.default_rng(0)
    rows = [(n % 2, *rng.integers(0, 256, 64)) for n in range(20)]
    data = dataset_of_files({"p.csv": table(["label", *(f"pixel{i}" for i in range(64))], rows)})
    assert (data.kind, data.shape) == ("images", (8, 8, 1))
    x, _ = all_of(data)
    assert sorted(map(tuple, x.reshape(20, -1))) == sorted(tuple(row[1:]) for row in rows)


def test_pictures_are_named_by_their_class():
    files = {f"{word}{join}{n}.png": picture(shade) for word, shade in (("cat", 10), ("big dog", 200))
             for n, join in enumerate(["_", "-", "", " "])}  # fmt: skip
    data = dataset_of_files(files)
    assert data.class_names == ("cat", "big dog")
    x, y = all_of(data)
    assert {(int(image.mean()), int(label)) for image, label in zip(x, y, strict=True)} == {(10, 0), (200, 1)}


def test_an_archive_has_a_folder_for_each_class_and_nothing_of_it_leaves_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = {f"set/{word}/{n}.png": picture(shade) for word, shade in (("a", 1), ("b", 250)) for n in range(4)}
    files |= {"set/readme.txt": b"hello", "__MACOSX/a/._1.png": b"junk"}
    files |= {"set/a/../../../out/1.png": picture(9), "../out/2.png": picture(9)}
    data = dataset_of_files({"set.zip": archive(files)})
    assert data.class_names == ("a", "b")
    assert sum(map(len, (data.train, data.validation, data.test))) == 8
    assert list(tmp_path.parent.rglob("out")) == list(tmp_path.iterdir()) == []


def test_large_pictures_are_made_small():
    files = {f"{word}_{n}.jpg": picture(shade, (300, 200), "JPEG") for word, shade in (("a", 0), ("b", 255))
             for n in range(4)}  # fmt: skip
    assert dataset_of_files(files).shape == (upload.SIDE, upload.SIDE, 1)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "nothing: upload one CSV file"),
        ({"a.csv": b"u,label\n1,a", "b.csv": b"u,label\n1,a"}, "a.csv, b.csv: upload one CSV file"),
        ({"run.pkl": pickle.dumps(print)}, "run.pkl: upload one CSV file"),
        ({"a.csv": b""}, "a.csv is empty"),
        ({"a.csv": b"u,label\nx,1\ny,2"}, "a.csv, line 2: column 'u' has 'x'"),
        ({"a.csv": b"\xff\xfe\x00u"}, "a.csv is not a CSV file in UTF-8"),
        ({"a.zip": b"PK no"}, "a.zip is not a zip archive"),
        ({"a.zip": archive({"x.txt": b"1"})}, "a has no pictures"),
        ({"a_1.png": picture(1), "a_2.png": picture(2)}, "one class, 'a'"),
        ({"a_1.png": b"no", "b_1.png": picture(2)}, "a_1.png cannot be read"),
    ],
)
def test_what_cannot_be_used_is_told_in_words(files, said):
    with pytest.raises(ff.DatasetError) as caught:
        dataset_of_files(files)
    assert said in str(caught.value)


def test_an_archive_with_a_damaged_stream_is_told_in_words():
    noisy = np.random.default_rng(0).integers(0, 256, (2, 8, 40, 40), dtype=np.uint8)
    files = {}
    for word, pictures in zip("ab", noisy, strict=True):
        for number, pixels in enumerate(pictures):
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "BMP")  # which, unlike PNG, is not packed already
            files[f"{word}/{number}.bmp"] = file.getvalue()
    packed = archive(files)
    assert dataset_of_files({"a.zip": packed}).classes == 2
    with zipfile.ZipFile(io.BytesIO(packed)) as whole:
        item = whole.infolist()[5]
    start = item.header_offset + 30 + len(item.filename)
    damaged = packed[:start] + b"\xff" * 8 + packed[start + 8 :]
    with pytest.raises(ff.DatasetError, match=r"a\.zip is not a zip archive that can be read: .* while decompressing"):
        dataset_of_files({"a.zip": damaged})


def test_sizes_are_bounded_before_and_after_unpacking(monkeypatch):
    monkeypatch.setattr(upload, "MOST_BYTES", 100_000)
    with pytest.raises(ff.DatasetError, match="take 0 MB; at most"):
        dataset_of_files({"a.csv": b"1" * 100_001})
    bomb = archive({f"{word}/1.png": b"\0" * 90_000 for word in "ab"})
    assert len(bomb) < 2_000
    with pytest.raises(ff.DatasetError, match="holds 2 pictures of 0 MB; at most"):
        dataset_of_files({"a.zip": bomb})
