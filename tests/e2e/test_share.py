"""Keyboard, a task for a class, and what a person takes along, in a real JupyterLab."""

from __future__ import annotations

import csv
import io
import re
import struct

import pytest

import ffexplore as ff
from ffexplore.engine.sharing import unpack
from tests.e2e.test_explorer import button, cells, field, settings, wait_for_word
from tests.patience import until

pytestmark = pytest.mark.e2e

SMALL = "layers=(32, 32), dataset='digits', label_encoding='appended'"


def step(notebook):
    return int(re.sub(r"\D", "", notebook.page.locator(".ffx-fact").first.text_content()))


def said(notebook, words):
    notebook.page.wait_for_function(
        "(words) => document.querySelector('.ffx-keep-said').textContent.includes(words)", arg=words, timeout=20_000
    )


def downloaded(notebook, press):
    with notebook.page.expect_download() as waiting:
        press()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_keys_play_and_step_a_comma_is_a_point_and_nothing_is_dropped_without_a_word(open_notebook):
    notebook = open_notebook(cells(SMALL))
    wait_for_word(notebook, "idle")
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    rate = field(notebook, "learning rate")
    rate.click()
    notebook.page.keyboard.press("Alt+n")
    notebook.page.wait_for_function("() => document.querySelector('.ffx-fact').textContent === 'step 1'")
    notebook.page.keyboard.press("Alt+p")
    wait_for_word(notebook, "running")
    notebook.page.keyboard.press("Alt+p")
    wait_for_word(notebook, "paused")
    assert rate.evaluate("(node) => node === document.activeElement")
    rate.fill("")
    rate.press_sequentially("0,015")
    rate.press("Enter")
    # the page holds the last value back until the ones before are answered
    assert until(lambda: settings(notebook, "learning_rate") == "0.015")
    seed = field(notebook, "seed")
    seed.fill("")
    seed.press_sequentially("1e99")  # a browser's own box for numbers would make 199 of it
    seed.press("Enter")
    notebook.page.wait_for_function(
        "() => document.querySelector('.ffx-message').textContent.startsWith('seed is 1e+99; it must be a whole')"
    )
    assert until(lambda: seed.input_value() == "0")
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"):
        seed.press(key)
    assert until(lambda: settings(notebook, "seed") == seed.input_value() == "2")
    notebook.page.wait_for_function("() => document.querySelector('.ffx-status').dataset.tone === ''")
    notebook.page.locator(".jp-Cell-inputArea .cm-content").first.click()  # outside the panel the keys mean nothing
    now = step(notebook)
    notebook.page.keyboard.press("Alt+n")
    notebook.page.wait_for_timeout(700)
    assert step(notebook) == now


def test_every_control_is_reached_by_the_tab_key(open_notebook):
    notebook = open_notebook(cells(SMALL))
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    notebook.page.locator(".ffx-drawer").click()
    notebook.page.wait_for_selector(".ffx-keep:not([hidden])")
    wanted = notebook.page.evaluate(
        """() => {
          const kinds = '.ffx-explorer :is(button, input, select, textarea)';
          globalThis.wanted = [...document.querySelectorAll(kinds)].filter((node) => node.offsetParent && !node.disabled
            && getComputedStyle(node).visibility !== 'hidden'
            && !node.closest('[aria-hidden=true]'));
          return globalThis.wanted.length;
        }"""
    )
    button(notebook, "Play").focus()
    notebook.page.evaluate("() => { globalThis.reached = new Set([document.activeElement]); }")
    for _ in range(wanted + 40):
        notebook.page.keyboard.press("Tab")
        notebook.page.evaluate("() => { globalThis.reached.add(document.activeElement); }")
    missed = notebook.page.evaluate(
        "() => globalThis.wanted.filter((node) => !globalThis.reached.has(node)).map((node) => node.outerHTML)"
    )
    assert wanted > 30
    assert missed == []


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_the_share_string_is_copied_with_and_without_a_clipboard(open_notebook, has_clipboard):
    notebook = open_notebook(cells(SMALL), permissions=["clipboard-read", "clipboard-write"])
    page = notebook.page
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    page.locator(".ffx-drawer").click()
    page.wait_for_function("() => document.querySelector('.ffx-keep-share').value.startsWith('ff1.')")
    notebook.execute("panel.runner.update(threshold=2.25)")
    field(notebook, "seed").fill("7")
    field(notebook, "seed").press("Enter")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ffx-explorer input')].some((box) => box.value === '2.25')"
    )
    now = notebook.execute("print(panel.share())").strip()
    page.wait_for_function("(now) => document.querySelector('.ffx-keep-share').value === now", arg=now)
    if not has_clipboard:  # as in a page that came by plain http
        page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.locator(".ffx-keep button", has_text="Copy").first.click()
    said(notebook, "The share string was copied")
    shared = page.locator(".ffx-keep-share").input_value()
    if has_clipboard:
        assert page.evaluate("() => navigator.clipboard.readText()") == shared
    assert unpack(shared)["seed"] == 7
    assert ff.Settings.from_share(shared).threshold == 2.25
    page.locator(".ffx-keep button", has_text="Copy as Python").click()
    said(notebook, "The script was copied")
    script = page.locator(".ffx-keep-script").input_value()
    assert "train" in script
    assert "threshold=2.25" in script
    assert not page.locator(".ffx-keep button", has_text="Copy link").is_visible()


