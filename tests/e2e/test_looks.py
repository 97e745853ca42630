"""Looks and access: pictures of every view for people to look at, names and contrast of all that is shown, Tab."""

from __future__ import annotations

import pytest

from ffexplore.ui.board import Board

pytestmark = pytest.mark.e2e

IMPORT = "import ffexplore as ff"
PANES = tuple(name for name in Board.pane_names if name != "landscape")  # that one is for two-dimensional data

#: Buttons, menus and boxes without a name, pictures without words.
NAMELESS = """() => {
  const seen = (node) => node.getClientRects().length > 0;
  const words = (id) => document.getElementById(id)?.textContent ?? '';
  const name = (node) => (node.getAttribute('aria-label') || (node.getAttribute('aria-labelledby') ?? '').split(' ')
    .map(words).join('') || [...(node.labels ?? [])].map((label) => label.textContent).join('')
    || (['BUTTON', 'A'].includes(node.tagName) ? node.textContent : '') || node.title || '').trim();
  const all = [...document.querySelectorAll(
    ['button', 'input', 'select', 'textarea', '[tabindex="0"]', '[role=slider]', 'svg[role=img]', 'canvas', 'img']
      .map((each) => `.ffx-explorer ${each}`).join())];
  const bare = all.filter((node) => seen(node) && !name(node) && !node.closest('[aria-hidden=true]')
    && !node.parentElement.closest('[role=img][aria-label]'));
  return bare.map((node) => node.outerHTML.slice(0, 160));
}"""

