"""Everything the board shows, as static plotly figures for scripts, export and notebooks."""

from ffexplore.plots.curves import curves
from ffexplore.plots.histograms import histograms
from ffexplore.plots.report import report

__all__ = ["histograms", "curves", "report"]
