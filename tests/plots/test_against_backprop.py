"""The figure that sets Forward-Forward beside backpropagation."""

from __future__ import annotations

import dataclasses

import pytest

from ffexplore import plots
from ffexplore.engine.comparison import Comparison, Side

OURS = Side((0, 10, 20), (0.0, 0.5, 1.0), (0.0, 0.2, 0.4), (0.1, 0.8, 0.9), 0.88, 2 * 2**20, 3 * 2**20)
TWIN = dataclasses.replace(OURS, accuracy=(0.1, 0.7, 0.95), seconds=(0.0, 0.1, 0.3), held_bytes=5 * 2**20)


def test_it_draws_both_over_batches_over_seconds_and_their_memory() -> None:
    figure = plots.against_backprop(Comparison(OURS, TWIN, "", "digits"))
    lines = [trace for trace in figure.data if trace.type == "scatter"]
    assert [list(trace.x) for trace in lines] == [[0, 10, 20], [0, 0.2, 0.4], [0, 10, 20], [0, 0.1, 0.3]]
    assert list(lines[2].y) == pytest.approx([10, 70, 95])
    assert [trace.y[0] for trace in figure.data if trace.type == "bar"] == [2, 5]
    assert [trace.name for trace in lines if trace.showlegend] == [
        "Forward-Forward, test 88.0 %",
        "backpropagation, test 88.0 %",
    ]


def test_nothing_that_is_written_over_or_under_the_narrow_plot_is_wider_than_it() -> None:
    figure = plots.against_backprop(Comparison(OURS, TWIN, "", "digits"))
    (title,) = [note.text for note in figure.layout.annotations if "gradient" in note.text]
    assert max(map(len, title.split("<br>"))) < 16
    assert figure.layout.xaxis3.showticklabels is False


def test_it_gives_the_reason_where_there_is_one_side() -> None:
    figure = plots.against_backprop(Comparison(OURS, None, "A coin toss has no derivative.", "digits"))
    assert {trace.name.partition(",")[0] for trace in figure.data if trace.type == "scatter"} == {"Forward-Forward"}
    assert any("A coin toss has no derivative." in note.text for note in figure.layout.annotations)
