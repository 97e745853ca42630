"""A live session in JupyterLab and headless Chromium: how soon a change is seen, and what it costs.

Run as ``python -m benchmarks.interface`` (prints JSON), or as ``python -m benchmarks interface`` for the page of
figures. Needs Chromium and playwright. The browser renders in software and takes a core, so training is slower
meanwhile than it is on its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.session import ARGUMENTS, LEFT_OUT, has_browser, run_new_cell, session, wait_until_it_moves

if TYPE_CHECKING:
    from tests.e2e.lab import Notebook

OPEN = "panel = ff.explore({arguments})\npanel"
SECOND = "second = ff.explore({arguments})\nsecond"

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
    received, began = notebook.received, time.perf_counter()
    run_new_cell(notebook, code)
    wait_until_it_moves(notebook.page, board)
    return {
        "seconds to a moving histogram": round(time.perf_counter() - began, 1),
        "bytes": notebook.received - received,
    }


def run(moves: int = 60) -> dict[str, Any]:
    """The figures of the page; says why there are none where there is no browser to measure in."""
    if not has_browser():
        return LEFT_OUT
    return {"load": round(os.getloadavg()[0], 1), **measure(moves, ARGUMENTS)}


def measure(moves: int, arguments: str) -> dict[str, Any]:
    """Open JupyterLab, an explorer in it, and measure."""
    with session() as notebook:
        found: dict[str, Any] = {"explore": arguments}
        found["opening"] = opening(notebook, OPEN.format(arguments=arguments), 0)
        notebook.page.wait_for_timeout(6000)
        notebook.page.evaluate(WATCH)
        found["latency"] = latency(notebook, moves)
        found["while nobody touches it"] = steady(notebook, 10)
        notebook.execute("panel.runner.pause()")  # its updates are none of the other's opening
        found["a second one"] = opening(notebook, SECOND.format(arguments=arguments), 1)
    return found


def main() -> None:
    """Measure and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--arguments", default=ARGUMENTS, help="of explore, as Python")
    given = parser.parse_args()
    print(json.dumps(measure(given.moves, given.arguments), indent=1))


if __name__ == "__main__":
    main()
