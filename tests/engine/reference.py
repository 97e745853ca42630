"""The algorithm once more, slow and plain: float64, one layer at a time, autograd for every derivative.

Nothing here calls the engine's own mathematics; weights are read from a trainer once, at the start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ffexplore import Dataset, Settings, Trainer

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": lambda z: torch.where(z > 0, z, 0 * z),
    "leaky_relu": lambda z: torch.where(z > 0, z, 0.01 * z),
    "tanh": lambda z: (torch.exp(z) - torch.exp(-z)) / (torch.exp(z) + torch.exp(-z)),
    "softplus": lambda z: torch.log1p(torch.exp(z)),
    "triangle": lambda z: torch.where(z > 0, z, 0 * z),
}
# what goes on to the layer above, where that is something else
UP: dict[str, Callable[[Tensor], Tensor]] = {
    "triangle": lambda z: torch.clamp(z - z.sum(-1, keepdim=True) / z.shape[-1], min=0),
}
GOODNESS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean_square": lambda h: (h * h).mean(1),
    "sum_of_squares": lambda h: (h * h).sum(1),
    "minus_sum_of_squares": lambda h: -(h * h).sum(1),
    "l2_norm": lambda h: (h * h).sum(1).sqrt(),
    "mean": lambda h: h.sum(1) / h.shape[1],
    "log_energy": lambda h: torch.log((h * h).sum(1)),
}
NATURAL: dict[str, Callable[[int], float]] = {
    "mean_square": lambda d: 1.0,
    "sum_of_squares": lambda d: float(d),
    "minus_sum_of_squares": lambda d: -float(d),
    "l2_norm": lambda d: float(np.sqrt(d)),
    "mean": lambda d: float(np.sqrt(1 / np.pi)),
    "log_energy": lambda d: float(np.log(d)),
}
# positive goodness, negative goodness, θ, parameters -> loss of each pair
OBJECTIVES: dict[str, Callable[..., Tensor]] = {
    "logistic": lambda p, n, t: -torch.log(torch.sigmoid(p - t)) - torch.log(torch.sigmoid(t - n)),
    "symba": lambda p, n, t, alpha: torch.log(1 + torch.exp(-alpha * (p - n))),
    "swish_symba": lambda p, n, t, alpha: -alpha * (p - n) * torch.sigmoid(-alpha * (p - n)),
    "two_thresholds": lambda p, n, t, above, below, a, b: (
        torch.log(1 + torch.exp(a * (t + above - p))) + torch.log(1 + torch.exp(b * (n - (t - below))))
    ),
    "threshold_hinge": lambda p, n, t, margin: torch.clamp(t + margin - p, min=0) + torch.clamp(n - t + margin, min=0),
    "hinge": lambda p, n, t, margin: torch.clamp(margin - (p - n), min=0),
    # what the other layers say is in p and n already
    "collaboration": lambda p, n, t: -torch.log(torch.sigmoid(p - t)) - torch.log(torch.sigmoid(t - n)),
    "collaboration_earlier": lambda p, n, t: -torch.log(torch.sigmoid(p - t)) - torch.log(torch.sigmoid(t - n)),
}
LISTENS_TO = {"collaboration": "all", "collaboration_earlier": "earlier"}


def normalized(x: Tensor, name: str, epsilon: float) -> Tensor:
    if name == "rms":
        return x / (epsilon + (x * x).mean(1, keepdim=True).sqrt())
    if name == "unit":
        return x / (epsilon + (x * x).sum(1, keepdim=True).sqrt())
    if name == "layer_norm":
        centred = x - x.mean(1, keepdim=True)
        return centred / ((centred * centred).mean(1, keepdim=True) + epsilon).sqrt()
    return x


def weights_of(trainer: Trainer, layer: int, variant: int = 0) -> tuple[Tensor, Tensor]:
    """Copies of a layer's weights (units, inputs) and bias (units,), in float64."""
    parameters = trainer.network.layers[layer].parameters
    return parameters.weight[variant].T.double().clone(), parameters.bias[variant].double().clone()


def flat_weights(trainer: Trainer, variant: int = 0) -> list[Tensor]:
    """Every weight and bias of each layer as one vector, in float32."""
    return [layer.parameters.flat[variant].clone() for layer in trainer.network.layers]


@dataclass
class PlainLayer:
    """One layer's weights in the order of its input vector, and an optimizer of torch."""

    weight: Tensor
    bias: Tensor
    optimizer: Any = None
    mean: list[Tensor] = field(default_factory=list)
    peer_mean: Tensor = field(default_factory=lambda: torch.zeros(0))


