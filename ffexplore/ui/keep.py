"""The drawer "Share": the share string, the script, checkpoints, the history and the views as files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import traitlets

from ffexplore.engine.sharing import SHARE_PREFIX
from ffexplore.errors import CheckpointError, FFExploreError
from ffexplore.live import Runner
from ffexplore.paths import home_for_tilde, is_a_folder, is_folder
from ffexplore.ui.board import Board
from ffexplore.ui.figures import PAGES, page
from ffexplore.ui.scripted import Scripted


class Keep(Scripted):
    """What a person takes along from a panel.

    Parameters
    ----------
    runner
        What is kept.
    board
        Whose views can be saved.
    share
        Returns the share string of the panel.
    """

    name, modules = "keep", ("turn", "drawer", "picture", "keep")

    is_open = traitlets.Bool(False).tag(sync=True)
    share = traitlets.Unicode().tag(sync=True)  #: read while it is open
    has_link = traitlets.Bool(False).tag(sync=True)  #: whether the page's address takes a share string
    views = traitlets.List(traitlets.Unicode()).tag(sync=True)
    pages = traitlets.List(traitlets.Unicode(), default_value=list(PAGES)).tag(sync=True)

    def __init__(self, runner: Runner, board: Board, share: Callable[[], str], **kwargs: Any) -> None:
        self._runner, self._board, self._share = runner, board, share
        super().__init__(has_link=is_app(), **kwargs)
        self._works = {
            "share": self._send_share,
            "python": self._send_script,
            "save": self._save,
            "load": self._load,
            "csv": self._send_history,
            "page": self._send_page,
        }
        self.on_msg(self._receive)
        self.observe(lambda _: self.refresh(), "is_open")
        board.observe(lambda _: self.refresh(), ["panes", "is_comparing"])

    def __repr__(self) -> str:
        return f"Keep({'open' if self.is_open else 'closed'})"

    def refresh(self) -> None:
        """Show the present share string and views, if the drawer is open."""
        if self.is_open:
            with self.hold_sync():
                self.share, self.views = self._share(), self._board.shown

    def _receive(self, _: Any, content: Mapping[str, Any], buffers: Any) -> None:
        try:
            self._works[content["kind"]](content)
        except (FFExploreError, OSError) as error:
            self._say(content, str(error), warns=True)
        except Exception as error:  # nothing that goes wrong here may be lost, or stop training
            self._say(content, f"That did not work: {type(error).__name__}: {error}", warns=True)

    def _answer(self, asked: Mapping[str, Any], kind: str, buffers: Sequence[bytes] = (), **answer: Any) -> None:
        """Answer the view that asked; every open one hears it, and a file is to be downloaded once."""
        self.send({"kind": kind, "view": asked.get("view"), **answer}, buffers=list(buffers))

    def _say(self, asked: Mapping[str, Any], text: str, *, warns: bool = False) -> None:
        self._answer(asked, "said", text=text, warns=warns)

    def _send_share(self, asked: Mapping[str, Any]) -> None:
        self._answer(asked, "share", text=self._share(), **{"as": asked["as"]})

    def _send_script(self, asked: Mapping[str, Any]) -> None:
        settled = self._runner.ask(lambda _: None)  # what was entered just before may still wait to be taken up
        settled.add_done_callback(lambda _: self._answer(asked, "python", text=self._runner.as_python()))

    def _save(self, asked: Mapping[str, Any]) -> None:
        self._wait_for(asked, self._runner.save(file_of(asked["path"])), lambda path: f"Saved to {path}.")

    def _load(self, asked: Mapping[str, Any]) -> None:
        path = file_of(asked["path"])
        self._wait_for(asked, self._runner.restore(path), lambda _: f"Loaded {path}; press Play to go on from there.")

    def _wait_for(self, asked: Mapping[str, Any], answer: Future[Any], words: Callable[[Any], str]) -> None:
        def told(done: Future[Any]) -> None:
            if done.cancelled():
                self._say(asked, "It was not done, because the panel was closed.", warns=True)
            elif done.exception() is not None:
                self._say(asked, str(done.exception()), warns=True)
            else:
                self._say(asked, words(done.result()))

        answer.add_done_callback(told)

    def _send_history(self, asked: Mapping[str, Any]) -> None:
        table = self._runner.history.to_frame().to_csv(index=False)
        self._send_file(asked, "history.csv", "text/csv", table)

    def _send_page(self, asked: Mapping[str, Any]) -> None:
        view = str(asked["pane"])
        self._send_file(asked, f"{view}.html", "text/html", page(view, self._runner, self._board.asked_panes))

    def _send_file(self, asked: Mapping[str, Any], name: str, kind: str, text: str) -> None:
        self._answer(asked, "file", [text.encode()], name=name, type=f"{kind};charset=utf-8")


def file_of(text: str) -> Path:
    """The file that a person wrote; ``~`` is their home, and what is not absolute lies in the working folder.

    Raises
    ------
    CheckpointError
        When nothing is written, or it names a folder.
    """
    text = str(text).strip()
    if not text:
        raise CheckpointError("Write the name of a file first, as in run.json or ~/run.json.")
    path = home_for_tilde(text).absolute()
    if is_folder(text):
        raise CheckpointError(is_a_folder(path, "run.json"))
    return path


def is_app() -> bool:
    """Whether this kernel serves a page of Voila, whose address takes ``?share=``."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def share_of_link(query: str | None = None) -> str | None:
    """The share string in the address of a page of Voila, or None where there is none.

    Parameters
    ----------
    query
        The part of the address behind the question mark; that of this page unless given.
    """
    from urllib.parse import parse_qs

    values = parse_qs(os.environ.get("QUERY_STRING", "") if query is None else query).get("share", [])
    return next((value for value in values if value.startswith(SHARE_PREFIX)), None)
