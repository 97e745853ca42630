"""Candidates, confusion matrix, drawing pad and landscape in a real JupyterLab: used by mouse and keyboard."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

CELLS = ["import ffexplore as ff", "panel = ff.explore({arguments})\npanel"]
PANES = ("candidates", "confusion", "draw", "landscape")


def cells(arguments="start=True"):
    return [cell.format(arguments=arguments) for cell in CELLS]


def only(notebook, *panes):
    notebook.execute(f"panel.board.panes = {list(panes)}")
    for pane in panes:
        notebook.page.wait_for_selector(f"[data-pane={pane}]")


def text(notebook, selector):
    return notebook.page.locator(selector).first.text_content()


def wait_for_text(notebook, selector, part):
    notebook.page.wait_for_function(
        "([selector, part]) => document.querySelector(selector)?.textContent.includes(part)",
        arg=[selector, part],
        timeout=20_000,
    )


def verdict(notebook, pane):
    """Label, numbers and mark of each row."""
    return notebook.page.eval_on_selector_all(
        f"[data-pane={pane}] .ff-verdict tbody tr", "(rows) => rows.map((row) => row.innerText.split(/\\s*\\t\\s*/))"
    )


def test_candidates_and_matrix_by_mouse_and_keyboard_while_training_and_paused(open_notebook):
    notebook = open_notebook(cells(), height=1700)
    only(notebook, "confusion")
    notebook.page.wait_for_selector(".ff-cell[title]", timeout=20_000)
    cells_of = "[...document.querySelectorAll('.ff-cell')]"
    total = f"() => {cells_of}.reduce((sum, cell) => sum + (Number(cell.textContent) || 0), 0)"
    assert notebook.page.evaluate(total) == 500
    before = text(notebook, ".ff-matrix")
    notebook.page.wait_for_function(
        "(before) => document.querySelector('.ff-matrix').textContent !== before", arg=before, timeout=20_000
    )
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    notebook.page.wait_for_timeout(500)
    # a kind of mistake that occurs, opened by keyboard
    found = notebook.execute(
        "from ffexplore.engine.judged import examined\n"
        "judged = panel.runner.ask(examined).result()\n"
        "import numpy as np\n"
        "wrong = judged.counts * (1 - np.eye(10, dtype=int))\n"
        "print(*np.unravel_index(wrong.argmax(), wrong.shape), wrong.max(), wrong.sum())"
    )
    right, chosen, count, mistakes = map(int, found.split())
    cell = notebook.page.locator(f"[data-cell='{right},{chosen}']")
    assert int(cell.text_content()) == count
    notebook.page.locator("[data-cell='0,0']").focus()
    for key, times in (("ArrowDown", right), ("ArrowRight", chosen)):
        for _ in range(times):
            notebook.page.keyboard.press(key)
    assert notebook.page.evaluate("() => document.activeElement.dataset.cell") == f"{right},{chosen}"
    notebook.page.keyboard.press("Enter")
    walk = "[data-pane=candidates] .ff-candidates-caption:last-child"
    wait_for_text(notebook, walk, f"taken for {chosen}")
    assert f"1 of {count} input" in text(notebook, walk)
    rows = verdict(notebook, "candidates")
    assert [row[0] for row in rows] == list("0123456789")
    assert (rows[right][-1], rows[chosen][-1]) == ("✓ right", "✗ chosen")
    # the column of the decision is that of the kernel
    row = notebook.execute("print(panel.board.asked_panes['candidates'].answer.row)")
    scores = notebook.execute(
        "from ffexplore.engine.verdict import judge\n"
        "ask = lambda t: judge(t, t.network.inputs.given(t.plan.dataset.validation.x[row]))\n"
        f"row = {int(row)}\n"
        "print(*panel.runner.ask(ask).result().scores[0])"
    )
    for shown, score in zip(rows, scores.split(), strict=True):
        assert float(shown[-2]) == pytest.approx(float(score), abs=0.006)
    notebook.page.get_by_role("button", name="back to all").click()
    wait_for_text(notebook, "[data-pane=candidates]", "only mistakes")
    assert text(notebook, walk) == ""
    notebook.page.get_by_role("button", name="only mistakes").click()
    wait_for_text(notebook, walk, f"of {mistakes} mistakes")
    notebook.page.get_by_role("button", name="next input").focus()
    first = text(notebook, walk)
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_function(
        "([walk, first]) => document.querySelector(walk).textContent !== first", arg=[walk, first]
    )
    summary = notebook.page.locator("[data-pane=candidates] .ff-candidates")
    notebook.page.wait_for_timeout(1100)
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_function(
        "() => document.querySelector('.ff-candidates').getAttribute('aria-label').includes('but it is')"
    )
    assert summary.get_attribute("aria-label").startswith("Validation input ")
    # what the matrix shows follows while training goes on, and a hidden pane is not asked about
    notebook.execute("panel.board.panes = ['histograms']; panel.runner.start()")
    notebook.page.wait_for_function("() => !document.querySelector('[data-pane=candidates]')")
    notebook.page.wait_for_timeout(500)
    asked = "print([turn.asked for turn in panel._reader._turns.values()])"
    at = notebook.execute(asked)
    notebook.page.wait_for_timeout(1200)
    assert notebook.execute(asked) == at
    assert notebook.execute("print(panel.board.errors, panel.runner.listener_errors)").strip() == "{} []"


def draw(notebook, *points):
    pad = notebook.page.locator(".ff-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    notebook.page.mouse.move(*places[0])
    notebook.page.mouse.down()
    for place in places[1:]:
        notebook.page.mouse.move(*place, steps=8)
    notebook.page.mouse.up()


def chosen(notebook):
    return [row[0] for row in verdict(notebook, "draw") if "chosen" in row[-1]]


INK = """() => {
  const pad = document.querySelector('.ff-pad');
  return pad.getContext('2d').getImageData(0, 0, pad.width, pad.height).data.some((value, at) => at % 4 === 3 && value);
}"""


def test_a_digit_is_drawn_judged_cleared_and_taken_from_a_sample(open_notebook):
    notebook = open_notebook(cells(), height=1500)
    only(notebook, "draw")
    notebook.page.wait_for_selector(".ff-pad", timeout=20_000)
    notebook.page.wait_for_timeout(4000)  # until it has learned something
    draw(notebook, (0.5, 0.12), (0.5, 0.9))
    wait_for_text(notebook, "[data-pane=draw] .ff-verdict", "chosen")
    # what the kernel judged is what was drawn: ink in the middle columns only
    notebook.page.wait_for_timeout(800)
    image = notebook.execute(
        "image = panel.board.asked_panes['draw'].answer.image[..., 0]\n"
        "print(image.shape, image[6:22, 11:18].max(1).min() > 200, image[:, :9].max(), image[:, 20:].max())"
    )
    assert image.strip() == "(28, 28) True 0 0"
    notebook.page.wait_for_function(
        "() => document.querySelector('[data-pane=draw] .ff-chosen th')?.textContent === '1'",
        timeout=20_000,
    )
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    draw(notebook, (0.2, 0.12), (0.5, 0.12))  # now a 7, also while nothing trains
    version = "print(panel.board.asked_panes['draw']._version)"
    notebook.page.wait_for_timeout(600)
    at = notebook.execute(version)
    notebook.page.wait_for_timeout(600)
    assert notebook.execute(version) == at
    assert notebook.execute("print(panel.board.asked_panes['draw'].answer.image[:, :12].max() > 100)").strip() == "True"
    assert chosen(notebook) == [
        str(int(notebook.execute("print(panel.board.asked_panes['draw'].answer.verdict.chosen[0])")))
    ]
    notebook.page.get_by_role("button", name="clear", exact=True).click()
    notebook.page.wait_for_selector("[data-pane=draw] .ff-pictureless:visible >> nth=0")
    assert not notebook.page.evaluate(INK)
    notebook.page.locator(".ff-draw select").select_option("4")
    notebook.page.get_by_role("button", name="lay a sample").focus()
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_function(f"() => ({INK})()", timeout=10_000)
    notebook.page.wait_for_selector("[data-pane=draw] .ff-verdict-positive")
    assert verdict(notebook, "draw")[4][-1].startswith("✓")
    notebook.command("docmanager:save")
    notebook.reload()
    notebook.page.wait_for_selector("[data-pane=draw] .ff-verdict-positive", timeout=20_000)
    assert notebook.page.evaluate(INK)  # a page that opens later shows the present
    assert notebook.execute("print(panel.board.errors, panel.runner.listener_errors)").strip() == "{} []"


def test_a_pane_that_fails_says_so_and_comes_back(open_notebook):
    notebook = open_notebook(cells(), height=1500)
    only(notebook, "histograms", "candidates")
    notebook.page.wait_for_selector(".ff-verdict-bar", state="attached", timeout=20_000)
    notebook.execute(
        "pane = panel.board.asked_panes['candidates']\nlook = pane.look\n"
        "def broken(trainer, at_rest):\n    raise ValueError('out of order')\npane.look = broken"
    )
    wait_for_text(
        notebook, "[data-pane=candidates] .ff-note", "This view stopped: ValueError: out of order. Training goes on."
    )
    step = int(notebook.execute("print(panel.runner.snapshot.step)"))
    wait_for_step = f"import time\nwhile panel.runner.snapshot.step <= {step}: time.sleep(0.05)"
    notebook.execute(wait_for_step)  # training goes on
    notebook.execute("pane.look = look")
    notebook.page.get_by_role("button", name="Try again").click()
    notebook.page.wait_for_selector("[data-pane=candidates] .ff-note", state="hidden", timeout=10_000)
    notebook.page.wait_for_selector(".ff-verdict-bar", state="attached")
    assert notebook.execute("print(panel.board.errors, panel.runner.status)").strip() == "{} running"


def test_the_landscape_moves_and_other_data_get_words(open_notebook):
    notebook = open_notebook(cells("dataset='moons', label_encoding='appended', shift=0, start=True"), height=1500)
    only(notebook, "landscape")
    notebook.page.wait_for_selector(".ff-plane-edge[d]", state="attached", timeout=20_000)
    assert notebook.page.locator(".ff-plane").count() == 1 + 2 * 2
    picture = "() => [...document.querySelectorAll('.ff-plane-map')].map((map) => map.toDataURL()).join()"
    before = notebook.page.evaluate(picture)
    notebook.page.wait_for_function(f"(before) => ({picture})() !== before", arg=before, timeout=20_000)
    summary = notebook.page.locator(".ff-landscape").get_attribute("aria-label")
    assert summary.startswith("Of the plane is taken for: upper moon ")
    notebook.execute("panel.runner.update(dataset='digits')")
    wait_for_text(notebook, "[data-pane=landscape] .ff-pictureless", "digits has pictures")
    notebook.execute("panel.runner.update(dataset='rings')")
    wait_for_text(notebook, "[data-pane=landscape]", "inner ring")
    assert notebook.execute("print(panel.board.errors, panel.runner.listener_errors)").strip() == "{} []"


@pytest.mark.parametrize("width", [1280, 900])
def test_pictures_for_people_to_look_at(open_notebook, width):
    notebook = open_notebook(cells(), width=width, height=1900)
    only(notebook, "candidates", "confusion", "draw")
    notebook.page.wait_for_selector(".ff-verdict-bar", state="attached", timeout=20_000)
    notebook.page.wait_for_timeout(3000)
    notebook.page.get_by_role("button", name="lay a sample").click()
    notebook.page.locator(".ff-switch").first.hover()
    notebook.page.wait_for_timeout(1500)
    notebook.execute("panel.runner.pause(); panel.runner.wait(9)")
    shots(notebook, f"verdicts-{width}")
    only(notebook, "candidates", "landscape")
    notebook.execute(
        "panel.runner.update(dataset='moons', label_encoding='appended', shift=0); panel.runner.step(300)\n"
        "panel.runner.wait(30)"
    )
    notebook.page.wait_for_selector(".ff-plane-edge[d]", state="attached", timeout=20_000)
    notebook.page.wait_for_timeout(1500)
    shots(notebook, f"landscape-{width}")


def shots(notebook, name):
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.page.wait_for_timeout(1200)
        path = notebook.screenshot(f"{name}-{theme}", ".ff-board")
        assert path.stat().st_size > 15_000
    sizes = notebook.page.locator(".ff-host").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert sizes[0] <= sizes[1]
