"""The static figures of candidates, confusion matrix and landscape."""

from __future__ import annotations

import numpy as np
import pytest

import ffexplore as ff
from ffexplore import plots
from ffexplore.engine.judged import Judged
from ffexplore.engine.landscape import landscape
from ffexplore.engine.verdict import Verdict
from ffexplore.plots.style import MUTED, NEGATIVE, POSITIVE


def verdict(**changes):
    goodness = np.array([[[1.0, 3.0, 2.0]], [[5.0, 4.0, 6.0]]], np.float32)
    values = {
        "goodness": goodness, "counted": np.array([True, False]), "scores": goodness[0],
        "chosen": np.array([1]), "basis": "goodness in layer 1 alone",
    }  # fmt: skip
    return Verdict(**(values | changes))


def test_candidates_have_a_column_for_each_layer_and_the_decision():
    figure = plots.candidates(verdict(), ["cat", "dog", "owl"], right=2)
    assert [list(bar.x) for bar in figure.data] == [[0, 2, 1], [1, 0, 2], [0, 2, 1]]
    assert list(figure.data[0].text) == ["1.00", "3.00", "2.00"]
    assert [bar.opacity for bar in figure.data] == [1.0, 0.35, 1.0]
    assert list(figure.data[0].marker.color) == [NEGATIVE, NEGATIVE, POSITIVE]
    assert list(figure.layout.yaxis.ticktext) == ["cat", "<b>✗ dog</b>", "✓ owl"]
    assert figure.layout.title.text == "It decides by: goodness in layer 1 alone"


def test_candidates_without_a_right_class_or_goodness_say_less():
    figure = plots.candidates(verdict(goodness=np.full((2, 1, 3), np.nan, np.float32)))
    assert len(figure.data) == 1
    assert set(figure.data[0].marker.color) == {MUTED}
    assert list(figure.layout.yaxis.ticktext) == ["0", "<b>▸ 1</b>", "2"]
    assert plots.candidates(verdict(), right=1).layout.yaxis.ticktext[1] == "<b>✓ 1</b>"


@pytest.mark.parametrize(("given", "text"), [({"which": 1}, "which is 1"), ({"right": 3}, "right is 3")])
def test_candidates_refuse_what_is_not_there(given, text):
    with pytest.raises(IndexError, match=text):
        plots.candidates(verdict(), **given)


def test_the_confusion_matrix_shows_counts_and_says_how_many():
    judged = Judged(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 10, ("cat", "dog"), "pets", 5)
    figure = plots.confusion(judged)
    assert np.asarray(figure.data[0].text).tolist() == [["2", "1"], ["", "1"]]
    np.testing.assert_allclose(figure.data[0].z, [[2 / 3, -1.0], [0.0, 1.0]])
    assert figure.layout.title.text == "4 of 10 validation inputs of pets, 75.0 % right"


def test_the_landscape_has_a_map_for_each_label_and_layer_and_the_decision():
    trainer = ff.Trainer(
        ff.Settings(
            dataset="moons", layers=(16, 8), label_encoding="appended", threshold=1.0, batch_size=32, device="cpu"
        )
    ).fit(steps=100, progress=False)
    found = landscape(trainer, 12)
    figure = plots.landscape(found)
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(maps) == 2 * 2 + 1
    np.testing.assert_array_equal(maps[1].z, found.goodness[1, 0])
    np.testing.assert_array_equal(maps[-1].z, found.chosen)
    assert (maps[0].zmin, maps[0].zmax) == (found.goodness[0].min(), found.goodness[0].max())
    points = [trace for trace in figure.data if trace.type == "scatter"]
    assert len(points) == 2 * 5
    assert [trace.marker.color for trace in points[:2]] == [POSITIVE, NEGATIVE]
    assert [trace.name for trace in points if trace.showlegend] == ["upper moon", "lower moon"]
    assert sum(trace.type == "contour" for trace in figure.data) >= 2
