"""The board in a real JupyterLab, fed by a thread that trains nothing."""

from __future__ import annotations

import ast
import re

import pytest

pytestmark = pytest.mark.e2e

SETUP = """
from tests.ui.synthetic import Publisher, snapshot
from ffexplore.ui.board import Board
board = Board()
publisher = Publisher(board, layers={layers}, rate={rate}, last={last})
board.on_threshold(publisher.set_threshold)
publisher.start();
"""

HIGH = """
import numpy as np
from tests.ui.synthetic import History
history = History()
for step in range(0, 800, 20):
    accuracy = 0.2 if step < 300 else 0.75
    history.append(snapshot(step=step, accuracy=np.full(1, accuracy), readout_accuracy=np.full(1, accuracy)))
publisher.stop()
board.show(history.rows[-1], history)
"""


def cells(layers=2, rate=8, last=100_000):
    return [SETUP.format(layers=layers, rate=rate, last=last), "board"]


def seq(notebook, index=0):
    return int(notebook.page.locator(".ff-board").nth(index).get_attribute("data-seq") or 0)


def wait_seq(notebook, above, index=0):
    notebook.page.wait_for_function(
        "([index, above]) => Number(document.querySelectorAll('.ff-board')[index]?.dataset.seq ?? 0) > above",
        arg=[index, above],
        timeout=20_000,
    )


def shape(notebook, index=0):
    return notebook.page.locator(".ff-positive").nth(index).get_attribute("d")


def label(notebook, layer=0):
    return notebook.page.locator(".ff-threshold-label").nth(layer).inner_text()


def courier_state(notebook):
    """How many frames were sent, the last one that each view answered, and how many views there are."""
    code = "print([board._courier._seq, [view.answered for view in board._courier._views.values()]])"
    sent, answered = ast.literal_eval(notebook.execute(code))
    return sent, answered, len(answered)


