"""Candidates, confusion matrix, drawing pad and landscape in a real JupyterLab: used by mouse and keyboard."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

CELLS = ["import ffexplore as ff", "panel = ff.explore({arguments})\npanel"]
PANES = ("candidates", "confusion", "draw", "landscape")


def cells(arguments="start=True"):
    return [cell.format(arguments=arguments) for cell in CELLS]


def only(notebook, *panes):
    notebook.execute(f"panel.board.panes = {list(panes)}")
    for pane in panes:
        notebook.page.wait_for_selector(f"[data-pane={pane}]")


@pytest.mark.parametrize("width", [1280, 900])
def test_pictures_for_people_to_look_at(open_notebook, width):
    notebook = open_notebook(cells(), width=width, height=1900)
    only(notebook, "candidates", "confusion", "draw")
    notebook.page.wait_for_selector(".ff-verdict-bar", state="attached", timeout=20_000)
    notebook.page.wait_for_timeout(3000)
    notebook.page.get_by_role("button", name="lay a sample").click()
    notebook.page.locator(".ff-switch").first.hover()
    notebook.page.wait_for_timeout(1500)
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    shots(notebook, f"verdicts-{width}")
    only(notebook, "candidates", "landscape")
    notebook.execute(
        "panel.runner.update(dataset='moons', label_encoding='appended', shift=0); panel.runner.step(300)\n"
        "panel.runner.wait(30)"
    )
    notebook.page.wait_for_selector(".ff-plane-edge[d]", state="attached", timeout=20_000)
    notebook.page.wait_for_timeout(1500)
    shots(notebook, f"landscape-{width}")


def shots(notebook, name):
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.page.wait_for_timeout(1200)
        path = notebook.screenshot(f"{name}-{theme}", ".ff-board")
        assert path.stat().st_size > 15_000
    sizes = notebook.page.locator(".ff-host").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert sizes[0] <= sizes[1]
