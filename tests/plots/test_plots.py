"""The static figures: their numbers, their words, and the look they share with the board."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ffexplore import Runner, Settings, plots
from ffexplore.live.compared import make_compared
from ffexplore.plots import style
from ffexplore.ui.script import board_style
from tests.ui.synthetic import History, snapshot

REPORT = SimpleNamespace(
    split="validation",
    accuracy=0.981,
    readout_accuracy=0.976,
    layer_accuracy=[0.962, 0.951],
    cumulative_accuracy=[0.962, 0.983],
    auc=[0.991, 0.985],
)


def history():
    record = History()
    for step in (0, 100, 200):
        record.append(snapshot(step))
    record.changes = [(100, "threshold 3")]
    return record


def titles(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def test_histograms_mirror_the_counts_of_every_layer():
    moment = snapshot(600, layers=3)
    figure = plots.histograms(moment)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len(bars) == 6
    for layer in range(3):
        np.testing.assert_array_equal(bars[2 * layer].y, moment.positive[0, layer])
        np.testing.assert_array_equal(bars[2 * layer + 1].y, -moment.negative[0, layer])
        assert bars[2 * layer].x[0] - bars[2 * layer].width[0] / 2 == pytest.approx(moment.low[0, layer])
        assert bars[2 * layer].x[-1] + bars[2 * layer].width[-1] / 2 == pytest.approx(moment.high[0, layer])


def test_histograms_say_the_measures_in_words():
    figure = plots.histograms(snapshot(600, layers=2))
    assert titles(figure) == [
        "<b>layer 1</b> · 256 units, mean square   mean ▲ 2.54 ▼ 0.72   AUC 0.924   overlap 14 %   no dead units",
        "<b>layer 2</b> · 128 units, mean square   mean ▲ 2.26 ▼ 0.93   AUC 0.810   overlap 37 %   3 dead units",
    ]


def test_the_threshold_is_a_line_and_absent_where_there_is_none():
    lines = [trace for trace in plots.histograms(snapshot(threshold=2.5)).data if trace.type == "scatter"]
    assert [tuple(line.x) for line in lines] == [(2.5, 2.5)] * 2
    assert lines[0].text[0].strip() == "θ = 2.50"
    assert not [trace for trace in plots.histograms(snapshot(threshold=np.nan)).data if trace.type == "scatter"]


def test_one_variant_is_drawn_and_a_wrong_one_refused():
    moment = snapshot(variants=2, positive=np.arange(2 * 2 * 64, dtype=np.int32).reshape(2, 2, 64))
    np.testing.assert_array_equal(plots.histograms(moment, variant=1).data[0].y, moment.positive[1, 0])
    with pytest.raises(IndexError, match="variant is 2; this snapshot has 2, counted from 0"):
        plots.histograms(moment, variant=2)
    with pytest.raises(IndexError, match="variant is 1; this history has 1, counted from 0"):
        plots.curves(history(), variant=1)


def test_variants_stand_side_by_side_with_their_curves():
    moment = snapshot(200, layers=2, variants=5, accuracy=np.array([0.5, 0.9, 0.7, 0.6, 0.4], np.float32))
    record = History(5)
    for step in (0, 100):
        record.append(snapshot(step, variants=5))
    record.append(moment)
    compared = make_compared(Settings(layers=(256, 128)), "threshold", [0.5, 1, 2, 3, 4])
    figure = plots.variants(moment, record, compared)
    heads = [title for title in titles(figure) if title.startswith("<b>")]
    assert heads[:2] == ["<b>0.5</b> · 50.0 %", "<b>1</b> · 90.0 % · best"]
    assert len(heads) == 5
    assert titles(figure).count(f"layer 2, AUC {moment.auc[0, 1]:.3f}") == 5
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len(bars) == 5 * 2 * 2
    np.testing.assert_array_equal(bars[-1].y, -moment.negative[4, 1])
    own = [trace for trace in figure.data if trace.name == "validation accuracy"]
    np.testing.assert_allclose(own[1].y, record.curve()["accuracy"][:, 1])
    places = {(trace.xaxis, trace.yaxis) for trace in bars}
    assert len(places) == 10


def test_variants_without_names_and_history_are_numbered_and_one_that_diverged_says_so():
    moment = snapshot(200, layers=1, variants=2, diverged=("", "at step 3 layer 1 met a loss that is not finite"))
    figure = plots.variants(moment)
    assert [title.partition("<br>")[0] for title in titles(figure)] == [
        "<b>variant 1</b> · 52.3 % · best",
        "<b>variant 2</b> · 52.3 % · diverged",
    ]
    assert titles(figure)[0].endswith("<br>layer 1, AUC 0.738")


def test_curves_hold_the_rows_in_percent_and_the_changes():
    record = history()
    figure = plots.curves(record)
    assert [trace.name for trace in figure.data] == ["goodness per label", "read-out"]
    np.testing.assert_array_equal(figure.data[0].x, [0, 100, 200])
    np.testing.assert_allclose(figure.data[0].y, 100 * record.curve()["accuracy"][:, 0], rtol=1e-6)
    assert titles(figure) == ["threshold 3"]
    assert [line.x0 for line in figure.layout.shapes] == [100]


def test_curves_leave_out_what_was_not_measured():
    record = History()
    for step in (0, 100, 200):
        record.append(snapshot(step, readout_accuracy=np.full(1, np.nan, np.float32)))
    assert [trace.name for trace in plots.curves(record).data] == ["goodness per label"]
    assert plots.curves(History()).data == ()


def test_layers_have_a_line_for_each_measure():
    record = history()
    figure = plots.layers(record)
    assert [trace.name for trace in figure.data] == ["layer 1", "layer 2"] * 2
    np.testing.assert_array_equal(figure.data[1].y, record.curve()["auc"][:, 0, 1].astype(float))
    np.testing.assert_array_equal(figure.data[2].y, record.curve()["loss"][:, 0, 0].astype(float))
    assert figure.data[1].line.color == "rgb(34, 34, 34)"
    assert plots.layers(History()).data == ()
    with pytest.raises(IndexError, match="variant is 1; this history has 1, counted from 0"):
        plots.layers(record, variant=1)


def test_a_ghost_is_an_outline_of_the_same_area():
    moment = snapshot(400)
    ghost = snapshot(100, low=np.full((1, 2), 1, np.float32), high=np.full((1, 2), 3, np.float32))
    plain, figure = plots.histograms(moment), plots.histograms(moment, ghost=ghost)
    outlines = [trace for trace in figure.data if trace.name == "step 100"]
    assert len(outlines) == len(figure.data) - len(plain.data) == 4
    widths = np.diff(outlines[0].x)
    area = (np.asarray(outlines[0].y)[1:] * widths).sum()
    assert area == pytest.approx(ghost.positive[0, 0].sum() * 4 / 64, rel=1e-6)
    assert min(outlines[1].y) == pytest.approx(-2 * ghost.negative[0, 0].max())
    assert outlines[0].fill is None
    other = snapshot(100, goodness=("mean_square", "l1"))
    assert len(plots.histograms(moment, ghost=other).data) == len(plain.data) + 2
    assert len(plots.histograms(moment, ghost=snapshot(100, layers=1)).data) == len(plain.data) + 2


def test_report_shows_layers_alone_and_together():
    figure = plots.report(REPORT)
    alone, together, goodness, readout = figure.data
    assert list(alone.x) == ["layer 1<br>AUC 0.991", "layer 2<br>AUC 0.985"]
    np.testing.assert_allclose(alone.y, [96.2, 95.1])
    np.testing.assert_allclose(together.y, [96.2, 98.3])
    assert (goodness.name, readout.name) == ("goodness per label 98.10 %", "read-out 97.60 %")
    assert figure.layout.yaxis.title.text == "validation accuracy (%)"
    without = plots.report(SimpleNamespace(**(vars(REPORT) | {"readout_accuracy": float("nan")})))
    assert len(without.data) == 3


@pytest.mark.parametrize("make", [lambda: plots.histograms(snapshot()), lambda: plots.curves(history()),
                                  lambda: plots.report(REPORT)], ids=["histograms", "curves", "report"])  # fmt: skip
def test_figures_are_the_same_every_time(make):
    assert make().to_json() == make().to_json()


def test_the_board_and_the_figures_share_their_colours():
    css = board_style().lower()
    for color in (style.POSITIVE, style.NEGATIVE, style.READOUT, style.FIRST_LAYER):
        assert color.lower() in css


def test_numbers_have_a_true_minus():
    assert style.number(-1.234) == "−1.23"
    assert style.number(float("nan")) == "–"


def test_every_change_is_a_line_and_a_word_in_the_curves():
    record = history()
    record.changes = [(step, f"threshold {step}") for step in range(0, 200, 2)]
    figure = plots.curves(record)
    assert [(line.x0, line.x1, line.yref) for line in figure.layout.shapes] == [
        (step, step, "y domain") for step in range(0, 200, 2)
    ]
    assert [each.text for each in figure.layout.annotations] == [f"threshold {step}" for step in range(0, 200, 2)]


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (plots.histograms, "snapshot is a Runner; it must be a Snapshot, as runner.snapshot is"),
        (plots.gallery, "snapshot is a Runner"),
        (plots.variants, "snapshot is a Runner"),
        (plots.curves, "history is a Runner; it must be a History, as runner.history is"),
        (plots.layers, "history is a Runner"),
        (plots.report, r"report is a Runner; it must be a Report, as trainer.evaluate\(\) is"),
    ],
)
def test_what_a_figure_cannot_be_drawn_of_is_refused_with_the_way_to_it(draw, said):
    with pytest.raises(TypeError, match=said):
        draw(Runner(Settings(dataset="digits", label_encoding="appended")))
