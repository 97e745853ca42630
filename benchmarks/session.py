"""A live session for a measurement: JupyterLab, a notebook in it, and a headless Chromium that shows it."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.lab import CHROMIUM_ARGUMENTS, JupyterServer, Notebook, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMPORT = "import ffexplore as ff, os, torch"
ARGUMENTS = "layers=(256, 256, 256, 256), start=True"  #: of explore
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LEFT_OUT = {"left out": "needs playwright, and Chromium or Chrome"}  #: in the place of figures


def has_browser() -> bool:
    """Whether there is a browser, and what steers it."""
    return importlib.util.find_spec("playwright") is not None and any(map(shutil.which, BROWSERS))


@contextmanager
def session() -> Iterator[Notebook]:
    """A notebook in which ffexplore is imported; at the end the page must have been quiet."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        server.wait()
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=CHROMIUM_ARGUMENTS
        )
        page = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
        notebook = Notebook(page, server)
        try:
            notebook.open(write_notebook(server, "measured.ipynb", [IMPORT]))
            notebook.run_all()
            yield notebook
            notebook.check()
        finally:
            browser.close()
            server.stop()


def run_new_cell(notebook: Notebook, code: str) -> None:
    """Run code in a new cell below."""
    notebook.command("notebook:insert-cell-below")
    notebook.page.evaluate(
        """(source) => {
          const { content } = jupyterapp.shell.currentWidget;
          content.activeCell.model.sharedModel.setSource(source);
          return jupyterapp.commands.execute('notebook:run-cell');
        }""",
        code,
    )


def wait_until_it_moves(page: Page, board: int) -> None:
    """Bring a board into sight, for out of sight it draws nothing; then wait until its first histogram has changed."""
    at = page.locator(".ff-board").nth(board)
    at.wait_for(state="attached", timeout=60_000)
    at.scroll_into_view_if_needed()
    shape = "(board) => document.querySelectorAll('.ff-board')[board].querySelector('.ff-positive')?.getAttribute('d')"
    page.wait_for_function(shape, arg=board, timeout=60_000)
    at.locator(".ff-positive").first.scroll_into_view_if_needed()
    before = page.evaluate(shape, board)
    page.wait_for_function(f"([board, before]) => ({shape})(board) !== before", arg=[board, before], timeout=60_000)
