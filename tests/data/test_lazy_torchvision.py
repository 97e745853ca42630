import subprocess
import sys
from pathlib import Path

import pytest

from ffexplore.data.lazy_torchvision import import_torchvision
from ffexplore.errors import DatasetError

BROKEN = """
import torch

@torch.library.register_fake("torchvision::nms")
def nms(dets, scores, iou_threshold):
    return dets

from torchvision import datasets
"""
CODE = """
from ffexplore.data.lazy_torchvision import import_torchvision
print(import_torchvision("datasets").HERE, import_torchvision().__name__)
"""


def test_datasets_and_transforms_can_be_had():
    assert hasattr(import_torchvision("datasets"), "KMNIST")
    assert hasattr(import_torchvision("transforms.v2"), "RandomAffine")


def run(folder: Path, init: str) -> "subprocess.CompletedProcess[str]":
    """Import a torchvision made up of one line, in a process of its own."""
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(init)
    (package / "datasets.py").write_text("HERE = 'found'\n")
    path = f"sys.path[:0] = [{str(folder)!r}, {str(Path(__file__).parents[2])!r}]"
    return subprocess.run([sys.executable, "-c", f"import sys; {path}\n{CODE}"], capture_output=True, text=True)


def test_missing_operators_are_declared(tmp_path):
    done = run(tmp_path, BROKEN)
    assert done.stdout.split() == ["found", "torchvision"], done.stderr


def test_another_failure_is_told(tmp_path):
    done = run(tmp_path, "raise RuntimeError('made for another torch')")
    assert (
        "DatasetError: torchvision cannot be imported; does its version fit torch's? (made for another torch)"
        in done.stderr
    )


def test_torchvision_that_is_not_installed(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)

    class Nowhere:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "torchvision":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Nowhere(), *sys.meta_path])
    with pytest.raises(DatasetError, match="torchvision is not installed; install it with: pip install torchvision"):
        import_torchvision("datasets")
