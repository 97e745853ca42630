"""The upload button without a browser: the page's messages, and what the panel makes of them."""

from __future__ import annotations

import pytest

from ffexplore.data.upload import MOST_BYTES


@pytest.fixture
def panel(open_panel, until):
    opened = open_panel(label_encoding="appended")
    until(lambda: opened.runner.snapshot is not None)
    return opened


def send(panel, files, piece=10):
    upload = panel.controls["dataset"].upload
    upload.hear({"kind": "begin", "names": list(files)}, [])
    for number, content in enumerate(files.values()):
        for start in range(0, len(content), piece):
            message = {"kind": "piece", "number": number}
            upload.hear(message, [memoryview(content[start : start + piece])])
    upload.hear({"kind": "end", "total": sum(map(len, files.values()))}, [])


def test_a_table_becomes_the_dataset_and_can_be_undone(panel, until):
    panel.controls["label_encoding"].send("overlay")
    before = panel.settings.dataset
    rows = "\n".join(f"{n / 7},{-n},{'ab'[n % 2]}" for n in range(40))
    send(panel, {"mine.csv": f"u,v,label\n{rows}\n".encode()})
    assert panel.settings.dataset.name == "mine.csv"
    assert panel.controls["dataset"].row._menu.label == "mine.csv (own)"
    assert panel.status.message.startswith("Also changed: label encoding to appended, shift to 0. Without")
    panel.runner.step(3)
    assert panel.runner.wait(10)
    assert panel.runner.snapshot.step == 3
    assert panel.status.message.startswith("Also changed: label encoding to appended")  # until the next thing is done
    panel.bar.undo.click()
    assert panel.settings.dataset is before
    panel.bar.redo.click()
    assert panel.settings.dataset.name == "mine.csv"


def test_what_is_wrong_with_a_file_is_said_in_the_panel(panel):
    before = panel.settings
    send(panel, {"bad.csv": b"u,label\nx,1\ny,2\n"})
    assert panel.settings == before
    assert panel.status.message == "bad.csv, line 2: column 'u' has 'x'; features must be finite numbers."
    assert panel.status.tone == "warn"


def test_a_file_that_is_too_large_is_refused_before_it_is_sent_and_while(panel, monkeypatch):
    upload = panel.controls["dataset"].upload
    upload.hear({"kind": "large", "total": 5 * MOST_BYTES}, [])
    assert panel.status.message.startswith("The files take 320 MB; at most 64 MB")
    monkeypatch.setattr("ffexplore.ui.upload.MOST_BYTES", 25)
    send(panel, {"bad.csv": b"u,label\n" + b"1,2\n" * 100})
    assert panel.status.message.startswith("The files are larger than they said")
    assert upload._pieces == []


@pytest.mark.parametrize("lost", ["begin", "piece"])
def test_files_that_did_not_arrive_whole_are_asked_for_again(panel, monkeypatch, lost):
    upload, before = panel.controls["dataset"].upload, panel.settings
    hear, messages = upload.hear, []
    monkeypatch.setattr(upload, "hear", lambda *message: messages.append(message))
    send(panel, {"mine.csv": b"u,label\n1,a\n2,b\n"})
    messages.remove(next(message for message in messages if message[0]["kind"] == lost))
    for message in messages:
        hear(*message)
    assert panel.settings == before
    assert panel.status.message == "The files did not arrive whole; choose them again."
    assert panel.status.tone == "warn"
    assert upload._pieces == []


def test_locked_data_cannot_be_replaced(open_panel):
    assert open_panel(lock=["dataset"]).controls["dataset"].upload.disabled


def test_what_a_table_changes_along_is_said(open_panel, until):
    panel = open_panel(label_encoding="overlay")
    until(lambda: panel.runner.snapshot is not None)
    rows = "\n".join(f"{n / 7},{-n},{'ab'[n % 2]}" for n in range(40))
    send(panel, {"mine.csv": f"u,v,label\n{rows}\n".encode()})
    assert panel.settings.label_encoding.name == "appended"
    panel.runner.step(3)
    assert panel.runner.wait(10)
    assert panel.status.message.startswith("Also changed: label encoding to appended, shift to 0. Without")