def test_histograms_move_and_every_frame_is_answered(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    before = shape(notebook)
    wait_seq(notebook, seq(notebook) + 5)
    assert shape(notebook) != before
    assert notebook.page.locator(".ff-row").count() == 2
    sent, answered, views = courier_state(notebook)
    assert views == 1
    assert sent - answered[0] <= 1
    summary = notebook.page.locator(".ff-row .ff-picture").first.get_attribute("aria-label")
    assert re.match(r"Layer 1, mean square of 256 units: mean \d\.\d\d on positive and \d\.\d\d on negative", summary)


def test_what_a_layer_knows_of_labels_is_told_where_there_are_labels_and_room(open_notebook):
    notebook = open_notebook(cells(layers=2))
    wait_seq(notebook, 2)
    told = notebook.page.locator("dd.ff-of-label").first
    assert re.fullmatch(r"[01]\.\d{3}", told.text_content())
    assert told.is_visible()
    unlabelled = "np.full((1, 2), np.nan, np.float32)"
    notebook.execute(f"import numpy as np; publisher.settings['auc_uniform'] = {unlabelled}; publisher.publish()")
    told.wait_for(state="hidden")
    assert not notebook.page.locator("dt.ff-of-label").first.is_visible()
    assert notebook.page.locator(".ff-words dt").first.is_visible()


def test_an_update_costs_less_than_six_kilobytes_both_ways(open_notebook):
    notebook = open_notebook(cells(layers=4))
    wait_seq(notebook, 2)
    first, start = seq(notebook), notebook.received + notebook.sent
    wait_seq(notebook, first + 20)
    updates = seq(notebook) - first
    assert (notebook.received + notebook.sent - start) / updates < 6000


def test_a_reload_shows_the_present_of_a_paused_run(open_notebook):
    notebook = open_notebook(cells(last=200, rate=30))
    notebook.page.wait_for_function("() => document.querySelector('.ff-value')?.textContent === '52.3 %'")
    before = shape(notebook), label(notebook)
    notebook.command("docmanager:save")
    notebook.execute("publisher.settings['threshold'] = 2.5; publisher.publish()")
    notebook.page.wait_for_function("() => document.querySelector('.ff-threshold-label').textContent === 'θ = 2.50'")
    notebook.reload()
    wait_seq(notebook, 0)
    assert (shape(notebook), label(notebook)) == (before[0], "θ = 2.50")
    curve = notebook.page.locator(".ff-curve").first.get_attribute("d")
    assert curve.count("L") == 9  # ten rows, though none was sent since


def test_a_second_view_shows_the_present_and_closing_it_leaves_the_first_alone(open_notebook):
    notebook = open_notebook([*cells(last=200, rate=30), "display(board)"])
    wait_seq(notebook, 0, index=1)
    notebook.page.wait_for_function(
        "() => [...document.querySelectorAll('.ff-value')].filter((v) => v.textContent === '52.3 %').length === 2"
    )
    assert shape(notebook, 0) == shape(notebook, 2)
    assert courier_state(notebook)[2] == 2
    notebook.command("notebook:delete-cell")  # the active cell is the last one
    notebook.page.wait_for_function("() => document.querySelectorAll('.ff-board').length === 1")
    assert courier_state(notebook)[2] == 1
    notebook.execute("publisher.settings['threshold'] = 1.5; publisher.publish()")
    notebook.page.wait_for_function("() => document.querySelector('.ff-threshold-label').textContent === 'θ = 1.50'")


def test_a_board_without_panes_says_how_to_get_them_back(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    hint = notebook.page.locator(".ff-hint")
    assert not hint.is_visible()
    notebook.execute("board.panes = []")
    hint.wait_for(state="visible")
    notebook.page.locator(".ff-switch:visible").first.click()
    hint.wait_for(state="hidden")
    notebook.page.locator(".ff-pane").first.wait_for(state="visible")


def test_a_board_out_of_sight_is_neither_packed_nor_sent(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    notebook.command("launcher:create")
    notebook.page.wait_for_function("() => !document.querySelector('.ff-board').offsetParent")
    kernel = """async (code) => {
      const sessions = jupyterapp.serviceManager.sessions;
      await sessions.refreshRunning();
      const [model] = [...sessions.running()];
      const kernel = jupyterapp.serviceManager.kernels.connectTo({ model: model.kernel });
      let text = '';
      const future = kernel.requestExecute({ code });
      future.onIOPub = ({ header, content }) => { if (header.msg_type === 'stream') text += content.text; };
      await future.done;
      kernel.dispose();
      return text;
    }"""
    code = "import time\nprint(sorted(board.visible), board._courier._seq)\ntime.sleep(1)\nprint(board._courier._seq)"
    first, second = notebook.page.evaluate(kernel, code).strip().splitlines()
    assert first == f"[] {second}"
    before = seq(notebook)
    notebook.command("application:activate-previous-tab")
    wait_seq(notebook, before)


def drag(notebook, layer, start_share, end_share, steps=12):
    plot = notebook.page.locator(".ff-row .ff-plot").nth(layer)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    mouse = notebook.page.mouse
    y = box["y"] + box["height"] / 2
    mouse.move(box["x"] + start_share * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + end_share * box["width"], y, steps=steps)
    mouse.up()


def test_the_threshold_is_dragged_live(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    notebook.execute(
        "moves = []\nboard.on_threshold(lambda layer, value, final: moves.append((layer, round(value, 2), final)))"
    )
    drag(notebook, 1, 0.5, 0.75)
    notebook.page.wait_for_function("() => document.querySelector('.ff-threshold-label').textContent === 'θ = 3.00'")
    assert label(notebook, 1) == "θ = 3.00"
    moves = ast.literal_eval(notebook.execute("print(moves)"))
    assert moves[-1] == (1, 3.0, True)
    values = [value for _, value, final in moves if not final]
    assert values == sorted(values)
    assert len(values) >= 2
    assert {layer for layer, _, _ in moves} == {1}
    notebook.page.wait_for_function("() => document.querySelector('.ff-change').getAttribute('d') !== ''")
    assert notebook.page.locator(".ff-change-name text").first.text_content() == "threshold 3"


def test_the_threshold_moves_with_the_arrow_keys_and_the_notebook_stays(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    active = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    handle = notebook.page.locator(".ff-threshold").first
    assert handle.get_attribute("role") == "slider"
    handle.focus()
    before = notebook.page.evaluate(active)
    for _ in range(3):
        notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.wait_for_function(
        "() => [...document.querySelectorAll('.ff-threshold-label')].every((l) => l.textContent === 'θ = 2.08')"
    )
    assert float(handle.get_attribute("aria-valuenow")) == 2.08
    assert notebook.page.evaluate(active) == before


def axis(notebook, layer=0):
    return notebook.page.locator(".ff-row").nth(layer).locator(".ff-tick").first.locator("text").all_inner_texts()


def show_range(notebook, high):
    """Let the kernel show moments on another axis, and wait until the page has drawn one."""
    notebook.execute(
        f"import numpy\npublisher.settings['high'] = numpy.full((1, 2), {high}, numpy.float32)\npublisher.publish(True)"
    )
    wait_seq(notebook, seq(notebook) + 2)


def test_the_axis_rests_under_the_pointer_and_under_the_keys(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    before = axis(notebook)
    plot = notebook.page.locator(".ff-row .ff-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    show_range(notebook, 5.0)
    assert axis(notebook) == before
    wider = axis(notebook, 1)
    assert wider != before
    mouse.move(5, 5)
    notebook.page.wait_for_function(
        "(wider) => document.querySelector('.ff-row .ff-tick').children.length === wider", arg=len(wider)
    )
    assert axis(notebook) == wider
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    show_range(notebook, 16.0)  # the hills have left the axis, which follows
    wider = axis(notebook)
    assert wider == axis(notebook, 1)
    mouse.move(5, 5)
    notebook.page.locator(".ff-threshold").first.focus()
    show_range(notebook, 8.0)
    assert axis(notebook) == wider
    notebook.execute("publisher.settings['threshold'] = numpy.full((1, 2), 20, numpy.float32)")
    show_range(notebook, 24.0)  # θ has left the axis, which follows
    assert axis(notebook) == axis(notebook, 1) != wider
    outside = notebook.page.locator(".ff-positive").evaluate_all("(paths) => paths.map((path) => path.getBBox().width)")
    assert max(outside) <= box["width"] + 4


def test_pointer_reads_out_bins_and_curves(open_notebook):
    notebook = open_notebook(cells(last=2000, rate=30))
    notebook.page.wait_for_function("() => Number(document.querySelector('.ff-board')?.dataset.seq ?? 0) > 20")
    plot = notebook.page.locator(".ff-row .ff-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    notebook.page.mouse.move(box["x"] + 0.25 * box["width"] + 3, box["y"] + 60)
    lines = notebook.page.locator(".ff-row .ff-tip").first.locator("div").all_inner_texts()
    assert lines[0] == "1.00 to 1.06"
    curves = notebook.page.locator("[data-pane=curves] .ff-plot")
    curves.scroll_into_view_if_needed()
    box = curves.bounding_box()
    notebook.page.mouse.move(box["x"] + 60, box["y"] + 100)
    lines = notebook.page.locator("[data-pane=curves] .ff-tip div").all_inner_texts()
    assert re.match(r"batch \d+ · epoch \d+\.\d", lines[0])
    assert [line.rsplit(" ", 2)[0] for line in lines[1:3]] == ["goodness per label", "read-out"]
    assert [re.sub(r"[\d.]+", "x", line) for line in lines[3:]] == ["AUC x · x", "loss x · x"]


def test_an_axis_that_does_not_begin_at_zero_says_where_it_does(open_notebook):
    notebook = open_notebook([*cells(last=0), HIGH], height=1500)
    notebook.page.wait_for_function(
        """() => {
          const ticks = document.querySelectorAll('[data-pane=curves] .ff-tick')[1];
          return [...ticks.children].map((label) => label.textContent).join() === '50 %,60 %,80 %,100 %';
        }""",
        timeout=20_000,
    )


def test_a_summary_changes_at_most_once_a_second(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    changes = notebook.page.evaluate(
        """() => new Promise((done) => {
          let count = 0;
          const observer = new MutationObserver((seen) => { count += seen.length; });
          observer.observe(document.querySelector('.ff-row .ff-picture'), { attributeFilter: ['aria-label'] });
          setTimeout(() => { observer.disconnect(); done(count); }, 4000);
        })"""
    )
    assert 1 <= changes <= 5


def test_the_theme_is_followed_live(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    color = "() => getComputedStyle(document.querySelector('.ff-row-title')).color"
    light = notebook.page.evaluate(color)
    notebook.theme("dark")
    notebook.page.wait_for_function(f"() => ({color})() !== '{light}'")
    red, green, blue, *_ = map(float, re.findall(r"[\d.]+", notebook.page.evaluate(color)))
    assert min(red, green, blue) > 128


def test_reduced_motion_slows_the_redraws(open_notebook):
    notebook = open_notebook(cells(rate=20), reduced_motion="reduce")
    wait_seq(notebook, 1)
    first = seq(notebook)
    notebook.page.wait_for_timeout(2000)
    assert 1 <= seq(notebook) - first <= 5


def test_layers_that_come_and_go_and_an_absent_threshold(open_notebook):
    notebook = open_notebook(cells(last=200, rate=30))
    wait_seq(notebook, 0)
    for layers in (12, 1):
        notebook.execute(
            f"publisher.layers = {layers}; publisher.settings['threshold'] = float('nan'); publisher.publish()"
        )
        notebook.page.wait_for_function(f"() => document.querySelectorAll('.ff-row').length === {layers}")
    assert notebook.page.locator(".ff-threshold:visible").count() == 0
    assert notebook.page.locator(".ff-row-title").all_inner_texts() == ["layer 1"]


def test_the_board_moves_while_a_cell_runs(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    before = seq(notebook)
    notebook.execute("import time; time.sleep(3)")
    assert seq(notebook) - before >= 3


def test_a_kernel_that_is_gone_leaves_the_last_picture_and_a_quiet_page(open_notebook):
    notebook = open_notebook(cells())
    wait_seq(notebook, 2)
    notebook.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.wait_idle()
    before = shape(notebook)
    drag(notebook, 0, 0.5, 0.6)
    notebook.page.evaluate("() => { document.querySelector('.ff-host').style.display = 'none'; }")
    notebook.page.wait_for_timeout(300)
    assert shape(notebook) == before


@pytest.mark.parametrize("box", ["VBox", "HBox"])
def test_the_board_fills_a_box_of_widgets(open_notebook, box):
    show = f"import ipywidgets\nipywidgets.{box}([ipywidgets.IntSlider(), board])"
    notebook = open_notebook([SETUP.format(layers=2, rate=8, last=200), show])
    wait_seq(notebook, 0)
    room = notebook.page.locator(f".widget-{box.lower()}").first.bounding_box()["width"]
    board = notebook.page.locator(".ff-host").bounding_box()["width"]
    taken = 0 if box == "VBox" else notebook.page.locator(".widget-slider").first.bounding_box()["width"]
    assert room - taken - 20 < board <= room - taken


@pytest.mark.parametrize(("width", "layers"), [(1280, 2), (900, 4), (1600, 4), (1280, 9)])
def test_pictures_for_people_to_look_at(open_notebook, width, layers):
    notebook = open_notebook(cells(layers=layers, last=1500, rate=60), width=width, height=1400)
    notebook.execute("import time\nwhile publisher.step < 700: time.sleep(0.01)\npublisher.set_threshold(0, 2.4, True)")
    notebook.execute("while publisher.step < 1100: time.sleep(0.01)\npublisher.set_threshold(0, 1.8, True)")
    notebook.execute("while publisher.step < 1500: time.sleep(0.01)")
    notebook.page.wait_for_timeout(300)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.page.wait_for_timeout(500)
        path = notebook.screenshot(f"board-{layers}-layers-{width}-{theme}", ".ff-board")
        assert path.stat().st_size > 5000
        if layers == 2:
            plot = notebook.page.locator(".ff-row .ff-plot").first.bounding_box()
            notebook.page.mouse.move(plot["x"] + 0.66 * plot["width"], plot["y"] + 60)
            notebook.screenshot(f"pointer-on-histogram-{theme}", ".ff-board")
            plot = notebook.page.locator("[data-pane=curves] .ff-plot").bounding_box()
            notebook.page.mouse.move(plot["x"] + 0.75 * plot["width"], plot["y"] + 100)
            notebook.screenshot(f"pointer-on-curves-{theme}", ".ff-board")
            notebook.page.locator(".ff-threshold").first.focus()
            notebook.page.keyboard.press("ArrowRight")
            notebook.page.mouse.move(5, 5)
            notebook.screenshot(f"threshold-focused-{theme}", ".ff-board")
    page = "() => document.querySelector('.ff-host').scrollWidth <= document.querySelector('.ff-host').clientWidth"
    assert notebook.page.evaluate(page)
