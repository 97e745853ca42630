"""Histograms with options, a ghost and a past, and going on from a kept moment, in a real JupyterLab."""

from __future__ import annotations

import re

import pytest

from tests.e2e.test_board import cells, courier_state, seq, shape, wait_seq

pytestmark = pytest.mark.e2e

EXPLORER = [
    "import ffexplore as ff",
    "panel = ff.explore(dataset='digits', label_encoding='appended', layers=(24, 16), batch_size=32)\npanel",
]

BETWEEN = """
from types import SimpleNamespace
from tests.ui.synthetic import History
history = History()
for step in range(0, 401, 20):
    history.append(snapshot(step=step))
publisher.stop()
board.on_branch(print)
board.show(history.rows[-1], history, moments=[SimpleNamespace(number=1, step=305, fork=None)])
"""


def toggle(notebook, text):
    return notebook.page.locator(".ff-options .ff-switch", has_text=text)


def step_shown(notebook):
    return notebook.page.locator(".ff-past-step").inner_text()


def wait_for_text(notebook, selector, pattern):
    notebook.page.wait_for_function(
        "([selector, pattern]) => new RegExp(pattern).test(document.querySelector(selector)?.textContent ?? '')",
        arg=[selector, pattern],
        timeout=20_000,
    )


def go_back_to(notebook, step, of):
    """Press ◂◆ until the histograms are those of a step; a slow run keeps moments of its own on the way there."""
    before = notebook.page.get_by_role("button", name="◂◆")
    shown = of
    while shown > step:
        before.click()
        wait_for_text(notebook, ".ff-past-step", rf"^step (?!{shown} )\d+ of {of}$")
        shown = int(step_shown(notebook).split()[1])
    assert shown == step


def test_the_slider_travels_with_the_keyboard_while_the_run_goes_on(open_notebook):
    notebook = open_notebook(cells(rate=20), height=1500)
    notebook.page.wait_for_function("() => Number(document.querySelector('.ff-board')?.dataset.seq ?? 0) > 30")
    handle = notebook.page.locator(".ff-handle")
    cell = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    active = notebook.page.evaluate(cell)
    handle.focus()
    notebook.page.keyboard.press("Home")
    notebook.page.keyboard.press("PageUp")
    notebook.page.keyboard.press("ArrowRight")
    wait_for_text(notebook, ".ff-past-step", r"^step 240 of \d+$")
    then = shape(notebook)
    first = int(step_shown(notebook).split()[-1])
    wait_for_text(notebook, ".ff-past-step", rf"^step 240 of (?!{first}$)\d+$")
    assert shape(notebook) == then
    assert notebook.page.evaluate(cell) == active
    assert re.match(r"step 240 of \d+$", handle.get_attribute("aria-valuetext"))
    assert handle.get_attribute("aria-valuenow") == "240"
    assert notebook.page.locator(".ff-threshold").first.get_attribute("role") == "img"
    label = notebook.page.locator(".ff-row .ff-picture").first
    notebook.page.wait_for_timeout(1100)  # a summary changes at most once a second
    assert label.get_attribute("aria-label").startswith("At step 240: layer 1")
    places = "() => [...document.querySelectorAll('.ff-row, .ff-pane')].map((e) => [e.offsetTop, e.offsetHeight])"
    before = notebook.page.evaluate(places)
    notebook.page.get_by_role("button", name="back to now").first.click()
    notebook.page.wait_for_function("() => !document.querySelector('.ff-past.ff-is-past')")
    assert notebook.page.evaluate(places) == before  # nothing jumps
    notebook.page.wait_for_function(
        "(then) => document.querySelector('.ff-positive').getAttribute('d') !== then", arg=then
    )
    assert notebook.page.locator(".ff-threshold").first.get_attribute("role") == "slider"


