"""Peak memory of training by Forward-Forward and by backpropagation, each in a process of its own.

Run as ``python -m benchmarks.memory``; prints JSON. The peak is that of the process's resident set over what it held
before the network was built (torch, the data and a first small product), so weights, optimizer, gradients, activity
and temporary buffers all count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ffexplore as ff

ROOT = Path(__file__).resolve().parent.parent
STEPS = 3
REPEATS = 3
MIB = 2**20
KINDS: dict[str, Callable[[ff.Settings], ff.Trainer | ff.BackpropTwin]] = {
    "forward-forward": ff.Trainer,
    "backprop": ff.BackpropTwin,
}


def resident(field: str) -> int:
    """``VmRSS`` (now) or ``VmHWM`` (the peak so far) of this process, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def rows_of(count: int) -> ff.Dataset:
    """MNIST images, whose training data make whole batches of so many; repeated where there are too few."""
    data = ff.load("mnist-5k")
    batches = -(-len(data.train) // count)
    x, y = (np.resize(part, (10 * batches * count // 8, *part.shape[1:])) for part in (data.train.x, data.train.y))
    return ff.Dataset.from_arrays(x, y, name="repeated", validation_fraction=0.1, test_fraction=0.1)


def measure_here(kind: str, layers: tuple[int, ...], batch: int) -> float:
    """MiB that some steps add to this process at their peak; to be called once a process."""
    settings = ff.Settings(dataset=rows_of(batch), layers=layers, batch_size=batch, readout_rate=0.0, device="cpu")
    torch.randn(64, 64) @ torch.randn(64, 64)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    trainer = KINDS[kind](settings)
    for _ in range(STEPS):
        trainer.step()
    return (resident("VmHWM") - before) / MIB


def measure(depths: tuple[int, ...] = (3, 6, 12), units: int = 1000, batch: int = 5000) -> dict[str, Any]:
    """Median peaks of both for some depths, and their ratio."""
    results = []
    for depth in depths:
        runs = [{kind: in_process(kind, depth, units, batch) for kind in KINDS} for _ in range(REPEATS)]
        peaks = {kind: statistics.median(run[kind] for run in runs) for kind in KINDS}
        ratio = peaks["forward-forward"] / peaks["backprop"]
        mebibytes = {kind: round(peak) for kind, peak in peaks.items()}
        results.append({"network": f"{depth} × {units}", "batch": batch, "MiB": mebibytes, "ratio": round(ratio, 2)})
    return {"steps": STEPS, "repeats": REPEATS, "results": results}


def in_process(kind: str, depth: int, units: int, batch: int) -> float:
    """The peak of one kind, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", kind, "--depths", str(depth)]
    command += ["--units", str(units), "--batch", str(batch)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure and print JSON, or one number for the process that asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depths", type=int, nargs="+", default=[3, 6, 12])
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=5000)
    parser.add_argument("--one", choices=KINDS, help="measure this alone, in this process, at the first depth")
    given = parser.parse_args()
    if given.one:
        print(measure_here(given.one, (given.units,) * given.depths[0], given.batch))
    else:
        print(json.dumps(measure(tuple(given.depths), given.units, given.batch), indent=1))


if __name__ == "__main__":
    main()
