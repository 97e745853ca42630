"""A cell's text is committed exactly where nbval compares it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def is_compared(cell: dict[str, Any]) -> bool:
    marked = any("NBVAL_CHECK_OUTPUT" in line for line in cell["source"])
    return marked or "nbval-check-output" in cell["metadata"].get("tags", [])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_only_compared_cells_carry_output(path: Path) -> None:
    wrong = [number for number, cell in enumerate(code_cells(path)) if bool(cell["outputs"]) != is_compared(cell)]
    assert not wrong, f"code cells {wrong}: a compared cell needs its output, another must have none"


def test_the_one_by_hand_compares_both_sets_of_weights() -> None:
    (path,) = [path for path in NOTEBOOKS if path.name == "01_forward_forward_by_hand.ipynb"]
    texts = ["".join(output.get("text", [])) for cell in code_cells(path) for output in cell["outputs"]]
    (compared,) = [text for text in texts if "of the weights" in text]
    assert "largest difference of the weights 0.0000" in compared
    assert "largest difference of the biases  0.0000" in compared
    assert "largest change since the start    3." in compared, "weights that stayed as they were would agree as well"
