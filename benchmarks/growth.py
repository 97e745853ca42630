"""How training grows in time and memory with width, depth, batch and variants; and looking on, with history and views.

Run as ``python -m benchmarks.growth``; prints JSON. Each point of training is measured in a process of its own, on one
thread: milliseconds of process time a step (the median of short turns), and the peak of resident memory over what the
process held before the network was built.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

import ffexplore as ff
from benchmarks.memory import MIB, resident, rows_of
from benchmarks.timing import alternate
from ffexplore.ui.board import Board

ROOT = Path(__file__).resolve().parent.parent
WIDTH, DEPTH, BATCH = 256, 2, 128
TRAINING = {"width": WIDTH, "depth": DEPTH, "batch": BATCH, "variants": 1}
LOOKING = {"history": 600, "views": 1}
AXES: dict[str, tuple[int, ...]] = {
    "width": (32, 64, 128, 256, 512, 1024, 2048),
    "depth": (1, 2, 4, 8, 16, 32),
    "batch": (8, 32, 128, 512, 2048, 8192),
    "variants": (1, 2, 4, 8, 16),
    "history": (150, 300, 600, 1200, 2400),
    "views": (1, 2, 4, 8, 16),
}


def train_here(width: int, depth: int, batch: int, variants: int) -> dict[str, float]:
    """Milliseconds a step and MiB of one network; to be called once a process."""
    torch.set_num_threads(1)
    settings = ff.Settings(
        dataset=rows_of(batch),
        layers=(width,) * depth,
        batch_size=batch,
        readout_rate=0.0,
        precision="float32",
        device="cpu",
    )
    trainer = ff.Trainer(settings.replace(layers=(8,)))
    trainer.step()  # what is loaded once, and the data, are no growth
    torch.ones(2048, 2048) @ torch.ones(2048, 2048)  # nor is the room that the library of products takes for itself
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    trainer.apply(settings)
    if variants > 1:
        trainer = trainer.fan_out([settings.replace(threshold=1.0 + number / 16) for number in range(variants)])
    timed = alternate({"step": trainer.step}, repeats=5, seconds=0.2, clock=time.process_time)
    return {"milliseconds": round(1000 * timed["step"], 3), "MiB": round((resident("VmHWM") - before) / MIB, 1)}


class Desk(Board):
    """A board whose pages draw at once; there is no page, and what would be sent is counted."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self.pages, self.sent = pages, 0
        self._last: dict[str, Any] = {}

    def send(self, content: Any, buffers: Any = None) -> None:
        """Count a frame."""
        self._last = content
        self.sent += len(json.dumps(content)) + sum(map(len, buffers or ()))

    def tell(self, kind: str, rows: int) -> None:
        """Let every page say that it has opened (``hello``) or drawn (``ack``), with so many points of the curves."""
        curves = self._last.get("panes", {}).get("curves", {})
        have = {"curves": {"generation": curves.get("generation"), "rows": rows, "changes": 0}} if rows else {}
        for page in range(self.pages):
            answer = {"kind": kind, "view": f"{page}", "panes": list(self.panes), "have": have}
            self._receive(self, answer | {"seq": self._last.get("seq", 0)}, [])


def look_on_here(history: int, views: int) -> dict[str, float]:
    """Of a frame with a new moment: milliseconds; KiB sent for it, and when a page opens; once a process.

    ``MiB`` is what the history holds.
    """
    runner = ff.Runner(ff.Settings(dataset="mnist-5k", layers=(WIDTH,) * DEPTH, batch_size=BATCH, device="cpu"))
    runner.step()
    runner.stop()
    runner.wait()
    snapshot = runner.snapshot
    assert snapshot is not None
    moments = (dataclasses.replace(snapshot, step=number) for number in itertools.count())
    before = resident("VmRSS")
    kept = ff.History(history + 1)
    for moment in itertools.islice(moments, history):
        kept.append(moment)
    grown = resident("VmRSS") - before
    desk = Desk(1)
    desk.show(next(moments), kept)
    desk.tell("hello", 0)
    opening = desk.sent
    desk.pages = views
    desk.tell("hello", history)

    def frame() -> None:
        desk.show(next(moments), kept)
        desk.tell("ack", history)

    timed = alternate({"frame": frame}, repeats=5, seconds=0.2, clock=time.process_time)
    desk.sent = 0
    frame()
    found = {"milliseconds": round(1000 * timed["frame"], 3), "MiB": round(grown / MIB, 2)}
    return found | {"KiB a frame": round(desk.sent / 1024, 2), "KiB to open": round(opening / 1024, 1)}


def here(**point: int) -> dict[str, float]:
    """One point, in this process."""
    return look_on_here(**point) if "views" in point else train_here(**point)


def measure(axis: str, value: int) -> dict[str, float]:
    """One point, in a fresh process."""
    usual = LOOKING if axis in LOOKING else TRAINING
    command = [sys.executable, "-m", "benchmarks.growth", "--point", json.dumps({**usual, axis: value})]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run() -> dict[str, Any]:
    """Measure every point; takes some minutes."""
    return {
        "usual": TRAINING | LOOKING,
        "results": {axis: [{axis: value, **measure(axis, value)} for value in AXES[axis]] for axis in AXES},
    }


def main() -> None:
    """Measure and print JSON; a point alone for the process that asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--point", type=json.loads, help="measure this alone, in this process")
    given = parser.parse_args()
    print(json.dumps(here(**given.point) if given.point else run(), indent=None if given.point else 1))


if __name__ == "__main__":
    main()
