"""The catalogue of objectives; ``entry`` says how one is written, the other modules hold the entries."""

from ffexplore.engine.objectives.entry import Objective, objectives
from ffexplore.engine.objectives.evidence import Evidence

# The entries, in the order in which a person finds them in a menu.
# isort: off
from ffexplore.engine.objectives import pairs, classes
# isort: on

__all__ = ["Evidence", "Objective", "classes", "objectives", "pairs"]
