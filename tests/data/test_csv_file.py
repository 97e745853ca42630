from pathlib import Path

import numpy as np
import pytest

from ffexplore.data import Dataset
from ffexplore.errors import DatasetError

LINES = [f"{i},{i / 2},{'yes' if i % 2 else 'no'}" for i in range(12)]


def write(folder: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table(tmp_path, separator, encoding):
    lines = [line.replace(",", separator) for line in ["label,b,answer", *LINES]]
    data = Dataset.from_csv(write(tmp_path, lines, encoding), "answer")
    assert (data.name, data.shape, data.class_names) == ("own.csv", (2,), ("no", "yes"))
    first = data.train.x[:, 0]
    assert data.train.y.tolist() == (first % 2).tolist()
    assert data.train.x[:, 1].tolist() == (first / 2).tolist()


@pytest.mark.parametrize("label", [2, -1])
@pytest.mark.parametrize("header", [[], ["a,b,c"]])
def test_a_label_by_index_with_and_without_column_names(tmp_path, label, header):
    data = Dataset.from_csv(write(tmp_path, header + LINES), label, name="mine", test_fraction=0.5)
    assert (data.name, data.class_names, len(data.test)) == ("mine", ("no", "yes"), 6)


def test_the_same_numbers_as_from_arrays(tmp_path):
    x = np.array([[i, i / 2] for i in range(12)])
    data = Dataset.from_csv(write(tmp_path, LINES), -1)
    assert data.fingerprint == Dataset.from_arrays(x, ["yes" if i % 2 else "no" for i in range(12)]).fingerprint


def test_pixels_become_images(tmp_path):
    lines = ["label,a,b,c,d,e,f", *(f"{i % 2},0,1,2,3,4,255" for i in range(10))]
    data = Dataset.from_csv(write(tmp_path, lines), shape=(2, 3))
    assert data.train.x[0].tolist() == [[[0], [1], [2]], [[3], [4], [255]]]
    assert data.class_names == ("0", "1")


def test_quoted_cells_and_empty_lines(tmp_path):
    lines = ["label,a", *(f'"{"x, y" if i % 2 else "z"}",{i}' for i in range(8)), "", ""]
    assert Dataset.from_csv(write(tmp_path, lines)).class_names == ("x, y", "z")


@pytest.mark.parametrize(
    ("lines", "label", "message"),
    [
        ([""], "label", "own.csv is empty"),
        (["label,a"], "label", "has column names but no samples"),
        (["a"], "a", "has one column only"),
        (["labels,a", "1,2"], "label", "Unknown column of labels 'label'. Did you mean 'labels'"),
        (["a,b", "1,2"], 2, "label is 2; .* has columns 0 to 1"),
        (["a,b", "1,2"], True, "label is True; it must be the name of a column or its index, a whole number"),
        (["a,b", "1,2"], 1.0, "label is 1.0; it must be the name of a column or its index, a whole number"),
        (["label,colour,b", "0,1,2", "1,red,3"], "label", "line 3: column 'colour' has 'red'; features must be finite"),
        (["label,a,b", "0,1,2", "", "1,2,"], "label", "line 4: column 'b' is empty"),
        (["label,a,b", "0,nan,2"], "label", "line 2: column 'a' has 'nan'"),
        (["label,a,b", "0,1,1e300"], "label", "line 2: column 'b' has '1e300'"),
        (["label,a,b", "0,1"], "label", "line 2: 2 cells where 3 are expected"),
        (["label,a,b", " ,1,2"], "label", "line 2: the label .column 'label'. is empty"),
    ],
)
def test_refusals(tmp_path, lines, label, message):
    with pytest.raises(DatasetError, match=message):
        Dataset.from_csv(write(tmp_path, lines), label)


def test_a_shape_that_does_not_fit(tmp_path):
    with pytest.raises(DatasetError, match=r"shape \(2, 2\) has 4 pixels; .* has 2 columns of them"):
        Dataset.from_csv(write(tmp_path, LINES), -1, shape=(2, 2))


def test_files_that_are_none(tmp_path):
    with pytest.raises(DatasetError, match=r"absent.csv cannot be read: No such file"):
        Dataset.from_csv(tmp_path / "absent.csv")
    with pytest.raises(DatasetError, match="cannot be read"):
        Dataset.from_csv(tmp_path)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00label")
    with pytest.raises(DatasetError, match=r"binary.csv is not a CSV file in UTF-8"):
        Dataset.from_csv(tmp_path / "binary.csv")
