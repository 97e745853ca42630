"""One Forward-Forward layer: projection, activity, goodness, and the gradient of its own objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine import products
from ffexplore.engine.activations import Activation
from ffexplore.engine.diverged import Diverged
from ffexplore.engine.goodness import State
from ffexplore.engine.judgement import of_label
from ffexplore.engine.learned import Learned, Threshold
from ffexplore.engine.optimize import calm
from ffexplore.engine.parameters import Parameters
from ffexplore.engine.parts import Part, by_sides, flattened
from ffexplore.engine.rules import Activity, Rule, through_dropout, undropped
from ffexplore.engine.scratch import Space

PEER_START = 0.5  # mean activity of a unit before the first batch
LOSS_INTERVAL = 16  # the loss is only looked at, so a sample of the batches will do
Beside = list[tuple[str, slice, Learned]]


class Layer:
    """A stack of K variants of one fully connected layer.

    Attributes
    ----------
    parameters
        Weights, bias and optimizer.
    rules
        Goodness and objective of the variants.
    states
        What the goodness of each rule learns or keeps.
    theta, scale
        Threshold and logit scale, (K, 1); the scale is None where it is 1.
    threshold
        The threshold as something that learns, or None where it is given.
    rates, decays
        Learning rate and weight decay of each variant.
    diverged
        The variants that rest, because they met a value that is not finite; shared by the layers of a network.
    learned
        Batches since the loss was last asked for.
    loss
        The mean loss (K,) of the batch at hand, where it was looked at; counted once the weights have changed.
    """

    def __init__(self, number: int, parameters: Parameters, activation: Activation) -> None:
        self.number, self.parameters, self.activation = number, parameters, activation
        device = parameters.flat.device
        variants, units = parameters.variants, parameters.units
        self.follow([])
        self.states: list[State] = []
        self.theta = torch.zeros(variants, 1, device=device)
        self.scale: Tensor | None = None
        self.threshold: Threshold | None = None
        self.usual: State | None = None  #: what a normalization keeps of the activity passed on, (K, units)
        self.usual_for: object = None  # that normalization
        self.rates: Sequence[float] = [0.0] * variants
        self.decays: Sequence[float] = [0.0] * variants
        self.momentum = 0.9
        self.dropout = (0.0,) * variants  #: share of the units of each variant that are silenced in training
        self.peer: Tensor | None = None  #: pull of peer normalization on each variant, (K, 1); None where there is none
        self.peer_mean = torch.full((variants, units), PEER_START, device=device)
        self.loss: Tensor | None = None
        self.loss_sum = torch.zeros(variants, device=device)
        self.loss_count = 0
        self.learned = 0
        self.diverged = Diverged(variants)

    def follow(self, rules: Sequence[Rule]) -> None:
        """Learn by these rules from now on."""
        self.rules = list(rules)
        #: whether the goodness of a variant follows from the sum of squares of the activity
        self.asks_energy = any(rule.goodness.of_energy is not None for rule in rules)

    @property
    def units(self) -> int:
        """Number of units."""
        return self.parameters.units

    def project(self, parts: list[Part], space: Space | None = None) -> Tensor:
        """The pre-activation ``Σ x W' + b``, (K, S, B, units) float32; with ``space`` it lies there."""
        parameters = self.parameters
        first, *others = by_sides(parts) if len(parts) > 1 else parts
        if others and (first.scale is not None or first.is_kept(parameters)):
            return self._shared_first(first, others, space)
        z = self._begun(first, space)
        for part in others:
            product = part.scaled_product(parameters, space)
            z = z.add_(product) if part.sides <= z.shape[1] else z + product
        return z

    def _begun(self, part: Part, space: Space | None) -> Tensor:
        """``x W' + b`` of one part."""
        parameters = self.parameters
        x, weight = part.stacks(parameters.variants)[0], parameters.weight_for(part.source, part.x.dtype)
        if space is not None and part.sides == len(space.sides):
            products.project(x, weight, parameters.added, space.rows, space.halves)
            return space.z
        z = products.project(x, weight, parameters.added)
        return z.view(parameters.variants, part.sides, part.rows, parameters.units)

    def _shared_first(self, first: Part, others: list[Part], space: Space | None) -> Tensor:
        """The same where the rows of the largest product are scaled: what sides share is summed while it is small."""
        parameters = self.parameters
        shared = parameters.bias[:, None, None, :]
        for part in others:
            shared = shared + part.scaled_product(parameters)
        product = first.product(parameters).float()
        out = None if space is None else space.z
        if first.scale is None:
            return torch.add(shared, product, out=out)
        return torch.addcmul(shared, product, first.scale.unsqueeze(-1), out=out)

    def activate(self, z: Tensor, masks: Tensor | None = None, train: bool = False) -> tuple[Tensor, Tensor | None]:
        """The activity (K, S, B, units) of a pre-activation, which may be overwritten; masks are those of dropout.

        With it come the factors by which a derivative by the activity is multiplied on its way back, before
        ``Activation.backward``: the masks, and to ``train`` the slope where the activation does not state it.
        """
        if train and not self.activation.states_derivative:
            h, slope = self.activation.with_slope(z)
            return (h, slope) if masks is None else (h.mul_(masks), slope.mul_(masks))
        h = self.activation.function(z)
        return (h, None) if masks is None else (h.mul_(masks), masks)

    def pass_apart(self, z: Tensor, masks: Tensor | None = None) -> Tensor | None:
        """What goes on to the layers above from a pre-activation, which stays; None where that is the activity."""
        if not self.activation.goes_apart:
            return None
        up = self.activation.up(z)
        return up if masks is None else up.mul_(masks)

    def measure(
        self, h: Tensor, labels: Tensor | None = None, energy: Tensor | None = None, train: bool = False
    ) -> Tensor:
        """The goodness (K, S, B) of activities (K, S, B, units), whose ``energy`` may be known.

        A goodness with a score a class is that of the ``labels`` (K', S', B); where S is 1, S' may be larger. Without
        labels all its scores are given, (K, S, B, C). ``train`` is as in ``Rule.measure``.
        """
        if len(self.rules) == 1:
            g = self.rules[0].measure(h, energy, train)
        else:
            pieces = ((rule, None if energy is None else energy[rule.rows]) for rule in self.rules)
            g = torch.cat([rule.measure(h[rule.rows], known, train) for rule, known in pieces])
        return g if g.ndim == 3 or labels is None else of_label(g, labels)

    def meet_peers(self, h: Tensor) -> None:
        """Bring the mean activities that peer normalization goes by up to date; ``h`` (K, 2, B, units)."""
        assert self.peer is not None
        self.peer_mean.lerp_(h[:, 0].mean(1), 0.1 * (self.peer > 0))

    def delta(self, activity: Activity) -> Tensor:
        """The derivative of the layer's mean loss by the pre-activation, (K, S, B, units).

        The activity may be overwritten; it has two sides, or one that both share. Every few batches the loss is noted.
        """
        want_loss = self.looks_at_loss
        share = 1 / activity.h.shape[2]
        if len(self.rules) == 1:  # and then every variant follows it
            delta, loss = self.rules[0].delta(activity, share, want_loss)
        else:
            found = [rule.delta(activity.rows(rule.rows), share, want_loss) for rule in self.rules]
            delta = torch.cat([piece for piece, _ in found])
            losses = [loss for _, loss in found if loss is not None]
            loss = torch.cat(losses) if losses else None
        self.has_learned(loss.mean(1) if want_loss and loss is not None else None)
        return delta

    def delta_from_above(self, du: Tensor, up: Tensor, masks: Tensor | None = None) -> Tensor:
        """The derivative by the pre-activation, (K, 2, B, units), of a loss whose derivative by ``up`` is ``du``.

        ``up`` is what the layer passed on; ``du`` may be overwritten.
        """
        activation = self.activation
        return activation.up_backward(through_dropout(du, masks), undropped(activation, up, masks))

    def gradient(self, parts: list[Part], delta: Tensor, space: Space | None = None) -> None:
        """From the derivative by the pre-activation (K, 2, B, units), which may be overwritten, to that by the weights.

        It lies in the parameters' buffer until ``Update`` changes the weights by it.
        """
        if self.peer is not None:
            pull = self.peer_mean.mean(1, keepdim=True) - self.peer_mean
            delta[:, 0] -= (self.peer / delta.shape[2] * pull).unsqueeze(1)
        if space is not None and delta is not space.z:
            space = None
        rows = flattened(delta) if space is None else space.rows
        for part in parts:  # in this order: an overlaid label writes over the rows of the blank in the image
            part.gradient(delta, rows, self.parameters, space)
        torch.sum(rows, -2, out=self.parameters.gradient.bias)

    def beside(self) -> Beside:
        """What learns beside the weights: its name in the state, its variants, its tensors."""
        beside: Beside = [
            (f"goodness.{n}", rule.rows, rule.learned) for n, rule in enumerate(self.rules) if rule.learned is not None
        ]
        return beside if self.threshold is None else [*beside, ("threshold", slice(None), self.threshold)]

    def set_optimizer(self, name: str, params: Mapping[str, Any]) -> None:
        """Begin with fresh optimizers."""
        self.parameters.set_optimizer(name, params)
        for _, _, learned in self.beside():
            learned.set_optimizer(name, params)

    def calm(self) -> None:
        """Clear what is left of long past gradients in the optimizers."""
        self.parameters.calm()
        for _, _, learned in self.beside():
            calm(learned.optimizer)

    @property
    def looks_at_loss(self) -> bool:
        """Whether the loss of the next batch is to be noted."""
        return self.learned % LOSS_INTERVAL == 0

    def has_learned(self, loss: Tensor | None) -> None:
        """Note that there is a gradient of one more batch, and its mean loss (K,) where that was looked at."""
        self.learned += 1
        self.loss = loss

    def count_loss(self) -> None:
        """Add the loss of the batch at hand to the running sum."""
        assert self.loss is not None
        self.loss_sum += self.loss
        self.loss_count, self.loss = self.loss_count + 1, None

    def take_loss(self) -> Tensor:
        """The mean loss (K,) of a sample of the batches since the last call; nan where it did not learn meanwhile."""
        mean = self.loss_sum / self.loss_count if self.loss_count else torch.full_like(self.loss_sum, float("nan"))
        self.loss_sum.zero_()  # there, for a graph goes on adding to it
        self.loss_count, self.learned = 0, 0
        return mean

    def state(self) -> dict[str, Tensor]:
        """Every tensor that makes up the present state, by name; no copies."""
        own = {f"goodness.{n}.{key}": value for n, state in enumerate(self.states) for key, value in state.items()}
        own |= {f"normalization.{key}": value for key, value in (self.usual or {}).items()}
        for owner, _, learned in self.beside():
            own |= {f"{owner}.{key}": value for key, value in learned.state().items()}
        return {**self.parameters.state(), "peer_mean": self.peer_mean, **own}