def test_files_of_a_run(open_notebook, lab):
    notebook = open_notebook(cells(SMALL))
    page = notebook.page
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    notebook.execute("panel.runner.step(30)\npanel.runner.wait(20)")
    page.locator(".ffx-drawer").click()
    page.wait_for_selector(".ffx-keep:not([hidden])")
    keep = page.locator(".ffx-keep")
    page.get_by_label("checkpoint file").fill("kept.json")
    keep.get_by_text("Save", exact=True).click()
    said(notebook, "kept.json")
    assert (lab.work / "kept.json").is_file()
    notebook.execute("panel.runner.step(5)\npanel.runner.wait(20)")
    keep.get_by_text("Load", exact=True).click()
    said(notebook, "Loaded")
    page.wait_for_function("() => document.querySelector('.ffx-fact').textContent === 'step 30'")
    page.get_by_label("checkpoint file").fill("nothing.json")
    keep.get_by_text("Load", exact=True).click()
    said(notebook, "nothing.json cannot be read")
    name, content = downloaded(notebook, lambda: keep.get_by_text("History as CSV").click())
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert name == "history.csv"
    assert rows[-1]["step"] == "30"
    name, content = downloaded(notebook, lambda: keep.get_by_text("PNG", exact=True).click())
    assert name == "histograms.png"
    assert content.startswith(b"\x89PNG")
    width, _ = struct.unpack(">II", content[16:24])
    box = page.locator(".ff-pane[data-pane=histograms]").bounding_box()
    assert width == pytest.approx(2 * (box["width"] + 24), abs=4)
    (lab.work / "histograms.png").write_bytes(content)
    colours = page.evaluate(
        """async (bytes) => {
          const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          const context = canvas.getContext('2d');
          context.drawImage(bitmap, 0, 0);
          const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
          const found = { positive: 0, negative: 0 };
          for (let i = 0; i < data.length; i += 4) {
            if (data[i] === 0 && data[i + 1] === 114 && data[i + 2] === 178) found.positive++;
            if (data[i] === 213 && data[i + 1] === 94 && data[i + 2] === 0) found.negative++;
          }
          return found;
        }""",
        list(content),
    )
    assert colours["positive"] > 1000
    assert colours["negative"] > 1000
    name, content = downloaded(notebook, lambda: keep.get_by_text("HTML", exact=True).click())
    assert name == "histograms.html"
    stand_alone = page.context.new_page()
    asked: list[str] = []
    stand_alone.on("request", lambda request: asked.append(request.url))
    (lab.work / "alone.html").write_bytes(content)
    stand_alone.goto((lab.work / "alone.html").as_uri())
    stand_alone.wait_for_selector(".main-svg")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_of_two_views_the_one_that_asked_gets_the_file(open_notebook):
    notebook = open_notebook(cells(SMALL), width=1600)
    page = notebook.page
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    page.locator(".ffx-drawer").click()
    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    notebook.command("notebook:create-output-view")
    page.wait_for_function("() => document.querySelectorAll('.ffx-keep:not([hidden])').length === 2")
    second = page.locator(".jp-LinkedOutputView .ffx-keep")
    name, _ = downloaded(notebook, lambda: second.get_by_text("History as CSV").click())
    assert name == "history.csv"
    says = page.locator(".ffx-keep-said").all_text_contents()
    assert sorted(says) == ["", "history.csv was handed to the browser."]
    assert second.locator(".ffx-keep-said").text_content() == "history.csv was handed to the browser."


@pytest.mark.parametrize("width", [1280, 900])
def test_a_task_with_few_controls(open_notebook, width):
    task = "Make the two hills of **layer 1** part.\\n\\n- First by the threshold\\n- then by the *negatives*"
    notebook = open_notebook(
        cells(f"start=True, controls='minimal', lock=['negatives'], task='{task}'"), width=width, height=1300
    )
    page = notebook.page
    page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    assert page.locator(".ffx-task li").count() == 2
    shown = page.locator(".ffx-controls select, .ffx-controls input").evaluate_all(
        "(nodes) => nodes.filter((node) => node.offsetParent).map((node) => node.labels?.[0]?.textContent)"
    )
    assert set(filter(None, shown)) == {"goodness", "threshold", "negatives", "learning rate", "temperature", "layers"}
    assert field(notebook, "negatives").is_disabled()
    page.wait_for_timeout(4000)
    notebook.execute("panel.runner.pause()")
    page.locator(".ffx-drawer").click()
    page.wait_for_selector(".ffx-keep:not([hidden])")
    page.locator(".ffx-keep button", has_text="Copy as Python").click()
    said(notebook, "The script")
    for theme in ("light", "dark"):
        notebook.theme(theme)
        page.wait_for_timeout(1500)
        notebook.screenshot(f"task-{width}-{theme}", ".ffx-explorer")
    notebook.screenshot(f"task-{width}-page")
