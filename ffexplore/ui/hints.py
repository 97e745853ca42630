"""What the panel says while nothing else is to be said: what to do first, what is lifeless, what is compared."""

from __future__ import annotations

import numpy as np

from ffexplore.engine.settings import Settings
from ffexplore.live import Runner, Snapshot
from ffexplore.live.compared import Compared
from ffexplore.ui.remarks import remarks

INVITATION = "Untrained: the blue and the orange hill lie on each other. Press Play and watch them part."
NEXT = "The hills part. Now drag the line θ in a histogram, or change anything else while it trains."
LIFELESS = (
    "Most units of {layers} are dead: no input makes them active, so they cannot learn any more. "
    "Press Reset to begin anew; {remedy} keeps more of them alive."
)
FLAT = (
    "The goodness of {layers} is the same for nearly every input, so that nothing is learned from it. Choose another "
    "goodness, or other parameters of it; Reset begins anew."
)
COMPARING = (
    "Comparing {count} values of {field}. Press Choose on one of them to go on with it alone, or go back to the run "
    "from before."
)
STANDSTILL = "{count} variants of {field} are compared; choose one, or go back to the run from before."
LOW = 0.1  #: share of the natural threshold below which silence is what a layer was asked for
MOST = 0.9  #: share of the units of a layer, or of the inputs, from which on what is wrong with them is worth a word
NO_TELLING = 0.02  #: as near to 0.5 an AUC says nothing


def hint(runner: Runner, is_untouched: bool) -> str:
    """A sentence that suits the run; empty where there is none.

    Parameters
    ----------
    runner
        The run.
    is_untouched
        Whether nobody has changed anything yet.
    """
    snapshot = runner.snapshot
    if runner.compared is not None:
        return COMPARING.format(**_words(runner.compared))
    if snapshot is None:
        dataset = runner.settings.dataset
        return f"Loading {dataset} ..." if isinstance(dataset, str) else "Building ..."
    of_objective = remarks(runner.settings).get("objective", "")
    if snapshot.step == 0 and runner.status == "idle":
        return of_objective or INVITATION
    dead = [number for number, share in enumerate(snapshot.dead[0] / snapshot.widths, 1) if share >= MOST]
    if dead:
        remedy = "a higher threshold" if asks_for_silence(runner.settings, snapshot) else "a smaller learning rate"
        return LIFELESS.format(layers=_layers(dead), remedy=remedy)
    if flat := flat_layers(snapshot):
        return FLAT.format(layers=_layers(flat))
    is_first = is_untouched and runner.is_running and bool(np.isfinite(snapshot.threshold).all())
    return of_objective or (NEXT if is_first else "")


def flat_layers(snapshot: Snapshot) -> list[int]:
    """The layers, counted from 1, in which nearly all inputs of both sides have the same goodness."""
    both = snapshot.positive[0] + snapshot.negative[0]
    is_flat = (both.max(-1) >= MOST * both.sum(-1)) & (np.abs(snapshot.auc[0] - 0.5) < NO_TELLING)
    return [number for number, each in enumerate(is_flat, 1) if each]


def _layers(numbers: list[int]) -> str:
    return ", ".join(f"layer {number}" for number in numbers)


def asks_for_silence(settings: Settings, snapshot: Snapshot) -> bool:
    """Whether a threshold is so low that it leaves no room below for negative data."""
    natural = settings.replace(threshold=None).thresholds()
    return any(usual > 0 and value < LOW * usual for usual, value in zip(natural, snapshot.threshold[0], strict=False))


def standstill(runner: Runner) -> str:
    """Why no setting can be changed now; empty where it can."""
    compared = runner.compared
    return "" if compared is None else STANDSTILL.format(**_words(compared))


def _words(compared: Compared) -> dict[str, object]:
    return {"count": len(compared.settings), "field": compared.field.replace("_", " ")}
