"""The app in Voila: a link opens the panel that it was copied from, and no code is shown."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

import ffexplore as ff
from ffexplore.engine.sharing import PANEL, pack, unpack
from tests.e2e.lab import ROOT, free_port

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    if importlib.util.find_spec("voila") is None:
        pytest.skip("voila is not installed: pip install voila")
    port, folder = free_port(), tmp_path_factory.mktemp("voila")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_PATH": str(ROOT / "share" / "jupyter"),  # an installed ffexplore has it where Voila looks
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    command = [
        sys.executable, "-m", "voila", str(ROOT / "notebooks" / "app.ipynb"), "--no-browser", f"--port={port}",
        "--Voila.ip=127.0.0.1", "--strip_sources=True", "--template=ffexplore",
    ]  # fmt: skip
    with (folder / "voila.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/voila.js", timeout=2).close()
                break
            except urllib.error.HTTPError:
                break  # it answers
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (folder / "voila.log").read_text()[-3000:]
                assert time.monotonic() < end, "Voila did not start"
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(15)


def is_foreign(url: str, app: str) -> bool:
    """Whether a request leaves the server of the app."""
    return urlsplit(url).scheme in {"http", "https", "ws", "wss"} and urlsplit(url).netloc != urlsplit(app).netloc


@pytest.fixture
def page(app, browser):
    """A page that at the end is found to have asked no other host and to have logged no error."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    opened, errors, foreign = context.new_page(), [], []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(f"{error} {error.stack}"))
    opened.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url, app) else None)
    yield opened
    context.close()
    assert foreign == []
    assert errors == []


def test_a_link_opens_the_panel_it_was_copied_from(app, page):
    settings = ff.Settings(dataset="digits", label_encoding="appended", layers=(16, 8), threshold=2.5, seed=11)
    shared = pack(settings.unusual() | {PANEL: {"controls": "minimal", "task": "Look at **this**."}})
    page.goto(f"{app}?share={shared}")
    page.wait_for_selector(".ffx-status[data-word=idle]", timeout=60_000)
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=30_000)
    assert page.locator(".ffx-task strong").text_content() == "this"
    assert page.get_by_label("threshold", exact=True).first.input_value() == "2.5"
    assert page.locator(".ff-row-title").count() == 2
    assert "share_of_link" not in page.content()
    page.locator(".ffx-drawer").click()
    page.get_by_text("Copy link").click()
    page.wait_for_function("() => document.querySelector('.ffx-keep-said').textContent.includes('link was copied')")
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link.startswith(f"{app}?share=ff1.")
    assert unpack(link.partition("=")[2]) == unpack(shared)


def test_the_app_trains_with_all_its_usual_controls(app, page):
    page.goto(app)
    page.wait_for_selector(".ffx-status[data-word=idle]", timeout=60_000)
    page.get_by_role("button", name="Play").click()
    page.wait_for_selector(".ffx-status[data-word=running]", timeout=30_000)
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=30_000)
    # What is fetched seconds after the first picture belongs to what is looked at; so does what was not fetched yet.
    page.wait_for_function(
        r"""() => {
          const said = document.querySelector('.ffx-status').textContent.match(/step ([\d\s]+)/);
          return Number(said?.[1].replace(/\D/g, '')) > 400;
        }""",
        timeout=60_000,
    )
    config = page.evaluate("() => JSON.parse(document.getElementById('jupyter-config-data').textContent)")
    assert config["fullMathjaxUrl"] == config["mathjaxConfig"] == "null", "Voila would load MathJax from a CDN"
