"""``ffexplore lab``: the notebooks reach a folder, and a person's edits survive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ffexplore import lab
from ffexplore.cli import main
from ffexplore.errors import FFExploreError
from tests.e2e.lab import free_port


@pytest.fixture
def two_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = tmp_path / "packaged"
    source.mkdir()
    for name in ("00_explore.ipynb", "01_more.ipynb"):
        (source / name).write_text("{}", encoding="utf-8")
    monkeypatch.setattr(lab, "packaged_notebooks", lambda: source)
    return source


def test_the_notebooks_are_found_in_this_checkout() -> None:
    assert (lab.packaged_notebooks() / lab.FIRST_NOTEBOOK).is_file()


def test_an_edited_notebook_is_kept(two_notebooks: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "mine"
    assert lab.place_notebooks(target) == (["00_explore.ipynb", "01_more.ipynb"], [])
    (target / "01_more.ipynb").write_text("edited", encoding="utf-8")
    (target / "00_explore.ipynb").unlink()
    assert lab.place_notebooks(target) == (["00_explore.ipynb"], ["01_more.ipynb"])
    assert (target / "01_more.ipynb").read_text(encoding="utf-8") == "edited"


def test_a_folder_that_is_a_file_is_refused_with_a_reason(
    two_notebooks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert main(["lab", str(tmp_path / "taken"), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ffexplore: The notebooks cannot be put into ")
    assert "taken" in said
    assert said.count("\n") == 1


def test_dry_run_prints_what_it_would_start(
    two_notebooks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", str(tmp_path / "mine"), "--port", "9123", "--no-browser", "--dry-run"]) == 0
    command = capsys.readouterr().out.splitlines()[-1].split()
    assert command[:3] == ["jupyter", "lab", str(tmp_path / "mine" / "00_explore.ipynb")]
    assert {"--port=9123", "--no-browser"} <= set(command)


def test_an_unknown_notebook_names_the_nearest(
    two_notebooks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", str(tmp_path / "mine"), "--notebook", "01_mor", "--dry-run"]) == 2
    assert "Did you mean '01_more.ipynb'?" in capsys.readouterr().err


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(FFExploreError, match=f"port is {port}; it must be a whole number from 1 to 65535"):
        lab.lab_arguments(Path("00_explore.ipynb"), port=port)


def test_a_wrong_port_copies_nothing(two_notebooks: Path, tmp_path: Path) -> None:
    assert main(["lab", str(tmp_path / "mine"), "--port", "99999999"]) == 2
    assert not (tmp_path / "mine").exists()


def test_lab_starts_jupyterlab_with_the_notebook(
    two_notebooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labapp = pytest.importorskip("jupyterlab.labapp")
    started: list[list[str]] = []
    monkeypatch.setattr(labapp.LabApp, "launch_instance", lambda argv: started.append(argv))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "config"))
    assert main(["lab", str(tmp_path / "mine"), "--notebook", "01"]) == 0
    assert started == [lab.lab_arguments(tmp_path / "mine" / "01_more.ipynb")]
    asked = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert asked[1:] == [str(tmp_path / "config")]
    settings = json.loads((Path(asked[0]) / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8"))
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_the_jupyterlab_it_starts_asks_about_no_news(tmp_path: Path) -> None:
    pytest.importorskip("jupyterlab.labapp")
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = (
        os.environ | folders | {"JUPYTER_TOKEN": "open", "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
    )
    command = [sys.executable, "-m", "ffexplore.cli", "lab", str(tmp_path / "mine"), "--no-browser"]
    port, log = free_port(), tmp_path / "lab.log"
    with log.open("w") as said:
        server = subprocess.Popen([*command, f"--port={port}"], env=environment, stdout=said, stderr=said)
    address = f"http://127.0.0.1:{port}/lab/api/settings/@jupyterlab/apputils-extension:notification?token=open"
    try:
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(address, timeout=5) as reply:
                    found = json.load(reply)
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < end
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait(20)
    assert found["schema"]["properties"]["fetchNews"]["default"] == "false"
