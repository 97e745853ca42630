"""Downloads against a real server on this machine that behaves well or badly."""

import gzip
import hashlib
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from ffexplore.data import catalogue, fetch, load
from ffexplore.data.fetch import fetch_files
from ffexplore.data.lazy_torchvision import import_torchvision
from ffexplore.errors import DatasetError

PAGE = b"<!DOCTYPE html><html>Please log in</html>"


def idx(array: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def stand_in(n: int, seed: int) -> "list[bytes]":
    """Images and labels of a small MNIST."""
    x = np.random.RandomState(seed).randint(0, 256, (n, 28, 28)).astype(np.uint8)
    return [gzip.compress(idx(x)), gzip.compress(idx((np.arange(n) % 10).astype(np.uint8)))]


NAMES = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
FILES = dict(zip(NAMES, stand_in(120, 0) + stand_in(30, 1), strict=True))
RESOURCES = [(name, hashlib.md5(content).hexdigest()) for name, content in FILES.items()]


class Handler(BaseHTTPRequestHandler):
    """The first part of the address says how to behave."""

    def do_GET(self) -> None:
        how, name = self.path.strip("/").split("/")
        content = FILES[name]
        self.server.asked.append((how, name))  # type: ignore[attr-defined]
        if how == "hang":
            self.server.over.wait(20)  # type: ignore[attr-defined]
            return
        if how == "absent":
            self.send_error(404)
            return
        if how == "close":
            return
        sent = {"page": PAGE, "wrong": content[:-1] + b"!", "disguised": PAGE}.get(how, content)
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if how == "page" else "application/x-gzip")
        if how != "unannounced":
            self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        if how in ("truncated", "unannounced"):
            self.wfile.write(sent[: len(sent) // 2])
        elif how == "stall":
            self.wfile.write(sent[:1000])
            self.server.over.wait(20)  # type: ignore[attr-defined]
        elif how == "trickle":
            try:
                for byte in sent:
                    self.wfile.write(bytes([byte]))
                    if self.server.over.wait(0.02):  # type: ignore[attr-defined]
                        return
            except OSError:
                self.server.hung_up.set()  # type: ignore[attr-defined]
        else:
            self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.over, self.hung_up = threading.Event(), threading.Event()

    def mirror(self, how: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{how}/"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "SILENCE", 0.5)
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.over.set()
        running.shutdown()


def fetch_all(folder, server: Server, *behaviours: str) -> None:
    fetch_files(folder, [server.mirror(how) for how in behaviours], RESOURCES, progress=False)


def test_whole_files_arrive_unpacked(server, tmp_path):
    fetch_all(tmp_path / "raw", server, "good")
    assert {path.name: path.read_bytes() for path in (tmp_path / "raw").iterdir()} == {
        name.removesuffix(".gz"): gzip.decompress(content) for name, content in FILES.items()
    }


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("absent", "train-images-idx3-ubyte.gz answered 404 Not Found"),
        ("hang", "sent nothing for 0.5 seconds"),
        ("stall", r"sent nothing for 0.5 seconds"),
        ("trickle", r"sent only \d+ bytes for 0.5 seconds"),
        ("truncated", r"broke off after \d+ of \d+ bytes"),
        ("unannounced", r"sent \d+ bytes with a wrong checksum"),
        ("close", "broke off .RemoteDisconnected"),
        ("page", "sent a web page instead of the file"),
        ("disguised", "sent a web page instead of the file"),
        ("wrong", r"sent \d+ bytes with a wrong checksum"),
    ],
)
def test_a_bad_server_costs_seconds_and_leaves_nothing(server, tmp_path, how, message):
    start = time.monotonic()
    with pytest.raises(DatasetError, match=message):
        fetch_all(tmp_path, server, how)
    assert time.monotonic() - start < 3
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == 1  # the other three files are not tried


def test_a_server_that_is_given_up_is_left(server, tmp_path):
    with pytest.raises(DatasetError, match="sent only"):
        fetch_all(tmp_path, server, "trickle")
    assert server.hung_up.wait(5)


def test_no_server_at_all(tmp_path):
    with pytest.raises(DatasetError, match=r"127.0.0.1:9/train-images-idx3-ubyte.gz cannot be reached"):
        fetch_files(tmp_path, ["http://127.0.0.1:9/"], RESOURCES, progress=False)


def test_a_look_up_that_hangs(tmp_path, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: over.wait(20))  # no socket yet, no timeout
    monkeypatch.setattr(fetch, "SILENCE", 0.3)
    with pytest.raises(DatasetError, match=r"sent nothing for 0\.3 seconds"):
        fetch_files(tmp_path, ["http://localhost/"], RESOURCES, progress=False)
    over.set()


def test_the_next_mirror_is_tried_and_kept(server, tmp_path):
    fetch_all(tmp_path, server, "wrong", "good")
    assert len(list(tmp_path.iterdir())) == 4
    assert [how for how, _ in server.asked] == ["wrong", "good", "good", "good", "good"]


def test_every_mirror_is_named_when_none_works(server, tmp_path):
    with pytest.raises(
        DatasetError, match=r"/absent/train.* answered 404 Not Found; .*/truncated/train.* broke off after"
    ):
        fetch_all(tmp_path, server, "absent", "truncated")


def test_an_endless_file_is_cut(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "LARGEST", 1000)
    with pytest.raises(DatasetError, match="sends more than 1000 bytes"):
        fetch_all(tmp_path, server, "good")


def test_a_folder_that_cannot_be_written_is_told_before_loading(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        DatasetError, match=r"The folder .*file.raw cannot be written .* set FFEXPLORE_CACHE to a folder"
    ):
        fetch_all(tmp_path / "file" / "raw", server, "good")
    assert server.asked == []


def test_a_bar_shows_the_progress(server, tmp_path, capsys):
    fetch_files(tmp_path, [server.mirror("good")], RESOURCES[:1], title="mnist")
    shown = capsys.readouterr().err
    assert "mnist train-images-idx3-ubyte.gz" in shown
    assert "100%" in shown


@pytest.fixture
def published(server, tmp_path, monkeypatch):
    """Have torchvision's three sets come from the server on this machine, into an empty cache."""
    monkeypatch.setenv("FFEXPLORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FFEXPLORE_DATA", raising=False)
    monkeypatch.setattr(catalogue, "_loaded", {})

    def behave(how: str) -> None:
        for name in ("MNIST", "FashionMNIST", "KMNIST"):
            reader = getattr(import_torchvision("datasets"), name)
            monkeypatch.setattr(reader, "mirrors", [server.mirror(how)])
            monkeypatch.setattr(reader, "resources", RESOURCES)

    behave("good")
    server.behave = behave
    return server


@pytest.mark.parametrize(
    ("name", "folder", "first"),
    [("mnist", "MNIST", "0"), ("fashion-mnist", "FashionMNIST", "T-shirt/top"), ("kmnist", "KMNIST", "o")],
)
def test_a_set_is_fetched_once(published, tmp_path, monkeypatch, name, folder, first):
    data = load(name)
    assert (data.shape, len(data.train), len(data.validation), len(data.test)) == ((28, 28, 1), 100, 20, 30)
    assert data.class_names[0] == first
    np.testing.assert_array_equal(data.test.x[..., 0], np.random.RandomState(1).randint(0, 256, (30, 28, 28)))
    assert len(list((tmp_path / "cache" / folder / "raw").iterdir())) == 4
    monkeypatch.setattr(catalogue, "_loaded", {})
    assert load(name).fingerprint == data.fingerprint
    other = load(f"{name}(validation=30000)")
    assert (other.name, len(other.train), len(other.validation)) == (f"{name}(validation=30000)", 60, 60)
    np.testing.assert_array_equal(other.test.x, data.test.x)  # whatever is held out
    assert len(published.asked) == 4


@pytest.mark.parametrize("how", ["absent", "hang", "truncated", "page", "wrong"])
def test_a_failed_set_names_those_that_work_offline(published, tmp_path, how):
    published.behave(how)
    with pytest.raises(
        DatasetError, match=r"'kmnist' could not be fetched: http.* without a network: digits, mnist-5k, moons"
    ):
        load("kmnist")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    published.behave("good")
    assert load("kmnist").classes == 10


def test_a_damaged_file_in_the_cache_is_fetched_again(published, tmp_path, monkeypatch):
    first = load("mnist")
    file = tmp_path / "cache" / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    for content in (file.read_bytes()[:-1], b"", b"<html>"):
        file.write_bytes(content)
        monkeypatch.setattr(catalogue, "_loaded", {})
        assert load("mnist").fingerprint == first.fingerprint
    assert len(published.asked) == 7


def test_a_folder_of_ones_own_is_read_and_never_changed(published, tmp_path, monkeypatch):
    first = load("mnist", root=tmp_path / "own")
    monkeypatch.setenv("FFEXPLORE_DATA", str(tmp_path / "own"))
    assert load("mnist").fingerprint == first.fingerprint
    assert len(published.asked) == 4
    assert not (tmp_path / "cache").exists()
    monkeypatch.setattr(catalogue, "_loaded", {})
    file = tmp_path / "own" / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(
        DatasetError, match=r"train-labels-idx1-ubyte is damaged: it has 123 bytes where .* announce 128"
    ):
        load("mnist")
    assert file.stat().st_size == 123


def test_a_folder_without_the_set_is_named(published, tmp_path, monkeypatch):
    published.behave("absent")
    monkeypatch.setenv("FFEXPLORE_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DatasetError, match=r"could not be fetched \(it is not in .*elsewhere\): http"):
        load("mnist")
