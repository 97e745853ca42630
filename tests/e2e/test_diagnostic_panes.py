"""Diagnostics and the twin in a real JupyterLab: switched on they move, switched off nobody trains for them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

CELLS = ["import ffexplore as ff", "panel = ff.explore(start=True)\npanel"]
PATIENCE = 60_000  # milliseconds: the twin trains beside the run


@pytest.mark.parametrize("width", [1280, 900])
def test_they_show_what_the_kernel_found_and_rest_when_hidden(open_notebook, width):
    notebook = open_notebook(CELLS, width=width, height=2000)
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=PATIENCE)
    assert notebook.execute("print(panel.board.asked_panes['backprop'].answer)").strip() == "None"
    notebook.execute("panel.board.panes = ['diagnostics', 'backprop']")
    notebook.page.wait_for_selector(".ff-bins circle", timeout=PATIENCE)
    notebook.page.wait_for_selector(".ff-curve-twin[d*=L]", state="attached", timeout=PATIENCE)
    assert "there is no shortcut" in notebook.page.locator(".ff-reading").text_content()
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    notebook.page.wait_for_function(  # it catches up while training rests
        """() => {
          const [ours, twin] = document.querySelectorAll('.ff-figures tr:nth-child(3) td');
          return ours.textContent === twin.textContent && Number(twin.textContent) > 0;
        }""",
        timeout=PATIENCE,
    )
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.page.wait_for_timeout(1200)
        path = notebook.screenshot(f"diagnostics-{width}-{theme}", ".ff-board")
        assert path.stat().st_size > 10_000
    sizes = notebook.page.locator(".ff-host").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert sizes[0] <= sizes[1]
    notebook.execute("panel.board.panes = ['histograms']; panel.runner.start()")
    notebook.page.wait_for_function("() => !document.querySelector('[data-pane=backprop]')")
    asked = "print([panel._reader._turns[name].asked for name in ('diagnostics', 'backprop')])"
    notebook.page.wait_for_timeout(500)
    at = notebook.execute(asked)
    notebook.page.wait_for_timeout(1500)
    assert notebook.execute(asked) == at
    assert notebook.execute("print(panel.board.errors, panel.runner.listener_errors)").strip() == "{} []"


def test_a_second_view_of_a_panel_that_trains_shows_them_too(open_notebook):
    cells = ["import ffexplore as ff", "panel = ff.explore(start=True)\npanel.board.panes = ['diagnostics']\npanel"]
    notebook = open_notebook(cells, height=1200)
    notebook.page.wait_for_selector(".ff-bins circle", timeout=PATIENCE)
    notebook.page.wait_for_timeout(1500)
    notebook.page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    notebook.command("notebook:create-output-view")
    notebook.page.wait_for_function(
        """() => {
          const views = [...document.querySelectorAll('.ff-board')];
          return views.length === 2 && views.every((view) => view.querySelector('.ff-bins circle'));
        }""",
        timeout=PATIENCE,
    )
    notebook.page.wait_for_timeout(1500)
    stopped = notebook.page.locator(".ff-note:visible")
    assert stopped.count() == 0, stopped.all_text_contents()
