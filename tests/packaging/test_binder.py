"""Binder can read the folder that describes the image."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def dry_run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Let repo2docker print its Dockerfile, without Docker."""
    pytest.importorskip("repo2docker", reason="jupyter-repo2docker is not installed")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "--user-id=1000", "--user-name=reader"]
    return subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=120, check=False)


def test_repo2docker_reads_the_folder(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "binder", tmp_path / "project" / "binder")
    ran = dry_run(tmp_path / "project")
    printed = ran.stdout + ran.stderr
    assert ran.returncode == 0, printed[-2000:]
    for part in ("binder/environment.yml", "binder/postBuild", "binder/start"):
        assert part in printed


def test_repo2docker_refuses_a_broken_folder(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("dependencies: 3\n", encoding="utf-8")
    assert dry_run(tmp_path).returncode != 0


def test_environment_has_every_dependency(repository: Path) -> None:
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, re.S | re.M)
    assert listed
    app = re.search(r"^app = \[(.*?)\]", project, re.M)  # the second link opens the app
    assert app
    needed = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', listed[1] + app[1]))
    environment = (repository / "binder" / "environment.yml").read_text(encoding="utf-8")
    given = dict(re.findall(r"- ([\w-]+)>=([\d.]+)", environment))
    given["torch"] = given.pop("pytorch-cpu")
    assert given == needed


def test_the_package_installs_without_its_dependencies_and_finds_its_data_offline(
    repository: Path, tmp_path: Path
) -> None:
    """What postBuild does, into a folder of its own, with every connection refused."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    lines = (repository / "binder" / "postBuild").read_text(encoding="utf-8").splitlines()
    install = next(line for line in lines if "pip install" in line)
    assert install == "python -m pip install --no-cache-dir --no-deps ."
    source, target = tmp_path / "project", tmp_path / "installed"
    for name in ("ffexplore", "notebooks", "share"):
        shutil.copytree(repository / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repository / name, source)
    offline = os.environ | {"FFEXPLORE_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(target)}
    options = ["--no-build-isolation", "--no-index", "--quiet", "--target", str(target)]
    subprocess.run([sys.executable, *install.split()[1:], *options], cwd=source, check=True, timeout=100)
    refuse = "import socket\ndef refuse(*_): raise OSError('offline')\nsocket.socket.connect = refuse\n"
    look = (
        "import ffexplore as ff, pathlib\ndata = ff.load('mnist-5k')\n"
        "print(pathlib.Path(ff.__file__).parent, len(data.train) > 1000)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", refuse + look], cwd=tmp_path, env=offline, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split() == [str(target / "ffexplore"), "True"]
    assert (target / "share" / "jupyter" / "voila" / "templates" / "ffexplore" / "index.html.j2").is_file()


def test_news_are_switched_off(repository: Path) -> None:
    overrides = json.loads((repository / "binder" / "overrides.json").read_text(encoding="utf-8"))
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert "binder/overrides.json" in (repository / "binder" / "postBuild").read_text(encoding="utf-8")
