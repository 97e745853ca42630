"""An objective is tried out when it is registered: what cannot work is refused, what may be meant is told."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ffexplore.engine.derivative import SCALES, checked, warn_where_other, zero_everywhere
from ffexplore.engine.objectives.evidence import ARGUMENTS, Evidence
from ffexplore.engine.trial import AWAY_FROM_ZERO, tell, warn_where_random
from ffexplore.errors import SettingsError, unknown_name

if TYPE_CHECKING:
    from ffexplore.engine.objectives.entry import Objective


def try_out(entry: Objective) -> None:
    """Call an entry on three pairs, one of somebody else on many threes; raises SettingsError to refuse it."""
    for name, argument in inspect.signature(entry.function).parameters.items():
        if argument.kind is not argument.KEYWORD_ONLY and name not in ARGUMENTS:
            raise SettingsError(unknown_name(f"argument of the objective {entry.name!r},", name, ARGUMENTS))
    g = torch.tensor([[0.5, 1.0, 2.0]])
    one = torch.ones(1, 1)
    scores, labels = torch.stack([g, g.flip(1)], -1), torch.tensor([[0, 1, 0]])
    evidence = Evidence(g, g.flip(1), one, one, torch.zeros(1, 2, 3), scores, labels)
    params = entry.defaults
    if "classes" in entry.needs:
        entry.gradients(evidence, entry.looked_at, params)
    else:
        entry(evidence, params)
        sides = torch.stack([g, g.flip(1)], 1)
        slope = entry.slope(sides, one.unsqueeze(-1), None, evidence.context, params)
        if "slope" in entry.traits:
            what = f"The slope of the objective {entry.name!r}"
            stated = checked(what, slope, sides)
            if not entry.is_ours and _is_derivable(entry, evidence):  # ours are compared by tests, in more ways
                _, wanted = entry.gradients(evidence, ("positive", "negative"), params)
                warn_where_other(what, stated, torch.stack(wanted, 1))
    if not entry.is_ours:
        _check_finite(entry)
        if "slope" not in entry.traits and _learns_nothing(entry):
            smooth = "torch.sigmoid(negative - positive) for negative > positive"
            raise SettingsError(zero_everywhere(f"the objective {entry.name!r}", bool(params), smooth, "slope"))
        warn_where_random(f"The objective {entry.name!r}", lambda: entry(evidence, params))


def _check_finite(entry: Objective) -> None:
    """Refuse an objective that is not finite for ordinary goodness, and tell where it is not for goodness of zero."""
    usual, silent = _evidence(), _evidence(0.0)
    fault = _fault(entry, usual)
    if fault:
        raise SettingsError(
            f"The objective {entry.name!r} {fault} nan or infinite for goodness between 0 and 3. {AWAY_FROM_ZERO}"
        )
    fault = _fault(entry, silent)
    if fault:
        tell(
            f"The objective {entry.name!r} {fault} nan or infinite where the goodness of both sides is zero, as that "
            f"of samples at which every unit is silent; training may stop there. {AWAY_FROM_ZERO}"
        )


def _fault(entry: Objective, evidence: Evidence) -> str:
    """What is not finite: "is" for the loss, "has a derivative that is", or empty."""
    if not torch.isfinite(entry(evidence, entry.defaults)).all():
        return "is"
    return (
        ""
        if all(bool(torch.isfinite(slope).all()) for slope in _slopes(entry, evidence))
        else "has a derivative that is"
    )


def _slopes(entry: Objective, evidence: Evidence) -> Sequence[Tensor]:
    """The derivative that layers learn by, by whatever the objective looks at."""
    if "slope" in entry.traits and "classes" not in entry.needs:
        sides = torch.stack([evidence.positive, evidence.negative], 1)
        return (entry.slope(sides, evidence.theta.unsqueeze(-1), None, evidence.context, entry.defaults),)
    return entry.gradients(evidence, entry.looked_at, entry.defaults)[1]


def _learns_nothing(entry: Objective) -> bool:
    """Whether the derivative is zero for goodness of any size."""
    return not any(slope.any() for scale in SCALES for slope in _slopes(entry, _evidence(scale)))


def _evidence(scale: float = 1.0) -> Evidence:
    """Goodness and scores from 0 to 3 times the scale of three pairs of two classes in many variants, whose θ is 1."""
    rng = torch.Generator().manual_seed(0)
    sides, scores, context = (3 * scale * torch.rand(20, 3, 2, generator=rng) for _ in range(3))
    labels = torch.tensor([[0, 1, 0]]).expand(20, -1)
    return Evidence(sides[..., 0], sides[..., 1], torch.ones(20, 1), None, context.mT, scores, labels)


def _is_derivable(entry: Objective, evidence: Evidence) -> bool:
    with torch.enable_grad():
        positive, negative = (side.clone().requires_grad_() for side in (evidence.positive, evidence.negative))
        return entry(replace(evidence, positive=positive, negative=negative), entry.defaults).requires_grad
