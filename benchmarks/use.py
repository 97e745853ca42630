"""Ten minutes of use by a restless person, and by how much page, kernel and server grow meanwhile.

Run as ``python -m benchmarks.use`` (prints JSON; ``--minutes`` for less), or as ``python -m benchmarks use`` for the
page of figures. Needs Chromium and playwright, and Linux for the memory.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.session import ARGUMENTS, LEFT_OUT, has_browser, run_new_cell, session, wait_until_it_moves

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.e2e.lab import Notebook

MIB = 2**20
PANES = ("gallery", "fields", "candidates", "confusion", "diagnostics", "backprop", "over time")
PRESETS = ("classroom", "fast", "keras")
ROUNDS = 4  #: how often the memory is looked at on the way
PATIENCE = 60_000  #: ms
WARM_UP = 1.0  #: minutes in which everything is done once


def drag(page: Page, rng: random.Random) -> None:
    """Move the threshold of the first layer to and fro."""
    line = page.locator(".ff-threshold:visible").first
    if not line.count():
        return
    line.scroll_into_view_if_needed()
    at = line.bounding_box()
    if at is None:
        return
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(x + rng.randint(-60, 60), y + step)
    page.mouse.up()


def labelled(page: Page, name: str) -> Locator | None:
    """The control of that name, if it can be used now."""
    control = page.get_by_label(name, exact=True).first
    return control if control.is_enabled() else None


def type_rate(page: Page, rng: random.Random) -> None:
    """Write another learning rate."""
    if box := labelled(page, "learning rate"):
        box.fill(str(rng.choice((0.0005, 0.001, 0.002, 0.004))))
        box.press("Enter")


def choose(name: str, *options: str) -> Callable[[Page, random.Random], None]:
    """A function that chooses one of the options of a menu."""

    def do(page: Page, rng: random.Random) -> None:
        if menu := labelled(page, name):
            menu.select_option(rng.choice(options))

    return do


def press(*texts: str) -> Callable[[Page, random.Random], None]:
    """A function that presses the first of the buttons that is there and can be pressed."""

    def do(page: Page, rng: random.Random) -> None:
        for text in texts:
            button = page.locator(".ffx-explorer button:visible:enabled", has_text=text)
            if button.count():
                button.first.click(force=True)
                page.wait_for_timeout(300)
                return

    return do


def switch_pane(page: Page, rng: random.Random) -> None:
    """Show or hide a view, and look at it."""
    switch = page.locator(".ff-switch", has_text=rng.choice(PANES)).first
    if switch.count() and switch.is_enabled():
        switch.click()
        page.wait_for_timeout(800)


def look_around(page: Page, rng: random.Random) -> None:
    """Scroll the board's views through the window."""
    panes = page.locator(".ff-pane")
    panes.nth(rng.randrange(panes.count())).scroll_into_view_if_needed()
    page.wait_for_timeout(500)


def travel(page: Page, rng: random.Random) -> None:
    """Go back in time and come back."""
    press("◂◆")(page, rng)
    press("back to now")(page, rng)


def compare(page: Page, rng: random.Random) -> None:
    """Train variants of what the drawer offers for a while, then choose one, or none."""
    start, cards = page.locator(".ffx-compare-start"), page.locator(".ff-card")
    if not start.is_visible():
        press("Compare")(page, rng)
        start.wait_for(timeout=PATIENCE)
    if not start.is_enabled():
        return
    start.click()
    page.wait_for_function(
        "() => document.querySelector('.ff-card') || document.querySelector('.ffx-compare-said')?.textContent",
        timeout=PATIENCE,
    )
    if not cards.count():  # it was refused, with the reason
        return
    page.wait_for_timeout(1000)
    page.get_by_text(rng.choice(("Choose", "Back to the run from before")), exact=True).first.click(force=True)
    cards.first.wait_for(state="detached", timeout=PATIENCE)


THINGS: dict[str, Callable[[Page, random.Random], None]] = {
    "drag": drag,
    "learning rate": type_rate,
    "negatives": choose("negatives", "uniform label", "hard label", "noise", "mix up"),
    "preset": choose("preset", *PRESETS),
    "pause or play": press("Pause", "Play"),
    "epoch": press("Epoch"),
    "undo": press("Undo"),
    "reset": press("Reset"),
    "more or less": press("more", "less"),
    "share": press("Share"),
    "density": press("density"),
    "pin": press("pin"),
    "pane": switch_pane,
    "look around": look_around,
    "travel": travel,
    "compare": compare,
}
OFTEN = ("drag", "drag", "drag", "pane", "look around", "learning rate", "negatives")  #: that many times more


def use(notebook: Notebook, minutes: float, rng: random.Random, done: Counter[str]) -> None:
    """Do things at random, all of them, until the time is up."""
    page, end = notebook.page, time.perf_counter() + 60 * minutes
    kinds = list(THINGS)
    rng.shuffle(kinds)
    while time.perf_counter() < end:
        kind = kinds.pop() if kinds else rng.choice([*THINGS, *OFTEN])
        THINGS[kind](page, rng)
        done[kind] += 1
        if not page.locator(".ffx-status[data-word=running]").count():
            press("Play")(page, rng)
        page.wait_for_timeout(rng.randint(50, 500))


def memory(notebook: Notebook) -> dict[str, float]:
    """MiB of the page's own objects, of the kernel and of the server."""
    protocol = notebook.page.context.new_cdp_session(notebook.page)
    protocol.send("HeapProfiler.collectGarbage")
    heap = protocol.send("Runtime.getHeapUsage")["usedSize"] / MIB
    protocol.detach()
    kernel = int(notebook.execute("import gc; gc.collect(); print(os.getpid())").split()[-1])

    def resident(pid: int) -> float:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 / MIB

    found = {"page": heap, "kernel": resident(kernel), "server": resident(notebook.server.process.pid)}
    return {name: round(value, 1) for name, value in found.items()}


def measure(minutes: float = 10.0, arguments: str = ARGUMENTS) -> dict[str, Any]:
    """Use an explorer; how much is held before, on the way and after.

    What is loaded or filled once is no growth: everything is done once before it counts.
    """
    if not has_browser():
        return LEFT_OUT
    rng, done = random.Random(0), Counter[str]()
    with session() as notebook:
        run_new_cell(notebook, f"panel = ff.explore({arguments})\npanel")
        wait_until_it_moves(notebook.page, 0)
        use(notebook, WARM_UP, rng, Counter())
        held = [memory(notebook)]
        for _ in range(ROUNDS):
            use(notebook, minutes / ROUNDS, rng, done)
            held.append(memory(notebook))
        errors = notebook.execute("print(panel.runner.listener_errors, panel.board.errors)").strip()
    grown = {name: round(held[-1][name] - held[0][name], 1) for name in held[0]}
    return {
        "explore": arguments,
        "minutes": minutes,
        "things done": done.total(),
        "of each": dict(sorted(done.items())),
        "MiB": {name: [each[name] for each in held] for name in grown},
        "grown by MiB": grown,
        "errors": errors,
    }


def main() -> None:
    """Measure and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--arguments", default=ARGUMENTS, help="of explore, as Python")
    given = parser.parse_args()
    print(json.dumps(measure(given.minutes, given.arguments), indent=1))


if __name__ == "__main__":
    main()
