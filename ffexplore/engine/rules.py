"""What a layer makes of its activity, and the derivative that follows from it: from h to g, L and dL/dz."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ffexplore.engine.activations import Activation
from ffexplore.engine.constants import constant
from ffexplore.engine.energy import energy
from ffexplore.engine.goodness import Goodness, State
from ffexplore.engine.judgement import Given, judge
from ffexplore.engine.learned import Learned, Threshold
from ffexplore.engine.objectives import Evidence, Objective

Pull = Callable[[Tensor, float], Tensor]  #: from the slope (K, S, B) and the weight of a pair to (K, S, B, units)
Others = Mapping[str, Tensor]


class Activity(NamedTuple):
    """What a layer says of a batch, on which its rules work; K variants, S sides (two, or one that both share), B rows.

    The activity (K, S, B, units), its sum of squares over the units (K, S, B) where somebody computed it, dropout's
    factors, what the other layers say, and the classes (K', S', B) that the sides are said to have.
    """

    h: Tensor
    energy: Tensor | None = None
    masks: Tensor | None = None
    others: Others | None = None
    labels: Tensor | None = None

    def rows(self, variants: slice) -> Activity:
        """That of some variants."""
        h, energy, masks, others, labels = self
        return Activity(
            h[variants],
            None if energy is None else energy[variants],
            None if masks is None else masks.expand_as(h)[variants],
            None if others is None else {name: value[variants] for name, value in others.items()},
            None if labels is None else labels.expand(len(h), -1, -1)[variants],
        )


@dataclass
class Rule:
    """How neighbouring variants of a layer learn: rows of the variant axis, goodness and objective.

    ``learned`` holds the tensors of the goodness that follow the gradient, for an entry that has some. Threshold and
    logit scale are (rows, 1, 1), the scale None where it is 1; ``threshold`` is given where the threshold learns.
    """

    rows: slice
    goodness: Goodness
    goodness_params: dict[str, Any]
    objective: Objective
    objective_params: dict[str, Any]
    activation: Activation
    learned: Learned | None = None
    state: State = field(default_factory=dict)
    theta: Tensor = field(default_factory=lambda: torch.zeros(1, 1, 1))
    scale: Tensor | None = None
    threshold: Threshold | None = None

    def __post_init__(self) -> None:
        # The derivative of a relu is 0 where h is 0: there the derivative of such a goodness is 0 already.
        self._implied = self.goodness.rests_at_zero and self.activation.name == "relu"
        self._of_energy = self.goodness.of_energy
        self._slope = self.objective.slope
        self._evidence: Callable[[Activity], tuple[Tensor, Pull]] = self._automatic
        if "vjp" in self.goodness.traits:
            self._evidence = self._by_energy if self._of_energy and self._implied else self._closed_form

    def measure(self, h: Tensor, known: Tensor | None = None, train: bool = False) -> Tensor:
        """The goodness (K, S, B) of activities, whose energy may be known, or scores of all classes (K, S, B, C).

        ``train`` tells that it is a training batch, whose own means count; the running ones stay as they are.
        """
        if self._of_energy is not None and known is not None:
            return self._of_energy(known, h.shape[-1])
        state = {name: value.clone() for name, value in self.state.items()} if train else self.state
        return self.goodness(h, self.goodness_params, state, train=train)

    def delta(self, activity: Activity, share: float, want_loss: bool) -> tuple[Tensor, Tensor | None]:
        """The derivative of the loss by the pre-activation, and the loss of each pair (K, B).

        ``share`` is the weight of a pair in the loss. The activity may be overwritten.
        """
        g, pull = self._evidence(activity)
        context = None if activity.others is None else activity.others[self.objective.listens_to]
        if g.ndim == 4 or self.threshold is not None:
            loss, slope = self._judged(g, context, activity.labels, share)
            return pull(slope, share), loss
        slope = self._slope(g, self.theta, self.scale, context, self.objective_params)
        return pull(slope, share), self._loss(g, context) if want_loss else None

    def _loss(self, g: Tensor, context: Tensor | None) -> Tensor:
        scale = None if self.scale is None else self.scale[:, 0]
        return self.objective(Evidence(g[:, 0], g[:, 1], self.theta[:, 0], scale, context), self.objective_params)

    def _judged(self, g: Tensor, context: Tensor | None, labels: Tensor | None, share: float) -> tuple[Tensor, Tensor]:
        """The loss and its derivative by the goodness: for scores of classes, or where the threshold learns."""
        scale = None if self.scale is None else self.scale[:, 0]
        given = Given(self.theta[:, 0], scale, context, self.threshold is not None)
        labels = labels.expand(len(g), -1, -1) if labels is not None and g.ndim == 4 else None
        judged = judge(self.objective, self.objective_params, g, given, labels)
        if self.threshold is not None and judged.by_theta is not None:
            self.threshold.pull(self.rows, judged.by_theta * share)
        return judged.loss, judged.by_goodness

    def _by_energy(self, activity: Activity) -> tuple[Tensor, Pull]:
        """The goodness, and what carries its derivative back: g is a function of the energy, and dg/dz = factor · h."""
        h, width = activity.h, activity.h.shape[-1]
        assert self._of_energy is not None
        g = self._of_energy(energy(h) if activity.energy is None else activity.energy, width)
        factor = self.goodness.factor(g, width)

        def pull(slope: Tensor, share: float) -> Tensor:
            weight = factor * share
            slope = slope.mul_(weight if isinstance(weight, Tensor) else constant(weight, slope))
            return through_dropout(h.mul_(slope.unsqueeze(-1)), activity.masks)

        return g, pull

    def _closed_form(self, activity: Activity) -> tuple[Tensor, Pull]:
        """The same where the goodness states its derivative."""
        h, entry, params = activity.h, self.goodness, self.goodness_params
        g = entry(h, params, self.state, train=True)

        def pull(slope: Tensor, share: float) -> Tensor:
            dh = entry.derivative(h if self._implied else h.clone(), g, slope.mul_(share), params, self.state)
            assert dh is not None
            if self._implied:
                return through_dropout(dh, activity.masks)
            return through_activation(self.activation, dh, h, activity.masks)

        return g, pull

    def _automatic(self, activity: Activity) -> tuple[Tensor, Pull]:
        """The same by automatic differentiation of the goodness alone."""
        h, learned = activity.h, self.learned
        leaf, leaves = h.detach().requires_grad_(), {} if learned is None else learned.leaves()
        with torch.enable_grad():
            g = self.goodness(leaf, self.goodness_params, self.state | leaves, train=True)

        def pull(slope: Tensor, share: float) -> Tensor:
            if not g.requires_grad:
                return torch.zeros_like(h)
            dh, *others = torch.autograd.grad(g, (leaf, *leaves.values()), slope.mul_(share), allow_unused=True)
            if learned is not None:
                learned.take(others)
            return torch.zeros_like(h) if dh is None else through_activation(self.activation, dh, h, activity.masks)

        return g.detach(), pull


def through_activation(activation: Activation, dh: Tensor, h: Tensor, masks: Tensor | None) -> Tensor:
    """Carry a derivative by the activity back to the pre-activation, through dropout, too; may overwrite ``dh``."""
    return activation.backward(through_dropout(dh, masks), undropped(activation, h, masks))


def undropped(activation: Activation, h: Tensor, masks: Tensor | None) -> Tensor:
    """An activity as it was before dropout; where that silenced a unit the value is of no account."""
    return h if masks is None or activation.by_sign else h / masks.clamp(min=1e-6)


def through_dropout(dh: Tensor, masks: Tensor | None) -> Tensor:
    """The derivative by an activity before dropout, from that after it, which may be overwritten."""
    return dh if masks is None else dh.mul_(masks)
