"""The look that all figures share, and the board too: two colours, a light ground, no decoration."""

from __future__ import annotations

import plotly.graph_objects as go

POSITIVE = "#0072B2"  #: safe for colour-blind people beside `NEGATIVE`
NEGATIVE = "#D55E00"
INK = "#222222"
MUTED = "#666666"
RULE = "#BBBBBB"
FAINT = "#E0E0E0"
READOUT = "#8A5A9E"
FIRST_LAYER = "#2AA198"  #: the lines of deeper layers go from here to the ink

AXIS = {"showgrid": False, "zeroline": False, "linecolor": RULE, "ticks": "outside", "tickcolor": RULE, "ticklen": 4}


def dressed(figure: go.Figure, height: int) -> go.Figure:
    """Give a figure the common look, in place.

    Parameters
    ----------
    figure
        The figure to dress.
    height
        Its height in pixels; the width follows the page.

    Returns
    -------
    go.Figure
        The same figure.
    """
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 56, "r": 16, "t": 48, "b": 44},
        font={"family": "system-ui, sans-serif", "size": 12, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "yref": "paper"},
    )
    return figure


def number(value: float, decimals: int = 2) -> str:
    """Write a number with fixed decimals and a true minus sign; a dash where there is none."""
    return "–" if value != value else f"{value:.{decimals}f}".replace("-", "−")
