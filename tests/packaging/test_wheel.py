"""A plain install has all that ``ffexplore lab`` needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(repository)], check=True, capture_output=True, timeout=120)
    return next(folder.glob("ffexplore-*.whl"))


def test_wheel_holds_code_notebooks_and_scripts(wheel: Path, repository: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = repository / "ffexplore"
    suffixes = {".py", ".js", ".css", ".json", ".typed"}
    wanted = {path.relative_to(repository).as_posix() for path in package.rglob("*") if path.suffix in suffixes}
    wanted |= {f"ffexplore/notebooks/{path.name}" for path in (repository / "notebooks").glob("*.ipynb")}
    assert wanted - held == set()
    named = f"ffexplore-{wheel.name.split('-')[1]}"
    shared = {
        f"{named}.data/data/share/{path.relative_to(repository / 'share').as_posix()}"
        for path in (repository / "share").rglob("*.*")
    }
    assert len(shared) == 3, "the template of the app in Voila"
    assert shared - held == set()
    assert {name.split("/")[0] for name in held} == {"ffexplore", f"{named}.dist-info", f"{named}.data"}


def test_lab_works_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    target = tmp_path / "mine"
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ffexplore import cli; "
    code += "print(cli.__file__); sys.exit(cli.main())"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(installed), "lab", str(target), "--dry-run", "--no-browser"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert str(installed) in ran.stdout.splitlines()[0], "the test ran another ffexplore"
    assert (target / "00_explore.ipynb").is_file()
    assert str(target / "00_explore.ipynb") in ran.stdout.splitlines()[-1]
