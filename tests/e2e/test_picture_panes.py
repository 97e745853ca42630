"""Gallery and receptive fields in a real JupyterLab: switched on by mouse and keyboard, and then they move."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

CELLS = ["import ffexplore as ff", "panel = ff.explore({arguments})\npanel"]


def cells(arguments="start=True"):
    return [cell.format(arguments=arguments) for cell in CELLS]


def switch(notebook, name):
    return notebook.page.locator(f"[data-switch={name}]")


def pressed(notebook):
    return notebook.page.eval_on_selector_all(
        ".ff-switch[aria-pressed=true]", "(all) => all.map((each) => each.textContent)"
    )


def wait_for_pictures(notebook, pane):
    """Wait until every canvas of a pane has something drawn on it."""
    notebook.page.wait_for_function(
        """(pane) => {
          const all = [...document.querySelectorAll(`[data-pane=${pane}] canvas`)];
          const isDrawn = (canvas) => canvas.getContext('2d')
            .getImageData(0, 0, canvas.width, canvas.height).data.some((value, at) => at % 4 !== 3 && value > 0);
          return all.length > 0 && all.every(isDrawn);
        }""",
        arg=pane,
        timeout=20_000,
    )


def first_field(notebook):
    return notebook.page.evaluate("() => document.querySelector('.ff-field canvas').toDataURL()")


def test_both_are_toggled_move_cost_nothing_when_hidden_and_survive_a_reload(open_notebook):
    notebook = open_notebook(cells(), height=2600)  # what is out of sight is not asked for
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    assert pressed(notebook) == ["histograms", "over time"]
    assert notebook.page.locator(".ff-pane").count() == 2
    assert notebook.execute("print(panel.board.asked_panes['fields'].answer)").strip() == "None"

    plot = notebook.page.locator(".ff-row").first.element_handle()
    switch(notebook, "gallery").click()
    wait_for_pictures(notebook, "gallery")
    assert notebook.page.locator(".ff-input canvas").count() == 24  # the preset moves training pictures
    values = "() => [...document.querySelectorAll('.ff-level-bar')].map((bar) => bar.style.width).join()"
    before = notebook.page.evaluate(values)
    notebook.page.wait_for_function(f"(before) => ({values})() !== before", arg=before, timeout=20_000)
    summary = notebook.page.locator(".ff-gallery").get_attribute("aria-label")
    assert summary.startswith("8 positive and negative inputs each. The weakest positive: label")

    switch(notebook, "fields").focus()
    notebook.page.keyboard.press("Enter")
    wait_for_pictures(notebook, "fields")
    assert notebook.page.locator(".ff-field canvas").count() == 32
    before = first_field(notebook)
    notebook.page.wait_for_function(
        "(before) => document.querySelector('.ff-field canvas').toDataURL() !== before", arg=before, timeout=20_000
    )
    assert notebook.page.evaluate("(row) => row === document.querySelector('.ff-row')", plot)  # the others stayed

    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_function("() => !document.querySelector('[data-pane=fields]')")
    assert notebook.page.evaluate("() => document.activeElement.dataset.switch") == "fields"
    asked = "print(panel._reader._turns['fields'].asked)"
    notebook.page.wait_for_timeout(300)
    at = notebook.execute(asked)
    notebook.page.wait_for_timeout(1200)
    assert notebook.execute(asked) == at
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_function("() => document.querySelector('[data-pane=fields]')")

    notebook.command("docmanager:save")
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    notebook.reload()
    notebook.page.wait_for_selector(".ff-switch", timeout=20_000)
    assert pressed(notebook) == ["histograms", "over time", "gallery", "fields"]
    wait_for_pictures(notebook, "gallery")
    wait_for_pictures(notebook, "fields")
    assert notebook.execute("print(panel.board.errors, panel.runner.listener_errors)").strip() == "{} []"


def test_a_table_says_in_words_that_it_has_no_pictures(open_notebook):
    notebook = open_notebook(cells("label_encoding='appended', start=True"), height=1500)
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    for name in ("gallery", "fields"):
        switch(notebook, name).click()
    notebook.execute("panel.runner.update(dataset='moons', shift=0); panel.runner.pause(); panel.runner.wait(9)")
    for name in ("gallery", "fields"):
        notebook.page.wait_for_function(
            """(name) => document.querySelector(`[data-pane=${name}] .ff-pictureless`)
                 ?.textContent.includes('rows of numbers')""",
            arg=name,
        )
    switch(notebook, "histograms").click()
    notebook.page.wait_for_function("() => !document.querySelector('[data-pane=histograms]')")
    notebook.execute("panel.runner.update(dataset='digits'); panel.runner.start()")
    notebook.page.wait_for_function(
        "() => [...document.querySelectorAll('.ff-pictureless')].every((words) => !words.getClientRects().length)"
    )
    wait_for_pictures(notebook, "gallery")
    wait_for_pictures(notebook, "fields")


def test_views_without_anything_to_show_are_offered_only_while_they_are_there(open_notebook):
    notebook = open_notebook(cells("label_encoding='appended', dataset='digits', shift=0"))
    offered = "() => [...document.querySelectorAll('[data-switch]:not([hidden])')].map((each) => each.dataset.switch)"
    wait = f"(name) => !({offered})().includes(name)"
    notebook.page.wait_for_function(wait, arg="landscape", timeout=20_000)
    assert {"gallery", "fields", "draw"} < set(notebook.page.evaluate(offered))
    switch(notebook, "gallery").click()
    wait_for_pictures(notebook, "gallery")
    notebook.execute("panel.runner.update(dataset='moons')")
    notebook.page.wait_for_function(wait, arg="draw", timeout=20_000)
    assert {"gallery", "landscape"} < set(notebook.page.evaluate(offered))  # one that is shown can be put away
    switch(notebook, "gallery").click()
    notebook.page.wait_for_function(wait, arg="gallery")
    assert pressed(notebook) == ["histograms", "over time"]


@pytest.mark.parametrize("width", [1280, 900])
def test_pictures_for_people_to_look_at(open_notebook, width):
    notebook = open_notebook(cells(), width=width, height=2200)
    for name in ("gallery", "fields"):
        switch(notebook, name).click()
    notebook.page.wait_for_timeout(4000)
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    for name in ("gallery", "fields"):
        wait_for_pictures(notebook, name)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.page.wait_for_timeout(1200)
        path = notebook.screenshot(f"pictures-{width}-{theme}", ".ff-board")
        assert path.stat().st_size > 20_000
    sizes = notebook.page.locator(".ff-host").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert sizes[0] <= sizes[1]


def test_what_jitter_does_to_the_pictures_is_seen(open_notebook):
    notebook = open_notebook(cells("start=True, shift=0"), height=2600)
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=20_000)
    switch(notebook, "gallery").click()
    wait_for_pictures(notebook, "gallery")
    jittered = notebook.page.locator(".ff-jittered canvas")
    words = notebook.page.get_by_text("last row: the positive ones as training sees them")
    assert jittered.count() == 0
    assert not words.is_visible()
    notebook.execute("panel.runner.update(rotation=30)")
    notebook.page.wait_for_function("() => document.querySelectorAll('.ff-jittered').length === 8")
    wait_for_pictures(notebook, "gallery")
    assert words.is_visible()
    notebook.execute("panel.runner.update(rotation=0)")
    notebook.page.wait_for_function("() => document.querySelectorAll('.ff-jittered').length === 0")
    assert notebook.execute("print(panel.board.errors, panel.runner.listener_errors)").strip() == "{} []"
