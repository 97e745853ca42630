"""The modules of the page: joined without loss, and free of other hosts."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from ffexplore.ui.compare_drawer import CompareDrawer
from ffexplore.ui.form import Form
from ffexplore.ui.keep import Keep
from ffexplore.ui.script import MODULES, board_script, board_style
from ffexplore.ui.scripted import script_of
from ffexplore.ui.status import StatusLine


def test_every_module_is_listed_once(repository):
    files = {path.stem for path in (repository / "ffexplore/ui/static").glob("*.js")}
    assert files == set(MODULES)
    assert len(MODULES) == len(files)


def test_imports_name_listed_modules_that_come_before_and_export_the_name(repository):
    sources = {name: (repository / f"ffexplore/ui/static/{name}.js").read_text(encoding="utf-8") for name in MODULES}
    for place, name in enumerate(MODULES):
        for names, module in re.findall(r'^import \{ ([^}]+) \} from "\./(\w+)\.js";$', sources[name], re.MULTILINE):
            assert module in MODULES[:place]
            for imported in names.split(", "):
                assert re.search(rf"^export (class|function|const) {imported}\b", sources[module], re.MULTILINE)


def test_modules_of_the_panel_are_all_used_and_joined_without_an_import_left(repository):
    kinds = (Keep, CompareDrawer, StatusLine, Form)
    for kind in kinds:
        script = script_of(kind).source
        assert not re.search(r"^import ", script, re.MULTILINE)
        assert re.findall(r"^export .*", script, re.MULTILINE) == ["export default {"]
    assert all("function addRow(" in script_of(drawer).source for drawer in (Keep, CompareDrawer))
    files = {path.stem for path in (repository / "ffexplore/ui/static/explorer").glob("*.js")}
    assert files == {name for kind in kinds for name in kind.modules} | {"loader"}


def test_the_joined_script_is_one_module_with_one_default_export():
    script = board_script()
    assert not re.search(r"^import ", script, re.MULTILINE)
    assert re.findall(r"^export .*", script, re.MULTILINE) == ["export default {"]


def test_nothing_comes_from_another_host():
    for text in (board_script(), board_style()):
        assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
        assert "@import" not in text


def test_an_explorer_adds_little_to_a_page():
    assert len(board_script().encode()) + len(board_style().encode()) < 144_000


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_joined_script_parses(tmp_path):
    path = tmp_path / "board.mjs"
    path.write_text(board_script(), encoding="utf-8")
    result = subprocess.run(["node", "--check", path], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
