"""Forward-Forward beside backpropagation: accuracy over batches and over time, and the memory of a step."""

from __future__ import annotations

import textwrap

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ffexplore.engine.comparison import Comparison, Side
from ffexplore.plots.style import AXIS, FAINT, INK, MUTED, POSITIVE, dressed, number

MEBIBYTE = 2**20


def against_backprop(comparison: Comparison) -> go.Figure:
    """Draw validation accuracy of both over batches and over seconds of training, and the memory that a step holds.

    Parameters
    ----------
    comparison
        The result of ``compare_with_backprop``.

    Returns
    -------
    go.Figure
        A line for each of the two in the first and the second plot, a bar for each in the third; without the second
        one, and with the reason below, where backpropagation cannot train the network.
    """
    titles = ("validation accuracy (%)", "validation accuracy (%)", "held for the<br>gradient (MiB)")
    figure = make_subplots(
        rows=1, cols=3, column_widths=[0.4, 0.4, 0.2], subplot_titles=titles, horizontal_spacing=0.07
    )
    figure.update_annotations(font={"size": 12, "color": MUTED})
    _add(figure, "Forward-Forward", comparison.forward_forward, POSITIVE, "solid")
    if comparison.backprop is not None:
        _add(figure, "backpropagation", comparison.backprop, INK, "dash")
    figure.update_xaxes(**AXIS)
    figure.update_yaxes(**(AXIS | {"showgrid": True, "gridcolor": FAINT}))
    figure.update_xaxes(title="batches", rangemode="tozero", row=1, col=1)
    figure.update_xaxes(title="seconds of training", rangemode="tozero", row=1, col=2)
    figure.update_yaxes(rangemode="tozero", row=1, col=3)
    figure.update_xaxes(showticklabels=False, ticks="", row=1, col=3)  # names are wider than bars; the legend has them
    figure.update_layout(showlegend=True)
    figure = dressed(figure, height=356)
    figure.update_layout(margin={"t": 88}, legend={"y": 1.18})
    if comparison.refusal:
        figure.add_annotation(
            x=0, y=-0.28, xref="paper", yref="paper", xanchor="left", yanchor="top", align="left", showarrow=False,
            text="<br>".join(textwrap.wrap(comparison.refusal, 72)), font={"size": 12, "color": INK},
        )  # fmt: skip
        figure.update_layout(height=416, margin={"b": 110})
    return figure


def _add(figure: go.Figure, name: str, side: Side, color: str, dash: str) -> None:
    percents = [100 * value for value in side.accuracy]
    for column, x, unit in ((1, side.steps, "batches"), (2, side.seconds, "s")):
        line = go.Scatter(
            x=x,
            y=percents,
            mode="lines",
            name=f"{name}, test {number(100 * side.test_accuracy, 1)} %",
            legendgroup=name,
            showlegend=column == 1,
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate="%{x} " + unit + ": %{y:.1f} %<extra>" + name + "</extra>",
        )
        figure.add_trace(line, row=1, col=column)
    held = side.held_bytes / MEBIBYTE
    bar = go.Bar(
        x=[name],
        y=[held],
        marker={"color": color},
        text=[number(held, 1)],
        textposition="outside",
        cliponaxis=False,
        legendgroup=name,
        showlegend=False,
        hovertemplate="%{y:.2f} MiB<extra>" + name + "</extra>",
    )
    figure.add_trace(bar, row=1, col=3)
