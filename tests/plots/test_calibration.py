"""The calibration diagram."""

from __future__ import annotations

import numpy as np
import pytest

from ffexplore import plots
from ffexplore.engine.diagnostics import Diagnostics


def diagnostics() -> Diagnostics:
    """Two layers, the second without a threshold."""
    counts = np.array([[[5, 0, 15], [0, 0, 0]]])
    nothing = np.full(3, np.nan)
    return Diagnostics(
        counts=counts,
        predicted=np.array([[[0.1, np.nan, 0.9], nothing]]),
        observed=np.array([[[0.2, np.nan, 0.8], nothing]]),
        calibration_error=np.array([[0.1, np.nan]]),
        sparsity=np.array([[0.5, 0.25]]),
        concentration=np.array([[0.3, 0.3]]),
        weight_rms=np.array([[0.04, 0.06]]),
        dead=np.array([[0, 3]]),
        layer_accuracy=np.array([[0.91, np.nan]]),
        cumulative_accuracy=np.array([[0.91, 0.934]]),
    )


def test_each_layer_has_its_filled_bins_and_its_measures_in_words() -> None:
    figure = plots.calibration(diagnostics())
    points = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert list(points[0].x) == [0.1, 0.9]
    assert list(points[0].y) == [0.2, 0.8]
    assert points[0].marker.size[1] > points[0].marker.size[0]
    assert len(points[1].x) == 0
    titles = [note.text for note in figure.layout.annotations]
    assert "calibration error 0.100" in titles[0]
    assert "50 % of activities silent" in titles[0]
    assert "91.0 % right alone" in titles[0]
    assert "calibration error –" in titles[1]
    assert "– % right alone" in titles[1]
    assert "93.4 % with those below · 3 dead" in titles[1]
    with pytest.raises(IndexError, match="have 1"):
        plots.calibration(diagnostics(), 1)
