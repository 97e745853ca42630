"""The files of the project say nothing of the machine they were written on, and the notebooks stay small."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("**/*.ipynb"))
MOST_BYTES = 200_000

# Spelled in pieces, so that this file passes its own test.
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"))]
HOSTS += [".".join(parts) for parts in (("conda", "anaconda", "org"), ("download", "pytorch", "org"))]
FOLDERS = "|".join(("work", "root", "home", "opt", "tmp", "Users", "mnt"))
MACHINE_PATH = re.compile(rf"(?<![\w.:/~$}}-])/(?:{FOLDERS})/\w")


def project_files() -> list[Path]:
    """Every file that git tracks or would track; none outside a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        return []
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> dict[str, str]:
    """The text of every project file that is text, by its path."""
    found = {}
    for path in project_files():
        data = path.read_bytes()
        if b"\0" not in data[:8000]:
            found[path.relative_to(ROOT).as_posix()] = data.decode("utf-8", errors="replace")
    return found


def test_no_file_names_a_registry_host() -> None:
    files = texts()
    if not files:
        pytest.skip("not a git checkout")
    named = {name: [host for host in HOSTS if host in text] for name, text in files.items()}
    assert not {name: hosts for name, hosts in named.items() if hosts}


def test_no_file_names_a_path_of_one_machine() -> None:
    files = texts()
    if not files:
        pytest.skip("not a git checkout")
    named = {name: MACHINE_PATH.findall(text) for name, text in files.items()}
    assert not {name: paths for name, paths in named.items() if paths}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
class TestNotebook:
    def test_is_small(self, path: Path) -> None:
        assert path.stat().st_size < MOST_BYTES

    def test_carries_plain_text_outputs_only(self, path: Path) -> None:
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            for output in cell.get("outputs", []):
                assert output["output_type"] in {"stream", "execute_result", "display_data"}, f"cell {number}"
                assert output.get("name") != "stderr", f"cell {number} holds output on stderr"
                assert set(output.get("data", {})) <= {"text/plain"}, f"cell {number}"

    def test_carries_no_widget_state(self, path: Path) -> None:
        assert "widgets" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]

    def test_runs_on_any_kernel_of_python(self, path: Path) -> None:
        kernel = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("kernelspec", {"name": "python3"})
        assert kernel["name"] == "python3", "another name exists only on the machine it was saved on"
