"""What a run was made with, so that it can be repeated."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained


def version_of(package: str) -> str:
    """The version of an installed package, or the word that it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of what a run depends on, by name."""
    return {
        "ffexplore": version_of("ffexplore"),
        "torch": torch.__version__,
        "numpy": version_of("numpy"),
        "python": platform.python_version(),
    }


def make_manifest(trainer: Trained) -> dict[str, Any]:
    """Settings, versions, device, threads, precision, the step, seed and data of a trainer, as JSON has them."""
    plan = trainer.plan
    device = torch.cuda.get_device_name(plan.device) if plan.device.type == "cuda" else platform.machine()
    return {
        "settings": trainer.settings.to_dict(),
        "seed": trainer.settings.seed,
        "dataset": {"name": plan.dataset.name, "fingerprint": plan.dataset.fingerprint},
        "device": f"{plan.device} ({device})",
        "threads": torch.get_num_threads(),
        "precision": "bfloat16 products, float32 weights" if plan.half else "float32",
        "step": trainer.stepper.manner,
        "versions": versions(),
    }
