"""Finger and pen in a real JupyterLab: a threshold is dragged and a digit drawn as with a mouse."""

from __future__ import annotations

import pytest

from tests.e2e.test_verdict_panes import INK

pytestmark = pytest.mark.e2e

CELLS = ["import ffexplore as ff", "panel = ff.explore(start=True)\npanel"]


def stroke(page, kind, points):
    """Move a finger or a pen along points of the page, as the browser takes them from a device."""
    session = page.context.new_cdp_session(page)
    if kind == "touch":
        session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        for number, (x, y) in enumerate(points):
            name = "touchMove" if number else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": name, "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    else:
        names = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
        for name, (x, y) in zip(names, [*points, points[-1]], strict=True):
            pen = {"type": name, "x": x, "y": y, "button": "left", "buttons": 1, "pointerType": "pen", "clickCount": 1}
            session.send("Input.dispatchMouseEvent", pen)
    session.detach()


def line(begin, end, count=12):
    return [tuple(a + (b - a) * part / count for a, b in zip(begin, end, strict=True)) for part in range(count + 1)]


@pytest.mark.parametrize("kind", ["touch", "pen"])
def test_a_threshold_is_dragged_and_a_digit_drawn(open_notebook, kind):
    notebook = open_notebook(CELLS, height=1500)
    page = notebook.page
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=40_000)
    notebook.execute("panel.runner.lock_ranges()")  # else the line moves on between looking and touching
    handle = page.locator(".ff-threshold").first
    handle.scroll_into_view_if_needed()
    at = handle.bounding_box()
    before = float(notebook.execute("print(panel.settings.thresholds()[0])"))
    begin = (at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    stroke(page, kind, line(begin, (begin[0] + 60, begin[1])))
    page.wait_for_function(
        "(before) => Number(document.querySelector('.ff-threshold').getAttribute('aria-valuenow')) > before", arg=before
    )
    notebook.execute("import time\nend = time.monotonic() + 10")
    notebook.execute(f"while panel.settings.thresholds()[0] <= {before} and time.monotonic() < end: time.sleep(0.05)")
    assert float(notebook.execute("print(panel.settings.thresholds()[0])")) > before

    notebook.execute("panel.board.panes = ['draw']")
    pad = page.locator(".ff-pad")
    pad.hover(trial=True, timeout=20_000)  # which waits until it stands still, in sight
    box = pad.bounding_box()
    assert not page.evaluate(INK)
    middle = box["x"] + box["width"] / 2
    stroke(page, kind, line((middle, box["y"] + 0.15 * box["height"]), (middle, box["y"] + 0.85 * box["height"])))
    page.wait_for_function(
        "() => document.querySelector('[data-pane=draw] .ff-verdict')?.textContent.includes('chosen')", timeout=20_000
    )
    assert page.evaluate(INK)
    notebook.screenshot(f"drawn-by-{kind}", ".ffx-explorer")
