"""The goodness landscape: for data with two features, the plane as the network sees it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ffexplore.engine.landscape import Landscape
from ffexplore.plots.style import INK, MUTED, NEGATIVE, POSITIVE, dressed

MAP = 240  #: pixels of a map
GROUND = [[0, "#FFFFFF"], [1, "#8A8A8A"]]
MARKS = ("circle-open", "x-thin-open", "square-open", "cross-thin-open", "diamond-open", "triangle-up-open")


def landscape(found: Landscape) -> go.Figure:
    """Draw a map for each label and layer, and the decision; the data points lie over them.

    Parameters
    ----------
    found
        What ``ffexplore.engine.landscape.landscape`` returned.

    Returns
    -------
    go.Figure
        A row for each label, whose own points are blue, with a map for each layer: fuller is more goodness, the
        line is the threshold. In the first column the regions of the classes.
    """
    layers, labels, size, _ = found.goodness.shape
    columns = layers + 1
    titles = ["decision" if not row else "" for row in range(labels)]
    grid = [[title, *(_title(found, label, layer) for layer in range(layers))] for label, title in enumerate(titles)]
    figure = make_subplots(
        rows=labels, cols=columns, subplot_titles=[title for row in grid for title in row],
        horizontal_spacing=0.03, vertical_spacing=0.24 / (1 + labels),
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": MUTED})
    x, y = (np.linspace(found.low[axis], found.high[axis], size) for axis in (0, 1))
    for label in range(labels):
        for layer in range(layers):
            where = {"row": label + 1, "col": layer + 2}
            z = found.goodness[layer, label]
            scale = found.goodness[layer]
            figure.add_trace(
                go.Heatmap(
                    z=z, x=x, y=y, zmin=float(scale.min()), zmax=float(scale.max()), colorscale=GROUND,
                    showscale=False, hovertemplate="goodness %{z:.3g}<extra></extra>",
                ),
                **where,
            )  # fmt: skip
            theta = float(found.threshold[layer])
            if z.min() < theta < z.max():
                figure.add_trace(_line(x, y, z, theta, 1.5), **where)
            _add_points(figure, found, label if found.has_labels else -1, where)
    where = {"row": 1, "col": 1}
    shades = go.Heatmap(z=found.chosen, x=x, y=y, colorscale=GROUND, opacity=0.5, showscale=False, hoverinfo="skip")
    figure.add_trace(shades, **where)
    for margin in found.margin:
        if margin.min() < 0 < margin.max():
            figure.add_trace(_line(x, y, margin, 0.0, 2), **where)
    _add_points(figure, found, None, where)
    figure.update_xaxes(visible=False, range=[float(x[0]), float(x[-1])])
    figure.update_yaxes(visible=False, range=[float(y[0]), float(y[-1])])
    figure = dressed(figure, height=MAP * labels + 90)
    return figure.update_layout(margin={"l": 16, "t": 64, "b": 40}, legend={"y": 0, "yanchor": "top"})


def _title(found: Landscape, label: int, layer: int) -> str:
    return f"layer {layer + 1}" + (f", label {found.names[label]}" if found.has_labels else "")


def _line(x: np.ndarray, y: np.ndarray, z: np.ndarray, level: float, width: float) -> go.Contour:
    return go.Contour(
        z=z, x=x, y=y, contours={"start": level, "end": level, "size": 1, "coloring": "none"},
        line={"color": INK, "width": width}, showscale=False, hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _add_points(figure: go.Figure, found: Landscape, label: int | None, where: dict[str, int]) -> None:
    """The data: in ink in the decision (label None), else blue where their label is that of the map."""
    for each, name in enumerate(found.names):
        points = found.points[found.labels == each]
        color = INK if label is None else POSITIVE if each == label else NEGATIVE
        figure.add_trace(
            go.Scatter(
                x=points[:, 0], y=points[:, 1], mode="markers", name=name, legendgroup=name, showlegend=label is None,
                hoverinfo="skip", marker={"symbol": MARKS[each % len(MARKS)], "size": 5, "color": color},
            ),
            **where,
        )  # fmt: skip
