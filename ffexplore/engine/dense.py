"""The network of the backpropagation twin, which torch's automatic differentiation goes through."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from ffexplore.engine.activations import activations
from ffexplore.engine.augment import Dropout
from ffexplore.engine.black_box import PlacedBox, black_boxes
from ffexplore.engine.derivative import why_not_differentiable
from ffexplore.engine.initialize import initializations
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.optimize import calm, decay, make_optimizer
from ffexplore.engine.rng import stream
from ffexplore.engine.settings import Settings


class Dense:
    """One fully connected layer: weight (units, inputs), bias (units,), and an optimizer for each."""

    def __init__(self, weight: Tensor, bias: Tensor, settings: Settings, half: bool) -> None:
        self.weight, self.bias = weight.contiguous(), bias.contiguous().requires_grad_()
        # What meets the inputs: the weight itself, or its copy in bfloat16; the float32 weight is what is changed.
        self.used = (self.weight.to(torch.bfloat16) if half else self.weight).requires_grad_()
        name, values = settings.optimizer.name, settings.optimizer.values
        self.optimizers = [make_optimizer(name, values, each.detach().view(1, -1)) for each in (self.weight, self.bias)]

    @property
    def leaves(self) -> list[Tensor]:
        """What the gradient is taken by."""
        return [self.used, self.bias]

    def project(self, x: Tensor) -> Tensor:
        """``x W' + b``, (B, inputs) -> (B, units) float32."""
        if x.dtype == self.bias.dtype:
            return linear(x, self.used, self.bias)
        return linear(x, self.used).float() + self.bias

    def update(self, gradients: Sequence[Tensor], rate: float, momentum: float, lost: float) -> None:
        """Change weight and bias by their gradients; ``lost`` is the weight decay."""
        flat = self.weight.detach().view(1, -1)
        decay(flat, flat.shape[1], [rate], [lost])
        values = (flat, self.bias.detach().view(1, -1))
        for optimizer, value, gradient in zip(self.optimizers, values, gradients, strict=True):
            optimizer.step(value, gradient.float().contiguous().view(1, -1), [rate], momentum)
        if self.used is not self.weight:
            self.used.detach().copy_(self.weight)


class DenseNetwork:
    """The dense layers of the settings and a softmax layer on top, with an activation and a normalization between.

    Parameters
    ----------
    settings
        Activation, normalization, initial weights, optimizer and seed; what else they say does not matter here.
    sizes
        Features, the units of each layer, classes.
    device, half
        Where the numbers are computed, and whether matrix products are taken in bfloat16.
    """

    def __init__(self, settings: Settings, sizes: Sequence[int], device: torch.device, half: bool) -> None:
        self._settings = settings
        self._activation = activations[settings.activation.name]
        self._normalization = normalizations[settings.normalization.name]
        self._usual = [self._normalization.init(units, 1, device) for units in sizes[1:-1]]
        self._dropout = Dropout([settings.seed], device)
        initialize = initializations[settings.initialization.name].function
        self.layers = []
        for number, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            rng = stream(settings.seed, "weights", number)
            start = initialize(inputs, units, rng, **settings.initialization.values)
            weight, bias = (each.to(device) for each in start)
            self.layers.append(Dense(weight, bias, settings, half))

    @property
    def leaves(self) -> list[Tensor]:
        """What the gradient is taken by: weight and bias of each layer, the lowest first."""
        return [leaf for layer in self.layers for leaf in layer.leaves]

    @property
    def most_weights(self) -> int:
        """Of all layers, the weights of the one that has most."""
        return max(layer.weight.numel() for layer in self.layers)

    def obstacle(self) -> str:
        """What lies between the layers and lets no derivative through, and why; empty where nothing does."""
        settings, choice = self._settings, self._settings.black_box
        between: dict[str, Callable[[Tensor], Tensor]] = {
            f"the activation {settings.activation.name!r}": self._activation.up,
            f"the normalization {settings.normalization.name!r}": self._normalized,
        }
        if choice.name != "none":
            box = PlacedBox(black_boxes[choice.name], choice.values, settings.black_box_after - 1, [settings.seed])
            between[f"the black box {choice.name!r}"] = lambda h: box(h[None, None], True)[0, 0]
        for name, function in between.items():
            reason = why_not_differentiable(function)
            if reason:
                return f"{name} stands in the way: {reason}"
        return ""

    def _normalized(self, h: Tensor, usual: dict[str, Tensor] | None = None, train: bool = False) -> Tensor:
        """The activity (B, units) as the layer above sees it; ``usual`` is what a normalization keeps of the layer."""
        params = self._settings.normalization.values
        if self._normalization.row_scale is None:
            return self._normalization(h[None, None], params, None, usual, train)[0, 0]
        length = torch.linalg.vector_norm(h, dim=-1)
        # The root of zero has no derivative: a silent row, which stays zero, is scaled by a number instead.
        squares = torch.where(length > 0, length.square(), 1.0)
        scale = self._normalization.row_scale(squares, h.shape[-1], **params)
        return h if scale is None else h * scale.unsqueeze(-1)

    def logits(self, x: Tensor, *, drop: float | None = None) -> Tensor:
        """From what the first layer sees, (B, features), to logits (B, classes) float32.

        ``drop`` is the share of units that are silenced while training; None says that it is not training.
        """
        *hidden, last = self.layers
        for layer, usual in zip(hidden, self._usual, strict=True):
            h = self._activation.up(layer.project(x))
            if drop:
                h = h * self._dropout.mask(h[None, None], (drop,))[0, 0]
            x = self._normalized(h, usual, train=drop is not None).to(x.dtype)
        return last.project(x)

    def update(self, gradients: Sequence[Tensor], rates: Sequence[float], momentum: float, lost: float) -> None:
        """Change all weights by the gradients of ``leaves``, with a rate for each layer and this weight decay."""
        pairs = zip(gradients[::2], gradients[1::2], strict=True)
        for layer, pair, rate in zip(self.layers, pairs, rates, strict=True):
            layer.update(pair, rate, momentum, lost)

    def calm(self) -> None:
        """Clear what has become too small in the averages of the optimizers."""
        for layer in self.layers:
            for optimizer in layer.optimizers:
                calm(optimizer)
