"""What explorers of a class cost one server: memory and CPU of each kernel, and whether all keep up.

Run as ``python -m benchmarks.classroom --students 30``; prints JSON. Each student is a kernel of its own, as under
JupyterHub, with one open explorer that trains at a limited speed. No browser takes part. Linux only: memory that
kernels share is counted once, as the kernel of the system reports it (``smaps_rollup``).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

OPEN = """
import ffexplore as ff
panel = ff.explore({preset!r}, {arguments})
panel.runner.speed = {speed}
panel.runner.start()
"""
STEPS = "panel.runner.ask(lambda trainer: trainer.steps).result()"


class Student:
    """One kernel with one explorer that trains."""

    def __init__(self, code: str) -> None:
        self.manager = KernelManager()
        self.manager.start_kernel(env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)
        self.run(code)
        self.pid = int(self.ask("__import__('os').getpid()"))

    def run(self, code: str, **expressions: str) -> dict[str, Any]:
        """Run code, then evaluate expressions; raises with the traceback where it fails."""
        reply = self.client.execute_interactive(
            code, timeout=300, output_hook=lambda message: None, user_expressions=expressions
        )
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"]["traceback"]))
        return dict(reply["content"])

    def ask(self, expression: str) -> str:
        """The text of a value in the kernel."""
        return str(self.run("", value=expression)["user_expressions"]["value"]["data"]["text/plain"])

    def memory(self) -> dict[str, float]:
        """MiB in memory, its own (not shared), and proportional (shared pages divided by those who share them)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
        parts = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
        own = parts["Private_Clean"] + parts["Private_Dirty"]
        return {"resident": parts["Rss"], "own": own, "proportional": parts["Pss"]}

    def cpu(self) -> float:
        """Seconds of CPU time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave(self) -> None:
        """Shut the kernel down."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(
    students: int = 1, speed: float | None = 20.0, seconds: float = 20.0, preset: str = "classroom", arguments: str = ""
) -> dict[str, Any]:
    """Open explorers, let them train, and look at what they take.

    Parameters
    ----------
    students
        How many kernels.
    speed
        Steps per second that each is allowed; None for as many as it can.
    seconds
        How long to watch, after ten seconds of settling.
    preset, arguments
        What ``explore`` is given.
    """
    code = OPEN.format(preset=preset, arguments=arguments, speed=speed)
    kernels: list[Student] = []
    try:
        kernels.extend(Student(code) for _ in range(students))
        time.sleep(10)
        steps = [(time.perf_counter(), int(kernel.ask(STEPS))) for kernel in kernels]
        cpu, began = [kernel.cpu() for kernel in kernels], time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - began
        shares = [(kernel.cpu() - before) / took for kernel, before in zip(kernels, cpu, strict=True)]
        memory = [kernel.memory() for kernel in kernels]
        answers = []
        for kernel in kernels:
            asked = time.perf_counter()
            kernel.ask("1 + 1")
            answers.append(time.perf_counter() - asked)
        rates = [
            (int(kernel.ask(STEPS)) - before) / (time.perf_counter() - since)
            for kernel, (since, before) in zip(kernels, steps, strict=True)
        ]
    finally:
        for kernel in kernels:
            kernel.leave()
    return {
        "students": students,
        "explore": f"{preset} {arguments}".strip(),
        "steps per second allowed": speed,
        "steps per second reached, median and least": [round(statistics.median(rates), 1), round(min(rates), 1)],
        "share of a core each": round(statistics.mean(shares), 3),
        "MiB each": {name: round(statistics.mean(each[name] for each in memory)) for name in memory[0]},
        "MiB of all": round(sum(each["proportional"] for each in memory)),
        "seconds until a cell answers, median and most": [
            round(statistics.median(answers), 3),
            round(max(answers), 3),
        ],
    }


def main() -> None:
    """Measure and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=1)
    parser.add_argument("--speed", type=float, default=20.0, help="steps per second; 0 for no limit")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--preset", default="classroom")
    parser.add_argument("--arguments", default="", help="further arguments of explore, as Python")
    given = parser.parse_args()
    print(
        json.dumps(measure(given.students, given.speed or None, given.seconds, given.preset, given.arguments), indent=1)
    )


if __name__ == "__main__":
    main()
