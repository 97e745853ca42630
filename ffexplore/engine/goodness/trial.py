"""A goodness is tried out when it is registered: what cannot work is refused, what may be meant is told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from numbers import Real
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ffexplore.engine.derivative import SCALES, checked, is_flat, warn_where_other, zero_everywhere
from ffexplore.engine.trial import AWAY_FROM_ZERO, tell, warn_where_random
from ffexplore.errors import SettingsError, unknown_name

if TYPE_CHECKING:
    from ffexplore.engine.goodness.entry import Goodness

WIDTHS = (4, 64)  # of layers; some functions have something to say from some width on only


def try_out(entry: Goodness) -> None:
    """Call an entry on a batch of 3 samples and 4 units; raises SettingsError to refuse it, and warns."""
    h = torch.rand(1, 2, 3, 4, generator=_generator())
    if entry.output not in ("scalar", "per_class"):
        raise SettingsError(unknown_name("value of output,", entry.output, ("scalar", "per_class")))
    state = entry.init(4, 2, [_generator()])
    for name in entry.learned:
        if name not in state:
            raise SettingsError(unknown_name(f"learned tensor of the goodness {entry.name!r},", name, state))
    params = entry.defaults
    kept = h.clone()
    entry(h, params, state, train=True)
    if not torch.equal(h, kept):
        raise SettingsError(f"The goodness {entry.name!r} writes into the activity it is given; it must not.")
    if entry.is_ours:  # tests see to the rest, in more ways than there is time for here
        return
    _check_natural_threshold(entry)
    _check_finite(entry)
    instead = " Draw them from the generator that init is given."
    warn_where_random(
        f"The init of the goodness {entry.name!r}", lambda: [*entry.init(4, 2, [_generator()]).values()], instead
    )
    _check_state(entry, kept)
    if not warn_where_random(f"The goodness {entry.name!r}", lambda: entry(kept, params, state)):
        _check_neighbours(entry)
    _check_derivative(entry, h)
    _check_of_energy(entry, kept)


def _check_state(entry: Goodness, h: Tensor) -> None:
    """Refuse a goodness whose state is changed by a look."""
    state = entry.init(4, 2, [_generator()])
    before = {name: value.clone() for name, value in state.items()}
    entry(h, entry.defaults, state, train=False)
    if any(not torch.equal(state[name], value) for name, value in before.items()):
        raise SettingsError(
            f"The goodness {entry.name!r} writes into its state where train is False, so that a look would change what "
            "is learned; write where train is True alone."
        )


def _check_derivative(entry: Goodness, h: Tensor) -> None:
    params, kept, state = entry.defaults, h.clone(), entry.init(4, 2, [_generator()])
    leaf = h.requires_grad_()
    with torch.enable_grad():
        g = entry(leaf, params, state)
    if "vjp" not in entry.traits:
        if not g.requires_grad:
            raise SettingsError(
                f"The goodness {entry.name!r} lets no derivative through, so that a layer would learn nothing. Use "
                "functions of torch that have one, without detach, item or numpy; or give it as the trait vjp."
            )
        if _learns_nothing(entry):
            smooth = "torch.sigmoid(10 * (activity - 1)) for activity > 1"
            raise SettingsError(zero_everywhere(f"the goodness {entry.name!r}", bool(params), smooth, "vjp"))
        return
    what = f"The vjp of the goodness {entry.name!r}"
    dg = torch.rand(g.shape, generator=_generator(1), dtype=g.dtype)
    stated = checked(what, entry.derivative(kept.clone(), g.detach(), dg, params), h)
    if g.requires_grad:
        (wanted,) = torch.autograd.grad(g, leaf, dg, allow_unused=True, materialize_grads=True)
        warn_where_other(what, stated, wanted)


def _check_of_energy(entry: Goodness, h: Tensor) -> None:
    """Tell where the way by the sum of squares gives another goodness, or another derivative."""
    if entry.of_energy is None or "factor" not in entry.traits:
        return
    leaf, width = h.clone().requires_grad_(), h.shape[-1]
    with torch.enable_grad():
        wanted = entry(leaf, entry.defaults)
        if not wanted.requires_grad:  # there is the closed form alone
            return
        (slope,) = torch.autograd.grad(wanted.sum(), leaf)
    stated = entry.of_energy(h.square().sum(-1), width)
    factor = torch.as_tensor(entry.factor(stated, width))
    for name, one, other in [
        ("of_energy", stated, wanted.detach()),
        ("factor", (factor.unsqueeze(-1) if factor.ndim else factor) * h, slope),
    ]:
        if one.shape != other.shape or not torch.allclose(one, other, rtol=1e-4, atol=1e-6):
            tell(f"The {name} of the goodness {entry.name!r} does not go with its function; layers go by {name}.")


def _check_finite(entry: Goodness) -> None:
    """Refuse a goodness that is not finite for ordinary activities, and tell where it is not for a silent sample."""
    fault = _fault(entry, is_silent=False)
    if fault:
        raise SettingsError(
            f"The goodness {entry.name!r} {fault} nan or infinite for activities between 0 and 3 of which some are "
            f"zero, as after a relu. {AWAY_FROM_ZERO}"
        )
    fault = _fault(entry, is_silent=True)
    if fault:
        tell(
            f"The goodness {entry.name!r} {fault} nan or infinite for a sample at which every unit is silent, as "
            f"happens after a relu; training may stop there. {AWAY_FROM_ZERO}"
        )


def _fault(entry: Goodness, is_silent: bool) -> str:
    """What is not finite at any width: "is" for the goodness, "has a derivative that is", or empty."""
    found = ""
    for width in WIDTHS:
        with suppress(Exception):  # it need not take layers of every width
            found = _fault_at(entry, width, is_silent)
            if not found:
                break
    return found


def _fault_at(entry: Goodness, width: int, is_silent: bool) -> str:
    generator = _generator(3)
    h = torch.randn(1, 2, 3, width, generator=generator).abs().clamp(0.01, 3)
    for row in range(3):  # in which none, a quarter and half of the units are silent
        h[..., row, torch.randperm(width, generator=generator)[: row * width // 4]] = 0
    if is_silent:
        h[..., 0, :] = 0
    leaf = h.clone().requires_grad_()
    with torch.enable_grad():
        g = entry(leaf, entry.defaults, entry.init(width, 2, [_generator()]), train=True)
    if not torch.isfinite(g).all():
        return "is"
    if "vjp" in entry.traits or not g.requires_grad:
        return ""
    (slope,) = torch.autograd.grad(g.sum(), leaf, allow_unused=True, materialize_grads=True)
    return "" if torch.isfinite(slope[h > 0]).all() else "has a derivative that is"  # a silent unit's goes no further


def _learns_nothing(entry: Goodness) -> bool:
    """Whether the derivative is zero for many activities; not where a state has a say, which may change that."""
    if "init" in entry.traits:
        return False
    for width in WIDTHS:
        with suppress(Exception):  # it need not take layers of every width
            if not is_flat(lambda h: entry(h, entry.defaults), _activities(width)):
                return False
    return True


def _activities(width: int) -> Iterator[Tensor]:
    """Activities (1, 2, 3, width) of any size, as after a relu and as after a nonlinearity that goes below zero."""
    generator = _generator(2)
    for scale in SCALES:
        z = scale * torch.randn(1, 2, 3, width, generator=generator)
        yield from (z.relu(), z)


def _check_neighbours(entry: Goodness) -> None:
    """Refuse a goodness that looks across the batch and does not say so, and tell where it does so at inference."""
    # Only one that is given several variants and sides at once can mix them.
    lead = 2 if entry.traits.get("batched", False) else 1
    generator = _generator()
    h, other = (torch.rand(lead, lead, 3, 4, generator=generator) + 0.1 for _ in range(2))
    beside, same_side = 3 * other, 3 * other
    beside[0, 0, 0], same_side[0, 0] = h[0, 0, 0], h[0, 0]
    state = entry.init(4, 2, [_generator()] * lead)

    def asked(h: Tensor, train: bool) -> Tensor:
        own = {name: value[: len(h)].clone() for name, value in state.items()}
        return entry(h, entry.defaults, own, train=train)[0, 0]

    usual = {train: asked(h, train) for train in ((False, True) if state else (False,))}

    def differ(others: Tensor, train: bool, tolerance: float = 1e-4) -> bool:
        largest = float(usual[train].nan_to_num(0, 0, 0).abs().max())
        one, other = usual[train][0], asked(others, train)[0]
        return not torch.allclose(one, other, rtol=tolerance, atol=tolerance * largest, equal_nan=True)

    # A sum over more rows may be rounded in another way, hence the wide tolerance of a row alone.
    at_inference = differ(beside, False) or differ(h[:1, :1, :1], False, 1e-2)
    if not entry.coupled and (at_inference or any(differ(beside, train) for train in usual)):
        raise SettingsError(
            f"The goodness {entry.name!r} looks across the batch: what it gives for a sample depends on those beside "
            "it. If that is not meant, take sums and means over the units alone, as in activity.mean(-1, "
            "keepdim=True). If it is, register it with coupled=True."
        )
    if lead > 1 and entry.coupled and any(differ(same_side, train) for train in usual):
        raise SettingsError(
            f"The goodness {entry.name!r} has the trait batched, but mixes variants or sides: what it gives for one "
            "depends on the others. Look across the samples alone, as in activity.mean(-2, keepdim=True), or leave "
            "batched out: then it is called with one batch (batch, units) at a time."
        )
    if at_inference:
        tell(
            f"The goodness {entry.name!r} looks across the batch at inference, too, so that the class of a sample "
            "depends on those beside it. Keep a running mean in a state (the trait init), and go by that where train "
            "is False."
        )


def _check_natural_threshold(entry: Goodness) -> None:
    natural = entry.traits.get("natural_threshold")
    if natural is None:
        return
    found = entry.natural_threshold(4) if callable(natural) else None
    if not isinstance(found, Real) or not math.isfinite(found):
        got = f"returned {found!r} for 4 units" if callable(natural) else f"is {natural!r}"
        raise SettingsError(
            f"The natural_threshold of the goodness {entry.name!r} {got}; it must be a function of the width that "
            "returns a finite number."
        )


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