#: Text whose contrast with what lies behind it is below 4.5, but for what is switched off.
PALE = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const paint = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = (colour) => {
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3]));
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const colour = paint(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.querySelector('.ffx-explorer'), NodeFilter.SHOW_TEXT);
  let checked = 0;
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    const off = '.ffx-off, .ff-idle, :disabled, option, [hidden], .ff-hidden, .ff-unseen, style';
    if (!text.data.trim() || !node.getClientRects().length || node.closest(off)) continue;
    const style = getComputedStyle(node);
    if (style.visibility === 'hidden') continue;
    const back = ground(node);
    const front = over(paint(node instanceof SVGElement ? style.fill : style.color), back);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    checked += 1;
    const where = `${node.getAttribute('class')}: ${text.data.trim().slice(0, 40)}`;
    if (contrast < 4.5) found.add(`${contrast.toFixed(2)} ${where}`);
  }
  return [checked, [...found]];
}"""

#: Where Tab has arrived: a number of the element, its place in the document, whether the focus can be seen.
ARRIVED = """() => {
  const node = document.activeElement;
  const inside = Boolean(node.closest('.ffx-explorer'));
  const visible = (each) => {
    const style = getComputedStyle(each);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  };
  const own = inside && (visible(node) || [...node.querySelectorAll('*')].some(visible));
  const all = [...document.querySelectorAll('.ffx-explorer *')];
  return { inside, own, place: all.indexOf(node), html: node.outerHTML.slice(0, 120) };
}"""


def open_panel(open_notebook, arguments, **options):
    notebook = open_notebook([IMPORT, f"panel = ff.explore({arguments})\npanel"], **options)
    notebook.page.wait_for_selector(".ff-positive[d]", state="attached", timeout=40_000)
    return notebook


#: Views whose picture no words describe: a name that changes with what is shown, not the title.
UNDESCRIBED = """() => {
  const isSummary = (node) => node.ariaLabel.length > 16 && /\\d|empty/.test(node.ariaLabel);
  return [...document.querySelectorAll('.ff-pane')]
    .filter((pane) => ![...pane.querySelectorAll('[aria-label]')].some(isSummary)).map((pane) => pane.dataset.pane);
}"""


def check_access(notebook):
    assert notebook.page.evaluate(NAMELESS) == []
    checked, pale = notebook.page.evaluate(PALE)
    assert checked > 10
    assert pale == []


@pytest.mark.parametrize("width", [1280, 900])
def test_every_view_in_both_themes(open_notebook, width):
    notebook = open_panel(open_notebook, "seed=3", width=width, height=1500)
    notebook.execute(
        f"panel.board.panes = {list(PANES)!r}\npanel.keep.is_open = True\npanel.runner.step(250); panel.runner.wait(60)"
    )
    page = notebook.page
    for name in PANES:
        page.locator(f"[data-pane={name}]").scroll_into_view_if_needed()
        page.wait_for_timeout(1200)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        page.wait_for_timeout(1200)
        for name in PANES:
            assert notebook.screenshot(f"view-{name}-{width}-{theme}", f"[data-pane={name}]").stat().st_size > 2_000
        notebook.screenshot(f"share-{width}-{theme}", ".ffx-keep")
        notebook.screenshot(f"whole-{width}-{theme}", ".ffx-explorer")
        check_access(notebook)
    assert page.locator(".ff-pane").count() == len(PANES)
    assert page.evaluate(UNDESCRIBED) == []


def test_the_bar_is_one_line_beside_the_list_of_files_and_without_it(open_notebook):
    notebook = open_panel(open_notebook, "seed=3")
    is_one_line = """(least) => {
      const { width, height } = document.querySelector('.ffx-bar').getBoundingClientRect();
      return width > least && height < 40;
    }"""
    notebook.page.wait_for_function(is_one_line, arg=700)
    notebook.page.evaluate("() => jupyterapp.shell.collapseLeft()")
    notebook.page.wait_for_function(is_one_line, arg=1000)


def test_a_slide_fits_a_projector(open_notebook):
    notebook = open_panel(
        open_notebook, "layout='slide', layers=(128, 128, 128, 128), task='Make the hills **part**.'", height=900
    )
    notebook.execute("panel.runner.step(200); panel.runner.wait(60)")
    page = notebook.page
    page.evaluate(  # as in an app or a slide, where the panel has the page for itself
        """() => {
          const panel = document.querySelector('.ffx-explorer');
          Object.assign(panel.style, { position: 'fixed', inset: '0 0 auto 0', zIndex: 1000, padding: '8px 16px',
            boxSizing: 'border-box', background: 'var(--jp-layout-color0)' });
          document.body.append(panel);
        }"""
    )
    page.wait_for_timeout(1000)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        page.wait_for_timeout(1200)
        notebook.screenshot(f"slide-1280-{theme}", ".ffx-explorer")
        check_access(notebook)
    box = page.locator(".ffx-explorer").bounding_box()
    assert box["width"] == 1280
    assert box["height"] <= 720
    seen = page.locator(".ffx-bar button:visible").all_inner_texts()
    assert seen == ["▶ Play", "Reset"]
    assert page.locator(".ff-row:visible").count() == 4
    sizes = page.locator(".ff-row-title, .ff-words dd").evaluate_all(
        "(nodes) => nodes.map((node) => parseFloat(getComputedStyle(node).fontSize))"
    )
    assert min(sizes) >= 16


def test_beside_the_list_of_files_the_bar_is_one_line_and_the_first_layer_in_sight(open_notebook):
    notebook = open_panel(open_notebook, "")
    page = notebook.page
    assert page.locator("#filebrowser").is_visible()
    page.locator(".ffx-explorer").evaluate("(panel) => panel.scrollIntoView({ block: 'start' })")
    bar = page.locator(".ffx-bar").bounding_box()
    assert bar["width"] < 900
    tops = page.locator(".ffx-bar > *").evaluate_all("(nodes) => nodes.map((node) => node.getBoundingClientRect())")
    middles = [(box["top"] + box["bottom"]) / 2 for box in tops]
    assert max(middles) - min(middles) < 4
    assert max(box["right"] for box in tops) <= bar["x"] + bar["width"] + 1
    switches = page.locator(".ff-switches .ff-switch:visible").evaluate_all(
        "(nodes) => nodes.map((node) => node.offsetTop)"
    )
    assert len(switches) == len(PANES)
    assert len(set(switches)) == 1
    row = page.locator(".ff-row").first.bounding_box()
    assert row["y"] + row["height"] < 560


@pytest.mark.parametrize("controls", ["minimal", "all"])
def test_tab_walks_through_the_panel(open_notebook, controls):
    notebook = open_panel(open_notebook, f"controls={controls!r}")
    page = notebook.page
    for more in page.get_by_role("button", name="more", exact=True).all()[::-1]:  # what is behind them comes too
        more.click()
    assert page.get_by_label("readout decay", exact=True).first.is_visible() is (controls == "all")
    page.locator(".ffx-play").focus()
    places, unseen = [], []
    for _ in range(200):
        at = page.evaluate(ARRIVED)
        if not at["inside"]:
            break
        places.append(at["place"])
        if not at["own"]:
            unseen.append(at["html"])
        page.keyboard.press("Tab")
    assert unseen == []
    assert places == sorted(set(places))
    reached = page.evaluate(
        """() => [...document.querySelectorAll('.ffx-explorer :is(button, input, select, [tabindex="0"])')]
             .filter((node) => node.getClientRects().length && !node.disabled && node.tabIndex >= 0
               && getComputedStyle(node).visibility !== 'hidden').length"""
    )
    assert len(places) == reached
    assert reached > {"minimal": 20, "all": 60}[controls]
