"""What a person takes along from a panel, without a browser: the page's messages and the kernel's answers."""

from __future__ import annotations

import io
import threading

import pandas as pd
import pytest

import ffexplore as ff
from ffexplore.ui.figures import FIGURES, SHOWN
from ffexplore.ui.keep import file_of, is_app, share_of_link


@pytest.fixture
def panel(open_panel, until, monkeypatch):
    opened = open_panel()
    until(lambda: opened.runner.snapshot is not None)
    opened.sent = []
    monkeypatch.setattr(opened.keep, "send", lambda content, buffers=(): opened.sent.append((content, buffers)))
    return opened


def ask(panel, kind, **content):
    panel.keep._receive(None, {"kind": kind, "view": "mine", **content}, [])


def answer(panel, until):
    until(lambda: panel.sent)
    content, buffers = panel.sent.pop(0)
    assert content.pop("view") == "mine"  # so that another view of the panel does not copy or download it, too
    return content, buffers


def test_the_share_string_is_kept_up_to_date_only_while_the_drawer_is_open(panel):
    assert panel.keep.share == ""
    panel.controls["seed"].row._box.value = "3"
    assert panel.keep.share == ""
    panel.bar.children[-1].children[-1].value = True
    assert panel.keep.share == panel.share()
    assert list(panel.keep.views) == ["histograms", "curves"]
    panel.controls["seed"].row._box.value = "4"
    assert ff.Settings.from_share(panel.keep.share).seed == 4
    panel.board.panes = ["gallery"]
    assert list(panel.keep.views) == ["gallery"]
    assert panel.keep.share == panel.share()


@pytest.mark.parametrize("kind", ["string", "link"])
def test_what_is_copied_is_the_present_share_string(panel, until, kind):
    panel.bar.children[-1].children[-1].value = True
    panel.controls["seed"].row._box.value = "5"  # in a page a click on Copy may follow before this comes back
    ask(panel, "share", **{"as": kind})
    content, _ = answer(panel, until)
    assert content == {"kind": "share", "text": panel.share(), "as": kind}
    assert ff.Settings.from_share(content["text"]).seed == 5


def test_the_script_is_that_of_the_run(panel, until):
    panel.runner.step(4)
    panel.runner.wait(10)
    ask(panel, "python")
    content, _ = answer(panel, until)
    assert content == {"kind": "python", "text": panel.runner.as_python()}
    assert "train_to(4)" in content["text"]


def test_the_script_holds_what_is_about_to_be_taken_up(panel, until):
    hold = threading.Event()
    panel.runner.ask(lambda _: hold.wait(10))
    panel.controls["learning_rate"].send(0.015)
    ask(panel, "python")
    hold.set()
    content, _ = answer(panel, until)
    assert "learning_rate=0.015" in content["text"]


def test_a_checkpoint_is_saved_and_loaded(panel, until, tmp_path):
    panel.runner.step(4)
    panel.runner.wait(10)
    path = str(tmp_path / "folder" / "run")
    ask(panel, "save", path=path)
    content, _ = answer(panel, until)
    assert content == {"kind": "said", "text": f"Saved to {path}.json.", "warns": False}
    panel.controls["learning_rate"].row._box.value = "0.5"
    panel.runner.step(3)
    panel.runner.wait(10)
    ask(panel, "load", path=f"{path}.json")
    content, _ = answer(panel, until)
    assert content["text"].startswith("Loaded")
    assert panel.runner.snapshot.step == 4
    until(lambda: panel.controls["learning_rate"].row._box.value == "0.002")
    assert panel.status.word == "paused"


def test_what_cannot_be_loaded_or_saved_is_said_in_words(panel, until, tmp_path):
    (tmp_path / "evil.json").write_bytes(b"\x80\x04cos\nsystem\n")  # a pickle is nothing but a broken file
    for kind, path, said in (
        ("load", str(tmp_path / "evil.json"), "cannot be read"),
        ("load", str(tmp_path / "none.json"), "cannot be read"),
        ("load", str(tmp_path), "is a folder"),
        ("save", "  ", "Write the name of a file first"),
        ("save", str(tmp_path / "evil.json" / "run.json"), "evil.json is a file; name a folder there"),
    ):
        ask(panel, kind, path=path)
        content, _ = answer(panel, until)
        assert said in content["text"]
        assert content["warns"]
    assert panel.runner.status == "idle"