def test_the_slider_is_dragged_through_the_past(open_notebook):
    notebook = open_notebook(cells(last=2000, rate=60), height=1500)
    wait_for_text(notebook, ".ff-time-words", "step 2000")
    box = notebook.page.locator(".ff-rail").bounding_box()
    mouse = notebook.page.mouse
    y = box["y"] + 1
    mouse.move(box["x"] + box["width"] - 2, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 2, y, steps=10)
    mouse.up()
    wait_for_text(notebook, ".ff-past-step", r"^step (9[5-9]|10[0-6])\d of 2000$")
    assert step_shown(notebook) == notebook.page.locator(".ff-time-words").inner_text()
    sent, answered, _ = courier_state(notebook)
    assert sent - answered[0] <= 1


def test_of_a_moment_between_two_rows_the_row_that_is_shown_is_named_everywhere(open_notebook):
    notebook = open_notebook([*cells(last=0), BETWEEN], height=1500)
    wait_for_text(notebook, ".ff-time-words", "^now · step 400$")
    notebook.page.get_by_role("button", name="◂◆").click()
    wait_for_text(notebook, ".ff-past-step", "^step 300 of 400$")
    assert notebook.page.locator(".ff-time-words").inner_text() == "step 300 of 400"
    assert notebook.page.get_by_role("button", name="go on from step 305").is_visible()


def test_options_and_ghost_outlive_a_reload(open_notebook):
    notebook = open_notebook(cells(last=400, rate=60), height=1500)
    wait_for_text(notebook, ".ff-time-words", "step 400")
    notebook.page.wait_for_timeout(300)
    linear = shape(notebook)
    toggle(notebook, "log").focus()
    notebook.page.keyboard.press("Enter")
    assert shape(notebook) != linear
    toggle(notebook, "density").click()
    labels = notebook.page.locator(".ff-row").first.locator(".ff-tick").nth(1).locator("text").all_text_contents()
    assert "1" in labels
    assert all(float(label) <= 2 for label in labels)
    assert notebook.page.locator(".ff-ghost:visible").count() == 0
    toggle(notebook, "pin").click()
    wait_for_text(notebook, ".ff-options", "pinned: step 400")
    notebook.execute("publisher.step = 0; publisher.last = 100")
    notebook.page.wait_for_function("() => document.querySelectorAll('.ff-ghost path[d]').length === 4")
    ghost = notebook.page.locator(".ff-ghost path").first
    assert ghost.evaluate("(path) => getComputedStyle(path).fill") == "none"
    assert notebook.page.locator(".ff-switch", has_text="lock range").count() == 1
    assert not toggle(notebook, "lock range").is_visible()  # nobody could lock it here
    notebook.command("docmanager:save")
    notebook.reload()
    wait_seq(notebook, 0)
    for text in ("log", "density", "pinned: step 400"):
        assert toggle(notebook, text).get_attribute("aria-pressed") == "true"
    assert notebook.page.locator(".ff-ghost path[d]").count() == 4
    toggle(notebook, "pinned").click()
    notebook.page.wait_for_function("() => !document.querySelector('.ff-options').textContent.includes('pinned')")
    assert notebook.page.locator(".ff-ghost:visible").count() == 0


def test_fifty_changes_are_few_marks_and_each_can_be_read(open_notebook):
    notebook = open_notebook(cells(last=2000, rate=60), height=1500)
    wait_for_text(notebook, ".ff-time-words", "step 2000")
    notebook.execute(
        "publisher.history.changes = [(40 * n, f'threshold {n}') for n in range(1, 51)]; publisher.publish()"
    )
    notebook.page.wait_for_function("() => document.querySelectorAll('.ff-change-name text').length > 2")
    marks = notebook.page.locator(".ff-change").get_attribute("d").count("M")
    assert 3 <= marks <= 25
    names = notebook.page.locator(".ff-change-name text").all_text_contents()
    assert all(re.fullmatch(r"\d+(–\d+)?", name) for name in names)
    assert notebook.page.locator(".ff-hidden li").last.text_content() == "threshold 50 (batch 2000)"
    box = notebook.page.locator("[data-pane=curves] .ff-plot").bounding_box()
    rail = notebook.page.locator(".ff-rail").bounding_box()
    notebook.page.mouse.move(rail["x"] + rail["width"] - 3, box["y"] + 100)
    lines = notebook.page.locator("[data-pane=curves] .ff-tip div").all_inner_texts()
    assert lines[-1] == "50 · threshold 50 (batch 2000)"
    assert any(line.startswith("AUC 0.") and "·" in line for line in lines)
    assert any(line.startswith("loss 0.") for line in lines)


