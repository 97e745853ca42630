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
    """Settings, own functions, versions, device, threads, precision, the step, seed and data, as JSON has them."""
    plan = trainer.plan
    device = torch.cuda.get_device_name(plan.device) if plan.device.type == "cuda" else platform.machine()
    return {
        "settings": trainer.settings.to_dict(),
        "seed": trainer.settings.seed,
        "dataset": {"name": plan.dataset.name, "fingerprint": plan.dataset.fingerprint},
        "own_functions": trainer.own_marks,
        "device": f"{plan.device} ({device})",
        "threads": torch.get_num_threads(),
        "precision": "bfloat16 products, float32 weights" if plan.half else "float32",
        "step": trainer.stepper.manner,
        "versions": versions(),
    }


def become_other(manifest: dict[str, Any], trainer: Trained) -> list[str]:
    """What goes by the same name but is no longer what a manifest was made with, each in a sentence."""
    now = make_manifest(trainer)
    found = []
    if manifest["dataset"]["fingerprint"] != now["dataset"]["fingerprint"]:
        found.append(f"The dataset {trainer.settings.dataset!r} holds other data than then.")
    if _minor(manifest) == _minor(now):  # another Python writes another code
        then = manifest.get("own_functions", {})
        marks = now["own_functions"].items()
        found += [f"The {words} has other code than then." for words, mark in marks if then.get(words, mark) != mark]
    return found


def _minor(manifest: dict[str, Any]) -> list[str]:
    """The version of Python without its last part."""
    parts: list[str] = manifest["versions"]["python"].split(".")
    return parts[:2]
