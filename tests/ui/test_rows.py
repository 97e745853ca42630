"""Rows: what a slider's positions stand for, and that the program's writing is not taken for the person's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ffexplore.params import Param
from ffexplore.ui.choice_control import span_of
from ffexplore.ui.guard import Guard
from ffexplore.ui.rows import MenuRow, NumberRow, Span, TextRow, numbers_of


@pytest.fixture
def heard():
    return []


def number_row(*arguments) -> Any:
    return NumberRow(*arguments)


def test_positions_and_values_of_a_span_agree():
    for span in (Span(0, 5), Span(-1280, 0), Span(1e-5, 1, logarithmic=True), Span(1, 32, whole=True)):
        for position in range(span.ticks + 1):
            assert span.position(span.value(position)) == position
        assert span.value(0) == span.low
        assert span.value(span.ticks) == span.high
        assert span.position(span.low - 1) == 0
        assert span.position(span.high + 1) == span.ticks


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), (" 0,5 ", 0.5), ("0.5, 1", (0.5, 1)), ("0.5 1", (0.5, 1)), ("[0.5, 1]", (0.5, 1)),
        ("0,5; 1,5", (0.5, 1.5)), ("0,002, 0,02", (0.002, 0.02)), ("natural", "natural"), ("1, two", "1, two"),
        ("", ""), ("(1,2,3)", (1, 2, 3)), ("( 1 )", "( 1 )"), (",", ","),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text, value):
    assert numbers_of(text) == value


def test_equal_steps_of_a_logarithmic_slider_are_equal_ratios():
    span = Span(1e-4, 1.0, logarithmic=True)
    values = [span.value(position) for position in (0, 125, 250, 375, 500)]
    assert values == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]


def test_a_slider_shows_few_digits():
    assert Span(0, 5).value(37) == 0.37
    assert Span(0, 1280).value(137) == 350.7


def test_the_box_and_the_slider_call_back_and_the_program_does_not(heard):
    row = number_row("threshold", Span(0, 5), False, Guard(), heard.append)
    row.show(2.0)
    assert heard == []
    assert (row._box.value, row._slider.value) == ("2", 200)
    assert row._slider.words == "2"  # a screen reader would otherwise say 200
    row._slider.value = 250
    row._box.value = "30.0"
    assert heard == [2.5, 30.0]


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 7 ", 7), ("1e3", 1000.0), ("0,5", 0.5), ("-2.5", -2.5), ("1,2,3", (1, 2, 3)), ("seven", "seven"), ("", "")],
)
def test_what_is_written_in_a_box_is_a_number_or_stays_as_it_is(heard, text, number):
    row = number_row("seed", None, True, Guard(), heard.append)
    row.show(0)
    row._box.value = text
    assert heard == [number]
    assert type(heard[0]) is type(number)


def test_a_value_beyond_the_slider_stands_in_the_box(heard):
    row = number_row("threshold", Span(0, 5), False, Guard(), heard.append)
    row.show(30.0)
    assert (row._box.value, row._slider.value) == ("30", 500)
    row._slider.value = 499
    assert heard == [4.99]


def test_a_slider_sent_back_where_it_stands_is_no_change(heard):
    row = number_row("rate", Span(0, 5), False, Guard(), heard.append)
    row.show(1.98765)
    row._slider.value = 0
    row.show(1.98765)
    heard.clear()
    row._heard({"owner": row._slider, "new": row._slider.value})
    assert heard == []


def test_a_whole_number_stays_one(heard):
    row = number_row("blur", Span(1, 30, whole=True), True, Guard(), heard.append)
    row.show(8)
    row._slider.value = 9
    assert heard == [10]
    assert isinstance(heard[0], int)


def test_a_menu_keeps_its_value_when_its_options_change(heard):
    row = MenuRow("goodness", [("a", "a"), ("b", "b")], Guard(), heard.append)
    row.show("b")
    row.offer([("z", "z"), ("a", "a"), ("b", "b")])
    assert row._menu.value == "b"
    assert heard == []


def test_a_menu_offers_a_foreign_value_only_while_it_is_chosen(heard):
    row = MenuRow("dataset", [("a", "a")], Guard(), heard.append)
    own = object()
    row.show(own, "mine")
    assert row._menu.options[-1] == ("mine", own)
    row.show("a")
    assert [label for label, _ in row._menu.options] == ["a"]
    assert heard == []


def test_disabling_says_why_and_enabling_takes_it_back():
    row = TextRow("layers", (), Guard(), lambda _: None)
    row.explain("Units of each layer.")
    row.disable("nothing to set.")
    assert row._line.disabled
    assert row._line.tooltip == "Not in use: nothing to set.\n\nUnits of each layer."
    row.disable("")
    assert not row._line.disabled
    assert row._line.tooltip == "Units of each layer."


def test_the_guard_belongs_to_one_thread():
    guard, seen = Guard(), []
    with guard:
        other = threading.Thread(target=lambda: seen.append(guard.is_mine))
        other.start()
        other.join()
        assert guard.is_mine
        with guard:
            pass
        assert guard.is_mine
    assert not guard.is_mine
    assert seen == [False]


@pytest.mark.parametrize(
    ("param", "ends"),
    [
        (Param("m", -100.0, 100.0, default=1.0), (-5.0, 5.0)),
        (Param("m", 0.0, 100.0, default=2.0), (0.0, 10.0)),
        (Param("m", 0.0, 8.0, default=2.0), (0.0, 8.0)),
        (Param("m", -1.0, 100.0, default=1.0), (-1.0, 5.0)),
    ],
)
def test_a_slider_of_a_parameter_reaches_five_times_its_default(param, ends):
    span = span_of(param)
    assert span is not None
    assert (span.low, span.high) == ends
