"""Everything the board shows, as static plotly figures for scripts, export and notebooks."""

from ffexplore.plots.against_backprop import against_backprop
from ffexplore.plots.calibration import calibration
from ffexplore.plots.candidates import candidates, confusion
from ffexplore.plots.curves import curves
from ffexplore.plots.gallery import gallery
from ffexplore.plots.histograms import histograms
from ffexplore.plots.landscape import landscape
from ffexplore.plots.layers import layers
from ffexplore.plots.receptive import receptive_fields
from ffexplore.plots.report import report
from ffexplore.plots.variants import variants

__all__ = [
    "histograms",
    "curves",
    "layers",
    "gallery",
    "receptive_fields",
    "candidates",
    "confusion",
    "landscape",
    "report",
    "calibration",
    "against_backprop",
    "variants",
]
