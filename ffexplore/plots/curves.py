"""Validation accuracy over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ffexplore.plots.given import check_given
from ffexplore.plots.style import AXIS, FAINT, INK, MUTED, READOUT, dressed

SERIES = {
    "accuracy": ("goodness per label", {"color": INK, "width": 2}),
    "readout_accuracy": ("read-out", {"color": READOUT, "width": 2, "dash": "dash"}),
}


class History(Protocol):
    """What the figure needs of a history."""

    @property
    def changes(self) -> Sequence[tuple[int, str]]:
        """The step and the words of every change a person made."""

    def curve(self) -> Mapping[str, NDArray[Any]]:
        """``step`` (T,), ``epoch`` (T,), ``accuracy`` (T, K) and ``readout_accuracy`` (T, K)."""


def curves(history: History, variant: int = 0) -> go.Figure:
    """Draw validation accuracy by goodness per label and by the read-out, with every change marked and named.

    Parameters
    ----------
    history
        The history of a run.
    variant
        Which of the K variants.

    Returns
    -------
    go.Figure
        A line for each way of inference that was measured; accuracy in percent over batches.

    Raises
    ------
    IndexError
        If there is no such variant.
    """
    check_given("history", history)
    curve = history.curve()
    steps = np.asarray(curve["step"])
    variants = np.asarray(curve["accuracy"]).shape[1]
    if not 0 <= variant < variants:
        raise IndexError(f"variant is {variant!r}; this history has {variants}, counted from 0.")
    figure = go.Figure()
    for key, (name, line) in SERIES.items():
        values = np.asarray(curve[key], dtype=float)[:, variant]
        known = np.isfinite(values)
        if not known.any():
            continue
        trace = go.Scatter(
            x=steps[known],
            y=100 * values[known],
            customdata=np.asarray(curve["epoch"])[known],
            hovertemplate="batch %{x}, epoch %{customdata:.1f}: %{y:.1f} %<extra>" + name + "</extra>",
            mode="lines" if known.sum() > 1 else "markers",
            line=line,
            marker={"color": line["color"]},
            name=name,
        )
        figure.add_trace(trace)
    line = {"color": MUTED, "width": 1, "dash": "dot"}
    beside = {
        "y": 0.02, "yref": "paper", "yanchor": "bottom", "xanchor": "right", "textangle": -90, "showarrow": False,
        "font": {"size": 11, "color": MUTED},
    }  # fmt: skip
    # All at once: plotly checks those that are there again with each that is added.
    figure.update_layout(
        shapes=[
            {"type": "line", "x0": int(step), "x1": int(step), "y0": 0, "y1": 1, "yref": "y domain", "line": line}
            for step, _ in history.changes
        ],
        annotations=[{"x": int(step), "text": str(text), **beside} for step, text in history.changes],
    )
    figure.update_xaxes(title="batches", rangemode="tozero", **AXIS)
    figure.update_yaxes(title="validation accuracy (%)", **(AXIS | {"showgrid": True, "gridcolor": FAINT}))
    figure.update_layout(showlegend=True)
    return dressed(figure, height=320)
