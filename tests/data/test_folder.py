from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ffexplore.data import Dataset
from ffexplore.data import folder as folder_module
from ffexplore.errors import DatasetError


def save(path: Path, value: object, mode: str = "L", size: tuple[int, int] = (4, 6)) -> Path:
    """Save one picture of one colour; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)  # type: ignore[arg-type]
    return path


@pytest.fixture
def pictures(tmp_path):
    for name, value in (("cat", 10), ("dog", 200)):
        for i in range(5):
            save(tmp_path / name / f"{i}.png", value + i)
    return tmp_path


def test_one_folder_per_class(pictures):
    (pictures / "cat" / "notes.txt").write_text("not a picture")
    (pictures / ".hidden").mkdir()
    data = Dataset.from_folder(pictures)
    assert (data.name, data.shape, data.class_names) == (pictures.name, (6, 4, 1), ("cat", "dog"))
    values = sorted(int(x[0, 0, 0]) for part in (data.train, data.validation, data.test) for x in part.x)
    assert values == [10, 11, 12, 13, 14, 200, 201, 202, 203, 204]
    assert data.train.y.tolist() == [int(x[0, 0, 0] >= 200) for x in data.train.x]


def test_a_leading_tilde_is_the_home_of_the_person(pictures, monkeypatch):
    monkeypatch.setenv("HOME", str(pictures.parent))
    monkeypatch.setenv("USERPROFILE", str(pictures.parent))
    assert Dataset.from_folder(f"~/{pictures.name}").class_names == ("cat", "dog")


@pytest.mark.parametrize(("size", "shape"), [(3, (3, 3, 1)), ((2, 5), (2, 5, 1)), (None, (6, 4, 1))])
def test_all_have_one_size(pictures, size, shape):
    save(pictures / "dog" / "large.jpg", 200, size=(30, 20))
    data = Dataset.from_folder(pictures, size=size)
    assert data.shape == shape
    assert all(np.ptp(x) <= 1 for x in data.train.x)


def test_one_coloured_picture_makes_all_of_them_three_channels(pictures):
    save(pictures / "dog" / "red.png", (250, 0, 0), mode="RGB")
    data = Dataset.from_folder(pictures, test_fraction=0.3)
    assert data.shape == (6, 4, 3)
    pixels = {tuple(map(int, x[0, 0])) for part in (data.train, data.validation, data.test) for x in part.x}
    assert {(250, 0, 0), (10, 10, 10)} <= pixels


def test_sixteen_bits_become_eight(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(3):
            Image.fromarray(np.full((2, 2), 32768, np.uint16)).save(tmp_path / name / f"{i}.png")
    assert Dataset.from_folder(tmp_path).train.x.ravel().tolist() == [128] * 8


def test_transparent_parts_become_white(tmp_path):
    for name in "ab":
        for i in range(3):
            save(tmp_path / name / f"{i}.png", (0, 0, 0, 0), mode="RGBA")
    data = Dataset.from_folder(tmp_path)
    assert data.shape == (6, 4, 3)
    assert data.train.x.min() == 255


def test_pictures_taken_sideways_are_turned(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(3):
            picture = Image.fromarray(np.array([[0, 255, 255]], np.uint8))
            exif = picture.getexif()
            exif[0x0112] = 6  # to be turned a quarter clockwise
            picture.save(tmp_path / name / f"{i}.png", exif=exif)
    data = Dataset.from_folder(tmp_path)
    assert data.train.x[0].tolist() == [[[0]], [[255]], [[255]]]


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_a_corrupted_picture_is_named(pictures, damage):
    file = save(pictures / "dog" / "broken.png", 3, size=(100, 100))
    content = {"truncated": file.read_bytes()[:60], "empty": b"", "text": b"<html>"}[damage]
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=r"The picture .*dog.broken\.png cannot be read .*repair or remove it"):
        Dataset.from_folder(pictures)


def test_refusals(pictures, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(DatasetError, match="has 0 folders; it needs 2 or more, one for each class"):
        Dataset.from_folder(empty)
    with pytest.raises(DatasetError, match="absent cannot be read: No such file"):
        Dataset.from_folder(empty / "absent")
    (pictures / "emu").mkdir()
    with pytest.raises(DatasetError, match=r"emu has no pictures \(.bmp, .gif"):
        Dataset.from_folder(pictures)


@pytest.mark.parametrize("size", [0, -1, "28", (28,), 2.5])
def test_a_size_that_is_none(pictures, size):
    with pytest.raises(DatasetError, match=r"size is .* it must be a side or .height, width., in whole pixels from 1"):
        Dataset.from_folder(pictures, size=size)


def test_more_than_fits_is_refused_before_it_is_read(pictures, monkeypatch):
    monkeypatch.setattr(folder_module, "MOST_BYTES", 239)
    with pytest.raises(DatasetError, match=r"10 pictures of 6×4×1 would take 0.0 GiB; give a smaller size"):
        Dataset.from_folder(pictures)
