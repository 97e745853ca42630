"""Every share string that the documentation gives opens a panel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ffexplore.engine.settings import Settings
from ffexplore.engine.sharing import PANEL, unpack
from ffexplore.ui.looks import Looks

ROOT = Path(__file__).resolve().parents[2]
PLACES = sorted(
    [*ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.json"), ROOT / "README.md", *ROOT.glob("notebooks/*.ipynb")]
)
SHARED = re.compile(r"ff1\.[\w-]+")
GIVEN = [
    (path.relative_to(ROOT).as_posix(), text) for path in PLACES for text in SHARED.findall(path.read_text("utf-8"))
]


def test_the_page_for_a_class_gives_one() -> None:
    assert "docs/classroom.md" in dict(GIVEN)


@pytest.mark.parametrize("path", sorted(dict(GIVEN)))
def test_what_is_shared_can_be_opened(path: str) -> None:
    for place, text in GIVEN:
        if place == path:
            values = unpack(text)
            Looks.of(values.pop(PANEL, {}))
            Settings.from_dict(values)


def test_the_task_for_a_class_is_the_one_that_is_printed_there() -> None:
    page = (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
    looks = Looks.of(unpack(dict(GIVEN)["docs/classroom.md"])[PANEL])
    quoted = [line[2:] for line in page.replace("\n>\n", "\n> \n").splitlines() if line.startswith("> ")]
    assert looks.task == "\n".join(quoted)
    assert looks.controls == ("threshold", "negatives")