def test_a_change_is_named_in_full_where_there_is_room(open_notebook):
    notebook = open_notebook(cells(last=400, rate=60), height=1500)
    wait_for_text(notebook, ".ff-time-words", "step 400")
    changes = [(20, "negatives noise → uniform_label"), (200, "layers " + "64, " * 60)]
    notebook.execute(f"publisher.history.changes = {changes}; publisher.publish()")
    notebook.page.wait_for_function("() => document.querySelectorAll('.ff-change-name text').length === 2")
    last, first = notebook.page.locator(".ff-change-name text").all_text_contents()
    assert first == changes[0][1]
    assert last == changes[1][1][:27] + "…"


def test_a_run_goes_on_from_a_kept_moment_and_comes_back(open_notebook):
    notebook = open_notebook(EXPLORER, height=1500)
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=30_000)
    notebook.execute(
        "run = panel.runner\nrun.step(300); run.wait(60)\nrun.update(threshold=3.0)\nrun.step(300); run.wait(60)"
    )
    wait_for_text(notebook, ".ff-time-words", "^now · step 600$")
    assert toggle(notebook, "lock range").is_visible()
    go_on = notebook.page.locator(".ff-go-on")
    assert go_on.is_disabled()
    go_back_to(notebook, 300, of=600)
    assert go_on.inner_text() == "go on from step 300"
    go_on.click()
    wait_for_text(notebook, ".ff-time-words", "^now · step 300$")
    state = notebook.execute("run.wait(9); print(run.snapshot.step, run.settings.threshold, run.history.changes[-1])")
    assert state.strip().endswith("(300, 'went back from step 600 to step 300')")
    assert " 3.0 " not in state
    notebook.page.get_by_role("button", name="return").click()
    wait_for_text(notebook, ".ff-time-words", "^now · step 600$")
    assert notebook.execute("run.wait(9); print(run.settings.threshold)").strip() == "3.0"
    toggle(notebook, "lock range").click()
    wait_seq(notebook, seq(notebook) - 1)
    notebook.page.wait_for_timeout(300)
    assert notebook.execute("print(run._worker.publisher.probe.is_locked, panel.board.errors)").strip() == "True {}"


@pytest.mark.parametrize("width", [1280, 900])
def test_pictures_for_people_to_look_at(open_notebook, width):
    notebook = open_notebook(EXPLORER, width=width, height=1500)
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=30_000)
    notebook.execute(
        "run = panel.runner\nrun.step(60); run.wait(60)\nrun.update(threshold=1.5)\nrun.step(340); run.wait(60)\n"
        "run.update(threshold=2.0)\nrun.step(400); run.wait(60)"
    )
    wait_for_text(notebook, ".ff-time-words", "step 800$")
    go_back_to(notebook, 400, of=800)
    toggle(notebook, "pin").click()
    wait_for_text(notebook, ".ff-options", "pinned: step 400")
    notebook.page.get_by_role("button", name="back to now").first.click()
    notebook.page.wait_for_function("() => !document.querySelector('.ff-past.ff-is-past')")
    notebook.page.locator(".ff-handle").focus()
    notebook.page.keyboard.press("ArrowLeft")
    wait_for_text(notebook, ".ff-past-step", "of 800$")
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.page.wait_for_timeout(700)
        assert notebook.screenshot(f"time-travel-{width}-{theme}", ".ffx-explorer").stat().st_size > 20_000
    sizes = notebook.page.locator(".ff-host").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert sizes[0] <= sizes[1]