class Plain:
    """A network trained by the textbook, from the present weights of a trainer of one variant."""

    def __init__(self, trainer: Trainer) -> None:
        self.settings: Settings = trainer.settings
        self.data: Dataset = trainer.plan.dataset
        encoding = self.settings.label_encoding
        self.overlay = encoding.name == "overlay"
        self.activities: list[list[Tensor]] = []  # by layer and side
        self.fed: list[list[Tensor]] = []  # by side and layer
        self.layers: list[PlainLayer] = []
        for number in range(len(self.settings.layers)):
            weight, bias = weights_of(trainer, number)
            layer = PlainLayer(weight.requires_grad_(), bias.requires_grad_())
            layer.mean = [torch.zeros_like(weight), torch.zeros_like(bias)]
            layer.peer_mean = torch.full_like(bias, 0.5, requires_grad=False)
            layer.optimizer = self._optimizer(layer, number)
            self.layers.append(layer)
        train = np.asarray(self.data.train.x, dtype=np.float64).reshape(len(self.data.train), -1)
        self.raw = torch.from_numpy(train / 255 if self.data.kind == "images" else train)
        self.y = torch.from_numpy(np.array(self.data.train.y))

    def rate(self, number: int) -> float:
        return float(self.settings.per_layer("learning_rate")[number])

    def _optimizer(self, layer: PlainLayer, number: int) -> Any:
        choice, rate = self.settings.optimizer, self.rate(number)
        if choice.name == "adam":
            betas = (self.settings.momentum, float(choice.values["beta2"]))
            eps = float(choice.values["epsilon"])
            return torch.optim.Adam([layer.weight, layer.bias], lr=rate, betas=betas, eps=eps)
        if choice.name == "sgd":
            return torch.optim.SGD([layer.weight, layer.bias], lr=rate, momentum=self.settings.momentum)
        return None

    def scaled(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled inputs, and the value of a label of strength 1 for each row."""
        if self.data.kind == "images":
            mean, std = (self.raw.mean(), self.raw.std()) if self.settings.input_scaling == "standardize" else (0, 1)
            x, bright = (raw - mean) / std, (1 - mean) / std
        elif self.settings.input_scaling == "unit":
            low, high = self.raw.min(0).values, self.raw.max(0).values
            x, bright = (raw - low) / (high - low), 1.0
        else:
            x = (raw - self.raw.mean(0)) / self.raw.std(0)
            bright = ((self.raw - self.raw.mean(0)) / self.raw.std(0)).max()
        brightness = torch.as_tensor(bright, dtype=torch.float64).expand(len(raw))
        if self.settings.label_encoding.values.get("per_image"):
            brightness = x.max(1).values
        return x, brightness

    def written(self, raw: Tensor, labels: Tensor) -> Tensor:
        """The input of the network, label included and normalized; the class number C is the neutral label."""
        x, brightness = self.scaled(raw)
        if self.settings.label_encoding.name != "none":
            code = self.code(labels) * brightness[:, None]
            x = torch.cat([code, x[:, self.data.classes :]], 1) if self.overlay else torch.cat([x, code], 1)
        return self.normalized(x)

    def code(self, labels: Tensor) -> Tensor:
        """The one-hot code of labels, of the strength that is set."""
        classes, strength = self.data.classes, float(self.settings.label_encoding.values["strength"])
        code = torch.zeros(len(labels), classes, dtype=torch.float64)
        for row, label in enumerate(labels.tolist()):
            if label == classes:
                code[row] = strength / classes
            elif label > classes:  # every label but one
                code[row] = strength
                code[row, label - classes - 1] = 0
            else:
                code[row, label] = strength
        return code

    def entering(self, h: Tensor, labels: Tensor) -> Tensor:
        """What a layer above the first is fed, from the activity below it and the labels of the rows."""
        below = self.normalized(h)
        return below if self.settings.label_layers == "first" else torch.cat([below, self.code(labels)], 1)

    def normalized(self, x: Tensor) -> Tensor:
        choice = self.settings.normalization
        return normalized(x, choice.name, float(choice.values.get("epsilon", 0)))

    def forward(self, number: int, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The activity of a layer, which its goodness is of."""
        return self._active(ACTIVATIONS, number, x, mask)

    def passed_on(self, number: int, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """What a layer passes on to the one above."""
        return self._active(ACTIVATIONS | UP, number, x, mask)

    def _active(
        self, functions: dict[str, Callable[[Tensor], Tensor]], number: int, x: Tensor, mask: Tensor | None
    ) -> Tensor:
        layer = self.layers[number]
        h = functions[self.settings.activation.name](x @ layer.weight.T + layer.bias)
        return h if mask is None else h * mask

    def loss(self, number: int, h_positive: Tensor, h_negative: Tensor) -> Tensor:
        settings = self.settings
        measure, aim = settings.per_layer("goodness")[number], settings.per_layer("objective")[number]
        theta = self.threshold(number)
        scale = settings.logit_scale
        function = GOODNESS[measure.name]
        pair = scale * function(h_positive), scale * function(h_negative)
        if aim.name in LISTENS_TO:
            said = self._said(number, LISTENS_TO[aim.name])
            pair = pair[0] + scale * said[0], pair[1] + scale * said[1]
        return OBJECTIVES[aim.name](*pair, scale * theta, **aim.values).mean()

    def threshold(self, number: int) -> float:
        settings = self.settings
        given = settings.per_layer("threshold")[number]
        return NATURAL[settings.per_layer("goodness")[number].name](settings.layers[number]) if given is None else given

    def _said(self, number: int, others: str) -> list[Tensor]:
        """What other layers say of both sides of the batch at hand: their goodness less their thresholds."""
        total = [torch.zeros(len(side), dtype=torch.float64) for side in self.activities[0]]
        for other, sides in enumerate(self.activities):
            if other < number or (other > number and others == "all"):
                function = GOODNESS[self.settings.per_layer("goodness")[other].name]
                total = [sum_ + function(h) - self.threshold(other) for sum_, h in zip(total, sides, strict=True)]
        return total

    def step(
        self,
        positive: tuple[Tensor, Tensor],
        negative: tuple[Tensor, Tensor],
        blocks: list[list[int]] | None = None,
        masks: list[Tensor] | None = None,
        beside: bool = False,
    ) -> list[float]:
        """One step on raw images and labels of both sides; the loss of each block that learned.

        A block's loss is that of its last layer, and reaches every layer of the block. ``beside`` puts the image of
        the negative beside that of the positive, through one set of weights, halved.
        """
        sides = positive, negative
        masks = masks or [torch.ones(())] * len(self.layers)
        with torch.no_grad():
            self.fed = [[self.written(*side)] for side in sides]
            if beside:
                (own,), (other,) = self.fed
                self.fed = [[(own + own) / 2], [(own + other) / 2]]
            for number, mask in enumerate(masks):
                for (_, labels), fed in zip(sides, self.fed, strict=True):
                    fed.append(self.entering(self.passed_on(number, fed[-1], mask), labels))
            self.activities = [
                [self.forward(number, fed[number], mask) for fed in self.fed] for number, mask in enumerate(masks)
            ]
        losses = []
        gradients = [[torch.zeros_like(layer.weight), torch.zeros_like(layer.bias)] for layer in self.layers]
        learned = set()
        for block in [[number] for number in range(len(self.layers))] if blocks is None else blocks:
            h = []
            for (_, labels), fed in zip(sides, self.fed, strict=True):
                x = fed[block[0]]
                for number in block[:-1]:
                    x = self.entering(self.passed_on(number, x, masks[number]), labels)
                h.append(self.forward(block[-1], x, masks[block[-1]]))
            loss = self.loss(block[-1], *h)
            for number in block:
                layer = self.layers[number]
                found = torch.autograd.grad(loss, (layer.weight, layer.bias), retain_graph=True)
                gradients[number] = [one + other for one, other in zip(gradients[number], found, strict=True)]
            losses.append(float(loss.detach()))
            learned |= set(block)
        for number in learned:
            self._descend(number, gradients[number])
        return losses

    @torch.no_grad()
    def _descend(self, number: int, gradients: list[Tensor]) -> None:
        settings, layer = self.settings, self.layers[number]
        rate, decay = self.rate(number), settings.weight_decay
        if settings.peer_normalization:
            layer.peer_mean = 0.9 * layer.peer_mean + 0.1 * self.activities[number][0].mean(0)
            pull = settings.peer_normalization * (layer.peer_mean.mean() - layer.peer_mean)
            # it is added to what makes a layer better, for every positive row, whatever its activity is
            gradients[0] -= pull[:, None] * self.fed[0][number].mean(0)[None, :]
            gradients[1] -= pull
        layer.weight -= rate * decay * layer.weight
        if layer.optimizer is not None:
            layer.weight.grad, layer.bias.grad = gradients
            layer.optimizer.step()
        else:
            for value, mean, gradient in zip((layer.weight, layer.bias), layer.mean, gradients, strict=True):
                mean.mul_(settings.momentum).add_(gradient, alpha=1 - settings.momentum)
                value -= rate * mean

    def largest_difference(self, trainer: Trainer) -> float:
        """Between these weights and those of a trainer."""
        worst = 0.0
        for number, layer in enumerate(self.layers):
            weight, bias = weights_of(trainer, number)
            pairs = (layer.weight.detach(), weight), (layer.bias.detach(), bias)
            worst = max(worst, *(float((mine - theirs).abs().max()) for mine, theirs in pairs))
        return worst
