"""Which choices go together: one rule a reason, told from the traits of the entries.

``Settings`` refuses by these rules, and ``refusals`` tells beforehand which choices of a field would be refused beside
the others, so that a menu can say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ffexplore.engine.goodness import goodness
from ffexplore.engine.inference import asks_prototypes, asks_readout
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.negatives import negatives
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.objectives import objectives
from ffexplore.engine.schedule import schedules
from ffexplore.registry import Entry, Registry

if TYPE_CHECKING:
    from ffexplore.engine.settings import Settings

NAMED = 3  # entries that a sentence names of those that fit


@dataclass(frozen=True)
class Refusal:
    """Why choices do not go together.

    Attributes
    ----------
    sentence
        The reason, and what fits.
    fields
        The fields of Settings that are at odds.
    """

    sentence: str
    fields: tuple[str, ...]


class Draft:
    """Values of Settings with some of them changed, each checked alone but not with the others."""

    def __init__(self, settings: Settings, **changes: Any) -> None:
        self._settings, self._changes = settings, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._settings, name)

    def per_layer(self, name: str) -> tuple[Any, ...]:
        """The value of a field for each layer."""
        value = getattr(self, name)
        return value if isinstance(value, tuple) else (value,) * len(self.layers)

    @property
    def scores_classes(self) -> bool:
        """Whether a goodness gives a score a class."""
        return any(goodness[choice.name].per_class for choice in self.per_layer("goodness"))

    @property
    def tells_class(self) -> bool:
        """Whether the network sees a class in its input."""
        return label_encodings[self.label_encoding.name].tells


def such(registry: Registry[Any], fits: Callable[[Any], bool]) -> str:
    """A few of the entries that fit, in words."""
    names = [entry.name for entry in registry if fits(entry)][:NAMED]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _scores_beside_a_label(draft: Draft) -> Refusal | None:
    if not (draft.scores_classes and draft.tells_class):
        return None
    chosen = next(choice.name for choice in draft.per_layer("goodness") if goodness[choice.name].per_class)
    silent = such(label_encodings, lambda entry: not entry.tells)
    return Refusal(
        f"goodness is {chosen!r}, which scores every class, but label_encoding is {draft.label_encoding.name!r}, which "
        f"writes the class into the input; choose label_encoding {silent}, "
        f"or a goodness of one number a sample ({such(goodness, lambda entry: not entry.per_class)}).",
        ("goodness", "label_encoding"),
    )


def _scores_in_some_layers(draft: Draft) -> Refusal | None:
    kinds = {goodness[choice.name].per_class for choice in draft.per_layer("goodness")}
    if len(kinds) < 2:
        return None
    chosen = ", ".join(choice.name for choice in draft.per_layer("goodness"))
    return Refusal(
        f"goodness is {chosen}: some layers score every class and some do not, so that they need different inputs; "
        f"choose such as score classes ({such(goodness, lambda entry: entry.per_class)}) for all layers, or for none.",
        ("goodness",),
    )


def _classes_without_scores(draft: Draft) -> Refusal | None:
    for aim, measure in zip(draft.per_layer("objective"), draft.per_layer("goodness"), strict=True):
        if "classes" in objectives[aim.name].needs and not goodness[measure.name].per_class:
            return Refusal(
                f"objective is {aim.name!r}, which compares the scores of all classes, but goodness is "
                f"{measure.name!r}, one number a sample; choose a goodness that scores classes "
                f"({such(goodness, lambda entry: entry.per_class)}), or an objective of pairs "
                f"({such(objectives, lambda entry: 'classes' not in entry.needs)}).",
                ("objective", "goodness"),
            )
    return None


def _wrong_labels_unseen(draft: Draft) -> Refusal | None:
    generator = negatives[draft.negatives.name]
    by_label = generator.changes == "label" or "labels" in generator.needs
    if draft.tells_class or draft.scores_classes or not by_label:
        return None
    what = "changes the label" if generator.changes != "image" else "goes by the label"
    return Refusal(
        f"negatives is {generator.name!r}, which {what}, but label_encoding is {draft.label_encoding.name!r}, so no "
        "label is written; choose negatives that change the image (hybrid_images, self_contrastive), an encoding, or a "
        f"goodness that scores classes ({such(goodness, lambda entry: entry.per_class)}).",
        ("negatives", "label_encoding", "goodness"),
    )


def _no_label_for_the_layers(draft: Draft) -> Refusal | None:
    if draft.tells_class or draft.label_layers == "first":
        return None
    return Refusal(
        f"label_layers is {draft.label_layers!r}, but label_encoding is {draft.label_encoding.name!r}, so there is no "
        "label to see; choose 'first' or an encoding.",
        ("label_layers", "label_encoding"),
    )


def _all_labels_but_one(draft: Draft) -> Refusal | None:
    generator = negatives[draft.negatives.name]
    if not (draft.scores_classes and generator.inverse):
        return None
    return Refusal(
        f"negatives is {generator.name!r}, which writes several labels at once, but the goodness scores one class for "
        f"each side; choose such as have one label ({such(negatives, lambda entry: not entry.inverse)}), or a goodness "
        f"of one number a sample ({such(goodness, lambda entry: not entry.per_class)}).",
        ("negatives", "goodness"),
    )


def _no_class_to_read(draft: Draft) -> Refusal | None:
    if draft.tells_class or draft.scores_classes or draft.readout_rate > 0:
        return None
    if asks_readout(draft.inference) or asks_prototypes(draft.inference):
        return None
    return Refusal(
        f"label_encoding is {draft.label_encoding.name!r}, so no class can be read from the goodness of its label; set "
        "readout_rate above 0 and inference to 'readout', or inference to 'prototypes'.",
        ("label_encoding", "inference", "readout_rate"),
    )


def _negatives_without_readout(draft: Draft) -> Refusal | None:
    generator = negatives[draft.negatives.name]
    if "readout" not in generator.needs or draft.readout_rate > 0:
        return None
    return Refusal(
        f"negatives is {generator.name!r}, which samples from the read-out, but readout_rate is 0; set it above 0, or "
        f"choose {such(negatives, lambda entry: 'readout' not in entry.needs)}.",
        ("negatives", "readout_rate"),
    )


def _negatives_that_do_not_last(draft: Draft) -> Refusal | None:
    generator = negatives[draft.negatives.name]
    if generator.lasting or draft.negatives_refresh == "batch":
        return None
    return Refusal(
        f"negatives_refresh is {draft.negatives_refresh!r}, but {generator.name!r} makes its images batch by batch; "
        "choose 'batch'.",
        ("negatives_refresh", "negatives"),
    )


def _readout_that_does_not_learn(draft: Draft) -> Refusal | None:
    if not asks_readout(draft.inference) or draft.readout_rate > 0:
        return None
    return Refusal(
        f"inference is {draft.inference.name!r}, but readout_rate is 0, so the read-out does not learn; set it above "
        "0.",
        ("inference", "readout_rate"),
    )


def _nothing_above_the_black_box(draft: Draft) -> Refusal | None:
    depth, after = len(draft.layers), draft.black_box_after
    if draft.black_box.name == "none" or after < depth:
        return None
    fits = f"a layer from 1 to {depth - 1}." if depth > 1 else "black_box 'none', or more layers."
    return Refusal(
        f"black_box_after is {after}, but above layer {after} there is none of {depth}; choose {fits}",
        ("black_box", "black_box_after", "layers"),
    )


def _gradient_across_the_black_box(draft: Draft) -> Refusal | None:
    schedule, after = draft.schedule, draft.black_box_after
    blocks = schedules[schedule.name].function(0, len(draft.layers), **schedule.values)
    if draft.black_box.name == "none" or not any(block[0] < after <= block[-1] for block in blocks):
        return None
    return Refusal(
        f"schedule is {schedule.name!r}, whose gradient would have to cross the black box after layer {after}; "
        "choose 'simultaneous', or black_box 'none'.",
        ("schedule", "black_box"),
    )


def _running_means_behind_the_black_box(draft: Draft) -> Refusal | None:
    entry = normalizations[draft.normalization.name]
    if draft.black_box.name == "none" or not entry.has_state:
        return None
    return Refusal(
        f"normalization is {entry.name!r}, which keeps running means of a layer's activity, but what leaves the black "
        f"box is another thing; choose {such(normalizations, lambda entry: not entry.has_state)}, or black_box 'none'.",
        ("normalization", "black_box"),
    )


RULES: tuple[Callable[[Draft], Refusal | None], ...] = (
    _scores_in_some_layers,
    _scores_beside_a_label,
    _classes_without_scores,
    _wrong_labels_unseen,
    _no_label_for_the_layers,
    _all_labels_but_one,
    _no_class_to_read,
    _negatives_without_readout,
    _negatives_that_do_not_last,
    _readout_that_does_not_learn,
    _nothing_above_the_black_box,
    _gradient_across_the_black_box,
    _running_means_behind_the_black_box,
)


# The fields that the rules look at.
RULED = (
    "layers", "goodness", "objective", "label_encoding", "label_layers", "negatives", "negatives_refresh", "inference",
    "readout_rate", "normalization", "schedule", "black_box", "black_box_after",
)  # fmt: skip


def complaints(settings: Settings | Draft) -> Iterator[Refusal]:
    """What does not go together in settings, the first reason first."""
    draft = settings if isinstance(settings, Draft) else Draft(settings)
    return (refusal for rule in RULES if (refusal := rule(draft)) is not None)


def refusals(settings: Settings, field: str) -> dict[str, Refusal]:
    """Which choices of a field do not fit the other settings, and why.

    Parameters
    ----------
    settings
        The present settings.
    field
        A field of Settings that is chosen from a catalogue or from a few words.

    Returns
    -------
    dict
        Name of the choice -> the first reason. Choices that fit are left out; what only the data can tell is told by
        ``suitability.unsuited``.
    """
    found = {name: next(complaints(draft), None) for name, draft in alternatives(settings, field).items()}
    return {name: refusal for name, refusal in found.items() if refusal is not None}


def alternatives(settings: Settings, field: str) -> dict[str, Draft]:
    """Settings with each choice of a field, by its name; the field is chosen from a catalogue or from a few words."""
    spec = settings.field(field)
    entries: list[Entry] = list(spec.registry) if spec.registry is not None else []
    choices = {entry.name: spec.check(field, entry.name) for entry in entries} or {word: word for word in spec.choices}
    return {name: Draft(settings, **{field: value}) for name, value in choices.items()}
