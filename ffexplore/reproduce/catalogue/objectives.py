"""Objectives: those that compare a pair, and layers that collaborate."""

from __future__ import annotations

from ffexplore.reproduce.catalogue.base import BASE
from ffexplore.reproduce.experiment import Aim, Configuration, experiments

CODE = "dah33/explore_forward_forward"


@experiments.register("symba", source="Lee and Song 2023, arXiv 2303.08418; dah33/explore_forward_forward")
def symba() -> list[Configuration]:
    """SymBa and its successor with SiLU, 60 epochs each, with hard labels by the first layer's goodness."""
    recipe = BASE
    return [
        Configuration(
            "symba-2x500",
            {**recipe, "objective": "symba(alpha=4)"},
            epochs=60,
            minutes=2,
            aims=[Aim("test_error", high=2.2, published="2.2 %", source=CODE)],
        ),
        Configuration(
            "swish_symba-2x500",
            {**recipe, "objective": "swish_symba(alpha=6)"},
            epochs=60,
            minutes=2,
            aims=[Aim("test_error", high=1.65, published="1.65 %", source=CODE)],
        ),
        Configuration(
            "swish_symba-2x2000",
            {**recipe, "objective": "swish_symba(alpha=6)", "layers": (2000, 2000)},
            epochs=60,
            minutes=15,
            aims=[Aim("test_error", high=1.35, published="1.35 %", source=CODE)],
        ),
    ]


@experiments.register("collaboration", source="Lorberbom et al. 2024, arXiv 2305.12393")
def collaboration() -> list[Configuration]:
    """Layers that know how sure the others are, beside the same network in which each knows only itself."""
    names = {"without": "logistic", "all-layers": "collaboration", "earlier-layers": "collaboration_earlier"}
    rows = []
    for name, objective in names.items():
        aims = [Aim("test_error", high=2.1), Aim("test_error", than="without")] if name != "without" else []
        if name == "all-layers":
            aims.append(Aim("test_error", published="2.1 %", source="arXiv 2305.12393, another network"))
        rows.append(
            Configuration(
                name,
                {**BASE, "objective": objective, "negatives": "uniform_label"},
                epochs=60,
                minutes=2,
                grid={"learning_rate": [5e-4, 2e-3, 4e-3], "logit_scale": [1.0, 5.0, 10.0, 20.0]},
                tuning_epochs=5,
                figures=("validation_error", "test_error"),
                aims=aims,
            )
        )
    return rows
