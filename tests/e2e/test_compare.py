"""Variants are begun from the drawer, part side by side, and one of them, or the run from before, goes on."""

from __future__ import annotations

import pytest

from tests.e2e.test_time_travel import EXPLORER, wait_for_text

pytestmark = pytest.mark.e2e

FRAGILE = [
    "import ffexplore as ff",
    "panel = ff.explore(dataset='digits', label_encoding='appended', layers=(24, 16), batch_size=32, "
    "goodness='sum_of_squares', normalization='none', activation='leaky_relu', optimizer='sgd', "
    "learning_rate=1e-4)\npanel",
]
CARD = ".ff-card"


def button(notebook, text, scope=".ffx-explorer"):
    return notebook.page.locator(f"{scope} button", has_text=text)


def ask(notebook, expression):
    return notebook.execute(f"print({expression})").strip()


def open_drawer(notebook):
    button(notebook, "Compare", ".ffx-bar").click()
    notebook.page.wait_for_selector(".ffx-compare:visible")
    wait_for_text(notebook, ".ffx-compare-meaning", r"Allowed|Names")


def choose_field(notebook, label):
    before = notebook.page.locator(".ffx-compare-text").input_value()
    notebook.page.locator(".ffx-compare select").select_option(label=label)
    notebook.page.wait_for_function(
        "(before) => !['', before].includes(document.querySelector('.ffx-compare-text').value)", arg=before
    )


def write_values(notebook, text):
    notebook.page.locator(".ffx-compare-text").fill(text)


def start(notebook):
    button(notebook, "Start comparing").click()


def wait_cards(notebook, count):
    notebook.page.wait_for_function(
        "(count) => document.querySelectorAll('.ff-card').length === count"
        " && [...document.querySelectorAll('.ff-card .ff-own')].every((path) => path.getAttribute('d'))",
        arg=count,
        timeout=30_000,
    )


def wait_free(notebook):
    """Wait until nothing is compared any more and the histograms are back; what is out of sight is not drawn."""
    notebook.page.locator(".ff-pane[data-pane='histograms']").scroll_into_view_if_needed(timeout=20_000)
    notebook.page.wait_for_selector(".ff-row .ff-picture", timeout=20_000)
    notebook.page.wait_for_function("() => !document.querySelector('.ff-card')")


def shapes(notebook):
    return notebook.page.locator(f"{CARD} .ff-positive").evaluate_all("(all) => all.map((p) => p.getAttribute('d'))")


def test_variants_begin_in_the_drawer_and_the_chosen_one_goes_on(open_notebook):
    notebook = open_notebook(EXPLORER, width=1280, height=1000)
    wait_for_text(notebook, ".ff-board", r"AUC")
    open_drawer(notebook)
    notebook.screenshot("compare-drawer-1280")
    write_values(notebook, "0.5, 1, 2, 4")
    start(notebook)
    wait_cards(notebook, 4)
    assert not notebook.page.locator(".ffx-compare").is_visible()
    wait_for_text(notebook, ".ff-compare-words", r"4 variants of threshold; the best by validation accuracy: \S+, with")
    wait_for_text(notebook, ".ffx-facts", r"4 variants")
    labels = notebook.page.locator(".ff-card-label").all_inner_texts()
    assert labels == ["0.5", "1", "2", "4"]
    assert notebook.page.locator(".ff-badge", has_text="as before").count() <= 1
    notebook.page.wait_for_function(
        """() => {
          const aucs = [...document.querySelectorAll('.ff-card-caption span:last-child')].map((e) => e.textContent);
          return aucs.some((text) => /0\\.[89]/.test(text)) && new Set(aucs).size > 4;
        }""",
        timeout=30_000,
    )  # they part
    assert len(set(shapes(notebook))) > 4
    assert button(notebook, "Reset").is_disabled()
    notebook.screenshot("compare-4-1280")
    notebook.theme("dark")
    notebook.screenshot("compare-4-dark-1280")
    notebook.theme("light")
    before = ask(notebook, "panel.settings.threshold")
    notebook.page.locator(f"{CARD}[data-variant='2'] .ff-choose").press("Enter")
    wait_free(notebook)
    assert notebook.page.evaluate("() => document.activeElement.matches('.ffx-comparer')")  # not nowhere
    assert ask(notebook, "panel.settings.threshold") == "2.0"
    assert ask(notebook, "panel.runner.is_running") == "True"
    wait_for_text(notebook, ".ff-board", r"threshold \S+ → 2")
    assert not button(notebook, "Reset").is_disabled()
    notebook.screenshot("compare-chosen-1280")
    assert "threshold=2.0" in notebook.execute("print(panel.runner.as_python())")
    button(notebook, "Undo").click()
    wait_for_text(notebook, ".ff-board", r"2 → ")
    assert ask(notebook, "panel.settings.threshold") == before


