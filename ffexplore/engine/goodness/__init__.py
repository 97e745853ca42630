"""The catalogue of goodness functions; ``entry`` says how one is written, the other modules hold the entries."""

from ffexplore.engine.goodness.entry import Goodness, State, goodness

# The entries, in the order in which a person finds them in a menu.
# isort: off
from ffexplore.engine.goodness import energy, selective, shape, polarised, across_batch, per_class
# isort: on

__all__ = [
    "Goodness", "State", "across_batch", "energy", "goodness", "per_class", "polarised", "selective", "shape",
]  # fmt: skip
