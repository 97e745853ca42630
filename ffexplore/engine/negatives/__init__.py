"""The catalogue of negatives; ``entry`` says how one is written, ``label`` and ``image`` hold the entries."""

from ffexplore.engine.negatives.batch import Batch
from ffexplore.engine.negatives.entry import Draw, Negatives, check_negatives, negatives
from ffexplore.engine.negatives.label import other_label, sample_wrong

# The entries, in the order in which a person finds them in a menu.
# isort: off
from ffexplore.engine.negatives import label, image
# isort: on

__all__ = [
    "Batch",
    "Draw",
    "Negatives",
    "check_negatives",
    "image",
    "label",
    "negatives",
    "other_label",
    "sample_wrong",
]
