"""ffexplore: see the Forward-Forward algorithm work."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ffexplore import plots as plots
    from ffexplore.data import Dataset as Dataset
    from ffexplore.data import datasets as datasets
    from ffexplore.data import load as load
    from ffexplore.engine.activations import activations as activations
    from ffexplore.engine.backprop import BackpropTwin as BackpropTwin
    from ffexplore.engine.black_box import black_boxes as black_boxes
    from ffexplore.engine.comparison import compare_with_backprop as compare_with_backprop
    from ffexplore.engine.diagnostics import diagnose as diagnose
    from ffexplore.engine.goodness import goodness as goodness
    from ffexplore.engine.inference import inferences as inferences
    from ffexplore.engine.initialize import initializations as initializations
    from ffexplore.engine.labels import label_encodings as label_encodings
    from ffexplore.engine.negatives import negatives as negatives
    from ffexplore.engine.normalize import normalizations as normalizations
    from ffexplore.engine.objectives import objectives as objectives
    from ffexplore.engine.optimize import optimizers as optimizers
    from ffexplore.engine.presets import presets as presets
    from ffexplore.engine.rates import rate_courses as rate_courses
    from ffexplore.engine.report import Report as Report
    from ffexplore.engine.schedule import schedules as schedules
    from ffexplore.engine.settings import Settings as Settings
    from ffexplore.engine.shortcut import shortcut_meter as shortcut_meter
    from ffexplore.engine.training import Trainer as Trainer
    from ffexplore.engine.welch import differ as differ
    from ffexplore.errors import CheckpointError as CheckpointError
    from ffexplore.errors import DatasetError as DatasetError
    from ffexplore.errors import DivergedError as DivergedError
    from ffexplore.errors import FFExploreError as FFExploreError
    from ffexplore.errors import NoDerivativeError as NoDerivativeError
    from ffexplore.errors import SettingsError as SettingsError
    from ffexplore.live import History as History
    from ffexplore.live import Runner as Runner
    from ffexplore.live import Snapshot as Snapshot
    from ffexplore.registry import Choice as Choice
    from ffexplore.registry import Param as Param
    from ffexplore.ui import Explorer as Explorer
    from ffexplore.ui import explore as explore

__version__ = "0.1.0"

# Every public name and the module it comes from; a module is imported when its name is first asked for.
_PUBLIC = {
    "explore": "ui",
    "Explorer": "ui",
    "Settings": "engine.settings",
    "Trainer": "engine.training",
    "Report": "engine.report",
    "BackpropTwin": "engine.backprop",
    "compare_with_backprop": "engine.comparison",
    "diagnose": "engine.diagnostics",
    "shortcut_meter": "engine.shortcut",
    "differ": "engine.welch",
    "Runner": "live",
    "Snapshot": "live",
    "History": "live",
    "Dataset": "data",
    "load": "data",
    "datasets": "data",
    "goodness": "engine.goodness",
    "objectives": "engine.objectives",
    "negatives": "engine.negatives",
    "label_encodings": "engine.labels",
    "normalizations": "engine.normalize",
    "activations": "engine.activations",
    "initializations": "engine.initialize",
    "inferences": "engine.inference",
    "black_boxes": "engine.black_box",
    "optimizers": "engine.optimize",
    "rate_courses": "engine.rates",
    "schedules": "engine.schedule",
    "presets": "engine.presets",
    "Choice": "registry",
    "Param": "registry",
    "FFExploreError": "errors",
    "SettingsError": "errors",
    "NoDerivativeError": "errors",
    "DatasetError": "errors",
    "CheckpointError": "errors",
    "DivergedError": "errors",
}

__all__ = [*_PUBLIC, "plots"]


def __getattr__(name: str) -> Any:
    if name == "plots":
        return importlib.import_module("ffexplore.plots")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ffexplore' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ffexplore.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