def test_a_reloaded_page_shows_the_variants_again_and_the_run_from_before_comes_back(open_notebook):
    notebook = open_notebook(EXPLORER, width=900, height=1300)
    notebook.execute("panel.runner.step(5); panel.runner.wait(20)")
    open_drawer(notebook)
    choose_field(notebook, "learning rate")
    notebook.screenshot("compare-drawer-900")
    start(notebook)
    wait_cards(notebook, 5)
    button(notebook, "layers", ".ff-pane[data-pane='compare']").click()
    notebook.page.wait_for_selector(f"{CARD} .ff-card-caption", state="hidden")
    notebook.command("docmanager:save")
    notebook.page.wait_for_timeout(500)
    notebook.reload()
    wait_cards(notebook, 5)
    assert notebook.page.locator(f"{CARD} .ff-card-caption:visible").count() == 0  # what was chosen is kept
    button(notebook, "layers", ".ff-pane[data-pane='compare']").click()
    notebook.page.wait_for_selector(f"{CARD} .ff-card-caption:visible")
    notebook.screenshot("compare-5-900")
    seen = int(notebook.page.locator(".ff-board").get_attribute("data-seq"))
    notebook.page.wait_for_function(
        "(seen) => Number(document.querySelector('.ff-board').dataset.seq) > seen + 2", arg=seen
    )
    button(notebook, "Back to the run from before").click()
    wait_free(notebook)
    button(notebook, "Pause").click()
    assert ask(notebook, "panel.settings.learning_rate, panel.runner.compared") == "0.002 None"
    wait_for_text(notebook, ".ff-board", "compared learning_rate")


def test_what_is_wrong_is_said_beside_it_and_nothing_is_lost(open_notebook):
    notebook = open_notebook(EXPLORER, width=1280, height=900)
    open_drawer(notebook)
    for values, words in (
        ("0.5", r"'0.5' is one value; write 2 to 16 of them"),
        ("0.5, two", r"threshold is 'two'; it must be width or a number"),
        ("1, 2, 1.0", r"has 1 twice; give different values"),
        (", ".join(map(str, range(1, 18))), r"length 17; compare 2 to 16"),
    ):
        write_values(notebook, values)
        start(notebook)
        wait_for_text(notebook, ".ffx-compare-said", words)
        assert notebook.page.locator(".ffx-compare-text").input_value() == values
    choose_field(notebook, "goodness")
    write_values(notebook, "mean_square, l2_nrom")
    start(notebook)
    wait_for_text(notebook, ".ffx-compare-said", r"Unknown goodness 'l2_nrom'. Did you mean 'l2_norm'")
    notebook.screenshot("compare-refused-1280")
    assert ask(notebook, "panel.runner.compared") == "None"
    assert not button(notebook, "Reset").is_disabled()
    write_values(notebook, "mean_square, l2_norm, lp_norm(p=3)")
    notebook.page.keyboard.press("Enter")
    wait_cards(notebook, 3)
    notebook.page.wait_for_function("() => document.activeElement.matches('.ffx-comparer')")  # not nowhere
    assert notebook.page.locator(".ff-card-label").all_inner_texts() == ["mean square", "l2 norm", "lp norm"]
    button(notebook, "Back to the run from before").click()
    wait_free(notebook)
    open_drawer(notebook)
    assert notebook.page.locator(".ffx-compare optgroup").count() == 5
    choose_field(notebook, "batch size")  # each in a network of its own
    start(notebook)
    wait_cards(notebook, 4)
    notebook.page.locator(f"{CARD}[data-variant='0'] .ff-choose").click()
    wait_free(notebook)
    assert ask(notebook, "panel.settings.batch_size, panel.runner.error") == "32 None"


