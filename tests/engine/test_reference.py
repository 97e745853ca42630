"""The reference page is that of the present catalogues."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ffexplore as ff
from ffexplore import reference
from ffexplore.registry import Registry


def test_the_page_is_current(repository: Path) -> None:
    """Written in a process of its own, where no test has registered anything."""
    ran = subprocess.run(
        [sys.executable, "-m", "ffexplore.reference", "-"], capture_output=True, cwd=repository, timeout=120, check=True
    )
    kept = (repository / "docs" / "reference.md").read_text(encoding="utf-8")
    assert ran.stdout.decode() == kept, "run: python -m ffexplore.reference"


def test_every_catalogue_is_on_the_page() -> None:
    shown = {name: catalogue for _, catalogue, name, _ in reference.CATALOGUES}
    public = {name: getattr(ff, name) for name in ff.__all__ if isinstance(getattr(ff, name), Registry)}
    assert shown == public


def test_every_row_has_its_cells() -> None:
    page = reference.text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(catalogue) for _, catalogue, _, _ in reference.CATALOGUES)
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5
    assert "`share` = 0.1: share of the units that are counted, at least one (a number from 0.001 to 1)" in page
