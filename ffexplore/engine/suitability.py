"""Which choices go with the data: rules like those of ``compatibility``, but told from a dataset that is loaded.

``plan`` refuses by these rules, and ``unsuited`` tells beforehand which choices of a field would be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ffexplore.data import Dataset
from ffexplore.engine.compatibility import Draft, Refusal, alternatives
from ffexplore.engine.goodness import goodness
from ffexplore.engine.inputs import check_blank
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.negatives import check_negatives, negatives
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError, UnsuitedError

#: The fields by which pictures are changed, and what is done to them.
JITTERS = {"shift": "moved", "rotation": "turned", "zoom": "scaled", "elastic": "bent", "inference_shift": "moved"}

#: What goes with data of any kind: a label beside the inputs, no mixed pictures, no moved ones.
OF_ANY_DATA: dict[str, Any] = {
    "label_encoding": "appended",
    "negatives": "uniform_label",
    **dict.fromkeys(JITTERS, 0),
}


def _label_over_inputs(draft: Draft, data: Dataset) -> Refusal | None:
    encoding = label_encodings[draft.label_encoding.name]
    if not encoding.replaces:
        return None
    size = encoding.table(data.classes, draft.label_encoding.values).shape[1]
    return _refused(lambda: check_blank(data, encoding, size), "label_encoding", "dataset")


def _pictures_of_a_table(draft: Draft, data: Dataset) -> Refusal | None:
    return _refused(lambda: check_negatives(data.kind, negatives[draft.negatives.name]), "negatives", "dataset")


def _moved_table(draft: Draft, data: Dataset) -> Refusal | None:
    for field, done in JITTERS.items():
        if getattr(draft, field) and data.kind != "images":
            return Refusal(
                f"{field} is {getattr(draft, field)}, but {data.name!r} is a table; only pictures can be {done}. Set "
                f"{field} to 0.",
                (field, "dataset"),
            )
    return None


def _too_few_units_for_the_classes(draft: Draft, data: Dataset) -> Refusal | None:
    for choice, units in zip(draft.per_layer("goodness"), draft.layers, strict=True):
        if goodness[choice.name].traits.get("group_of_units") and units < data.classes:
            return Refusal(
                f"layers is {draft.layers}, but the goodness {choice.name!r} deals the units of a layer out to "
                f"{data.classes} classes; choose layers of {data.classes} units or more, or another goodness.",
                ("layers", "goodness", "dataset"),
            )
    return None


def _refused(check: Callable[[], None], *fields: str) -> Refusal | None:
    try:
        check()
    except SettingsError as error:
        return Refusal(str(error), fields)
    return None


RULES: tuple[Callable[[Draft, Dataset], Refusal | None], ...] = (
    _label_over_inputs,
    _pictures_of_a_table,
    _moved_table,
    _too_few_units_for_the_classes,
)

#: The fields that the rules look at, beside the data.
RULED = ("label_encoding", "negatives", *JITTERS, "layers", "goodness")


def objections(settings: Settings | Draft, data: Dataset) -> Iterator[Refusal]:
    """What in settings does not go with data, the first reason first."""
    draft = settings if isinstance(settings, Draft) else Draft(settings)
    return (refusal for rule in RULES if (refusal := rule(draft, data)) is not None)


def check_suited(all_settings: Iterable[Settings], data: Dataset) -> None:
    """Refuse settings that do not go with data.

    Raises
    ------
    UnsuitedError
        With the first reason.
    """
    for settings in all_settings:
        for refusal in objections(settings, data):
            raise UnsuitedError(refusal.sentence, data)


def suiting(settings: Settings, data: Dataset) -> dict[str, Any]:
    """What has to be changed in settings for data, in as few fields as will do; empty where nothing known helps."""
    changes: dict[str, Any] = {}
    while refusal := next(objections(settings.replace(**changes), data), None):
        field = next((each for each in refusal.fields if each in OF_ANY_DATA and each not in changes), None)
        if field is None:
            return {}
        changes[field] = OF_ANY_DATA[field]
    return changes


def unsuited(settings: Settings, field: str, data: Dataset) -> dict[str, Refusal]:
    """Which choices of a field do not fit the data, and why.

    Parameters
    ----------
    settings
        The present settings.
    field
        A field of Settings that is chosen from a catalogue or from a few words.
    data
        The present data.

    Returns
    -------
    dict
        Name of the choice -> the first reason. Choices that fit the data are left out.
    """
    if field not in RULED:
        return {}
    found = {}
    for name, draft in alternatives(settings, field).items():
        reasons = (refusal for refusal in objections(draft, data) if field in refusal.fields)
        if (first := next(reasons, None)) is not None:
            found[name] = first
    return found
