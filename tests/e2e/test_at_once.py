"""A person writes into a box and presses a button at once: what is written counts, as if they had pressed Enter."""

from __future__ import annotations

import pytest

import ffexplore as ff
from ffexplore.engine.sharing import unpack
from tests.e2e.test_explorer import button, cells, field, settings, wait_for_word

pytestmark = pytest.mark.e2e

SMALL = "layers=(32, 32), dataset='digits', label_encoding='appended'"


@pytest.fixture
def notebook(open_notebook):
    opened = open_notebook(cells(SMALL))
    opened.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    return opened


def write(notebook, label, text):
    """Write without Enter, and leave the focus in the box."""
    box = (
        notebook.page.get_by_label(label, exact=True).locator("visible=true").and_(notebook.page.locator("input")).first
    )
    box.click()
    box.fill(text)


def wait_for_step(notebook, step):
    notebook.page.wait_for_function(
        "(step) => document.querySelector('.ffx-fact').textContent.replace(/\\D/g, '') === step", arg=str(step)
    )


def test_step_trains_with_what_was_written(notebook):
    write(notebook, "learning rate", "0.015")
    button(notebook, "Step").click()
    wait_for_step(notebook, 1)
    assert settings(notebook, "learning_rate") == "0.015"
    write(notebook, "layers", "24, 12, 8")
    button(notebook, "Step").click()
    wait_for_step(notebook, 2)
    taken = notebook.execute("print([(step, s.learning_rate, s.layers) for step, s in panel.runner.journal.changes])")
    assert taken.strip() == "[(0, 0.015, (32, 32)), (1, 0.015, (24, 12, 8))]"


def test_play_trains_to_the_step_that_was_written(notebook):
    assert field(notebook, "stop at").get_attribute("placeholder") == "step"
    write(notebook, "stop at", "30")
    button(notebook, "Play").click()
    wait_for_step(notebook, 30)
    wait_for_word(notebook, "paused")
    assert "Stopped at step 30" in notebook.page.locator(".ffx-message").text_content()
    write(notebook, "seed", "4")
    button(notebook, "Reset").click()
    wait_for_step(notebook, 0)
    assert settings(notebook, "seed") == "4"


def test_what_was_written_is_undone(notebook):
    field(notebook, "seed").fill("3")
    field(notebook, "seed").press("Enter")
    notebook.page.wait_for_function("() => !document.querySelector('.ffx-bar button:nth-of-type(4)').disabled")
    write(notebook, "learning rate", "0.015")
    button(notebook, "Undo").click()
    notebook.page.wait_for_function(
        "() => [...document.querySelectorAll('.ffx-explorer input')].some((box) => box.value === '0.002')"
    )
    assert (settings(notebook, "learning_rate"), settings(notebook, "seed")) == ("0.002", "3")


def test_what_is_copied_and_kept_is_what_was_written(notebook):
    page = notebook.page
    page.locator(".ffx-drawer").click()
    page.wait_for_function("() => document.querySelector('.ffx-keep-share').value.startsWith('ff1.')")
    write(notebook, "seed", "7")
    page.locator(".ffx-keep button", has_text="Copy").first.click()
    page.wait_for_function("() => document.querySelector('.ffx-keep-said').textContent.includes('The share string')")
    assert unpack(page.locator(".ffx-keep-share").input_value())["seed"] == 7
    write(notebook, "learning rate", "0.015")
    page.locator(".ffx-keep button", has_text="Copy as Python").click()
    page.wait_for_function("() => document.querySelector('.ffx-keep-said').textContent.includes('The script')")
    assert "learning_rate=0.015" in page.locator(".ffx-keep-script").input_value()
    write(notebook, "batch size", "16")
    page.get_by_label("checkpoint file").fill("at-once.json")
    page.locator(".ffx-keep").get_by_text("Save", exact=True).click()
    page.wait_for_function("() => document.querySelector('.ffx-keep-said').textContent.includes('at-once.json')")
    kept = ff.Trainer.restore(notebook.server.work / "at-once.json")
    assert (kept.settings.seed, kept.settings.learning_rate, kept.settings.batch_size) == (7, 0.015, 16)


def test_variants_begin_from_what_was_written(notebook):
    page = notebook.page
    page.locator(".ffx-comparer").click()
    page.wait_for_selector(".ffx-compare:not([hidden])")
    page.locator(".ffx-compare-text").fill("0.5, 1, 3")
    write(notebook, "learning rate", "0.015")
    page.locator(".ffx-compare-start").click()
    page.wait_for_selector("[data-pane=compare]", timeout=20_000)
    told = notebook.execute("print([(s.threshold, s.learning_rate) for s in panel.runner.compared.settings])")
    assert told.strip() == "[(0.5, 0.015), (1.0, 0.015), (3.0, 0.015)]"
