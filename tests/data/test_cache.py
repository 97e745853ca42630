import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from ffexplore.data import catalogue, load, mnist_5k
from ffexplore.data.cache import cache_folder, replacing


def write(path: Path, content: bytes, fail: bool = False) -> None:
    with replacing(path) as file:
        file.write(content)
        if fail:
            raise KeyboardInterrupt


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "new" / "file"
    with pytest.raises(KeyboardInterrupt):
        write(path, b"half", fail=True)
    assert list(path.parent.iterdir()) == []
    write(path, b"whole")
    with pytest.raises(KeyboardInterrupt):
        write(path, b"half", fail=True)
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("FFEXPLORE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("FFEXPLORE_CACHE", "~/own")
    assert cache_folder() == Path("~/own").expanduser()


@pytest.mark.parametrize(("platform", "last"), [("linux", "ffexplore"), ("darwin", "ffexplore"), ("win32", "Cache")])
def test_the_cache_folder_of_a_platform(monkeypatch, platform, last):
    monkeypatch.delenv("FFEXPLORE_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder().is_absolute()
    assert cache_folder().name == last
    if platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
        assert cache_folder() == Path("/elsewhere/ffexplore")


def test_an_account_without_a_home_uses_the_temporary_folder(monkeypatch):
    def no_home() -> Path:
        raise RuntimeError

    for name in ("FFEXPLORE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert tempfile.gettempdir() in str(cache_folder())


@pytest.fixture
def parsed(monkeypatch, tmp_path):
    """Stand-in digits in place of the slow parse; a list with an entry for each parse."""
    calls = []
    x = np.random.RandomState(0).randint(0, 256, (2000, 4, 4, 1)).astype(np.uint8)

    def parse() -> mnist_5k.Arrays:
        calls.append(1)
        return x, np.arange(2000, dtype=np.int64) % 10

    monkeypatch.setattr(mnist_5k, "_parse", parse)
    monkeypatch.setenv("FFEXPLORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "_loaded", {})
    return calls


def again(monkeypatch: pytest.MonkeyPatch) -> str:
    """Load as a new process would."""
    monkeypatch.setattr(catalogue, "_loaded", {})
    return load("mnist-5k").fingerprint


def test_the_second_process_does_not_parse(parsed, monkeypatch):
    assert load("mnist-5k").fingerprint == again(monkeypatch)
    assert len(parsed) == 1
    assert [path.name for path in cache_folder().iterdir()] == ["mnist-5k.npz"]


def test_damaged_files_are_parsed_and_replaced(parsed, monkeypatch):
    first = load("mnist-5k").fingerprint
    file = cache_folder() / "mnist-5k.npz"
    whole = file.read_bytes()
    x, y = mnist_5k.read_cached(file) or pytest.fail("the file was not read")
    altered = x.copy()
    altered[5, 0, 0, 0] ^= 1
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    damaged = [whole[:1000], whole[:-10], b"", b"<html>", bytes(flipped)]
    for count, content in enumerate(damaged, start=2):
        file.write_bytes(content)
        assert again(monkeypatch) == first
        assert len(parsed) == count
        assert mnist_5k.read_cached(file) is not None
    np.savez(file, x=altered, y=y, sha256=np.array("0" * 64))  # a whole zip file with other numbers in it
    assert mnist_5k.read_cached(file) is None
    np.savez(file, x=np.array([None, 1]), y=y, sha256=np.array("0" * 64))
    assert mnist_5k.read_cached(file) is None


def test_a_cache_that_cannot_be_written_is_gone_without(parsed, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert load("mnist-5k").fingerprint == again(monkeypatch)
    assert len(parsed) == 2


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_is_gone_without(parsed, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    assert load("mnist-5k").classes == 10
    assert len(parsed) == 1


def test_a_full_cache_is_gone_without(parsed, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert load("mnist-5k").classes == 10
    assert list(cache_folder().iterdir()) == []
