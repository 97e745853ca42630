"""Positive and negative inputs as pictures, with the goodness of each layer."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ffexplore.engine.pictures import hardest_first
from ffexplore.live.snapshot import Examples, Snapshot
from ffexplore.plots.given import check_given
from ffexplore.plots.style import MUTED, NEGATIVE, POSITIVE, dressed, number
from ffexplore.plots.tiles import tiled

PICTURE = 84  # pixels of the page that a picture is about wide
LINE = 14  # pixels of a line of text
HIDDEN = {"visible": False, "fixedrange": True}


def gallery(snapshot: Snapshot) -> go.Figure:
    """Draw a few inputs of the probe, positives above negatives, the hardest first.

    The hardest positive is the weakest, with the least goodness summed over the layers, and the hardest negative the
    one with the most: the two in a column need not belong together. Below each input stand the label written into it
    and, for each layer, its goodness and the probability of being positive.

    Parameters
    ----------
    snapshot
        The moment to draw.

    Returns
    -------
    go.Figure
        One image and a text for each input.

    Raises
    ------
    ValueError
        If the snapshot has no examples, or they are rows of a table instead of pictures.
    """
    check_given("snapshot", snapshot)
    examples = snapshot.examples
    if examples is None:
        raise ValueError("This snapshot has no examples to show; take one from a runner that has looked at its data.")
    _, count, height, width, channels = examples.images.shape
    if height == 1:
        raise ValueError("The examples of this snapshot are rows of numbers, not pictures.")
    order = hardest_first(examples.goodness)
    layers = examples.goodness.shape[2]
    scale = width / PICTURE  # pixels of a picture for one of the page
    room = int(np.ceil((LINE * (layers + 1) + 14) * scale))
    gap = (room, max(1, round(16 * scale)))
    colors = np.repeat(examples.images, 3, -1) if channels == 1 else examples.images[..., :3]
    whole = tiled(colors[np.arange(2)[:, None], order].reshape(2 * count, height, width, 3), count, gap, 255)
    figure = go.Figure(go.Image(z=whole, hoverinfo="skip"))
    for side, (mark, color) in enumerate((("▲", POSITIVE), ("▼", NEGATIVE))):
        for place, row in enumerate(order[side]):
            figure.add_annotation(
                x=place * (width + gap[1]) - 0.5, y=side * (height + room) + height - 0.5, xanchor="left",
                yanchor="top", align="left", showarrow=False, font={"size": 10, "color": MUTED},
                text=f'<b style="color:{color}">{mark} {_label(examples, side, row)}</b>'
                + "".join(f"<br>{_measures(examples, side, row, layer)}" for layer in range(layers)),
            )  # fmt: skip
    figure.update_xaxes(**HIDDEN)
    figure.update_yaxes(**HIDDEN)
    figure = dressed(figure, height=round(whole.shape[0] / scale) + 64)
    words = "positive inputs above, the weakest first; negative below, the strongest first; goodness of each layer"
    if np.isfinite(examples.probability).any():
        logit = "g − θ" if examples.scale == 1 else f"{examples.scale:g} (g − θ)"
        words += f" (probability of positive, σ({logit}))"
    return figure.update_layout(
        margin={"l": 16, "b": 16}, title={"text": words, "x": 0.02, "font": {"size": 12, "color": MUTED}}
    )


def _label(examples: Examples, side: int, row: int) -> str:
    label = int(examples.labels[side, row])
    if label < -1:
        return f"all but {-2 - label}"
    return "no label" if label < 0 else f"{label}"


def _measures(examples: Examples, side: int, row: int, layer: int) -> str:
    probability = float(examples.probability[side, row, layer])
    sure = f" ({number(probability)})" if np.isfinite(probability) else ""
    return f"{number(float(examples.goodness[side, row, layer]))}{sure}"
