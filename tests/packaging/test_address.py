"""The repository's address is the same wherever it stands, is written by one command, and its links lead to files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = ("pyproject.toml", "README.md", "CITATION.cff", "docs/places.md")
ADDRESS = re.compile(r"(?:github\.com|mybinder\.org/v2/gh)/([\w.-]+/[\w.-]+)")
OTHERS = {"mpezeshki/pytorch_forward_forward"}  # whose code is named, not our address
REMARK = "<!-- until the address is set -->"


def addresses(folder: Path) -> dict[str, set[str]]:
    return {name: set(ADDRESS.findall((folder / name).read_text(encoding="utf-8"))) - OTHERS for name in FILES}


def write(folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ".ci/address.py", address]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    for name in (*FILES, ".ci/address.py"):
        if not (repository / name).is_file():
            pytest.skip("not a git checkout")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(repository / name, tmp_path / name)
    return tmp_path


def test_all_places_agree(repository: Path) -> None:
    found = addresses(repository)
    (address,) = found["pyproject.toml"]
    assert found == {name: {address} for name in FILES}
    remarked = REMARK in (repository / "README.md").read_text(encoding="utf-8")
    assert remarked == (address == "OWNER/REPOSITORY")


@pytest.mark.parametrize("page", ["README.md", "docs/places.md"])
def test_the_links_to_binder_lead_to_files(repository: Path, page: str) -> None:
    text = (repository / page).read_text(encoding="utf-8")
    links = re.findall(r"mybinder\.org/v2/gh/[\w.-]+/[\w.-]+/HEAD\?urlpath=(lab/tree|voila/render)/([^)`\s]+)", text)
    assert [front_end for front_end, _ in links] == ["lab/tree", "voila/render"]
    assert text.count("mybinder.org/v2") == len(links)
    for _, path in links:
        assert (repository / path).is_file(), path


def test_one_command_writes_it_everywhere_and_again(copy: Path) -> None:
    for address in ("some-one/fork.of-it", "another/name"):
        before = (copy / "README.md").read_text(encoding="utf-8")
        ran = write(copy, address)
        assert ran.returncode == 0, ran.stderr
        assert addresses(copy) == {name: {address} for name in FILES}
        after = (copy / "README.md").read_text(encoding="utf-8")
        assert REMARK not in after
        assert after != before
        assert "mpezeshki/pytorch_forward_forward" in after
    assert "nothing" in write(copy, "another/name").stdout


@pytest.mark.parametrize("wrong", ["", "name", "https://github.com/owner/name", "owner/name/more", "owner/na me"])
def test_what_is_no_address_is_refused(copy: Path, wrong: str) -> None:
    before = addresses(copy)
    ran = write(copy, wrong)
    assert ran.returncode != 0
    assert f"REPOSITORY is {wrong!r}; it must be owner/name" in " ".join(ran.stderr.split())
    assert addresses(copy) == before
