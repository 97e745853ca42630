"""How far the probability of being positive keeps what it says, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from ffexplore.engine.diagnostics import Diagnostics
from ffexplore.plots.style import AXIS, FAINT, MUTED, POSITIVE, RULE, dressed, number

SIDE = 210  # pixels


def calibration(diagnostics: Diagnostics, variant: int = 0) -> go.Figure:
    """Draw for each layer the share of positives over the probability that it gave, σ(s (g − θ)), s the logit scale.

    Parameters
    ----------
    diagnostics
        The result of ``diagnose``.
    variant
        Which of the K variants.

    Returns
    -------
    go.Figure
        A square for each layer: a point for each bin, its area by the inputs in it, and the line on which a layer
        that is exactly as sure as it should be lies. In the title the accuracy of the layer alone and with those
        below it, dead units, the expected calibration error, the share of silent activities and the root mean square
        of the weights.

    Raises
    ------
    IndexError
        If there is no such variant.
    """
    variants, layers = diagnostics.calibration_error.shape
    if not 0 <= variant < variants:
        raise IndexError(f"variant is {variant!r}; these diagnostics have {variants}, counted from 0.")
    titles = [_title(diagnostics, variant, layer) for layer in range(layers)]
    figure = make_subplots(rows=1, cols=layers, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.04)
    figure.update_annotations(font={"size": 12, "color": MUTED})
    for layer in range(layers):
        _add(figure, diagnostics, variant, layer)
    figure.update_xaxes(range=[-0.03, 1.03], title="probability given", **AXIS)
    figure.update_yaxes(range=[-0.03, 1.03], **(AXIS | {"showgrid": True, "gridcolor": FAINT}))
    figure.update_yaxes(title="share of positives", col=1)
    figure = dressed(figure, height=SIDE + 158)
    return figure.update_layout(showlegend=False, margin={"t": 112})


def _title(diagnostics: Diagnostics, variant: int, layer: int) -> str:
    def of(values: NDArray[Any], decimals: int, factor: float = 1.0) -> str:
        return number(factor * float(values[variant, layer]), decimals)

    return (
        f"<b>layer {layer + 1}</b> · {of(diagnostics.layer_accuracy, 1, 100)} % right alone<br>"
        f"{of(diagnostics.cumulative_accuracy, 1, 100)} % with those below · {of(diagnostics.dead, 0)} dead<br>"
        f"calibration error {of(diagnostics.calibration_error, 3)}<br>"
        f"{of(diagnostics.sparsity, 0, 100)} % of activities silent · weights {of(diagnostics.weight_rms, 3)}"
    )


def _add(figure: go.Figure, diagnostics: Diagnostics, variant: int, layer: int) -> None:
    where = {"row": 1, "col": layer + 1}
    ideal = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": RULE, "dash": "dot"}, hoverinfo="skip")
    figure.add_trace(ideal, **where)
    counts = diagnostics.counts[variant, layer]
    filled = counts > 0
    sizes = 4 + 18 * np.sqrt(counts[filled] / max(1, counts.max()))
    points = go.Scatter(
        x=diagnostics.predicted[variant, layer][filled],
        y=diagnostics.observed[variant, layer][filled],
        mode="lines+markers",
        line={"color": POSITIVE, "width": 1},
        marker={"color": POSITIVE, "size": sizes},
        customdata=counts[filled],
        hovertemplate="given %{x:.2f}, true %{y:.2f} of %{customdata}<extra></extra>",
    )
    figure.add_trace(points, **where)
