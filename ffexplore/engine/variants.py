"""From one run to several in lockstep that go on from it, and from one of them back to a run of its own.

The state of K variants is that of K single runs laid beside each other: most tensors have the variants as their first
dimension, and what all share (streams of random numbers of one seed, counts of steps) is there once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ffexplore.engine.lockstep import check_lockstep, listed
from ffexplore.engine.settings import Settings
from ffexplore.errors import SettingsError

if TYPE_CHECKING:
    from ffexplore.engine.training import Trainer

State = dict[str, Tensor]

# Names of which there is one for each variant, or one for all: streams of random numbers, and draws that last.
_NUMBERED = re.compile(r"^(.*generator\.|pairs\.kept\.)(\d+)(.*)$")
# What a goodness keeps has the number of its rule, which may stand for some of the variants only.
_OF_A_RULE = re.compile(r"^layer\.(\d+)\.goodness\.(\d+)\.(.*)$")
# A variant that has another of these begins anew.
_BEGINNINGS = ("seed", "initialization")


def way(base: Settings, wanted: Settings, variants: Sequence[Settings]) -> list[Settings]:
    """The settings to be applied to a run, one after the other, for it to become one of the variants.

    Where any variant has another seed or initialization than the run, all begin anew, so that they are in the same
    place of the data; one that has those of the run gets there by way of others.
    """
    here = _beginning(base)
    other = next((each for each in variants if _beginning(each) != here), None)
    if other is not None and _beginning(wanted) == here:
        return [base.replace(**_beginning(other)), wanted]
    return [wanted]


def _beginning(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in _BEGINNINGS}


def fan_out(trainer: Trainer, variants: Sequence[Settings], among: Sequence[Settings] | None = None) -> Trainer:
    """Several networks in lockstep that go on from a single run, each as if its settings had been applied there.

    Parameters
    ----------
    trainer
        The run; it stays as it is.
    variants
        Settings that the run may take up (see ``Trainer.apply``), and that differ from each other only in the fields
        marked lockstep.
    among
        Those that are to be in the same place of the data, where these are not all.

    Returns
    -------
    Trainer
        Of all variants, in the order given; weights, optimizer state, order of the data and step count are those of
        the run. Variants of another seed or initialization begin anew, as a run does, and then all do.

    Raises
    ------
    SettingsError
        When the run is of several variants itself, or these cannot train in lockstep.
    """
    base = trainer.settings
    if len(trainer.all_settings) > 1:
        raise SettingsError("A trainer of several variants cannot be fanned out; take a single one of them first.")
    variants = listed(variants)
    check_lockstep(variants)
    kind = type(trainer)
    together, alone = kind.variants(variants), kind(base)
    here, counters = trainer.state(), trainer.counters()
    states, kept_for = [], None
    for wanted in variants:
        if alone.settings != base:
            alone.apply(base)
        alone.load_state({name: value.clone() for name, value in here.items()}, counters)
        for settings in way(base, wanted, variants if among is None else among):
            if settings != alone.settings:
                alone.apply(settings)
        states.append({name: value.clone() for name, value in alone.state().items()})
        reached = alone.counters()
        kept_for = reached["kept_for"] if alone.pairs.kept else kept_for
    if len({any(name.startswith("pairs.kept.") for name in state) for state in states}) > 1:
        together.pairs.part_ways(len(states))  # some go on with draws that last, others draw anew
    together.load_state(_beside(together, states), reached | {"kept_for": kept_for})
    return together


def single(trainer: Trainer, variant: int) -> Trainer:
    """A trainer of one variant alone, which goes on where that one is; ``trainer`` stays as it is.

    Raises
    ------
    IndexError
        When there is no such variant.
    """
    settings = trainer.all_settings
    if not 0 <= variant < len(settings):
        raise IndexError(f"variant is {variant!r}; there are {len(settings)}, counted from 0.")
    alone = type(trainer)(settings[variant])
    alone.load_state(_of_one(trainer, variant), trainer.counters() | {"diverged": []})
    return alone


def _beside(together: Trainer, states: Sequence[State]) -> State:
    """The state of several variants from that of each."""
    joined = {}
    for name, present in together.state().items():
        numbered, rule = _NUMBERED.match(name), _OF_A_RULE.match(name)
        if numbered:
            joined[name] = states[int(numbered[2])][f"{numbered[1]}0{numbered[3]}"]
        elif name == "batches.order":
            joined[name] = torch.cat([state[name] for state in states[: len(present)]])
        elif rule:
            rows = together.network.layers[int(rule[1])].rules[int(rule[2])].rows
            joined[name] = _stacked(f"layer.{rule[1]}.goodness.0.{rule[3]}", states[rows], present)
        else:
            joined[name] = _stacked(name, states, present)
    for number, state in enumerate(states[: len(together.pairs.choices)]):
        for name, value in state.items():
            if name.startswith("pairs.kept.0."):
                joined[name.replace("pairs.kept.0.", f"pairs.kept.{number}.")] = value
    return joined


def _stacked(name: str, states: Sequence[State], present: Tensor) -> Tensor:
    """One tensor of several states; a variant that does not have it (its threshold does not learn) keeps its own."""
    if name == "batches.cursor" or not present.dim():
        return next((state[name] for state in states if name in state), present)
    rows = [state.get(name, present[number : number + 1]) for number, state in enumerate(states)]
    return torch.cat(rows)


def _of_one(trainer: Trainer, variant: int) -> State:
    """The state of one variant, by the names it has alone; copies."""
    state, draws = trainer.state(), len(trainer.pairs.choices)
    own = {}
    for name, value in state.items():
        numbered, rule = _NUMBERED.match(name), _OF_A_RULE.match(name)
        if numbered:
            is_shared = draws == 1 if name.startswith("pairs.") else f"{numbered[1]}1{numbered[3]}" not in state
            if is_shared or int(numbered[2]) == variant:
                own[f"{numbered[1]}0{numbered[3]}"] = value.clone()
        elif rule:
            rows = trainer.network.layers[int(rule[1])].rules[int(rule[2])].rows
            if rows.start <= variant < rows.stop:
                own[f"layer.{rule[1]}.goodness.0.{rule[3]}"] = _row(value, variant - rows.start)
        elif name == "batches.cursor":
            own[name] = value.clone()
        else:
            own[name] = _row(value, min(variant, len(value) - 1) if value.dim() else 0)
    return own


def _row(value: Tensor, row: int) -> Tensor:
    return value[row : row + 1].clone() if value.dim() else value.clone()
