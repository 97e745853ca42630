from __future__ import annotations

import numpy as np
import pytest

from ffexplore.ui.frames import Arrays


def read(place, buffer):
    kind, offset, shape = place
    dtype = {"f4": "<f4", "u2": "<u2", "u1": "u1"}[kind]
    return np.frombuffer(buffer, dtype, count=int(np.prod(shape)), offset=offset).reshape(shape)


def test_arrays_come_back_as_they_were_added():
    arrays = Arrays()
    counts = np.arange(24, dtype=np.int32).reshape(1, 2, 12)
    picture = np.arange(7, dtype=np.uint8)
    numbers = np.array([[1.5, np.nan]])
    places = [arrays.add(value) for value in (counts, picture, numbers)]
    buffer = arrays.buffer()
    for place, value in zip(places, (counts, picture, numbers), strict=True):
        np.testing.assert_array_equal(read(place, buffer), value)
    assert [place[0] for place in places] == ["u2", "u1", "f4"]


@pytest.mark.parametrize("size", range(9))
def test_every_array_starts_where_the_page_can_read_it(size):
    arrays = Arrays()
    arrays.add(np.zeros(size, np.uint8))
    assert arrays.add(np.zeros(3))[1] % 4 == 0
    assert len(arrays.buffer()) % 4 == 0


def test_an_array_that_is_not_contiguous_is_copied_in_order():
    arrays = Arrays()
    table = np.arange(12, dtype=np.float64).reshape(3, 4)
    place = arrays.add(table.T)
    np.testing.assert_array_equal(read(place, arrays.buffer()), table.T)


@pytest.mark.parametrize(
    ("values", "kind"), [([0, 65535], "u2"), ([0, 65536], "f4"), ([-1, 5], "f4"), ([], "f4"), ([0.0, 1.0], "f4")]
)
def test_counts_that_fit_take_two_bytes(values, kind):
    arrays = Arrays()
    place = arrays.add(np.array(values, dtype=np.int32 if all(isinstance(each, int) for each in values) else float))
    assert place[0] == kind
    np.testing.assert_array_equal(read(place, arrays.buffer()), values)
