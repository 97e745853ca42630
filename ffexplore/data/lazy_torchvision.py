"""The one place that imports torchvision: late, and repaired where its compiled part does not fit torch."""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from types import ModuleType
from typing import Any

from ffexplore.errors import DatasetError

_lock = threading.Lock()
_kept: list[Any] = []  # a Library takes its operators along when it is collected


def import_torchvision(part: str = "") -> ModuleType:
    """Import torchvision or one of its modules.

    Beside a torch build of another origin torchvision's compiled operators do not load, and the import fails for want
    of ``torchvision::nms``. Datasets and transforms need none of them, so they are then declared without a body.

    Parameters
    ----------
    part
        Module below torchvision, such as ``"datasets"`` or ``"transforms.v2"``.

    Raises
    ------
    DatasetError
        When torchvision is not installed or cannot be imported; says why.
    """
    name = f"torchvision.{part}" if part else "torchvision"
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of image readers that are not used here
        try:
            try:
                return importlib.import_module(name)
            except RuntimeError as error:
                if "torchvision::" not in str(error):
                    raise
                _declare_operators()
                return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != "torchvision":
                raise
            raise DatasetError("torchvision is not installed; install it with: pip install torchvision") from None
        except (ImportError, OSError, RuntimeError) as error:
            raise DatasetError(f"torchvision cannot be imported; does its version fit torch's? ({error})") from error


def _declare_operators() -> None:
    """Forget what the failed import left and declare the operators it asks for."""
    import torch

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library: Any = torch.library
    library = library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)
