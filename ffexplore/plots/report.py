"""What an evaluation found, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import plotly.graph_objects as go

from ffexplore.plots.given import check_given
from ffexplore.plots.style import AXIS, FAINT, INK, POSITIVE, READOUT, dressed, number


class Report(Protocol):
    """What the figure needs of an evaluation; shares in [0, 1], nan where not measured."""

    @property
    def split(self) -> str:
        """The data it was measured on."""

    @property
    def accuracy(self) -> float:
        """By goodness per label."""

    @property
    def readout_accuracy(self) -> float:
        """By the one-pass read-out."""

    @property
    def layer_accuracy(self) -> Sequence[float]:
        """Of each layer alone."""

    @property
    def cumulative_accuracy(self) -> Sequence[float]:
        """Of all layers up to each."""

    @property
    def auc(self) -> Sequence[float]:
        """Of positive against negative goodness in each layer."""


def report(report: Report) -> go.Figure:
    """Draw the accuracy on a split of each layer alone and of all layers up to it, beside that of the whole network.

    Parameters
    ----------
    report
        The result of ``Trainer.evaluate``.

    Returns
    -------
    go.Figure
        Two bars a layer, a line for each inference; the AUC of each layer stands below its name.
    """
    check_given("report", report)
    names = [f"layer {i + 1}<br>AUC {number(auc, 3)}" for i, auc in enumerate(report.auc)]
    figure = go.Figure()
    bars = {
        "layer alone": (report.layer_accuracy, POSITIVE),
        "layers up to it": (report.cumulative_accuracy, "#8FBFDC"),
    }
    for name, (values, color) in bars.items():
        percents = [100 * float(value) for value in values]
        trace = go.Bar(
            x=names,
            y=percents,
            name=name,
            marker={"color": color},
            text=[number(value, 1) for value in percents],
            textposition="inside",
            insidetextanchor="middle",
            hovertemplate="%{y:.2f} %<extra>" + name + "</extra>",
        )
        figure.add_trace(trace)
    lines = {
        "goodness per label": (report.accuracy, {"color": INK, "width": 2}),
        "read-out": (report.readout_accuracy, {"color": READOUT, "width": 2, "dash": "dash"}),
    }
    for name, (value, line) in lines.items():
        if math.isfinite(value):
            # A line from edge to edge needs an axis of its own: on the layers' axis it would end at bar centers.
            label = f"{name} {number(100 * value, 2)} %"
            figure.add_trace(
                go.Scatter(
                    x=[0, 1], y=[100 * value] * 2, xaxis="x2", mode="lines", line=line, name=label, hoverinfo="name"
                )
            )
    figure.update_xaxes(**AXIS)
    figure.update_yaxes(
        title=f"{report.split} accuracy (%)", range=[0, 102], tickvals=list(range(0, 101, 20)),
        **(AXIS | {"showgrid": True, "gridcolor": FAINT}),
    )  # fmt: skip
    figure.update_layout(
        barmode="group",
        bargap=0.35,
        showlegend=True,
        xaxis2={"overlaying": "x", "range": [0, 1], "visible": False, "fixedrange": True},
    )
    return dressed(figure, height=340)
