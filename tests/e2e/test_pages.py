"""Every view as a page of its own, and as a picture: opened in a browser, without a network."""

from __future__ import annotations

import struct
import time

import pytest

import ffexplore as ff
from ffexplore.ui.figures import PAGES, SHOWN, page
from tests.e2e.lab import SCREENSHOTS
from tests.e2e.test_explorer import cells

pytestmark = pytest.mark.e2e

ACTED = {"candidates": {"steps": 2}, "draw": {"sample": 1, "view": "a"}, "backprop": {}}  #: what shows something
VIEWS = tuple(name for name in PAGES if name != "compare")


@pytest.fixture(scope="module")
def panels():
    """A panel of digits and one of points in the plane, trained a little; the one that shows a view."""
    made = {name: ff.Explorer(dataset=name, label_encoding="appended", layers=(32, 24)) for name in ("digits", "moons")}
    for panel in made.values():
        panel.runner.step(150)
        panel.runner.wait(60)
    yield lambda view: made["moons" if view == "landscape" else "digits"]
    for panel in made.values():
        panel.close()


def write_page(panel, view, folder):
    if view in SHOWN:
        pane = panel.board.asked_panes[view]
        pane.hear(ACTED[view], [])
        pane.take(panel.runner.ask(pane.look, True).result(60))
    path = folder / f"{view}.html"
    path.write_text(page(view, panel.runner, panel.board.asked_panes), encoding="utf-8")
    return path


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_a_page_that_asks_nobody_and_fits(panels, browser, tmp_path, view):
    path = write_page(panels(view), view, tmp_path)
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    opened, asked, errors = context.new_page(), [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(path.as_uri())
    opened.wait_for_selector(".main-svg")
    opened.wait_for_timeout(500)
    SCREENSHOTS.mkdir(exist_ok=True)
    opened.screenshot(path=SCREENSHOTS / f"page-{view}.png", full_page=True)
    wide = opened.evaluate("() => document.documentElement.scrollWidth")
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert errors == []
    assert wide <= 1000


def test_variants_are_a_page_too(browser, tmp_path):
    panel = ff.Explorer(dataset="digits", label_encoding="appended", layers=(32, 24))
    try:
        panel.runner.compare("threshold", [0.5, 1.0, 2.0])
        panel.runner.step(100)
        panel.runner.wait(60)
        path = write_page(panel, "compare", tmp_path)
    finally:
        panel.close()
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    opened = context.new_page()
    opened.goto(path.as_uri())
    opened.wait_for_selector(".main-svg")
    opened.screenshot(path=SCREENSHOTS / "page-compare.png", full_page=True)
    assert opened.evaluate("() => document.documentElement.scrollWidth") <= 1000
    context.close()


def test_every_view_is_saved_as_a_picture(open_notebook):
    arguments = "layers=(32, 24), dataset='digits', label_encoding='appended'"
    notebook = open_notebook(cells(arguments), height=1400)
    opened = notebook.page
    opened.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    notebook.execute("panel.runner.step(100); panel.runner.wait(20); panel.keep.is_open = True")
    sizes = {}
    for view in sorted(VIEWS, key=lambda name: name == "landscape"):
        if view == "landscape":  # that one is for two-dimensional data
            notebook.execute("panel.runner.update(dataset='moons', shift=0); panel.runner.wait(20)")  # raises a refusal
            notebook.execute("panel.runner.step(100); panel.runner.wait(20)")
        notebook.execute(f"panel.board.panes = [{view!r}]")
        opened.wait_for_selector(f"[data-pane={view}]")
        opened.wait_for_function(
            "(view) => document.querySelector('.ffx-keep select').value === view", arg=view, timeout=10_000
        )
        if view == "backprop":  # its table comes once the twin has trained
            opened.get_by_text("held for the gradient").wait_for(timeout=30_000)
        time.sleep(1.5)  # until the trainer was asked and the answer is drawn
        with opened.expect_download() as waiting:
            opened.locator(".ffx-keep").get_by_text("PNG", exact=True).click()
        assert waiting.value.suggested_filename == f"{view}.png"
        content = waiting.value.path().read_bytes()
        assert content.startswith(b"\x89PNG")
        SCREENSHOTS.mkdir(exist_ok=True)
        (SCREENSHOTS / f"saved-{view}.png").write_bytes(content)
        sizes[view] = struct.unpack(">II", content[16:24])
        box = opened.locator(f"[data-pane={view}]").bounding_box()
        assert sizes[view][0] == pytest.approx(2 * (box["width"] + 24), abs=4)
        assert sizes[view][1] >= 2 * box["height"] - 4
    assert len(sizes) == len(VIEWS)
