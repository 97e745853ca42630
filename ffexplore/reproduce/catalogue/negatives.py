"""Every generator of negatives, with the same positives."""

from __future__ import annotations

from ffexplore.engine.negatives import negatives as generators
from ffexplore.reproduce.catalogue.base import BASE
from ffexplore.reproduce.experiment import Aim, Configuration, experiments

# Errors reported elsewhere for another network: it is the order that can be compared.
PUBLISHED = {
    "uniform_label": "5.5 %",
    "other_image": "7.8 %",
    "mix_up": "36.6 %",
    "noise": "53.9 %",
    "masked": "69.0 %",
}
SOURCE = "reported for another network"


@experiments.register("negatives", source="ours", ranked="test_error", baseline="uniform_label")
def negatives() -> list[Configuration]:
    """Every generator with the same positives: what is too easy to tell apart teaches little about the label."""
    return [
        Configuration(
            entry.name,
            {**BASE, "negatives": entry.name},
            epochs=10,
            minutes=0.5,
            figures=("test_error", "test_readout_error", "shortcut"),
            aims=[Aim("test_error", published=PUBLISHED[entry.name], source=SOURCE)] if entry.name in PUBLISHED else [],
        )
        for entry in generators
    ]
