"""What happens around an explorer in a notebook: interrupts, restarts, chatty functions, a tab out of sight."""

from __future__ import annotations

import pytest

from tests.e2e.test_explorer import IMPORT, button, cells, wait_for_word, wait_until_it_moves

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("front_end", ["lab", "notebook"], indirect=True)]

CHATTY = """
@ff.goodness.register("chatty")
def chatty(activity):
    "Mean square, said aloud."
    print("goodness of", tuple(activity.shape))
    return activity.square().mean(-1)
"""


def steps(notebook) -> int:
    return int(notebook.execute("print(panel.runner.ask(lambda trainer: trainer.steps).result(20))"))


def test_an_interrupt_ends_the_cell_and_not_the_training(open_notebook):
    notebook = open_notebook(cells("start=True"))
    wait_until_it_moves(notebook)
    notebook.page.evaluate(
        """() => {
          const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
          globalThis.outcome = kernel.requestExecute({ code: 'import time; time.sleep(60)' }).done
            .then((reply) => reply.content.ename);
        }"""
    )
    notebook.page.wait_for_timeout(1000)
    notebook.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    assert notebook.page.evaluate("() => globalThis.outcome") == "KeyboardInterrupt"
    before = steps(notebook)
    wait_until_it_moves(notebook)
    assert steps(notebook) > before
    assert notebook.execute("print(panel.runner.status, panel.runner.error)").strip() == "running None"
    button(notebook, "Pause").click()
    wait_for_word(notebook, "paused")


def test_after_a_restart_the_cells_run_again(open_notebook):
    notebook = open_notebook(cells("start=True"))
    wait_until_it_moves(notebook)
    notebook.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.wait_idle()
    notebook.run_all()
    wait_until_it_moves(notebook)
    wait_for_word(notebook, "running")
    assert notebook.page.locator(".ffx-explorer").count() == 1
    button(notebook, "Pause").click()
    wait_for_word(notebook, "paused")


def test_a_function_that_prints_in_every_step_drowns_nobody(open_notebook):
    notebook = open_notebook([IMPORT, CHATTY, cells("start=True, layers=(16,), goodness='chatty'")[1]])
    wait_until_it_moves(notebook)
    notebook.page.wait_for_timeout(4000)
    wait_until_it_moves(notebook)
    box = notebook.page.get_by_label("learning rate", exact=True).first
    box.fill("0.01")
    box.press("Enter")
    notebook.page.wait_for_timeout(1000)
    told = notebook.execute("print(f'rate {panel.settings.learning_rate} error {panel.runner.error}')")
    assert "rate 0.01 error None" in told  # among what the function says meanwhile, also in the same line
    button(notebook, "Pause").click()
    wait_for_word(notebook, "paused")


def test_a_page_that_was_slow_to_start_a_script_hears_the_kernel_all_the_same(open_notebook):
    """anywidget hears no message of a widget whose script was not there after two seconds; here, after one ms."""
    notebook = open_notebook(cells("start=True"), run=False)
    notebook.page.evaluate(
        """() => {
          const usual = AbortSignal.timeout;
          AbortSignal.timeout = (ms) => usual.call(AbortSignal, ms === 2000 ? 1 : ms);
        }"""
    )
    notebook.run_all()
    wait_until_it_moves(notebook)
    button(notebook, "Pause").click()
    wait_for_word(notebook, "paused")
    assert any("Failed to initialize" in each for each in notebook.errors)
    notebook.errors.clear()
