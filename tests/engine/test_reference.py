"""The reference page is that of the present catalogues."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
    settings, catalogues = page.split("\n## Goodness\n")
    of_settings = [line for line in settings.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in of_settings] == list(ff.Settings.fields())
    for row in of_settings:
        assert row.replace("\\|", "").count("|") == 7
    rows = [line for line in catalogues.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(catalogue) for _, catalogue, _, _ in reference.CATALOGUES)
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5
    assert "`share` = 0.1: share of the units that are counted, at least one (a number from 0.001 to 1)" in page


def test_links_of_settings_lead_to_their_catalogues() -> None:
    page = reference.text()
    headings = {line[3:].lower().replace(" ", "-") for line in page.splitlines() if line.startswith("## ")}
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= headings
    assert (
        "| `goodness` | The number that says how positive a layer takes a sample to be. | [goodness](#goodness)" in page
    )


@pytest.mark.parametrize("name", ["goodness", "objectives"])
def test_every_goodness_and_objective_says_its_formula(name: str) -> None:
    signs = ("Σ", "√", "·", "²", "/", "max h", "max(", "cos(", "exp(", "log σ", "log softmax", "= h", "mean (", "σ(")
    for entry in getattr(ff, name):
        assert any(sign in entry.summary for sign in signs), entry.name
