"""Objectives that compare a pair and want no threshold."""

from __future__ import annotations

from ffexplore.reproduce.experiment import Aim, Configuration, experiments

CODE = "dah33/explore_forward_forward"


@experiments.register("symba", source="Lee and Song 2023, arXiv 2303.08418; dah33/explore_forward_forward")
def symba() -> list[Configuration]:
    """SymBa and its successor with SiLU, 60 epochs each, with the rest of the recipe of the preset `fast`."""
    recipe = {"preset": "fast"}
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
