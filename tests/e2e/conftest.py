"""One JupyterLab and one Chromium for all end-to-end tests, and a notebook made of cells for each."""

from __future__ import annotations

import importlib.util
import itertools

import pytest

from tests.e2e.lab import CHROMIUM_ARGUMENTS, LabServer, Notebook, write_notebook


@pytest.fixture(scope="session")
def browser(chromium):
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: pip install playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    server = LabServer(tmp_path_factory.mktemp("lab"))
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture
def open_notebook(lab, browser, request):
    """A function from cells to an opened notebook that ran them; at the end it is closed and checked."""
    opened: list[Notebook] = []
    counter = itertools.count()

    def open_it(cells, *, width=1280, height=900, run=True, **context) -> Notebook:
        page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
        notebook = Notebook(page, lab)
        opened.append(notebook)
        notebook.open(write_notebook(lab, f"{request.node.name}-{next(counter)}.ipynb", cells))
        if run:
            notebook.run_all()
        return notebook

    yield open_it
    for notebook in opened:
        notebook.close()
    for notebook in opened:
        notebook.check()
