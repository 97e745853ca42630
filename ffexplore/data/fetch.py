"""Fetching files so that a bad server costs seconds, and only whole, verified files reach the disk."""

from __future__ import annotations

import gzip
import hashlib
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffexplore.data.cache import replacing
from ffexplore.errors import DatasetError

SILENCE = 8.0  #: seconds after which a server that sends nothing, or next to nothing, is given up
TRICKLE = 1000  #: bytes a second that count as next to nothing
LARGEST = 200 * 2**20  #: bytes; no file wanted here comes near


class _FailedError(Exception):
    """Why one download from one mirror came to nothing."""


@dataclass(frozen=True)
class _Head:
    content_type: str
    length: int | None


def fetch_files(
    folder: Path,
    mirrors: Sequence[str],
    resources: Sequence[tuple[str, str]],
    *,
    title: str = "",
    progress: bool = True,
) -> None:
    """Fetch files into a folder, unpacked; those that are there already are fetched again.

    A file is held in memory until its checksum is verified, so nothing half or wrong is ever on the disk.

    Parameters
    ----------
    folder
        Where the files go.
    mirrors
        Addresses to put before the file names, tried in order.
    resources
        File name and MD5 checksum of each file; what ends in ``.gz`` is unpacked and loses that ending.
    title
        What the progress bar is called.
    progress
        Whether to show a progress bar.

    Raises
    ------
    DatasetError
        When a file cannot be had from any mirror, or the folder cannot be written; says why.
    """
    from tqdm.auto import tqdm

    try:  # before minutes of loading, not after
        with replacing(folder / "writable") as file:
            file.write(b"")
        (folder / "writable").unlink(missing_ok=True)
    except OSError as error:
        raise _not_kept(folder, error) from None
    order = list(mirrors)
    for name, md5 in resources:
        words = f"{title} {name}".strip()
        with tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc=words, disable=not progress) as bar:

            def show(received: int, length: int | None, bar: tqdm = bar) -> None:
                bar.total = length
                bar.update(received - bar.n)

            data = _from_any(order, name, md5, show)
        target = folder / name.removesuffix(".gz")
        try:
            with replacing(target) as file:
                file.write(gzip.decompress(data) if name.endswith(".gz") else data)
        except (gzip.BadGzipFile, EOFError) as error:
            raise DatasetError(f"{name} has the right checksum but cannot be unpacked: {error}.") from None
        except OSError as error:
            raise _not_kept(folder, error) from None


def _not_kept(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(
        f"The folder {folder} cannot be written ({error.strerror or error}); "
        "set FFEXPLORE_CACHE to a folder that can, with space left."
    )


def _from_any(order: list[str], name: str, md5: str, show: Callable[[int, int | None], None]) -> bytes:
    """Take the verified file from the first mirror that has it; that mirror is moved to the front."""
    failures = []
    for mirror in tuple(order):
        url = f"{mirror.rstrip('/')}/{name}"
        try:
            data = _download(url, md5, show)
        except _FailedError as failure:
            failures.append(f"{url} {failure}")
            continue
        order.remove(mirror)
        order.insert(0, mirror)
        return data
    raise DatasetError("; ".join(failures) + ".")


def _download(url: str, md5: str, show: Callable[[int, int | None], None]) -> bytes:
    """Receive one file in a thread of its own, and watch the clock from here.

    A socket's timeout bounds neither the look-up of a name nor a server that sends a byte now and then.
    """
    arrived: queue.SimpleQueue[_Head | bytes | Exception | None] = queue.SimpleQueue()
    given_up = threading.Event()
    threading.Thread(target=_receive, args=(url, arrived, given_up), name="ffexplore-download", daemon=True).start()
    head, data = _Head("", None), bytearray()
    since, before = time.monotonic(), 0
    try:
        while True:
            try:
                item = arrived.get(timeout=max(0.0, since + SILENCE - time.monotonic()))
            except queue.Empty:
                few = f"only {len(data) - before} bytes" if len(data) > before else "nothing"
                raise _FailedError(f"sent {few} for {SILENCE:g} seconds") from None
            if item is None:
                break
            if isinstance(item, Exception):
                raise _FailedError(_reason(item)) from None
            if isinstance(item, _Head):
                head, since = item, time.monotonic()
                continue
            data += item
            show(len(data), head.length)
            if len(data) > LARGEST:
                raise _FailedError(f"sends more than {LARGEST} bytes")
            if len(data) - before >= TRICKLE * SILENCE:
                since, before = time.monotonic(), len(data)
    finally:
        given_up.set()
    _verify(bytes(data), head, md5)
    return bytes(data)


def _receive(url: str, arrived: queue.SimpleQueue[object], given_up: threading.Event) -> None:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "ffexplore"})
        with urllib.request.urlopen(request, timeout=SILENCE) as response:
            length = response.headers.get("Content-Length", "")
            arrived.put(_Head(response.headers.get_content_type(), int(length) if length.isdigit() else None))
            while not given_up.is_set() and (chunk := response.read1(1 << 16)):
                arrived.put(chunk)
        arrived.put(None)
    except Exception as error:  # handed over to the thread that waits
        arrived.put(error)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code} {error.reason}"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"sent nothing for {SILENCE:g} seconds"
    if isinstance(error, urllib.error.URLError):
        return f"cannot be reached ({cause})"
    return f"broke off ({type(cause).__name__}: {cause})"


def _verify(data: bytes, head: _Head, md5: str) -> None:
    if hashlib.md5(data, usedforsecurity=False).hexdigest() == md5:
        return
    if head.length is not None and len(data) < head.length:
        raise _FailedError(f"broke off after {len(data)} of {head.length} bytes")
    if head.content_type == "text/html" or data[:64].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise _FailedError("sent a web page instead of the file (does this network ask for a login first?)")
    raise _FailedError(f"sent {len(data)} bytes with a wrong checksum")