@pytest.mark.parametrize("width", [1280, 900])
def test_sixteen_variants_are_legible(open_notebook, width):
    notebook = open_notebook(EXPLORER, width=width, height=1500)
    open_drawer(notebook)
    choose_field(notebook, "seed")
    button(notebook, "16 seeds").click()
    start(notebook)
    wait_cards(notebook, 16)
    high, best_is_cut = notebook.page.wait_for_function(
        """() => {
          const label = document.querySelector('.ff-best .ff-card-label'); // none while two are equal
          return label && [document.querySelector('.ff-cards').clientHeight, label.scrollWidth > label.clientWidth];
        }"""
    ).json_value()
    assert high < 900  # all of them are seen at once, by what they are judged by
    assert not best_is_cut
    assert notebook.page.locator(f"{CARD} .ff-card-caption:visible").count() == 0
    notebook.screenshot(f"compare-16-low-{width}")
    button(notebook, "layers", ".ff-pane[data-pane='compare']").click()
    notebook.page.wait_for_selector(f"{CARD} .ff-card-caption:visible")
    found = notebook.page.evaluate(
        """() => [...document.querySelectorAll('.ff-card')].map((card) => {
          const { left, right, width } = card.getBoundingClientRect();
          const cut = [...card.querySelectorAll('.ff-card-caption')].some((e) => e.scrollWidth > e.clientWidth + 1);
          return { left, right, width, cut };
        })"""
    )
    assert min(card["width"] for card in found) >= 110
    assert not any(card["cut"] for card in found)
    assert max(card["right"] for card in found) <= width
    notebook.screenshot(f"compare-16-{width}")
    notebook.theme("dark")
    notebook.screenshot(f"compare-16-dark-{width}")


def test_a_variant_that_diverges_says_so_and_the_others_go_on(open_notebook):
    notebook = open_notebook(FRAGILE, width=1280, height=900)
    open_drawer(notebook)
    choose_field(notebook, "learning rate")
    write_values(notebook, "0.0001, 0.0002, 100")
    start(notebook)
    wait_for_text(notebook, f"{CARD}[data-variant='2']", r"diverged.*At step \d+ layer \d met .* the others go on")
    assert notebook.page.locator(f"{CARD}[data-variant='2'] .ff-choose").is_disabled()
    before = shapes(notebook)
    notebook.page.wait_for_function(
        "(before) => document.querySelector('.ff-card .ff-positive').getAttribute('d') !== before", arg=before[0]
    )
    notebook.screenshot("compare-diverged-1280")
    assert ask(notebook, "panel.runner.status") == "running"


def test_other_views_rest_and_say_why(open_notebook):
    notebook = open_notebook(EXPLORER, width=1280, height=1600)  # what is out of sight is not asked for
    notebook.execute("panel.board.panes = ['histograms', 'gallery', 'candidates', 'confusion']")
    notebook.execute("panel.runner.start()")
    notebook.page.wait_for_selector(".ff-pane[data-pane='candidates'] .ff-verdict", timeout=20_000)
    notebook.execute("panel.runner.compare('goodness', ['mean_square', 'l2_norm', 'sum_of_squares'])")
    wait_cards(notebook, 3)
    for name in ("gallery", "candidates", "confusion"):
        notebook.page.locator(f".ff-pane[data-pane='{name}']").scroll_into_view_if_needed()
        wait_for_text(notebook, f".ff-pane[data-pane='{name}']", "This view shows one network, and several are trained")
        assert not notebook.page.locator(f".ff-pane[data-pane='{name}'] .ff-body").is_visible()
    assert notebook.page.locator(".ff-pane[data-pane='histograms']").count() == 0
    assert notebook.page.locator("[data-switch='histograms']").is_disabled()
    notebook.screenshot("compare-goodness-1280")
    notebook.page.locator(f"{CARD}[data-variant='1'] .ff-choose").click()
    wait_free(notebook)
    notebook.page.locator(".ff-pane[data-pane='candidates']").scroll_into_view_if_needed()
    notebook.page.wait_for_selector(".ff-pane[data-pane='candidates'] .ff-verdict:visible", timeout=20_000)
    assert ask(notebook, "panel.settings.goodness") == "l2_norm"
    assert ask(notebook, "panel.board.errors") == "{}"
