"""The one-pass read-out: a softmax on normalized activities, learned beside the layers; Hinton 2022, section 3.3."""

from __future__ import annotations

import torch
from torch import Tensor

from ffexplore.engine.constants import constant
from ffexplore.engine.diverged import Diverged
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.optimize import FusedStep
from ffexplore.engine.parameters import Gradient, Parameters
from ffexplore.engine.parts import Part, flattened
from ffexplore.engine.watch import Watch

MOMENTUM = 0.9
WATCHED = "the read-out met a gradient that is not finite"


class Readout:
    """A linear classifier on the activities of chosen layers.

    Each layer's activity is scaled to a root mean square of 1, so that its goodness does not come through. It
    starts at zero and learns by the smoothed gradient of the cross-entropy, as in Hinton's MATLAB code.

    Parameters
    ----------
    widths
        Units of every layer of the network.
    classes
        Number of classes.
    variants
        Number of variants K.
    device
        Where the weights lie.
    layers
        Numbers of the layers it sees, from 0.
    """

    def __init__(
        self, widths: tuple[int, ...], classes: int, variants: int, device: torch.device, layers: list[int]
    ) -> None:
        self.widths, self.layers = widths, layers
        self.size = sum(widths[layer] for layer in self.layers)
        zeros = torch.zeros(variants, self.size, classes, device=device)
        self.parameters = Parameters({"activity": (0, self.size)}, zeros, torch.zeros(variants, classes))
        self.parameters.set_optimizer("smoothed", {})
        self.classes = classes
        self.diverged = Diverged(variants)  #: the variants that rest

    def features(self, activities: list[Tensor]) -> Tensor:
        """Normalized activities side by side: each (K, 1, B, units) of every layer -> (K, 1, B, size)."""
        rms = normalizations["rms"]
        return torch.cat([rms(activities[layer], {"epsilon": 1e-8}) for layer in self.layers], -1)

    def logits(self, features: Tensor) -> Tensor:
        """Features (K, 1, B, size) -> logits (K, B, classes)."""
        return Part("activity", features).product(self.parameters)[:, 0] + self.parameters.bias.unsqueeze(1)

    def learn(
        self, features: Tensor, labels: Tensor, rate: float, decay: float, watch: tuple[Watch, int] | None = None
    ) -> Tensor:
        """Take one step on features (K, 1, B, size) with the true labels (K', B).

        With a ``watch``, and the number that the sum of its gradient has there, it is asked of no number; of a single
        variant alone.

        Returns
        -------
        Tensor
            The logits (K, B, classes) from before the step.

        Raises
        ------
        DivergedError
            When the gradient is not finite, of every variant; the weights are untouched.
        """
        logits = self.logits(features)
        variants, rows = logits.shape[:2]
        delta = logits.softmax(-1)
        truth = labels.expand(variants, rows).unsqueeze(-1)
        delta.scatter_add_(2, truth, torch.full_like(truth, -1, dtype=delta.dtype)).div_(rows)
        gradient = self.parameters.gradient
        side = delta.unsqueeze(1)
        flat = flattened(side)
        Part("activity", features).gradient(side, flat, self.parameters)
        torch.sum(flat, -2, out=gradient.bias)
        if watch is not None:
            self._follow(gradient, rate, decay, *watch)
            return logits
        rates = [rate] * variants
        if self.diverged.words or not bool(torch.isfinite(gradient.bias.sum())):
            rates = self._spare(gradient, features, rates)
        self.parameters.update(gradient.flat, rates, MOMENTUM, [decay] * variants)
        return logits

    def _follow(self, gradient: Gradient, rate: float, decay: float, watch: Watch, number: int) -> None:
        """Change the weights unless a number is not finite, here or in a layer, which ends the step, too."""
        spared = watch.see(number, gradient.sums).float()
        parameters = self.parameters
        parameters.flat[:, : parameters.decayed].mul_(1 - (1 - spared) * (rate * decay))
        step = FusedStep([parameters.flat], [gradient.flat], constant(rate, spared), MOMENTUM, spared)
        parameters.optimizer.fused([parameters.optimizer], step)
        parameters.changed()

    def _spare(self, gradient: Gradient, features: Tensor, rates: list[float]) -> list[float]:
        """Leave those variants as they are whose gradient is not finite, or that rest already."""
        sums = gradient.sums
        is_finite = torch.isfinite(sums)
        # Where the features are not finite it is a layer that diverged, and that layer will say so in this very step.
        blamed = torch.where(torch.isfinite(features.sum((1, 2, 3))), sums, 0.0)
        self.diverged.find(blamed, WATCHED)
        gradient.flat[~is_finite] = 0
        kept = [rate if fine else 0.0 for rate, fine in zip(rates, is_finite.tolist(), strict=True)]
        return self.diverged.spare(kept, gradient.flat)