def test_the_history_is_a_table(panel, until):
    panel.runner.step(4)
    panel.runner.wait(10)
    ask(panel, "csv")
    content, buffers = answer(panel, until)
    table = pd.read_csv(io.BytesIO(buffers[0]))
    assert content["name"] == "history.csv"
    assert table["step"].tolist()[-1] == 4
    assert "auc_1" in table


@pytest.mark.parametrize("view", sorted(FIGURES))
def test_every_view_with_a_figure_is_a_page_that_needs_no_network(panel, open_panel, until, monkeypatch, view):
    if view == "landscape":
        panel = open_panel(ff.Settings(dataset="moons", label_encoding="appended", layers=(4,)))
        panel.sent = []
        monkeypatch.setattr(panel.keep, "send", lambda content, buffers=(): panel.sent.append((content, buffers)))
    panel.runner.step(2)
    panel.runner.wait(10)
    ask(panel, "page", pane=view)
    content, buffers = answer(panel, until)
    text = buffers[0].decode()
    assert content["name"] == f"{view}.html"
    assert text.count("plotly.js v") == 1
    assert ("separation (AUC)" in text) == (view == "curves")
    assert text.count("plotly-graph-div") == (2 if view == "curves" else 1)
    assert "<script src=" not in text
    assert 'src="http' not in text


SHOWN_NOW = {
    "candidates": ({"steps": 2}, "Validation input 3 of"),
    "draw": ({"sample": 1, "view": "a"}, "right: "),
    "backprop": ({}, "backpropagation"),
}


@pytest.mark.parametrize("view", SHOWN)
def test_a_pane_that_was_acted_in_is_a_page_of_what_it_shows(panel, until, view):
    heard, words = SHOWN_NOW[view]
    pane = panel.board.asked_panes[view]
    panel.runner.step(2)
    panel.runner.wait(10)
    pane.hear(heard, [])
    pane.take(panel.runner.ask(pane.look, True).result(20))
    ask(panel, "page", pane=view)
    content, buffers = answer(panel, until)
    text = buffers[0].decode()
    assert content["name"] == f"{view}.html"
    assert words in text
    assert ('"source":"data:image\\u002fpng' in text) == (view != "backprop")
    assert "<script src=" not in text


def test_a_pane_that_shows_nothing_says_so(panel, until):
    ask(panel, "page", pane="candidates")
    assert "nothing to show yet" in answer(panel, until)[0]["text"]
    pane = panel.board.asked_panes["draw"]
    pane.take(panel.runner.ask(pane.look, True).result(20))
    ask(panel, "page", pane="draw")
    content, _ = answer(panel, until)
    assert content["warns"]
    assert "draw something first" in content["text"]


def test_a_view_without_pictures_says_so(open_panel, until, monkeypatch):
    opened = open_panel(ff.Settings(dataset="moons", label_encoding="appended", layers=(4,)))
    until(lambda: opened.runner.snapshot is not None)
    opened.sent = []
    monkeypatch.setattr(opened.keep, "send", lambda content, buffers=(): opened.sent.append((content, buffers)))
    ask(opened, "page", pane="gallery")
    content, _ = answer(opened, until)
    assert content["warns"]
    assert "picture" in content["text"]


def test_a_message_of_no_meaning_harms_nothing(panel, until):
    ask(panel, "nonsense")
    assert answer(panel, until)[0]["warns"]
    ask(panel, "page", pane="nonsense")
    assert answer(panel, until)[0]["warns"]


def test_files_are_named_as_a_person_names_them(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert file_of(" ~/run.json ") == tmp_path / "home" / "run.json"
    assert file_of("run.json") == tmp_path / "run.json"


def test_the_address_of_an_app_holds_the_share_string(monkeypatch):
    monkeypatch.delenv("QUERY_STRING", raising=False)
    assert share_of_link() is None
    assert not is_app()
    text = ff.Settings(seed=4).share()
    monkeypatch.setenv("QUERY_STRING", f"voila-theme=dark&share={text}")
    assert share_of_link() == text
    assert share_of_link("share=somebody") is None
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert is_app()
