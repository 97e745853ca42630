"""Objectives: those that compare a pair, and layers that collaborate."""

from __future__ import annotations

from ffexplore.reproduce.catalogue.base import BASE
from ffexplore.reproduce.experiment import Aim, Configuration, experiments

CODE = "dah33/explore_forward_forward"


@experiments.register("symba", source="Lee and Song 2023, arXiv 2303.08418; dah33/explore_forward_forward")
def symba() -> list[Configuration]:
    """SymBa and its successor with SiLU; `59k` trains on all images but 1000, others on 50000, the published on all.

    Each for 60 epochs, with hard labels by the first layer's goodness.
    """
    wide = {**BASE, "objective": "swish_symba(alpha=6)", "layers": (2000, 2000)}
    best = Aim("test_error", high=1.35, published="1.35 %", source=CODE)
    return [
        Configuration(
            "symba-2x500",
            {**BASE, "objective": "symba(alpha=4)"},
            epochs=60,
            minutes=2,
            aims=[Aim("test_error", high=2.2, published="2.2 %", source=CODE)],
        ),
        Configuration(
            "swish_symba-2x500",
            {**BASE, "objective": "swish_symba(alpha=6)"},
            epochs=60,
            minutes=2,
            aims=[Aim("test_error", high=1.65, published="1.65 %", source=CODE)],
        ),
        Configuration("swish_symba-2x2000", wide, epochs=60, minutes=15, aims=[best]),
        Configuration(
            "swish_symba-2x2000-59k",
            {**wide, "dataset": "mnist(validation=1000)"},
            epochs=60,
            minutes=18,
            aims=[best],
        ),
    ]


@experiments.register("collaboration", source="Lorberbom et al. 2024, arXiv 2305.12393")
def collaboration() -> list[Configuration]:
    """Layers that know how sure the others are, beside those that do not; `shift`: pictures moved by a pixel at most.

    Rate and scale are chosen for still pictures, each objective by itself. For pictures that are moved by a pixel at
    most they are what two of the three were given by that: 0.002 and 20. There the layers have more to learn than
    they can hold, and on validation data it showed in 20 epochs (one seed) what a layer makes of what those before it
    left: 1.92 % with earlier layers, 2.35 % with all, 2.21 % without.
    """
    names = {"without": "logistic", "all-layers": "collaboration", "earlier-layers": "collaboration_earlier"}
    still = {**BASE, "negatives": "uniform_label"}
    moved = {**still, "learning_rate": 2e-3, "logit_scale": 20.0, "shift": 1}
    grid = {"learning_rate": [5e-4, 2e-3, 4e-3], "logit_scale": [1.0, 5.0, 10.0, 20.0]}
    return [
        Configuration(
            f"{name}{end}",
            {**fields, "objective": objective},
            epochs=60,
            minutes=3,
            grid=tried,
            tuning_epochs=5,
            figures=("validation_error", "test_error"),
            aims=_collaborates(name, f"without{end}"),
        )
        for end, fields, tried in (("", still, grid), ("-shift", moved, {}))
        for name, objective in names.items()
    ]


def _collaborates(name: str, than: str) -> list[Aim]:
    """What layers that collaborate are held against: the network ``than`` in which they do not."""
    if than.startswith(name):
        return []
    aims = [Aim("test_error", high=2.1), Aim("test_error", than=than)]
    if name == "all-layers":
        aims.append(Aim("test_error", published="2.1 %", source="arXiv 2305.12393, another network"))
    return aims
