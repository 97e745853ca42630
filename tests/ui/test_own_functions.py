"""A person's own function in an open panel: it joins the menu, is taken up anew, and is named when it raises."""

from __future__ import annotations

from typing import Any

import pytest

import ffexplore as ff
from ffexplore.engine.goodness import goodness
from tests.ui.turning import menu, until


@pytest.fixture
def own():
    """Forget what a test registers."""
    before = dict(goodness._entries)
    yield
    goodness._entries.clear()
    goodness._entries.update(before)


def test_a_function_from_a_cell_joins_the_menu_and_a_second_run_of_the_cell_is_taken_up(panel, own):
    def cell(scale, **more):
        @goodness.register("mine", batched=True)
        def mine(activity, *, power: float = 2.0):
            """My own."""
            return scale * (activity.abs() ** power).mean(-1)

    cell(1.0)
    assert "mine" in [value for _, value in menu(panel, "goodness").options]
    menu(panel, "goodness").value = "mine"
    assert panel.settings.goodness == ff.Choice("mine", (("power", 2.0),))
    panel.runner.wait(10)
    before = float(panel.runner.snapshot.mean_positive[0, 0])
    cell(10.0)
    until(lambda: float(panel.runner.snapshot.mean_positive[0, 0]) > 5 * before)


def test_a_function_from_nowhere_has_its_parameters(panel, own):
    space: dict[str, Any] = {}
    lines = "def mine(activity, *, power: float = 2.0):", "    return (activity.abs() ** power).mean(-1)"
    exec("\n".join(lines), space)  # as a tool does that runs a page of code
    assert space["mine"].__module__ in (None, "builtins")
    space["mine"].__module__ = None
    goodness.register("mine", batched=True)(space["mine"])
    menu(panel, "goodness").value = "mine"
    assert [row.widget for row in panel.controls["goodness"]._params.values()]


def test_a_parameter_that_a_cell_adds_gets_its_row(panel, own):
    @goodness.register("mine", batched=True)
    def first(activity):
        """My own."""
        return activity.square().mean(-1)

    menu(panel, "goodness").value = "mine"
    panel.runner.wait(10)

    @goodness.register("mine", batched=True)
    def second(activity, *, power: float = 2.0):
        """My own."""
        return (activity.abs() ** power).mean(-1)

    until(lambda: panel.settings.goodness.values == {"power": 2.0})
    assert list(panel.controls["goodness"]._params) == ["power"]
    row = panel.controls["goodness"]._params["power"]
    assert "ffx-rare" not in row.widget.classes  # without bounds, but it is what its author wants to turn
    row._box.value = "3.0"
    assert panel.settings.goodness.values == {"power": 3.0}


def test_a_function_that_raises_is_named_and_training_can_go_on(panel, own):
    trouble: list[int] = []

    @goodness.register("mine", batched=True)
    def mine(activity):
        """My own."""
        if trouble:
            raise RuntimeError("no such thing")
        return activity.square().mean(-1)

    menu(panel, "goodness").value = "mine"
    panel.bar.play.click()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step > 2)
    trouble.append(1)
    until(lambda: panel.status.word == "failed")
    assert "'mine' raised RuntimeError: no such thing" in panel.status.message
    assert panel.status.tone == "warn"
    assert "Play" in panel.bar.play.description
    step = panel.runner.snapshot.step
    menu(panel, "goodness").value = "mean_square"
    panel.bar.play.click()
    until(lambda: panel.runner.snapshot.step > step and panel.status.word == "running" and not panel.status.message)
