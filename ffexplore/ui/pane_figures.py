"""Figures of the panes that a person acts in: what they show now, with the input that it is about."""

from __future__ import annotations

import base64
import io

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image
from plotly.subplots import make_subplots

from ffexplore.errors import FFExploreError
from ffexplore.live import History
from ffexplore.live.companion import Beside
from ffexplore.plots.candidates import candidates
from ffexplore.plots.style import AXIS, FAINT, INK, MUTED, POSITIVE, dressed, number
from ffexplore.ui.candidates_pane import VALUES, Candidate
from ffexplore.ui.draw_pane import Drawn

SIDE = 112  #: pixels of a picture's side
MEBIBYTE = 2**20


def of_candidate(shown: Candidate) -> go.Figure:
    """The candidate labels of the validation input that is shown, with its picture or its values."""
    figure = candidates(shown.verdict, shown.names, shown.right)
    words = f"Validation input {shown.row + 1} of {shown.total}, right: {shown.names[shown.right]}"
    if shown.input.ndim == 3:
        return _headed(figure, words, shown.input)
    values = ", ".join(number(float(value)) for value in shown.input[:VALUES])
    return _headed(figure, f"{words}; its values: {values}{', …' if len(shown.input) > VALUES else ''}")


def of_drawing(shown: Drawn) -> go.Figure:
    """What the network says of what lies on the pad, with the picture as the network gets it.

    Raises
    ------
    FFExploreError
        When nothing was drawn, or nothing can be.
    """
    if shown.is_table:
        raise FFExploreError(f"{shown.dataset} has rows of numbers, so there is nothing to draw.")
    if shown.verdict is None or shown.image is None:
        raise FFExploreError("Nothing lies on the pad; draw something first.")
    if shown.right < 0:
        return _headed(candidates(shown.verdict, shown.names), "A drawing", shown.image)
    words = f"Validation input {shown.sample + 1}, right: {shown.names[shown.right]}"
    return _headed(candidates(shown.verdict, shown.names, shown.right), words, shown.image)


def of_twin(shown: Beside, history: History) -> go.Figure:
    """The run beside its twin trained by backpropagation: accuracy over batches, seconds of training, and memory.

    Raises
    ------
    FFExploreError
        When the network cannot be trained by backpropagation.
    """
    if shown.refusal:
        raise FFExploreError(shown.refusal)
    names, colors = ["Forward-Forward", "backpropagation"], [POSITIVE, INK]
    batches = f"seconds for {shown.batches[1]} batches"
    titles = ("validation accuracy (%) over batches", batches, "held for the gradient (MiB)")
    figure = make_subplots(rows=1, cols=3, column_widths=[0.5, 0.25, 0.25], subplot_titles=titles)
    figure.update_annotations(font={"size": 12, "color": MUTED})
    curve = history.curve()
    by_goodness, by_readout = curve["accuracy"][:, 0], curve["readout_accuracy"][:, 0]
    of_run = by_goodness if np.isfinite(by_goodness).any() else by_readout
    lines = [(curve["step"], of_run, "solid"), (shown.steps, shown.accuracy, "dash")]
    for name, color, (steps, accuracy, dash) in zip(names, colors, lines, strict=True):
        known = np.isfinite(accuracy)
        line = go.Scatter(
            x=steps[known], y=100 * accuracy[known], name=name, mode="lines+markers" if known.sum() < 2 else "lines",
            line={"color": color, "dash": dash, "width": 2},
        )  # fmt: skip
        figure.add_trace(line, row=1, col=1)
    short = [name.replace("-", "-<br>").replace("backprop", "back-<br>prop") for name in names]  # a bar is no wider
    for column, values in ((2, shown.seconds), (3, [held / MEBIBYTE for held in shown.held])):
        bars = go.Bar(
            x=short, y=list(values), marker={"color": colors}, text=[number(float(value)) for value in values],
            textposition="outside", cliponaxis=False, showlegend=False, hoverinfo="skip",
        )  # fmt: skip
        figure.add_trace(bars, row=1, col=column)
    figure.update_xaxes(**AXIS)
    figure.update_yaxes(**(AXIS | {"showgrid": True, "gridcolor": FAINT}), rangemode="tozero")
    figure.update_layout(showlegend=True)
    figure.update_xaxes(tickangle=0, col=2).update_xaxes(tickangle=0, col=3)
    return dressed(figure, height=340).update_layout(margin={"t": 72, "b": 56}, legend={"y": 1.1})


def _headed(figure: go.Figure, words: str, picture: NDArray[np.uint8] | None = None) -> go.Figure:
    """Write what the figure is about above it, and set its picture there."""
    layout = figure.layout
    more = 24 + (SIDE + 12 if picture is not None else 0)
    inner = layout.height - layout.margin.t - layout.margin.b
    if picture is not None:
        figure.add_layout_image(
            source=_png(picture), xref="paper", yref="paper", x=0, y=1 + 30 / inner, xanchor="left", yanchor="bottom",
            sizex=0.5, sizey=SIDE / inner, sizing="contain",
        )  # fmt: skip
    return figure.update_layout(
        height=layout.height + more,
        margin={"t": layout.margin.t + more},
        title={"text": f"{words}<br>{layout.title.text}", "y": 1, "yanchor": "top", "pad": {"t": 12}},
    )


def _png(picture: NDArray[np.uint8]) -> str:
    """A picture as a data address, enlarged without smoothing."""
    pixels = picture[..., 0] if picture.shape[2] == 1 else picture
    image = Image.fromarray(np.ascontiguousarray(pixels))
    factor = max(1, SIDE // max(image.size))
    held = io.BytesIO()
    image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST).save(held, "PNG")
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()
