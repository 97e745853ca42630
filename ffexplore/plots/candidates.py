"""What the network says of one input, and how often classes are taken for each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ffexplore.engine.judged import Judged
from ffexplore.engine.verdict import Verdict
from ffexplore.plots.style import INK, MUTED, NEGATIVE, POSITIVE, dressed, number

ROW = 22  #: pixels of a candidate label
CELL = 34  #: pixels of a cell of the matrix


def candidates(
    verdict: Verdict, class_names: Sequence[str] | None = None, right: int | None = None, which: int = 0
) -> go.Figure:
    """Draw the goodness of every candidate label of one input, layer by layer, and what decides.

    Bars begin at the lowest label of their layer, because only differences decide.

    Parameters
    ----------
    verdict
        What ``ffexplore.engine.verdict.judge`` returned for ``trainer.network.inputs.given(images)``.
    class_names
        Names of the classes; their numbers if left out.
    right
        The right class, if it is known.
    which
        Which of the inputs that were judged.

    Returns
    -------
    go.Figure
        A column of bars for each layer that says something of the classes, and one for the decision.

    Raises
    ------
    IndexError
        If there is no such input or class.
    """
    layers, inputs, classes = verdict.goodness.shape
    if not 0 <= which < inputs:
        raise IndexError(f"which is {which!r}; {inputs} inputs were judged, counted from 0.")
    if right is not None and not 0 <= right < classes:
        raise IndexError(f"right is {right!r}; there are {classes} classes, counted from 0.")
    names = [str(name) for name in class_names or range(classes)]
    columns = [verdict.goodness[layer, which] for layer in range(layers) if np.isfinite(verdict.goodness[layer]).any()]
    titles = [f"layer {layer + 1}" for layer in range(len(columns))] + ["decision"]
    counted = [*verdict.counted[: len(columns)], True]
    chosen = int(verdict.chosen[which])
    figure = make_subplots(
        rows=1, cols=len(titles), column_titles=titles, shared_yaxes=True, horizontal_spacing=0.2 / len(titles)
    )
    colors = [MUTED if right is None else POSITIVE if label == right else NEGATIVE for label in range(classes)]
    for column, values in enumerate([*columns, verdict.scores[which]]):
        bars = go.Bar(
            x=values - values.min(), y=names, orientation="h", marker={"color": colors, "line": {"width": 0}},
            opacity=1.0 if counted[column] else 0.35, text=[number(float(value)) for value in values],
            textposition="outside", cliponaxis=False, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_trace(bars, row=1, col=column + 1)
        figure.update_xaxes(range=[0, 1.35 * float(np.ptp(values) or 1)], visible=False, row=1, col=column + 1)
    marks = [_marked(name, label, chosen, right) for label, name in enumerate(names)]
    figure.update_yaxes(autorange="reversed", tickvals=names, ticktext=marks, ticks="", linecolor="rgba(0,0,0,0)")
    figure.update_annotations(font={"size": 12, "color": MUTED})
    figure = dressed(figure, height=ROW * classes + 96)
    words = f"It decides by: {verdict.basis}"
    return figure.update_layout(
        bargap=0.35, margin={"l": 110, "t": 64, "b": 16},
        title={"text": words, "x": 0.02, "font": {"size": 12, "color": MUTED}},
    )  # fmt: skip


def _marked(name: str, label: int, chosen: int, right: int | None) -> str:
    marks = {True: "✓ ", False: "✗ ", None: "▸ "}
    if label == chosen:
        return f"<b>{marks[None if right is None else chosen == right]}{name}</b>"
    return f"✓ {name}" if label == right else name


def confusion(judged: Judged) -> go.Figure:
    """Draw how often inputs of one class (row) were taken for one (column).

    Parameters
    ----------
    judged
        What ``ffexplore.engine.judged.examined`` returned.

    Returns
    -------
    go.Figure
        A heatmap of shares, with the counts in its cells.
    """
    counts, names = judged.counts, list(judged.names)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    signed = np.where(np.eye(len(names), dtype=bool), shares, -np.minimum(1, 3 * shares))  # mistakes are rarer
    heat = go.Heatmap(
        z=signed, x=names, y=names, zmin=-1.6, zmax=1.6, colorscale=[[0, NEGATIVE], [0.5, "#FFFFFF"], [1, POSITIVE]],
        text=np.where(counts > 0, counts.astype(str), ""), texttemplate="%{text}", textfont={"color": INK},
        customdata=100 * shares, showscale=False, xgap=2, ygap=2,
        hovertemplate="%{y} taken for %{x}: %{text} (%{customdata:.1f} %)<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(heat)
    axis = {"type": "category", "showgrid": False, "zeroline": False, "ticks": "", "constrain": "domain"}
    figure.update_xaxes(title="chosen class", side="top", **axis)
    figure.update_yaxes(title="right class", autorange="reversed", scaleanchor="x", **axis)
    figure = dressed(figure, height=CELL * len(names) + 130)
    right = number(100 * float(np.trace(counts)) / max(1, len(judged.labels)), 1)
    words = f"{len(judged.labels)} of {judged.total} validation inputs of {judged.dataset}, {right} % right"
    return figure.update_layout(
        margin={"t": 92, "l": 72}, title={"text": words, "x": 0.02, "font": {"size": 12, "color": MUTED}}
    )
