"""A panel stands still, and says why, while a cell compares variants of its run; the choice shows in it."""

from __future__ import annotations

import pytest

from tests.e2e.test_time_travel import EXPLORER, wait_for_text

pytestmark = pytest.mark.e2e


def test_a_comparison_from_a_cell_shows_in_the_open_panel(open_notebook):
    notebook = open_notebook(EXPLORER, width=900, height=1300)
    notebook.execute("panel.runner.start()")
    wait_for_text(notebook, ".ffx-explorer", r"Pause")
    notebook.execute("panel.runner.compare('threshold', [0.5, 1.0, 2.0])")
    wait_for_text(notebook, ".ffx-explorer", r"Comparing threshold 0\.5 \| 1 \| 2: the board shows the first")
    reset = notebook.page.locator(".ffx-bar button", has_text="Reset")
    assert reset.is_disabled()
    notebook.screenshot("comparing-900")
    notebook.execute("panel.runner.choose(2)")
    notebook.page.wait_for_function(
        "() => ![...document.querySelectorAll('.ffx-bar button')].find((b) => /Reset/.test(b.textContent)).disabled",
        timeout=20_000,
    )
    wait_for_text(notebook, ".ff-board", r"threshold 1 → 2")
    assert notebook.execute("print(panel.settings.threshold, panel.runner.snapshot.threshold.tolist())").strip() == (
        "2.0 [[2.0, 2.0]]"
    )
    notebook.screenshot("chosen-900")
