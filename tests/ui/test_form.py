"""A form: what the page is told of its parts, and what it does with what a person does."""

from __future__ import annotations

import threading

import pytest

from ffexplore.ui.form import Form
from ffexplore.ui.parts import Box, Button, Check, Menu, Slider, Text, Toggle


class Page:
    """Keeps a form's state as a page does, and sends what a person does."""

    def __init__(self, form):
        self.form, self.state, self.messages = form, dict(form.get_state()), []
        form._send = self.receive

    def receive(self, message, buffers=None):
        self.messages.append(message["state"])
        self.state |= message["state"]

    def part(self, part):
        return self.state[str(part.number)]

    def send(self, part, **content):
        self.form._hear(None, {"part": f"{part.number}", "message": ["view", 1], **content}, [])


@pytest.fixture
def parts():
    return {
        "text": Text(description="rate", value="1"),
        "slider": Slider(last=10),
        "menu": Menu(options=[("one", 1), ("two", 2)], value=1),
        "check": Check(),
        "toggle": Toggle(description="more"),
    }


@pytest.fixture
def page(parts):
    return Page(Form(*parts.values()))


def test_a_page_that_opens_sees_every_part_as_it_is(page, parts):
    assert page.state["0"] == {"kind": "box", "children": [1, 2, 3, 4, 5]}
    assert page.part(parts["text"]) == {"kind": "text", "description": "rate", "value": "1"}
    assert page.part(parts["menu"]) == {"kind": "menu", "options": ["one", "two"]}  # place 0, which is left out
    parts["menu"].value = 2
    parts["slider"].value = 7
    assert page.part(parts["menu"])["value"] == 1
    assert page.form.get_state()["2"] == {"kind": "slider", "last": 10, "value": 7}
    assert page.form.get_state("2") == {"2": page.part(parts["slider"])}
    assert page.form.get_state(["3", "in_line"]) == {"3": page.part(parts["menu"]), "in_line": False}


def test_a_change_tells_the_one_part_and_many_at_once_one_message(page, parts):
    parts["text"].disabled = True
    assert page.messages == [{"1": {"kind": "text", "description": "rate", "value": "1", "disabled": True}}]
    with page.form.holding():
        parts["text"].tooltip = "how fast"
        with page.form.holding():
            parts["check"].value = True
            parts["text"].add_class("odd").add_class("odd")
        assert len(page.messages) == 1
    assert list(page.messages[1]) == ["1", "4"]
    assert page.part(parts["text"])["classes"] == ["odd"]
    parts["text"].value = "1"
    assert len(page.messages) == 2


def test_what_a_person_sets_is_heard_and_answered_in_one_message(page, parts):
    heard = []
    for part in parts.values():
        part.observe(lambda change: heard.append(change["new"]), "value")
    for name, value in {"text": "2", "slider": 4, "menu": 1, "check": True, "toggle": True}.items():
        page.send(parts[name], value=value)
    assert heard == ["2", 4, 2, True, True]
    assert len(page.messages) == 5
    assert page.part(parts["slider"])["answers"] == ["view", 1]


def test_a_refused_value_is_answered_with_what_is_in_force(page, parts):
    def refuse(change):
        parts["text"].value = "1"

    parts["text"].observe(refuse, "value")
    page.send(parts["text"], value="much")
    assert page.messages == [{"1": page.part(parts["text"])}]
    assert page.part(parts["text"])["value"] == "1"
    assert page.part(parts["text"])["answers"] == ["view", 1]


def test_an_entry_is_told_before_it_is_taken_over_also_of_the_same_text(page, parts):
    told = []
    page.form.on_entry(lambda: told.append(parts["text"].value))
    page.send(parts["text"], value="2")
    page.send(parts["text"], value="2")
    page.send(parts["slider"], value=3)
    assert told == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "value"), [("menu", 2), ("menu", -1), ("menu", None), ("menu", "x"), ("slider", "x"), ("slider", None)]
)
def test_what_no_script_of_ours_sends_changes_nothing(page, parts, name, value):
    before = parts[name].value
    page.send(parts[name], value=value)
    page.send(parts[name])
    page.form._hear(None, {"part": "99", "value": value}, [])
    page.form._hear(None, {}, [])
    assert parts[name].value == before


def test_a_slider_stays_within_its_ends(page, parts):
    page.send(parts["slider"], value=99)
    assert parts["slider"].value == 10
    page.send(parts["slider"], value=-3)
    assert parts["slider"].value == 0


def test_a_part_that_is_switched_off_hears_nothing(page, parts):
    parts["slider"].disabled = True
    page.send(parts["slider"], value=5)
    assert parts["slider"].value == 0


def test_a_button_is_pressed_and_a_part_that_comes_later_is_told(page):
    pressed = []
    box, button = Box(), Button("go", "goes", lambda: pressed.append(1))
    form = Form(box)
    page = Page(form)
    box.children = (button,)
    assert page.messages == [
        {"2": {"kind": "button", "description": "go", "tooltip": "goes"}, "1": {"kind": "box", "children": [2]}}
    ]
    page.send(button)
    assert pressed == [1]
    assert form.children == (box,)


def test_many_threads_leave_the_page_with_the_present(page, parts):
    def turn(first):
        for value in range(first, 400, 4):
            with page.form.holding():
                parts["text"].value = str(value)

    threads = [threading.Thread(target=turn, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert page.part(parts["text"])["value"] == parts["text"].value


def test_a_closed_form_sends_nothing(page, parts):
    page.form.close()
    parts["text"].value = "3"
    assert page.messages == []
    assert repr(page.form) == "Form(6 parts)"


def test_a_message_to_a_part_that_is_disabled_is_answered_and_changes_nothing(page, parts):
    parts["slider"].disabled = True
    page.messages.clear()
    page.send(parts["slider"], value=3)
    assert parts["slider"].value == 0
    assert page.part(parts["slider"])["answers"] == ["view", 1]
