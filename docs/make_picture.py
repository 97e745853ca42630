"""Draw docs/explorer.png anew: ``python docs/make_picture.py``, with playwright and a Chromium as the tests have them.

Opens a notebook in a JupyterLab of its own, lets ``classroom`` train for some seconds, takes a picture of the panel.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.conftest import CHROMIUM_NAMES, CHROMIUM_PLACES  # noqa: E402
from tests.e2e.lab import CHROMIUM_ARGUMENTS, JupyterServer, Notebook, write_notebook  # noqa: E402

CELLS = ["import ffexplore as ff", "panel = ff.explore()\npanel"]
SECONDS = 10  #: of training before the picture
PIXELS = 1600  #: of the picture's width
COLOURS = 256  #: in the picture: text, two hues and their mixtures need no more
LARGEST = 300_000  #: bytes


def main() -> None:
    """Train, take the picture, and say how large it is."""
    target = ROOT / "docs" / "explorer.png"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        try:
            server.wait()
            context = browser.new_context(viewport={"width": 1400, "height": 1400}, device_scale_factor=2)
            notebook = Notebook(context.new_page(), server)
            notebook.open(write_notebook(server, "picture.ipynb", CELLS))
            notebook.theme("light")
            notebook.run_all()
            take(notebook, target)
        finally:
            browser.close()
            server.stop()
    shrink(target)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB")


def find_chromium() -> str:
    """Path of the Chromium that the tests would use."""
    given = os.environ.get("FFEXPLORE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    found = given or next((place for place in CHROMIUM_PLACES if Path(place).is_file()), None)
    if found is None:
        raise SystemExit("No Chromium found; install one or set FFEXPLORE_CHROMIUM to its path.")
    return found


def take(notebook: Notebook, target: Path) -> None:
    """Press play as a person would, wait, pause, and take the picture of the panel alone."""
    page = notebook.page
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=30_000)
    page.locator(".ffx-play").click()
    page.wait_for_timeout(1000 * SECONDS)
    page.mouse.move(0, 0)
    page.evaluate("() => document.activeElement.blur()")
    page.locator(".ffx-explorer").screenshot(path=target)


def shrink(target: Path) -> None:
    """Bring the picture to its width and to a palette; refuse one that is too large for a README."""
    with Image.open(target) as picture:
        height = round(picture.height * PIXELS / picture.width)
        small = picture.convert("RGB").resize((PIXELS, height), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    if target.stat().st_size > LARGEST:
        raise SystemExit(f"{target.name} has {target.stat().st_size} bytes; more than {LARGEST} are too many.")


if __name__ == "__main__":
    main()
