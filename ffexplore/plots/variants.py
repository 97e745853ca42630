"""Variants side by side: of each what it is judged by over time, and the histograms of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from ffexplore.live.compared import Compared
from ffexplore.live.side_by_side import Axes, Measure, axes, best_of, measure_of
from ffexplore.live.snapshot import Snapshot
from ffexplore.plots.given import check_given
from ffexplore.plots.style import AXIS, FAINT, INK, MUTED, NEGATIVE, POSITIVE, RULE, dressed, number

COLUMNS = 4  #: variants in a line
ROW = 108  #: pixels, with the title above it
HIDDEN = AXIS | {"ticks": "", "linecolor": "rgba(0,0,0,0)", "showticklabels": False}


class History(Protocol):
    """What the figure needs of a history."""

    def curve(self) -> Mapping[str, NDArray[Any]]:
        """``step`` (T,), ``accuracy`` and ``readout_accuracy`` (T, K), ``auc`` (T, K, L)."""


def variants(snapshot: Snapshot, history: History | None = None, compared: Compared | None = None) -> go.Figure:
    """Draw variants as small multiples.

    Parameters
    ----------
    snapshot
        A moment of all variants.
    history
        What came before; without it there are no curves.
    compared
        What they are, as ``Runner.compare`` returns it; without it they are numbered.

    Returns
    -------
    go.Figure
        Of each variant, in lines of four: the curve of its validation accuracy before those of the others, then a row
        a layer with positive goodness upwards, negative mirrored downwards, and the threshold. Histograms of a layer
        share an axis where their scales agree.
    """
    check_given("snapshot", snapshot)
    count, layers = snapshot.low.shape
    columns, rows = min(COLUMNS, count), layers + (history is not None)
    measure = measure_of(snapshot, () if compared is None else compared.settings)
    titles = _titles(snapshot, compared, measure, history is not None)
    lines = -(-count // columns)
    figure = make_subplots(
        rows=lines * rows, cols=columns, subplot_titles=titles, horizontal_spacing=0.04,
        vertical_spacing=0.45 / (lines * rows),
    )  # fmt: skip
    figure.update_annotations(font={"size": 11, "color": MUTED})
    shared = axes(snapshot, compared)
    for variant in range(count):
        line, column = divmod(variant, columns)
        where = {"row": line * rows + 1, "col": column + 1}
        if history is not None:
            _add_curves(figure, history.curve(), measure, variant, where)
        for layer in range(layers):
            row = line * rows + layer + 1 + (history is not None)
            _add_histogram(figure, snapshot, shared, variant, layer, {"row": row, "col": column + 1})
    figure.update_layout(bargap=0, barmode="overlay", showlegend=True)
    height = ROW * lines * rows
    figure = (
        dressed(figure, height=height + 110).update_xaxes(tickfont={"size": 10}).update_yaxes(tickfont={"size": 10})
    )
    return figure.update_layout(margin={"l": 40, "t": 84, "b": 26}, legend={"y": 1 + 30 / height})


def _titles(snapshot: Snapshot, compared: Compared | None, measure: Measure, has_curves: bool) -> list[str]:
    """The titles of the pictures, row by row as plotly counts them; those that stay empty have none."""
    count, layers = snapshot.low.shape
    values = measure.of(vars(snapshot))
    best = best_of(values, snapshot.diverged)
    heads = []
    for variant in range(count):
        label = f"variant {variant + 1}" if compared is None else compared.labels[variant].replace("_", " ")
        shown = f"{100 * values[variant]:.1f} %" if measure.is_share else f"AUC {number(float(values[variant]), 3)}"
        words = " · diverged" if any(snapshot.diverged[variant : variant + 1]) else " · best" if variant == best else ""
        heads.append(f"<b>{label}</b> · {shown}{words}")
    columns, titles = min(COLUMNS, count), []
    for first in range(0, count, columns):
        mine = range(first, first + columns)
        own = [heads[k] if k < count else "" for k in mine]
        if has_curves:
            titles += own
        for layer in range(layers):
            aucs = [
                f"layer {layer + 1}, AUC {number(float(snapshot.auc[k, layer]), 3)}" if k < count else "" for k in mine
            ]
            above = own if layer == 0 and not has_curves else [""] * columns
            titles += [f"{head}<br>{auc}" if head else auc for head, auc in zip(above, aucs, strict=True)]
    return titles


def _add_curves(
    figure: go.Figure, curve: Mapping[str, NDArray[Any]], measure: Measure, variant: int, where: dict[str, int]
) -> None:
    steps, values = np.asarray(curve["step"]), measure.of(curve)
    x: list[Any] = []
    y: list[Any] = []
    for other in range(values.shape[1]):
        if other != variant:
            known = np.isfinite(values[:, other])
            x += [*steps[known], None]
            y += [*values[known, other], None]
    known = np.isfinite(values[:, variant])
    thin = go.Scatter(x=x, y=y, mode="lines", line={"color": RULE, "width": 1}, hoverinfo="skip", showlegend=False)
    own = go.Scatter(
        x=steps[known],
        y=values[known, variant],
        mode="lines" if known.sum() > 1 else "markers",
        line={"color": INK, "width": 2},
        marker={"color": INK},
        hovertemplate="batch %{x}: %{y:.3f}<extra></extra>",
        name=measure.label,
        legendgroup="curve",
        showlegend=variant == 0,
    )
    figure.add_traces([thin, own], rows=where["row"], cols=where["col"])
    found = values[np.isfinite(values)]
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
    margin = 0.05 * (high - low) + 1e-3
    figure.update_yaxes(range=[low - margin, high + margin], **(AXIS | {"showgrid": True, "gridcolor": FAINT}), **where)
    figure.update_xaxes(**HIDDEN, **where)


def _add_histogram(
    figure: go.Figure, snapshot: Snapshot, shared: Axes, variant: int, layer: int, where: dict[str, int]
) -> None:
    low, high = float(snapshot.low[variant, layer]), float(snapshot.high[variant, layer])
    edges = np.linspace(low, high, snapshot.positive.shape[2] + 1)
    sides = (("positive data", snapshot.positive, POSITIVE, 1), ("negative data", snapshot.negative, NEGATIVE, -1))
    tallest = max(1, *(int(counts[variant, layer].max()) for _, counts, _, _ in sides))
    is_first = variant == layer == 0
    for name, counts, color, sign in sides:
        bars = go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=sign * counts[variant, layer],
            width=np.diff(edges),
            marker={"color": color, "line": {"width": 0}},
            hoverinfo="skip",
            name=name,
            legendgroup=name,
            showlegend=is_first,
        )
        figure.add_trace(bars, **where)
    theta = float(snapshot.threshold[variant, layer])
    limit = 1.1 * tallest
    if np.isfinite(theta):
        line = go.Scatter(
            x=[theta, theta],
            y=[-limit, limit],
            mode="lines",
            line={"color": INK, "width": 1.5},
            hovertemplate=f"θ = {number(theta)}<extra></extra>",
            name="threshold θ",
            legendgroup="threshold",
            showlegend=is_first,
        )
        figure.add_trace(line, **where)
    ends = [float(shared.left[variant, layer]), float(shared.right[variant, layer])]
    figure.update_xaxes(range=ends, nticks=4, **AXIS, **where)
    figure.update_yaxes(range=[-limit, limit], **(HIDDEN | {"zeroline": True, "zerolinecolor": RULE}), **where)
