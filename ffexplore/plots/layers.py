"""Separation and loss of each layer over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb
from plotly.subplots import make_subplots

from ffexplore.plots.given import check_given
from ffexplore.plots.style import AXIS, FAINT, FIRST_LAYER, INK, dressed

MEASURES = {"auc": "separation (AUC)", "loss": "loss"}


class History(Protocol):
    """What the figure needs of a history."""

    def curve(self) -> Mapping[str, NDArray[Any]]:
        """``step``, ``epoch`` (T,), ``auc`` and ``loss`` (T, K, L)."""


def layers(history: History, variant: int = 0) -> go.Figure:
    """Draw how far each layer separates positive from negative data, and its loss, over time.

    Parameters
    ----------
    history
        The history of a run.
    variant
        Which of the K variants.

    Returns
    -------
    go.Figure
        Two charts over batches with a line for each layer that was measured.

    Raises
    ------
    IndexError
        If there is no such variant.
    """
    check_given("history", history)
    curve = history.curve()
    variants, depth = np.asarray(curve["auc"]).shape[1:]
    if not 0 <= variant < variants:
        raise IndexError(f"variant is {variant!r}; this history has {variants}, counted from 0.")
    figure = make_subplots(rows=len(MEASURES), cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for row, (key, name) in enumerate(MEASURES.items(), 1):
        for layer in range(depth):
            values = np.asarray(curve[key], dtype=float)[:, variant, layer]
            known = np.isfinite(values)
            if not known.any():
                continue
            trace = go.Scatter(
                x=np.asarray(curve["step"])[known],
                y=values[known],
                customdata=np.asarray(curve["epoch"])[known],
                hovertemplate=f"batch %{{x}}, epoch %{{customdata:.1f}}: %{{y:.3f}}<extra>layer {layer + 1}</extra>",
                mode="lines" if known.sum() > 1 else "markers",
                line={"color": _color(layer, depth), "width": 2},
                marker={"color": _color(layer, depth)},
                name=f"layer {layer + 1}",
                legendgroup=f"layer {layer + 1}",
                showlegend=row == 1,
            )
            figure.add_trace(trace, row=row, col=1)
        figure.update_yaxes(title=name, row=row, col=1, **(AXIS | {"showgrid": True, "gridcolor": FAINT}))
        figure.update_xaxes(rangemode="tozero", row=row, col=1, **AXIS)
    figure.update_xaxes(title="batches", row=len(MEASURES), col=1)
    figure.update_layout(showlegend=True)
    return dressed(figure, height=420)


def _color(layer: int, depth: int) -> str:
    """From the colour of the first layer to that of the last, which has the ink."""
    share = layer / (depth - 1) if depth > 1 else 1.0
    ends = zip(hex_to_rgb(FIRST_LAYER), hex_to_rgb(INK), strict=True)
    return f"rgb{tuple(round(first + share * (last - first)) for first, last in ends)}"
