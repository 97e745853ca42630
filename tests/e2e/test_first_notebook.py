"""The first notebook as a newcomer uses it: run its cell, press Play, see the hills part, drag the threshold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.lab import Notebook

pytestmark = pytest.mark.e2e

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "00_explore.ipynb"
IN_SIGHT = 0.7  # of a histogram on the screen of a small laptop shows both of its sides
PARTED = """() => {
  const row = document.querySelector('.ff-row');
  const words = [...row.querySelectorAll('.ff-words dt')].map((node) => node.textContent);
  const values = [...row.querySelectorAll('.ff-words dd')].map((node) => node.textContent);
  return Number(values[words.indexOf('AUC')]) > 0.9;
}"""


@pytest.fixture
def notebook(lab, browser):
    """The first notebook on the screen of a small laptop."""
    shutil.copy(NOTEBOOK, lab.work)
    opened = Notebook(browser.new_context(viewport={"width": 1280, "height": 800}).new_page(), lab)
    opened.open(NOTEBOOK.name)
    yield opened
    opened.close()
    opened.check()


@pytest.mark.parametrize("front_end", ["lab", "notebook"], indirect=True)
def test_from_the_first_notebook_to_hills_that_part_and_follow_the_threshold(notebook):
    page = notebook.page
    page.locator(".jp-Cell").first.click()
    for _ in range(2):  # what is to be read, then the cell
        page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=60_000)
    plot = page.locator(".ff-row .ff-plot").first
    box, sheet = plot.bounding_box(), page.locator(".jp-NotebookPanel-notebook").bounding_box()
    assert box["y"] + IN_SIGHT * box["height"] <= sheet["y"] + sheet["height"]

    page.locator(".ffx-play").click()
    page.wait_for_function(PARTED, timeout=60_000)

    line = page.locator(".ff-row .ff-threshold").first
    plot.scroll_into_view_if_needed()
    box, at = plot.bounding_box(), line.bounding_box()
    page.mouse.move(at["x"] + at["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_function("() => Number(document.querySelector('.ff-threshold').ariaValueNow) > 1.01", timeout=20_000)
    assert float(notebook.execute("print(panel.settings.threshold)")) > 1.01
    crossed = "panel.runner.snapshot.mean_positive[0, 0] > panel.settings.threshold"
    wait = f"import time\nfor _ in range(400):\n    if {crossed}: break\n    time.sleep(0.05)\nprint({crossed})"
    # the hill of positive data has moved to the right of the line again
    assert notebook.execute(wait).strip() == "True"
