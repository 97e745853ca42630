"""Which settings have no effect beside the others, and why: greyed out in a panel, and nothing to compare."""

from __future__ import annotations

from ffexplore.engine.build import compares_sides
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.negatives import negatives
from ffexplore.engine.objectives import objectives
from ffexplore.engine.settings import Settings


def idle_fields(settings: Settings) -> dict[str, str]:
    """The fields that have no effect beside the others, each with the reason."""
    idle = {}
    chosen = settings.per_layer("objective")
    if not any("theta" in objectives[choice.name].needs for choice in chosen):
        idle["threshold_rate"] = f"the objective {chosen[0].name!r} has no threshold."
        idle["threshold"] = f"the objective {chosen[0].name!r} compares each positive with its negative."
    if not negatives[settings.negatives.name].lasting:
        idle["negatives_refresh"] = f"{settings.negatives.name!r} makes its images batch by batch."
    if settings.black_box.name == "none":
        idle["black_box_after"] = "there is no black box."
    if not compares_sides(settings):
        idle["negatives_refresh"] = f"the objective {chosen[0].name!r} compares classes: training draws no negatives."
        idle["threshold"] = f"the objective {chosen[0].name!r} compares the scores of all classes."
    if not label_encodings[settings.label_encoding.name].tells:
        idle["label_layers"] = f"the label encoding {settings.label_encoding.name!r} tells no class."
    if settings.rate_course.name == "constant":
        idle["horizon"] = "the rate course is constant."
    if settings.readout_rate == 0:
        idle |= dict.fromkeys(
            ("readout_decay", "readout_interval", "readout_layers"), "the read-out does not learn (readout rate 0)."
        )
    return idle
