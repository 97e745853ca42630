"""A step of Forward-Forward beside one of its backprop twin: same network, data, batch, precision and fused Adam.

Run as ``python -m benchmarks.twin``; prints JSON. An epoch has as many steps on either side.
"""

from __future__ import annotations

import time

import torch

import ffexplore as ff
from benchmarks.timing import alternate, command, precisions

NETWORKS = {"784-500-500": (500, 500), "784-2000-2000-2000": (2000, 2000, 2000)}
BATCH = 100


def measure(network: str, precision: str, clock: str, repeats: int, seconds: float) -> dict[str, object]:
    """Time one network in one precision."""
    settings = ff.Settings(
        dataset="mnist-5k",
        layers=NETWORKS[network],
        batch_size=BATCH,
        precision=precision,
        readout_rate=0.0,
        device="cpu",
    )
    workloads = {"forward-forward": ff.Trainer(settings).step, "backprop": ff.BackpropTwin(settings).step}
    timed = alternate(workloads, repeats, seconds, getattr(time, clock))
    return {
        "network": network,
        "batch": BATCH,
        "precision": precision,
        "milliseconds": {name: round(1000 * value, 2) for name, value in timed.items()},
        "ratio": round(timed["forward-forward"] / timed["backprop"], 2),
    }


def run(clock: str = "perf_counter", repeats: int = 7, seconds: float = 0.5) -> dict[str, object]:
    """Time all networks and precisions."""
    torch.manual_seed(0)
    cases = [(network, precision) for network in NETWORKS for precision in precisions()]
    results = [measure(*case, clock, repeats, seconds) for case in cases]
    return {"threads": torch.get_num_threads(), "clock": clock, "results": results}


if __name__ == "__main__":
    command(run, __doc__)
