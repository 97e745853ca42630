"""Menus in a real JupyterLab: what does not fit is grey, and taking it changes what is in its way."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

CELLS = ["import ffexplore as ff", "panel = ff.explore('classroom', layers=(32, 32))\npanel"]
COLOUR = """(name) => {
  const menu = [...document.querySelectorAll('.ffx-explorer select')].find(
    (each) => [...each.options].some((option) => option.textContent.replace(/\\u00a0/g, ' ').startsWith(name)));
  const colour = (option) => getComputedStyle(option).color;
  const found = [...menu.options].find((option) => option.textContent.replace(/\\u00a0/g, ' ').startsWith(name));
  return [colour(found), found.textContent.replace(/\\u00a0/g, ' '), colour(menu.options[menu.selectedIndex])];
}"""

LIST = """([size, height]) => {
  const menu = document.querySelector('.ffx-explorer .ffx-choice select');
  menu.size = size;
  menu.style.height = menu.parentElement.style.height = height;
}"""


def test_what_does_not_fit_is_grey_and_can_still_be_taken(open_notebook):
    notebook = open_notebook(CELLS)
    page = notebook.page
    page.wait_for_selector(".ffx-explorer select")
    colour, name, of_others = page.evaluate(COLOUR, "class groups")
    assert name == "class groups – not with overlay"
    assert colour != of_others
    for theme in ("light", "dark"):
        notebook.theme(theme)
        # a menu is drawn by the browser outside the page; as a list it can be looked at
        page.evaluate(LIST, ["30", "520px"])
        notebook.screenshot(f"menu-{theme}")
        page.evaluate(LIST, ["1", ""])
    goodness = page.get_by_label("goodness", exact=True).first
    goodness.select_option(label=name.replace(" ", "\u00a0"))
    page.wait_for_function(
        "() => document.querySelector('.ffx-status').textContent.includes('label encoding to none')", timeout=20_000
    )
    assert notebook.execute("print(panel.settings.goodness, panel.settings.label_encoding)").split() == [
        "class_groups", "none",
    ]  # fmt: skip
    assert page.evaluate(COLOUR, "class groups")[1] == "class groups"
    assert page.evaluate(COLOUR, "mean square")[1].startswith("mean square – not with ")
    notebook.screenshot("menu-taken", ".ffx-explorer")


def test_rows_that_come_and_go_quickly_break_nothing(open_notebook):
    notebook = open_notebook(CELLS)
    page = notebook.page
    page.wait_for_selector(".ffx-explorer select")
    notebook.execute(
        "for turn in range(20):\n"
        "    panel.runner.update(goodness=('top_k', 'lp_norm', 'mean_square')[turn % 3])\n"
        "    panel.runner.update(threshold=(1.0 + turn, 2.0) if turn % 2 else 1.0)"
    )
    page.wait_for_function("() => document.querySelector('.ffx-explorer .ffx-choice select')")
    goodness = page.get_by_label("goodness", exact=True).first
    for name in ("top k", "mean square") * 6:
        goodness.select_option(label=name)
    notebook.execute("panel.runner.update(threshold=(1.0, 2.0))")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ffx-explorer .widget-label')].filter((each) => "
        "each.offsetParent && /^threshold [12]$/.test(each.textContent)).length === 2",
        timeout=20_000,
    )
    notebook.screenshot("rows-that-came", ".ffx-explorer")
