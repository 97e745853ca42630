"""What an explorer sends to a page when it is opened, and that its scripts travel once."""

from __future__ import annotations

import json

import comm
import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances

from ffexplore.ui.board import Board
from ffexplore.ui.scripted import Script, Scripted, script_of

ENVELOPE = 900  # bytes of a message on the socket beside its data: headers of its own and of what caused it
BUDGET = 72_000  # of the 100 kB that a second explorer may take; the rest is for its first frames


@pytest.fixture
def sent(monkeypatch):
    """Data and buffers of every message to the page."""
    messages = []

    def publish(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        messages.append((msg_type, data or {}, buffers or []))

    monkeypatch.setattr(comm.DummyComm, "publish_msg", publish)
    return messages


def size(messages):
    return sum(ENVELOPE + len(json.dumps(data)) + sum(map(len, buffers)) for _, data, buffers in messages)


def test_a_second_explorer_takes_little(open_panel, sent):
    assert open_panel(controls=[]).runner.wait(10)  # else what it still says counts with the second
    sent.clear()
    panel = open_panel("classroom")
    opened = [(kind, data, buffers) for kind, data, buffers in sent if kind == "comm_open"]
    assert size(sent) < BUDGET
    assert len(opened) < 15
    assert not any("source" in data["state"] for _, data, _ in opened)
    assert len(panel.controls.controls) > 30


def test_every_widget_of_ours_finds_the_one_script_of_its_kind(open_panel):
    first, second = open_panel(), open_panel()
    ours = (first.bar, first.controls, first.board, first.keep, first.status, first.comparing.drawer)
    others = (second.bar, second.controls, second.board, second.keep, second.status, second.comparing.drawer)
    for mine, other in zip(ours, others, strict=True):
        assert mine.script is other.script
        assert mine.get_state()["script"] == f"IPY_MODEL_{mine.script.model_id}"
        assert "export default" in mine.script.source
    assert first.board.script is not first.controls.script
    assert first.bar.script is first.controls.script


def test_the_script_stays_when_its_first_explorer_closes_and_comes_anew_after_all_were_closed(open_panel):
    first = open_panel()
    kept = first.board.script
    first.close()
    assert open_panel().board.script is kept
    widgets.Widget.close_all()
    anew = open_panel()
    assert anew.board.script is not kept
    assert anew.board.script.key == kept.key
    assert anew.board.script.comm is not None
    assert anew.bar.layout.comm is not None


def test_a_page_of_its_own_holds_the_script(open_panel):
    from ipywidgets.embed import dependency_state

    panel = open_panel()
    held = dependency_state([panel], drop_defaults=True)
    for widget in (panel.board, panel.controls):
        assert held[widget.script.model_id]["state"]["source"] == widget.script.source
        assert held[widget.model_id]["state"]["script"] == f"IPY_MODEL_{widget.script.model_id}"
    assert held[panel.controls.model_id]["state"]["0"]["kind"] == "box"


def test_the_key_tells_one_script_from_another():
    class Other(Scripted):
        name, modules = "another", ("keyboard",)

    assert script_of(Other).key != script_of(Board).key
    assert script_of(Other) is script_of(Other)
    assert repr(script_of(Other)).startswith("Script('another', ")


def test_panels_share_layout_and_script(open_panel):
    def models():
        return {model for model in _instances.values() if model.comm is not None}

    first = open_panel()
    before = models()
    second = open_panel()
    own = models() - before
    assert sum(type(model).__name__.endswith("Style") for model in own) == 0
    assert sum(isinstance(model, Script) for model in own) == 0
    assert sum(isinstance(model, widgets.Layout) for model in own) == 1  # of the panel, whose size may be set
    second.close()
    assert first.controls.layout.comm is not None


def test_a_page_finds_a_widget_by_the_address_in_its_state() -> None:
    board = Board()
    try:
        assert board.get_state()["address"] == board.model_id
    finally:
        board.close()
