"""How layers come by new weights: small ones all at once, after one look whether every number is finite."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ffexplore.engine.constants import constant
from ffexplore.engine.diverged import Diverged
from ffexplore.engine.layers import Layer
from ffexplore.engine.optimize import AdamStep, FusedStep, decay
from ffexplore.engine.watch import Watch
from ffexplore.errors import DivergedError

# Numbers in the gradients of layers that change together. A call costs as much as some ten thousand of them; the
# gradient of a larger layer would leave the cache before it is used, and memory would grow with the depth.
TOGETHER = 1 << 18
WATCHED = ("loss", "gradient")  # of each layer, by its sum


def lay_gradients(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Give layers their buffers for the gradient, and say which of them change together: neighbours that are small.

    On a GPU, where a launch and a look at a number cost as much as much arithmetic, all of them do. One buffer serves
    all groups, one after the other.
    """
    groups: list[list[Layer]] = []
    sizes: list[int] = []
    for layer in layers:
        size = layer.parameters.flat.numel()
        if groups and (layer.parameters.flat.is_cuda or sizes[-1] + size <= TOGETHER):
            groups[-1].append(layer)
            sizes[-1] += size
        else:
            groups.append([layer])
            sizes.append(size)
    buffer = torch.empty(max(sizes), device=layers[0].parameters.flat.device)
    for group in groups:
        sizes = [layer.parameters.flat.numel() for layer in group]
        for layer, part in zip(group, buffer[: sum(sizes)].split(sizes), strict=True):
            layer.parameters.place_gradient(part)
    return groups


def updates(groups: Sequence[Sequence[Layer]], learning: Collection[int]) -> dict[int, Update]:
    """What is to be done once the gradient of a layer is there, by its number, where only some layers learn."""
    learners = [[layer for layer in group if layer.number in learning] for group in groups]
    return {group[-1].number: Update(group) for group in learners if group}


class Update:
    """The change of weights of layers that change together.

    Parameters
    ----------
    layers
        Layers whose gradients lie in their buffers at the same time.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self._gradients = [layer.parameters.gradient for layer in layers]
        self._biases = [gradient.bias for gradient in self._gradients]
        optimizers = [layer.parameters.optimizer for layer in layers]
        self._at_once: AdamStep | None = None
        if AdamStep.serves(optimizers):
            flats = [layer.parameters.flat for layer in layers]
            self._at_once = AdamStep(optimizers, flats, [gradient.flat for gradient in self._gradients])
        #: number of the layer here, its variants, what learns beside the weights
        self._beside = [
            (number, rows, learned) for number, layer in enumerate(layers) for _, rows, learned in layer.beside()
        ]
        self._decayed = [number for number, layer in enumerate(layers) if any(layer.decays)]

    def __call__(self) -> None:
        """Change the weights by the gradients, but for variants in which a number is not finite.

        Raises
        ------
        DivergedError
            When that is so of every variant; the weights are untouched.
        """
        diverged = self.layers[0].diverged
        if not self._is_finite():
            self._find(diverged)
        rates = self._spare(diverged) if diverged.words else [layer.rates for layer in self.layers]
        momentum = self.layers[0].momentum
        for number in self._decayed:
            layer = self.layers[number]
            decay(layer.parameters.flat, layer.parameters.decayed, rates[number], layer.decays)
        if self._at_once is not None and rates.count(rates[0]) == len(rates):
            self._at_once(rates[0], momentum)
        else:
            for layer, gradient, own in zip(self.layers, self._gradients, rates, strict=True):
                layer.parameters.optimizer.step(layer.parameters.flat, gradient.flat, own, momentum)
        for number, rows, learned in self._beside:
            learned.step(rates[number][rows], momentum)
        for layer in self.layers:
            layer.parameters.changed()
            if layer.loss is not None:
                layer.count_loss()

    @property
    def asks_nothing(self) -> bool:
        """Whether ``on_device`` serves: all of a single variant, by optimizers that can."""
        optimizers = [layer.parameters.optimizer for layer in self.layers]
        is_single = self.layers[0].parameters.variants == 1 and not self._beside
        return is_single and all(getattr(each, "fused", None) is not None for each in optimizers)

    @staticmethod
    def words(layers: Sequence[Layer]) -> list[str]:
        """What a watch is to say of the sums that ``on_device`` shows it."""
        return [f"layer {one.number + 1} met a {what} that is not finite" for one in layers for what in WATCHED]

    def on_device(self, rates: Sequence[Tensor], watch: Watch) -> None:
        """Change the weights by the gradients unless a number is not finite, with no look at any; see ``Watch``.

        Parameters
        ----------
        rates
            The rate of each layer, (); one tensor where they are the same.
        watch
            Is shown the sums that `words` speaks of.
        """
        sums: list[Tensor] = []
        for layer, total in zip(self.layers, torch._foreach_norm(self._biases, 1), strict=True):
            sums += (constant(0.0, total) if layer.loss is None else layer.loss[0], total)
        is_spared = watch.see(0, torch.stack(sums))
        spared = is_spared.float()
        for layer, rate in zip(self.layers, rates, strict=True):
            parameters, (amount,) = layer.parameters, layer.decays
            if amount:
                parameters.flat[:, : parameters.decayed].mul_(1 - (1 - spared) * rate * amount)
        for rate in dict.fromkeys(rates):
            alike = [layer.parameters for layer, own in zip(self.layers, rates, strict=True) if own is rate]
            flats, gradients = [each.flat for each in alike], [each.gradient.flat for each in alike]
            step = FusedStep(flats, gradients, rate, self.layers[0].momentum, spared)
            alike[0].optimizer.fused([each.optimizer for each in alike], step)
        for layer in self.layers:
            layer.parameters.changed()
            if layer.loss is not None:
                layer.loss = layer.loss.masked_fill(is_spared, 0)
                layer.count_loss()

    def _is_finite(self) -> bool:
        """Whether all is finite; the only moment at which the host waits for a number."""
        # A sum of squares or products that overflowed anywhere above shows in the gradient of a bias.
        total = torch.cat(self._biases, -1).sum() if len(self._biases) > 1 else self._biases[0].sum()
        for layer in self.layers:
            if layer.loss is not None:
                total = total + layer.loss.sum()
        if self._beside and not all(learned.is_finite for _, _, learned in self._beside):
            return False
        return math.isfinite(float(total))

    def _find(self, diverged: Diverged) -> None:
        """Let those variants rest in which something is not finite; what was noted of a batch in vain is forgotten."""
        losses = [layer.loss for layer in self.layers]
        try:
            for number, (layer, loss, gradient) in enumerate(zip(self.layers, losses, self._gradients, strict=True)):
                met = f"layer {layer.number + 1} met a"
                if loss is not None:
                    diverged.find(loss, f"{met} loss that is not finite")
                diverged.find(gradient.sums, f"{met} gradient that is not finite")
                for owner, rows, learned in self._beside:
                    if owner == number:
                        diverged.find(learned.sums, f"{met} gradient that is not finite", rows.start or 0)
        except DivergedError:
            for layer in self.layers:
                layer.loss = None
            raise

    def _spare(self, diverged: Diverged) -> list[Sequence[float]]:
        """Take the gradients from variants that rest; the rates of all that leave their weights as they are."""
        for _, rows, learned in self._beside:
            learned.spare(diverged, rows)
        return [
            diverged.spare(layer.rates, gradient.flat)
            for layer, gradient in zip(self.layers, self._gradients, strict=True)
        ]
