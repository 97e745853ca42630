"""A live session in JupyterLab and headless Chromium: how soon a change is seen, what it costs, and whether it grows.

Run as ``python -m benchmarks.interface`` (prints JSON; ``--minutes 10`` also works an explorer for ten minutes and
measures page, kernel and server before and after), or as ``python -m benchmarks interface`` for the page of figures.
Needs Chromium and playwright, and Linux for the memory. The browser renders in software and takes a core, so training
is slower meanwhile than it is on its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

from tests.e2e.lab import CHROMIUM_ARGUMENTS, JupyterServer, Notebook, write_notebook

IMPORT = "import ffexplore as ff, os, torch"
OPEN = "panel = ff.explore({arguments})\npanel"
SECOND = "second = ff.explore({arguments})\nsecond"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = "layers=(256, 256, 256, 256), start=True"
PANES = ("gallery", "fields", "candidates", "confusion", "diagnostics")

# A pointer event on the threshold's line, and the first frame drawn from a snapshot that was taken with its value.
WATCH = """() => {
  const seen = globalThis.seen = { waits: [], drawn: 0, blocked: [], open: null };
  document.addEventListener('pointermove', (event) => {
    const line = document.querySelector('.ff-threshold.ff-dragged');
    const began = event.timeStamp;
    if (line) setTimeout(() => { seen.open = [began, Number(line.getAttribute('aria-valuenow'))]; });
  }, { capture: true });
  document.addEventListener('ffexplore:drawn', (event) => {
    seen.drawn += 1;
    const threshold = event.detail.panes.histograms?.arrays.threshold?.data[0];
    if (!seen.open || threshold === undefined) return;
    if (Math.abs(threshold - seen.open[1]) > 1e-5 * Math.max(1, Math.abs(threshold))) return;
    seen.waits.push(performance.now() - seen.open[0]);
    seen.open = null;
  });
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => seen.blocked.push(entry.duration)))
    .observe({ entryTypes: ['longtask'] });
}"""


def moving(page: Page, board: int) -> None:
    """Wait for a histogram of a board, then for one of another shape."""
    shape = "(board) => document.querySelectorAll('.ff-board')[board]?.querySelector('.ff-positive')?.getAttribute('d')"
    page.wait_for_function(shape, arg=board, timeout=60_000)
    page.locator(".ff-board").nth(board).locator(".ff-positive").first.scroll_into_view_if_needed()
    before = page.evaluate(shape, board)
    page.wait_for_function(f"([board, before]) => ({shape})(board) !== before", arg=[board, before], timeout=60_000)


def latency(notebook: Notebook, times: int) -> dict[str, Any]:
    """Drag the first threshold to and fro; milliseconds until a frame shows what it led to."""
    page = notebook.page
    notebook.execute("panel.runner.lock_ranges()")
    page.wait_for_timeout(1000)
    line = page.locator(".ff-threshold").first
    line.scroll_into_view_if_needed()
    at, plot = line.bounding_box(), page.locator(".ff-row .ff-plot").first.bounding_box()
    assert at is not None
    assert plot is not None
    y = plot["y"] + plot["height"] / 2
    page.mouse.move(at["x"] + at["width"] / 2, y)
    page.mouse.down()
    rng = random.Random(0)
    for number in range(times):
        share = (0.35 if number % 2 else 0.55) + 0.1 * rng.random()
        page.mouse.move(plot["x"] + share * plot["width"], y)
        page.wait_for_timeout(300 + 200 * rng.random())
    page.mouse.up()
    waits = sorted(page.evaluate("() => globalThis.seen.waits"))
    return {
        "moves": times,
        "seen": len(waits),
        "median ms": round(statistics.median(waits)),
        "95th percentile ms": round(waits[int(0.95 * (len(waits) - 1))]),
    }


def steady(notebook: Notebook, seconds: float) -> dict[str, Any]:
    """What redrawing costs while it trains and nobody touches anything."""
    page = notebook.page
    page.evaluate("() => { globalThis.seen.drawn = 0; globalThis.seen.blocked = []; }")
    received, sent = notebook.received, notebook.sent
    page.wait_for_timeout(1000 * seconds)
    drawn, blocked = page.evaluate("() => [globalThis.seen.drawn, globalThis.seen.blocked]")
    return {
        "redraws per second": round(drawn / seconds, 1),
        "bytes per redraw": {
            "down": round((notebook.received - received) / max(1, drawn)),
            "up": round((notebook.sent - sent) / max(1, drawn)),
        },
        "tasks over 100 ms": sum(length > 100 for length in blocked),
        "longest task ms": round(max(blocked, default=0)),
    }


def opening(notebook: Notebook, code: str, board: int) -> dict[str, Any]:
    """Seconds and bytes from running a new cell to a histogram that moves."""
    notebook.command("notebook:insert-cell-below")
    received, began = notebook.received, time.perf_counter()
    notebook.page.evaluate(
        """(source) => {
          const { content } = jupyterapp.shell.currentWidget;
          content.activeCell.model.sharedModel.setSource(source);
          return jupyterapp.commands.execute('notebook:run-cell');
        }""",
        code,
    )
    moving(notebook.page, board)
    return {
        "seconds to a moving histogram": round(time.perf_counter() - began, 1),
        "bytes": notebook.received - received,
    }


def memory(notebook: Notebook) -> dict[str, float]:
    """MiB of the page's own objects, of the kernel and of the server."""
    session = notebook.page.context.new_cdp_session(notebook.page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 2**20
    session.detach()
    kernel = int(notebook.execute("import gc; gc.collect(); print(os.getpid())").split()[-1])

    def resident(pid: int) -> float:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 2**20

    found = {"page": heap, "kernel": resident(kernel), "server": resident(notebook.server.process.pid)}
    return {name: round(value, 1) for name, value in found.items()}


def work(notebook: Notebook, minutes: float) -> int:
    """Use the explorer as a restless person would; returns how many things were done."""
    page, rng, done = notebook.page, random.Random(0), 0
    end = time.perf_counter() + 60 * minutes
    while time.perf_counter() < end:
        kind = rng.choice(("drag", "rate", "menu", "pane", "pause", "epoch", "past"))
        if kind == "drag":
            line = page.locator(".ff-threshold").first
            line.scroll_into_view_if_needed()
            at = line.bounding_box()
            if at is not None:
                page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
                page.mouse.down()
                for step in range(12):
                    page.mouse.move(at["x"] + rng.randint(-60, 60), at["y"] + at["height"] / 2 + step)
                page.mouse.up()
        elif kind == "rate":
            box = page.get_by_label("learning rate", exact=True).first
            box.fill(str(rng.choice((0.0005, 0.001, 0.002, 0.004))))
            box.press("Enter")
        elif kind == "menu":
            choice = rng.choice(("uniform label", "hard label", "noise", "mix up"))
            page.get_by_label("negatives", exact=True).first.select_option(choice)
        elif kind == "pane":
            page.locator(".ff-switch", has_text=rng.choice(PANES)).first.click()
        elif kind in ("pause", "epoch"):
            button = page.locator(".ffx-explorer button", has_text="Epoch" if kind == "epoch" else "P").first
            button.click()
            page.wait_for_timeout(300)
            play = page.locator(".ffx-explorer button", has_text="Play")
            if play.count():
                play.first.click()
        else:
            page.locator(".ff-button", has_text="◂◆").first.click(force=True)
            page.wait_for_timeout(300)
            page.locator(".ff-button", has_text="back to now").first.click(force=True)
        done += 1
        page.wait_for_timeout(rng.randint(50, 500))
    return done


def run(moves: int = 60) -> dict[str, Any]:
    """The figures of the page; says why there are none where there is no browser to measure in."""
    if importlib.util.find_spec("playwright") is None or not any(map(shutil.which, BROWSERS)):
        return {"left out": "needs playwright, and Chromium or Chrome"}
    return {"load": round(os.getloadavg()[0], 1), **measure(0.0, moves, ARGUMENTS)}


def measure(minutes: float, moves: int, arguments: str) -> dict[str, Any]:
    """Open JupyterLab, an explorer in it, and measure."""
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
            found: dict[str, Any] = {"explore": arguments}
            found["opening"] = opening(notebook, OPEN.format(arguments=arguments), 0)
            page.wait_for_timeout(6000)
            page.evaluate(WATCH)
            found["latency"] = latency(notebook, moves)
            found["while nobody touches it"] = steady(notebook, 10)
            if minutes:
                work(notebook, 0.5)  # what is loaded once is no growth
                before = memory(notebook)
                found["things done"] = work(notebook, minutes)
                after = memory(notebook)
                found["MiB before"], found["MiB after"] = before, after
            found["a second one"] = opening(notebook, SECOND.format(arguments=arguments), 1)
            notebook.check()
        finally:
            browser.close()
            server.stop()
    return found


def main() -> None:
    """Measure and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="of scripted use, for growth")
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--arguments", default=ARGUMENTS, help="of explore, as Python")
    given = parser.parse_args()
    print(json.dumps(measure(given.minutes, given.moves, given.arguments), indent=1))


if __name__ == "__main__":
    main()
