"""One server of each front end and one Chromium for all end-to-end tests, and a notebook made of cells for each."""

from __future__ import annotations

import importlib.util
import itertools
import re

import pytest

from tests.e2e.lab import CHROMIUM_ARGUMENTS, JupyterServer, Notebook, write_notebook


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
def servers(browser, tmp_path_factory):
    """A function from the name of a front end to its server, which is started when it is first asked for."""
    started: dict[str, JupyterServer] = {}

    def server_of(front_end: str) -> JupyterServer:
        if front_end not in started:
            started[front_end] = JupyterServer(tmp_path_factory.mktemp(front_end), front_end)
            started[front_end].wait()
        return started[front_end]

    yield server_of
    for server in started.values():
        server.stop()


@pytest.fixture
def front_end(request) -> str:
    """Where notebooks are opened; parametrize it, indirectly, for another one than JupyterLab."""
    return getattr(request, "param", "lab")


@pytest.fixture
def lab(servers, front_end):
    return servers(front_end)


@pytest.fixture
def open_notebook(lab, browser, request):
    """A function from cells to an opened notebook that ran them; at the end it is closed and checked."""
    opened: list[Notebook] = []
    counter = itertools.count()

    def open_it(cells, *, width=1280, height=900, run=True, **context) -> Notebook:
        page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
        notebook = Notebook(page, lab)
        opened.append(notebook)
        name = re.sub(r"\W+", "-", request.node.name)
        notebook.open(write_notebook(lab, f"{name}-{next(counter)}.ipynb", cells))
        if run:
            notebook.run_all()
        return notebook

    yield open_it
    for notebook in opened:
        notebook.close()
    for notebook in opened:
        notebook.check()
