"""What a control should say of the present settings beside what its field means."""

from __future__ import annotations

from ffexplore.engine.build import compares_sides
from ffexplore.engine.objectives import objectives
from ffexplore.engine.settings import Settings

NONE_DRAWN = (
    "The objective {name!r} compares the scores of all classes: training draws no negatives; histograms and pictures "
    "still show those chosen here."
)
ALONE = "With one layer the objective {name!r} is the logistic one: there is no other layer to listen to."


def remarks(settings: Settings) -> dict[str, str]:
    """A sentence for each field whose value does not do what one would expect, by the name of the field."""
    name = settings.per_layer("objective")[0].name
    found = {}
    if not compares_sides(settings):
        found["negatives"] = NONE_DRAWN.format(name=name)
    if len(settings.layers) == 1 and "context" in objectives[name].needs:
        found["objective"] = ALONE.format(name=name)
    return found
