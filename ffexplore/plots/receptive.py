"""Receptive fields: weights of the first layer as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ffexplore.plots.style import MUTED, NEGATIVE, POSITIVE, dressed
from ffexplore.plots.tiles import tiled

COLUMNS = 8
PICTURE = 84  # pixels of the page that a picture is about wide


def receptive_fields(weights: Any, shape: Sequence[int], count: int = 32) -> go.Figure:
    """Draw the weights of the strongest units of the first layer as pictures, with one colour scale around 0.

    Parameters
    ----------
    weights
        (inputs, units), an array or tensor: the first of what ``Trainer.weights(0)`` returns. Inputs beyond the picture
        (an appended label) are left out.
    shape
        Height, width and, if there are several, colour channels of the pictures, as in ``Dataset.shape``; channels
        are averaged.
    count
        How many units at most; those whose weights have the largest norm come first.

    Returns
    -------
    go.Figure
        A heatmap in which the pictures stand side by side.

    Raises
    ------
    ValueError
        If the shape is not that of a picture, the weights do not reach for it, or count is less than 1.
    """
    given = np.asarray(weights.detach().cpu() if hasattr(weights, "detach") else weights, dtype=np.float32)
    if len(shape) not in (2, 3):
        raise ValueError(
            f"shape is {tuple(shape)!r}; give height, width and perhaps channels. A table has no pictures."
        )
    size = int(np.prod(shape))
    if given.ndim != 2 or given.shape[0] < size or not given.shape[1]:
        raise ValueError(f"weights has shape {given.shape}; (inputs, units) with {size} inputs or more is expected.")
    if count < 1:
        raise ValueError(f"count is {count!r}; it must be 1 or more.")
    fields: NDArray[np.float32] = np.nan_to_num(given[:size])
    units = np.argsort(-np.linalg.norm(fields, axis=0), kind="stable")[:count]
    pictures = fields.T[units].reshape(len(units), *shape)
    pictures = pictures.mean(-1) if len(shape) == 3 else pictures
    height, width = pictures.shape[1:]
    columns = min(COLUMNS, len(units))
    scale = width / PICTURE
    gap = (max(1, round(20 * scale)), max(1, round(10 * scale)))
    whole = tiled(pictures, columns, gap, np.nan)[::-1]  # a heatmap begins at the bottom
    limit = float(np.quantile(np.abs(pictures), 0.995)) or 1.0
    picture = go.Heatmap(
        z=whole, zmin=-limit, zmax=limit, colorscale=[[0, NEGATIVE], [0.5, "#FFFFFF"], [1, POSITIVE]],
        colorbar={"title": {"text": "weight"}, "thickness": 12, "outlinewidth": 0}, hoverinfo="skip",
    )  # fmt: skip
    figure = go.Figure(picture)
    for place, unit in enumerate(units):
        row, column = divmod(place, columns)
        figure.add_annotation(
            x=column * (width + gap[1]) + (width - 1) / 2, y=len(whole) - row * (height + gap[0]) - height - 0.5,
            yanchor="top", showarrow=False, text=f"{unit + 1}", font={"size": 10, "color": MUTED},
        )  # fmt: skip
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(constrain="domain", **hidden)
    figure.update_yaxes(scaleanchor="x", constrain="domain", **hidden)
    figure = dressed(figure, height=round(len(whole) / scale) + 60)
    words = f"units of layer 1, the strongest first: {len(units)} of {given.shape[1]}"
    return figure.update_layout(
        margin={"l": 16, "b": 16}, title={"text": words, "x": 0.02, "font": {"size": 12, "color": MUTED}}
    )
