"""What a trial tells of a function's derivative: whether one comes through, and whether it is stated right."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from ffexplore.engine.rng import stream
from ffexplore.engine.trial import tell
from ffexplore.errors import SettingsError

TRIED_ROWS = 32  # rows of the trial
SCALES = (1.0, 0.1, 10.0, 100.0)  # of the numbers that a function is tried on before its derivative is said to be zero


def why_not_differentiable(function: Callable[[Tensor], Tensor], width: int = 16) -> str:
    """Say why no derivative comes through a function of (B, width), found by trial; empty where one does."""
    rng = stream(0, "trial")
    x = torch.randn(TRIED_ROWS, width, generator=rng).requires_grad_()
    try:
        y = function(x * 1.0)  # an entry may write into what it is given
        gradient = torch.autograd.grad(y, x, torch.randn(y.shape, generator=rng))[0] if y.requires_grad else None
    except RuntimeError as error:  # how torch says that something is not differentiable
        return f"torch says {str(error).rstrip('.')!r}"
    if gradient is None:
        return "torch knows no derivative of it"
    return "" if gradient.any() else "its derivative is zero everywhere"


def is_flat(function: Callable[[Tensor], Tensor], samples: Iterable[Tensor]) -> bool:
    """Whether the derivative of a function is zero, or there is none, for every one of several samples."""
    rng = stream(0, "flat")
    for sample in samples:
        leaf = sample.clone().requires_grad_()
        with torch.enable_grad():
            y = function(leaf)
            # at random weights, since the sum of some functions, such as a softmax, never changes
            total = (y * torch.randn(y.shape, generator=rng)).sum()
        if y.requires_grad and torch.autograd.grad(total, leaf, allow_unused=True, materialize_grads=True)[0].any():
            return False
    return True


def zero_everywhere(what: str, at_defaults: bool, smooth: str, trait: str) -> str:
    """Say that a function's derivative is zero, what is ``smooth`` instead, and the ``trait`` that states another."""
    at = " at the defaults of its parameters" if at_defaults else ""
    return (
        f"The derivative of {what} is zero everywhere{at}, as that of a count, a sign or a rounded number is, so that "
        f"a layer would learn nothing. Use something smooth in its place, as {smooth}; or give a derivative as the "
        f"trait {trait}."
    )


def checked(what: str, stated: object, like: Tensor) -> Tensor:
    """What a derivative in closed form returned, if it is a tensor of the right shape.

    Raises
    ------
    SettingsError
        When it is not.
    """
    if not isinstance(stated, Tensor) or stated.shape != like.shape:
        got = f"shape {tuple(stated.shape)}" if isinstance(stated, Tensor) else type(stated).__name__
        raise SettingsError(f"{what} returned {got}; it must return a Tensor of shape {tuple(like.shape)}.")
    return stated


def warn_where_other(what: str, stated: Tensor, wanted: Tensor) -> None:
    """Warn where a derivative in closed form is another than that of automatic differentiation.

    That may be meant, as with surrogate gradients; where it is not, nothing else would tell.
    """
    near = 1e-6 * max(1.0, float(wanted.abs().max()))
    if not torch.allclose(stated, wanted, rtol=1e-4, atol=near):
        tell(
            f"{what} differs from the derivative that automatic differentiation finds; layers learn by the one that "
            "is given."
        )
