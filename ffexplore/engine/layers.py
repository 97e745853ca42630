"""One Forward-Forward layer: projection, activity, goodness, local gradient, update."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine import products
from ffexplore.engine.activations import Activation
from ffexplore.engine.diverged import Diverged
from ffexplore.engine.goodness import Goodness, State
from ffexplore.engine.judgement import Given, judge, of_label
from ffexplore.engine.learned import Learned, Threshold
from ffexplore.engine.objectives import Evidence, Objective
from ffexplore.engine.optimize import calm
from ffexplore.engine.parameters import Parameters
from ffexplore.engine.parts import Part
from ffexplore.engine.scratch import Scratch

LOSS_INTERVAL = 4  # the loss is only looked at, so every fourth batch will do
Pull = Callable[[Tensor], Tensor]
Others = Mapping[str, Tensor]


@dataclass
class Rule:
    """How neighbouring variants of a layer learn: rows of the variant axis, goodness and objective.

    ``learned`` holds the tensors of the goodness that follow the gradient, for an entry that has some.
    """

    rows: slice
    goodness: Goodness
    goodness_params: dict[str, Any]
    objective: Objective
    objective_params: dict[str, Any]
    learned: Learned | None = None


class Layer:
    """A stack of K variants of one fully connected layer.

    Attributes
    ----------
    parameters
        Weights, bias and optimizer.
    rules
        Goodness and objective of the variants.
    theta, scale
        Threshold and logit scale, (K, 1); the scale is None where it is 1.
    threshold
        The threshold as something that learns, or None where it is given.
    rates, decays
        Learning rate and weight decay of each variant.
    diverged
        The variants that rest, because they met a value that is not finite; shared by the layers of a network.
    """

    def __init__(self, number: int, parameters: Parameters, activation: Activation) -> None:
        self.number, self.parameters, self.activation = number, parameters, activation
        device = parameters.flat.device
        variants, units = parameters.variants, parameters.units
        self.rules: list[Rule] = []
        self.states: list[dict[str, Tensor]] = []
        self.theta = torch.zeros(variants, 1, device=device)
        self.scale: Tensor | None = None
        self.threshold: Threshold | None = None
        self.usual: State | None = None  #: what a normalization keeps of the activity passed on, (K, units)
        self.usual_for: object = None  # that normalization
        self.rates: Sequence[float] = [0.0] * variants
        self.decays: Sequence[float] = [0.0] * variants
        self.momentum, self.dropout, self.peer = 0.9, 0.0, 0.0
        self.peer_mean = torch.full((variants, units), 0.5, device=device)
        self.loss_sum = torch.zeros(variants, device=device)
        self.loss_count = 0
        self._learned = 0
        self.diverged = Diverged(variants)

    @property
    def units(self) -> int:
        """Number of units."""
        return self.parameters.units

    def project(self, parts: list[Part], scratch: Scratch | None = None) -> Tensor:
        """The pre-activation ``Σ x W' + b``, (K, S, B, units) float32.

        It is a fresh tensor or, with ``scratch``, a buffer that the next projection overwrites.
        """
        first, *others = sorted(parts, key=lambda part: -part.x.shape[1])
        parameters = self.parameters
        if first.scale is None and not first.is_kept(parameters):
            weight = parameters.weight_for(first.source, first.x.dtype)
            total = products.project(first.x, weight, parameters.added, scratch)
            for part in others:
                total = _add(total, part.scaled_product(parameters))
            return total
        # What all sides share is summed first, while it is small.
        shared = parameters.bias[:, None, None, :]
        for part in others:
            shared = shared + part.scaled_product(parameters)
        product = first.product(parameters).float()
        out = None
        if scratch is not None:
            scales = () if first.scale is None else (first.scale.unsqueeze(-1).shape,)
            shape = torch.broadcast_shapes(shared.shape, product.shape, *scales)
            out = scratch.get("z", shape, shared.dtype, shared.device)
        if first.scale is None:
            return torch.add(shared, product, out=out)
        return torch.addcmul(shared, product, first.scale.unsqueeze(-1), out=out)

    def activate(self, z: Tensor, masks: Tensor | None = None) -> Tensor:
        """The activity (K, S, B, units) of a pre-activation, which may be overwritten; masks are those of dropout."""
        h: Tensor = self.activation.function(z)
        return h if masks is None else h.mul_(masks)

    def measure(self, h: Tensor, labels: Tensor | None = None) -> Tensor:
        """The goodness (K, S, B) of activities (K, S, B, units).

        A goodness with a score a class is that of the ``labels`` (K', S', B); where S is 1, S' may be larger. Without
        labels all its scores are given, (K, S, B, C).
        """
        if len(self.rules) == 1:
            rule = self.rules[0]
            g = rule.goodness(h, rule.goodness_params, self.states[0])
        else:
            g = torch.cat(
                [
                    rule.goodness(h[rule.rows], rule.goodness_params, state)
                    for rule, state in zip(self.rules, self.states, strict=True)
                ]
            )
        return g if g.ndim == 3 or labels is None else of_label(g, labels)

    def learn(self, parts: list[Part], h: Tensor, masks: Tensor | None = None, labels: Tensor | None = None) -> None:
        """Take one step down the layer's own objective; ``h`` (K, 2, B, units) may be overwritten.

        ``labels`` (K', S', B) are the classes that the sides are said to have, for a goodness with a score a class;
        then ``h`` may have a single side.

        Raises
        ------
        DivergedError
            When the loss or the gradient is not finite, of every variant; the weights are untouched. A variant that
            meets such a value while others go on keeps its weights from then on.
        """
        self.meet_peers(h)
        self.accumulate(parts, self.delta(h, masks, labels=labels))

    def meet_peers(self, h: Tensor) -> None:
        """Bring the mean activities that peer normalization goes by up to date; ``h`` (K, 2, B, units)."""
        if self.peer:
            self.peer_mean.lerp_(h[:, 0].mean(1), 0.1)

    def delta(
        self, h: Tensor, masks: Tensor | None = None, others: Others | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """The derivative of the layer's mean loss by the pre-activation, (K, S, B, units).

        Parameters
        ----------
        h
            Activity (K, S, B, units), which may be overwritten; two sides, or one that both share.
        masks
            Those of dropout.
        others
            What the other layers say of the batch, by the name of the choice among them; for an objective that asks.
        labels
            Classes (K', S', B) that the sides are said to have, for a goodness with a score a class.

        Raises
        ------
        DivergedError
            When the loss is not finite.
        """
        pieces, losses = [], []
        want_loss = self._learned % LOSS_INTERVAL == 0
        self._learned += 1
        alone = len(self.rules) == 1  # and then every variant follows it
        for rule, state in zip(self.rules, self.states, strict=True):
            if alone:
                rows, theta, scale, mask = h, self.theta, self.scale, masks
            else:
                rows, theta = h[rule.rows], self.theta[rule.rows]
                scale = None if self.scale is None else self.scale[rule.rows]
                mask = None if masks is None else masks.expand_as(h)[rule.rows]
            g, pull = self._evidence(rule, state, rows, mask)
            context = None if others is None else others[rule.objective.listens_to][rule.rows]
            if g.ndim == 3 and self.threshold is None:
                evidence = Evidence(g[:, 0], g[:, 1], theta, scale, context)
                loss, positive, negative = rule.objective.loss_and_slope(evidence, rule.objective_params, want_loss)
                slope = torch.stack([positive, negative], 1)
            else:
                loss, slope = self._judged(rule, g, Given(theta, scale, context, self.threshold is not None), labels)
            if want_loss and loss is not None:
                losses.append(loss.mean(1))
            pieces.append(pull(slope / h.shape[2]))
        delta = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
        if masks is not None:
            delta = delta.mul_(masks)
        if losses:
            self._note(losses)
        return delta

    def _judged(self, rule: Rule, g: Tensor, given: Given, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """The loss of each pair and its derivative by the goodness: for scores of classes, or a learning threshold."""
        if g.ndim == 4:
            assert labels is not None
            labels = labels.expand(self.parameters.variants, -1, -1)[rule.rows]
        else:
            labels = None
        judged = judge(rule.objective, rule.objective_params, g, given, labels)
        if self.threshold is not None and judged.by_theta is not None:
            self.threshold.pull(rule.rows, judged.by_theta / g.shape[2])
        return judged.loss, judged.by_goodness

    def _note(self, losses: list[Tensor]) -> None:
        """Add the losses of all variants to the running sum; each (rows of a rule,)."""
        loss = losses[0] if len(losses) == 1 else torch.cat(losses)
        if not math.isfinite(float(loss.sum())):
            self.diverged.find(loss, f"layer {self.number + 1} met a loss that is not finite")
        self.loss_sum += loss
        self.loss_count += 1

    def _evidence(self, rule: Rule, state: dict[str, Tensor], h: Tensor, masks: Tensor | None) -> tuple[Tensor, Pull]:
        """The goodness (K, 2, B), and what carries its derivative back to the activity before dropout's factor."""
        entry, params = rule.goodness, rule.goodness_params
        # The derivative of a relu is 0 where h is 0: there the derivative of such a goodness is 0 already.
        implied = entry.rests_at_zero and self.activation.name == "relu"
        if "vjp" in entry.traits:
            g = entry(h, params, state, train=True)

            def closed_form(dg: Tensor) -> Tensor:
                dh = entry.derivative(h if implied else h.clone(), g, dg, params, state)
                assert dh is not None
                return dh if implied else self._through_activation(dh, h, masks)

            return g, closed_form
        leaf = h.detach().requires_grad_()
        learned = rule.learned
        leaves = learned.leaves() if learned is not None else {}
        with torch.enable_grad():
            g = entry(leaf, params, state | leaves, train=True)

        def automatic(dg: Tensor) -> Tensor:
            if not g.requires_grad:
                return torch.zeros_like(h)
            dh, *others = torch.autograd.grad(g, (leaf, *leaves.values()), dg, allow_unused=True)
            if learned is not None:
                learned.take(others)
            return torch.zeros_like(h) if dh is None else self._through_activation(dh, h, masks)

        return g.detach(), automatic

    def _through_activation(self, dh: Tensor, h: Tensor, masks: Tensor | None) -> Tensor:
        """Carry a derivative by the activity back to the pre-activation, but for dropout's factor."""
        # Dropout scaled h; where it silenced a unit the value is of no account, its derivative is masked.
        undone = h if masks is None or self.activation.by_sign else h / masks.clamp(min=1e-6)
        return self.activation.backward(dh, undone)

    def delta_from_above(self, dh: Tensor, h: Tensor, masks: Tensor | None = None) -> Tensor:
        """The derivative by the pre-activation, (K, 2, B, units), of a loss whose derivative by the activity is ``dh``.

        ``dh`` may be overwritten.
        """
        delta = self._through_activation(dh, h, masks)
        return delta if masks is None else delta.mul_(masks)

    def accumulate(self, parts: list[Part], delta: Tensor) -> None:
        """Turn the derivative by the pre-activation into a change of weights, unless it is not finite.

        ``delta`` (K, 2, B, units) may be overwritten.
        """
        if self.peer:
            pull = self.peer_mean.mean(1, keepdim=True) - self.peer_mean
            delta[:, 0] -= (self.peer / delta.shape[2]) * pull.unsqueeze(1)
        gradient = self.parameters.gradient()
        for part in parts:
            scaled = delta if part.scale is None else delta * part.scale.unsqueeze(-1)
            products.gradient(part.x, scaled, gradient.rows[part.source])
        torch.sum(delta, (1, 2), out=gradient.bias)
        beside = self._beside()
        # A sum of squares or products that overflowed anywhere above shows here, before the weights are touched.
        if not (math.isfinite(float(gradient.bias.sum())) and all(learned.is_finite for _, _, learned in beside)):
            words = f"layer {self.number + 1} met a gradient that is not finite"
            self.diverged.find(gradient.bias.sum(1), words)
            for _, rows, learned in beside:
                self.diverged.find(learned.sums, words, rows.start or 0)
        rates = self.rates
        if self.diverged.words:
            rates = self.diverged.spare(rates, gradient.flat)
            for _, rows, learned in beside:
                learned.spare(self.diverged, rows)
        self.parameters.update(gradient.flat, rates, self.momentum, self.decays)
        for _, rows, learned in beside:
            learned.step(rates[rows], self.momentum)

    def _beside(self) -> list[tuple[str, slice, Learned]]:
        """What learns beside the weights: its name in the state, its variants, its tensors."""
        beside: list[tuple[str, slice, Learned]] = [
            (f"goodness.{n}", rule.rows, rule.learned) for n, rule in enumerate(self.rules) if rule.learned is not None
        ]
        return beside if self.threshold is None else [*beside, ("threshold", slice(None), self.threshold)]

    def set_optimizer(self, name: str, params: Mapping[str, Any]) -> None:
        """Begin with fresh optimizers."""
        self.parameters.set_optimizer(name, params)
        for _, _, learned in self._beside():
            learned.set_optimizer(name, params)

    def calm(self) -> None:
        """Clear what is left of long past gradients in the optimizers."""
        self.parameters.calm()
        for _, _, learned in self._beside():
            calm(learned.optimizer)

    def take_loss(self) -> Tensor:
        """The mean loss (K,) of a sample of the batches since the last call; nan where it did not learn meanwhile."""
        mean = self.loss_sum / self.loss_count if self.loss_count else torch.full_like(self.loss_sum, float("nan"))
        self.loss_sum, self.loss_count, self._learned = torch.zeros_like(self.loss_sum), 0, 0
        return mean

    def state(self) -> dict[str, Tensor]:
        """Every tensor that makes up the present state, by name; no copies."""
        own = {f"goodness.{n}.{key}": value for n, state in enumerate(self.states) for key, value in state.items()}
        own |= {f"normalization.{key}": value for key, value in (self.usual or {}).items()}
        for owner, _, learned in self._beside():
            own |= {f"{owner}.{key}": value for key, value in learned.state().items()}
        return {**self.parameters.state(), "peer_mean": self.peer_mean, **own}


def _add(total: Tensor, product: Tensor) -> Tensor:
    """Add a product (K, S or 1, B, units) to the sum of the others, in place where it fits."""
    return total.add_(product) if product.shape[1] <= total.shape[1] else total + product
