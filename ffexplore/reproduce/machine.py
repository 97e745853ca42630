"""What a run was made on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

import torch


def describe(half: bool, device: torch.device) -> dict[str, Any]:
    """Processor, cores, threads, precision, and the load before the run, as JSON has them."""
    return {
        "processor": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": "bfloat16 products, float32 weights" if half else "float32",
        "load": load(),
    }


def processor() -> str:
    """The name of the processor, with what torch can use of it."""
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        info = ""
    named = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    name = named[1].strip() if named else platform.processor() or platform.machine()
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"


def load() -> float | None:
    """Processes that wanted a core in the last minute, on average; None where the system does not say."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None
