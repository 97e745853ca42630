"""Goodness of positive and negative data, layer by layer."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ffexplore.live.snapshot import Snapshot
from ffexplore.plots.given import check_given
from ffexplore.plots.style import AXIS, INK, MUTED, NEGATIVE, POSITIVE, RULE, dressed, number

ROW = 140  # pixels


def histograms(snapshot: Snapshot, variant: int = 0, *, ghost: Snapshot | None = None) -> go.Figure:
    """Draw a row per layer: positive goodness upwards, negative mirrored downwards, the threshold, measures in words.

    Parameters
    ----------
    snapshot
        The moment to draw.
    variant
        Which of the K variants.
    ghost
        Another moment, to be seen as an outline before it; only in layers that have the same goodness there. Where
        its bins are of another width, its counts are those of bins as wide as here.

    Returns
    -------
    go.Figure
        For each layer two bar traces and, where the objective has a threshold, a line; then the outlines.

    Raises
    ------
    IndexError
        If there is no such variant.
    """
    check_given("snapshot", snapshot)
    variants, layers = snapshot.low.shape
    if not 0 <= variant < variants:
        raise IndexError(f"variant is {variant!r}; this snapshot has {variants}, counted from 0.")
    titles = [_title(snapshot, variant, layer) for layer in range(layers)]
    gap = 52 / (ROW * layers) if layers > 1 else 0
    figure = make_subplots(rows=layers, cols=1, subplot_titles=titles, vertical_spacing=gap)
    figure.update_annotations(x=0, xanchor="left", font={"size": 12, "color": MUTED})
    for layer in range(layers):
        _add_row(figure, snapshot, variant, layer)
        if ghost is not None and layer < len(ghost.goodness) and ghost.goodness[layer] == snapshot.goodness[layer]:
            _add_ghost(figure, snapshot, ghost, variant, layer)
    figure.update_layout(bargap=0, barmode="overlay", showlegend=True)
    figure = dressed(figure, height=ROW * layers + 92)
    return figure.update_layout(margin={"l": 16, "t": 72}, legend={"y": 1 + 24 / (ROW * layers)})


def _title(snapshot: Snapshot, variant: int, layer: int) -> str:
    goodness = snapshot.goodness[layer].replace("_", " ")
    dead = int(snapshot.dead[variant, layer])
    words = [
        f"<b>layer {layer + 1}</b> · {snapshot.widths[layer]} units, {goodness}",
        f"mean ▲ {number(float(snapshot.mean_positive[variant, layer]))}"
        f" ▼ {number(float(snapshot.mean_negative[variant, layer]))}",
        f"AUC {number(float(snapshot.auc[variant, layer]), 3)}",
        f"overlap {100 * float(snapshot.overlap[variant, layer]):.0f} %",
        f"{dead or 'no'} dead {'unit' if dead == 1 else 'units'}",
    ]
    return "   ".join(words)


def _add_row(figure: go.Figure, snapshot: Snapshot, variant: int, layer: int) -> None:
    low, high = float(snapshot.low[variant, layer]), float(snapshot.high[variant, layer])
    sides = {
        "positive data": (snapshot.positive[variant, layer], POSITIVE, 1),
        "negative data": (snapshot.negative[variant, layer], NEGATIVE, -1),
    }
    edges = np.linspace(low, high, snapshot.positive.shape[2] + 1)
    tallest = max(1, *(int(counts.max()) for counts, _, _ in sides.values()))
    where = {"row": layer + 1, "col": 1}
    for name, (counts, color, sign) in sides.items():
        bars = go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=sign * counts,
            width=np.diff(edges),
            customdata=np.stack([edges[:-1], edges[1:], counts], axis=1),
            hovertemplate="%{customdata[0]:.3g} to %{customdata[1]:.3g}: %{customdata[2]}<extra>" + name + "</extra>",
            marker={"color": color, "line": {"width": 0}},
            name=name,
            legendgroup=name,
            showlegend=layer == 0,
        )
        figure.add_trace(bars, **where)
    threshold = float(snapshot.threshold[variant, layer])
    if np.isfinite(threshold):
        line = go.Scatter(
            x=[threshold, threshold],
            y=[-1.15 * tallest, 1.1 * tallest],
            mode="lines+text",
            text=[f" θ = {number(threshold)}", ""],
            textposition="top right",
            line={"color": INK, "width": 2},
            name="threshold θ",
            legendgroup="threshold",
            showlegend=layer == 0,
            hoverinfo="skip",
        )
        figure.add_trace(line, **where)
    figure.update_xaxes(range=[low, high], **AXIS, **where)
    limit = 1.15 * tallest
    hidden = AXIS | {"ticks": "", "linecolor": "rgba(0,0,0,0)", "showticklabels": False}
    figure.update_yaxes(range=[-limit, limit], **(hidden | {"zeroline": True, "zerolinecolor": RULE}), **where)


def _add_ghost(figure: go.Figure, snapshot: Snapshot, ghost: Snapshot, variant: int, layer: int) -> None:
    low, high = float(ghost.low[variant, layer]), float(ghost.high[variant, layer])
    bins = ghost.positive.shape[2]
    edges = np.linspace(low, high, bins + 1)
    width = float(snapshot.high[variant, layer] - snapshot.low[variant, layer]) / snapshot.positive.shape[2]
    factor = width / ((high - low) / bins)
    for counts, sign in ((ghost.positive[variant, layer], 1), (ghost.negative[variant, layer], -1)):
        outline = go.Scatter(
            x=np.repeat(edges, 2),
            y=np.concatenate([[0], np.repeat(sign * factor * counts, 2), [0]]),
            mode="lines",
            line={"color": INK, "width": 1},
            name=f"step {ghost.step}",
            legendgroup="ghost",
            showlegend=layer == 0 and sign > 0,
            hoverinfo="skip",
        )
        figure.add_trace(outline, row=layer + 1, col=1)
