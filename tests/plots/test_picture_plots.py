"""The static figures made of pictures: gallery and receptive fields."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from ffexplore import plots
from ffexplore.live.snapshot import Examples
from ffexplore.plots.tiles import tiled
from tests.ui.synthetic import snapshot


def examples(channels=1, height=6, probability=0.75, label=4):
    images = np.zeros((2, 3, height, 5, channels), np.uint8)
    images[:] = np.array([10, 20, 30, 40, 50, 60], np.uint8).reshape(2, 3, 1, 1, 1)
    goodness = np.array([[[3, 3], [1, 1], [2, 2]], [[4, 4], [1, 1], [2, 2]]], np.float32)
    return Examples(images, np.full((2, 3), label, np.int32), goodness, np.full((2, 3, 2), probability, np.float32))


def texts(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def test_tiles_lie_in_rows_with_gaps():
    pictures = np.arange(1, 4)[:, None, None] * np.ones((1, 1, 2), int)
    np.testing.assert_array_equal(
        tiled(pictures, 2, (1, 1), 0), [[1, 1, 0, 2, 2, 0], [0] * 6, [3, 3, 0, 0, 0, 0], [0] * 6]
    )


def test_the_gallery_shows_the_hardest_of_each_side_first():
    figure = plots.gallery(snapshot(examples=examples()))
    picture = np.asarray(figure.data[0].z)
    first, second = picture[0], picture[picture.shape[0] // 2]
    assert [first[i, 0] for i in range(0, len(first), len(first) // 3)][:3] == [20, 30, 10]
    assert [second[i, 0] for i in range(0, len(second), len(second) // 3)][:3] == [40, 60, 50]
    assert texts(figure)[0] == '<b style="color:#0072B2">▲ 4</b><br>1.00 (0.75)<br>1.00 (0.75)'
    assert texts(figure)[3] == '<b style="color:#D55E00">▼ 4</b><br>4.00 (0.75)<br>4.00 (0.75)'


def test_the_gallery_says_which_scale_the_probability_has():
    shown = dataclasses.replace(examples(), scale=20.0)
    assert "σ(20 (g − θ))" in plots.gallery(snapshot(examples=shown)).layout.title.text
    assert "σ(g − θ)" in plots.gallery(snapshot(examples=examples())).layout.title.text


def test_the_gallery_without_labels_or_threshold_says_less():
    figure = plots.gallery(snapshot(examples=examples(channels=3, probability=np.nan, label=-1)))
    assert texts(figure)[0] == '<b style="color:#0072B2">▲ no label</b><br>1.00<br>1.00'
    assert "probability" not in figure.layout.title.text


def test_the_gallery_refuses_what_has_no_pictures():
    with pytest.raises(ValueError, match="no examples"):
        plots.gallery(snapshot())
    with pytest.raises(ValueError, match="rows of numbers"):
        plots.gallery(snapshot(examples=examples(height=1)))


def test_receptive_fields_show_the_strongest_units_around_zero():
    weights = torch.zeros(14, 3)
    weights[:12, 1], weights[:12, 2], weights[12:, 0] = -2.0, 1.0, 50.0  # the last two inputs are an appended label
    figure = plots.receptive_fields(weights, (3, 4), count=2)
    heat = figure.data[0]
    top = np.asarray(heat.z)[-1]
    assert top[:4].tolist() == [-2.0] * 4
    assert heat.zmin == -heat.zmax == -2.0
    assert texts(figure) == ["2", "3"]
    averaged = plots.receptive_fields(weights.numpy()[:12], (2, 2, 3), count=1)
    assert np.asarray(averaged.data[0].z)[-1, :2].tolist() == [-2.0, -2.0]


@pytest.mark.parametrize(
    ("shape", "count", "text"),
    [((12,), 2, "A table has no pictures"), ((9, 9), 2, "81 inputs or more"), ((3, 4), 0, "count is 0")],
)
def test_receptive_fields_refuse_what_does_not_fit(shape, count, text):
    with pytest.raises(ValueError, match=text):
        plots.receptive_fields(np.ones((12, 3)), shape, count)
