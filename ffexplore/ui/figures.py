"""Views of the board as pages of their own, from the static figures of ``plots``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ffexplore.engine.diagnostics import diagnose
from ffexplore.engine.judged import examined
from ffexplore.engine.landscape import landscape
from ffexplore.engine.training import Trainer
from ffexplore.errors import FFExploreError
from ffexplore.live import Runner, Snapshot
from ffexplore.live.compared import Compared
from ffexplore.ui.asked_pane import AskedPane

if TYPE_CHECKING:
    import plotly.graph_objects as go

PATIENCE = 20.0  #: seconds to wait for the trainer


def page(view: str, runner: Runner, panes: Mapping[str, AskedPane[Any]]) -> str:
    """A view as HTML that needs no network: plotly is in it.

    Parameters
    ----------
    view
        One of ``PAGES``.
    runner
        Where the numbers come from.
    panes
        The board's panes that ask the trainer, by name: some know what a person chose to see.

    Raises
    ------
    FFExploreError
        When there is nothing to draw.
    """
    from ffexplore import plots  # plotly takes its time, and most panels never need it

    try:
        figure = _shown(view, runner, panes) if view in SHOWN else FIGURES[view](plots, runner)
    except ValueError as error:
        raise FFExploreError(str(error)) from None
    whole = str(figure.to_html(include_plotlyjs=True, full_html=True))
    if view not in BELOW:
        return whole
    below = BELOW[view](plots, runner).to_html(include_plotlyjs=False, full_html=False)
    return whole.replace("</body>", f"{below}</body>")


def _present(runner: Runner) -> Snapshot:
    if runner.snapshot is None:
        raise FFExploreError("There is nothing to show yet.")
    return runner.snapshot


def _compared(runner: Runner) -> Compared | None:
    """The variants that the present snapshot shows; None where it shows one network."""
    compared = runner.compared
    return compared if compared is not None and len(compared.settings) == len(_present(runner).low) else None


def _shown(view: str, runner: Runner, panes: Mapping[str, AskedPane[Any]]) -> go.Figure:
    from ffexplore.ui import pane_figures

    answer = panes[view].answer
    if answer is None:
        raise FFExploreError("There is nothing to show yet.")
    return SHOWN[view](pane_figures, answer, runner)


def _asked(draw: Callable[[ModuleType, Trainer], go.Figure]) -> Callable[[ModuleType, Runner], go.Figure]:
    """A figure that is drawn from the present weights, between two batches."""
    return lambda plots, runner: runner.ask(lambda trainer: draw(plots, trainer)).result(PATIENCE)


def _fields(plots: ModuleType, trainer: Trainer) -> go.Figure:
    return plots.receptive_fields(trainer.weights(0)[0].cpu(), trainer.plan.dataset.shape)


#: The figure of each view that is drawn from the run alone.
FIGURES: dict[str, Callable[[ModuleType, Runner], go.Figure]] = {
    "compare": lambda plots, runner: plots.variants(_present(runner), runner.history, _compared(runner)),
    "histograms": lambda plots, runner: plots.histograms(_present(runner)),
    "curves": lambda plots, runner: plots.curves(runner.history),
    "gallery": lambda plots, runner: plots.gallery(_present(runner)),
    "fields": _asked(_fields),
    "confusion": _asked(lambda plots, trainer: plots.confusion(examined(trainer))),
    "landscape": _asked(lambda plots, trainer: plots.landscape(landscape(trainer))),
    "diagnostics": _asked(lambda plots, trainer: plots.calibration(diagnose(trainer))),
}

#: What else such a view shows, below its figure.
BELOW: dict[str, Callable[[ModuleType, Runner], go.Figure]] = {
    "curves": lambda plots, runner: plots.layers(runner.history),
}

#: Views whose figure is of what their pane shows now.
SHOWN: dict[str, Callable[[ModuleType, Any, Runner], go.Figure]] = {
    "candidates": lambda figures, answer, _: figures.of_candidate(answer),
    "draw": lambda figures, answer, _: figures.of_drawing(answer),
    "backprop": lambda figures, answer, runner: figures.of_twin(answer, runner.history),
}

PAGES = (*FIGURES, *SHOWN)
