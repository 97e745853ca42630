"""Which settings may train together as variants of one network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ffexplore.engine.black_box import black_boxes
from ffexplore.engine.goodness import goodness
from ffexplore.engine.negatives import negatives
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.objectives import objectives
from ffexplore.engine.schedule import round_length, schedules
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError


def listed(variants: Iterable[Settings]) -> list[Settings]:
    """What somebody gave, as a list; raises SettingsError, which says what to give, if it is not several Settings."""
    try:
        return list(variants)
    except TypeError:
        raise SettingsError(
            f"variants is a {type(variants).__name__}; give several Settings, as in "
            "[settings, settings.replace(seed=1)]."
        ) from None


def check_lockstep(variants: Sequence[Settings]) -> None:
    """Refuse variants that cannot train in lockstep.

    Raises
    ------
    SettingsError
        When there is none, they differ in a field that is not marked lockstep, or their goodness, objectives or
        negatives cannot share a batch.
    """
    if not variants:
        raise SettingsError("variants is empty; give at least one Settings.")
    if not all(isinstance(each, Settings) for each in variants):
        raise SettingsError("variants holds something else than Settings.")
    fields = Settings.fields()
    free = [name for name, field in fields.items() if field.lockstep]
    for each in variants[1:]:
        for name in fields:
            if name not in free and getattr(each, name) != getattr(variants[0], name):
                raise SettingsError(f"Variants differ in {name}; they may differ in {', '.join(free)}.")
    named = {goodness[each.per_layer("goodness")[0].name].per_class: each for each in variants}
    if len(named) > 1:
        scored, single = (named[kind].per_layer("goodness")[0].name for kind in (True, False))
        raise SettingsError(
            f"goodness is {scored!r} in one variant, which scores every class, and {single!r} in another, one number a "
            "sample; they need different inputs, so compare variants that all score classes, or none."
        )
    chosen = {negatives[each.negatives.name].beside: each.negatives.name for each in variants}
    if len(chosen) > 1:
        raise SettingsError(
            f"negatives is {chosen[True]!r} in one variant and {chosen[False]!r} in another, but the first lays two "
            f"inputs side by side, on both sides of a pair; compare variants that all have {chosen[True]!r}, or none."
        )
    _check_heights(variants)


def _check_heights(variants: Sequence[Settings]) -> None:
    """Refuse variants of which one has a batch go further up than another, where that leaves a trace.

    A layer that listens to all others has it go to the top, although the layers above may not learn at that step.
    """
    listens = {_listens(each): each for each in variants}
    other = next((each for each in variants if _by_chance(each)), None)
    if len(listens) == 1 or other is None:
        return
    depth, schedule, turn = len(other.layers), schedules[other.schedule.name], other.schedule.values
    length = round_length(depth, turn) // depth
    for step in {*range(2 * depth), *(number * length for number in range(depth))}:
        learning = {layer for block in schedule.function(step, depth, **turn) for layer in block}
        goes_up = {bool(learning & heard): each for heard, each in listens.items()}
        if len(goes_up) > 1 and depth - 1 not in learning:
            asks, rests = (
                ", ".join(dict.fromkeys(choice.name for choice in goes_up[kind].per_layer("objective")))
                for kind in (True, False)
            )
            raise SettingsError(
                f"objective is {asks!r} in one variant, which listens to layers above those that learn, and {rests!r} "
                f"in another, and schedule is {schedule.name!r}, so that a batch goes up further for one than for the "
                "other, through dropout, a black box or running means. Compare variants that listen alike, or choose "
                "schedule 'simultaneous'."
            )


def _listens(settings: Settings) -> frozenset[int]:
    """The layers whose objective asks what all other layers say."""
    aims = [objectives[choice.name] for choice in settings.per_layer("objective")]
    return frozenset(number for number, aim in enumerate(aims) if "context" in aim.needs and aim.listens_to == "all")


def _by_chance(settings: Settings) -> bool:
    """Whether what a layer passes on leaves a trace: a random number drawn, or a running mean brought up to date."""
    tosses = black_boxes[settings.black_box.name].tosses
    return settings.dropout > 0 or tosses or normalizations[settings.normalization.name].has_state


def lockstep_groups(variants: Sequence[Settings]) -> list[list[int]]:
    """The numbers of variants that may train together, in as few groups as their order gives."""
    groups: list[list[int]] = []
    for number, each in enumerate(variants):
        group = next((group for group in groups if _may_join([variants[one] for one in group], each)), None)
        if group is None:
            groups.append([number])
        else:
            group.append(number)
    return groups


def _may_join(group: Sequence[Settings], other: Settings) -> bool:
    try:
        check_lockstep([*group, other])
    except SettingsError:
        return False
    return True


def distinct_seeds(variants: Sequence[Settings]) -> list[int]:
    """One seed when all variants share it, else one for each."""
    seeds = [each.seed for each in variants]
    return seeds[:1] if len(set(seeds)) == 1 else seeds
