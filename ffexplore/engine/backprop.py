"""The twin: the same network and data trained by backpropagation, with a softmax layer on top."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from ffexplore.engine.activations import activations
from ffexplore.engine.augment import Dropout, Shifts
from ffexplore.engine.batches import Batches
from ffexplore.engine.black_box import PlacedBox, black_boxes
from ffexplore.engine.fitting import chosen_length, run
from ffexplore.engine.initialize import initializations
from ffexplore.engine.inputs import Inputs, Prepared
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.optimize import calm, decay, make_optimizer
from ffexplore.engine.plan import Plan, plan
from ffexplore.engine.rhythm import rate_factor
from ffexplore.engine.rng import stream
from ffexplore.engine.settings import Settings
from ffexplore.errors import DivergedError, NoDerivativeError, SettingsError

CALM_INTERVAL = 128  # steps between two clearings of the optimizers' averages
ROWS = 1024  # rows that are classified at once
TRIED_ROWS = 32  # rows of the trial that shows whether a derivative comes through
CANNOT = (
    "Backpropagation cannot train this network: it needs the derivative of everything between the loss and a layer. "
    "Forward-Forward does not."
)


@dataclass(frozen=True)
class BackpropReport:
    """What the twin reaches on one split.

    Attributes
    ----------
    accuracy
        Share of rows classified right, in [0, 1].
    loss
        Mean cross-entropy.
    split, rows
        Where it was measured, and on how many rows.
    steps, epochs, seconds
        Batches, passes over the training data and time trained before.
    """

    accuracy: float
    loss: float
    split: str
    rows: int
    steps: int
    epochs: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)


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


class BackpropTwin:
    """The network of the settings, trained by torch's automatic differentiation.

    It has the data, splits, order of batches, shifts, widths, initial weights, activation, normalization before every
    layer, dropout, optimizer, rates, decay and precision of a ``Trainer`` with the same settings. It sees no label in
    its input; the class is read from a softmax layer on the highest activity, which learns with the rate of the
    highest layer. What belongs to Forward-Forward alone (goodness, threshold, objective, negatives, schedule, peer
    normalization) does not matter to it.

    Parameters
    ----------
    settings
        What to train; see ``Settings``.

    Raises
    ------
    NoDerivativeError
        When something between the layers lets no derivative through; a kind of SettingsError.
    SettingsError
        When the settings do not go with the data.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings if settings is not None else Settings()
        if not isinstance(self._settings, Settings):
            raise SettingsError(f"settings is {settings!r}; give Settings, as in Settings.preset('fast').")
        self.steps = 0
        self.seconds = 0.0
        self.progress = 0.0  # of the fit, in [0, 1]
        self._build(plan(self._settings))
        self._check_derivatives()

    def _build(self, planned: Plan) -> None:
        settings, data, device = self._settings, planned.dataset, planned.device
        self._plan = planned
        self._normalization = normalizations[settings.normalization.name]
        self._activation = activations[settings.activation.name]
        no_label = label_encodings["none"]
        self.inputs = Inputs(
            data, no_label, {}, *self._normalization.of_input(settings.normalization.values), settings.input_scaling,
            device, planned.half,
        )  # fmt: skip
        self._usual = [self._normalization.init(units, 1, device) for units in planned.units]
        sizes = (data.features, *planned.units, data.classes)
        initialize = initializations[settings.initialization.name].function
        self.layers = []
        for number, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            rng = stream(settings.seed, "weights", number)
            weight, bias = (
                each.to(device) for each in initialize(inputs, units, rng, **settings.initialization.values)
            )
            self.layers.append(Dense(weight, bias, settings, planned.half))
        self.batches = Batches(len(data.train), self._batch_size(), [settings.seed], device)
        self.dropout = Dropout([settings.seed], device)
        self.shifts = Shifts(data.shape, [settings.seed], device)

    def _batch_size(self) -> int:
        size = self._settings.batch_size
        return len(self._plan.dataset.train) if size == "full" else int(size)

    def _check_derivatives(self) -> None:
        """Refuse what lies between the layers if it lets no derivative through."""
        settings = self._settings
        between: dict[str, Callable[[Tensor], Tensor]] = {
            f"the activation {settings.activation.name!r}": self._activation.function,
            f"the normalization {settings.normalization.name!r}": self._normalized,
        }
        choice = settings.black_box
        if choice.name != "none":
            box = PlacedBox(black_boxes[choice.name], choice.values, settings.black_box_after - 1, [settings.seed])
            between[f"the black box {choice.name!r}"] = lambda h: box(h[None, None], True)[0, 0]
        for name, function in between.items():
            reason = why_not_differentiable(function)
            if reason:
                raise NoDerivativeError(f"{CANNOT} Here {name} stands in the way: {reason}.")

    @property
    def settings(self) -> Settings:
        """The present settings."""
        return self._settings

    @property
    def plan(self) -> Plan:
        """What was built."""
        return self._plan

    @property
    def epochs(self) -> float:
        """Passes over the training data so far."""
        return self.batches.epochs

    @property
    def steps_per_second(self) -> float:
        """Batches per second of training so far; nan before the first."""
        return self.steps / self.seconds if self.seconds else math.nan

    def apply(self, settings: Settings) -> bool:
        """Take up changed settings before the next batch.

        Returns
        -------
        bool
            False when they ask for another network, other data or another start, so that a new twin is needed;
            nothing has changed then.
        """
        fixed = ("dataset", "layers", "activation", "normalization", "initialization", "input_scaling", "optimizer",
                 "seed", "device", "precision", "black_box", "black_box_after")  # fmt: skip
        if any(getattr(settings, name) != getattr(self._settings, name) for name in fixed):
            return False
        self._settings = settings
        self.batches.resize(self._batch_size())
        return True

    def _fed(self, prepared: Prepared) -> Tensor:
        """What the first layer sees, (B, features)."""
        labels = torch.zeros(prepared.squares.shape, dtype=torch.int64, device=prepared.squares.device)
        (image,) = self.inputs.parts(prepared, labels)
        return image.x[0, 0]

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

    def logits(self, x: Tensor, *, train: bool = False) -> Tensor:
        """From what the first layer sees, (B, features), to logits (B, classes) float32; ``train`` drops units."""
        *hidden, last = self.layers
        share = self._settings.dropout
        for layer, usual in zip(hidden, self._usual, strict=True):
            h = self._activation.function(layer.project(x))
            if train and share:
                h = h * self.dropout.mask(h[None, None], share)[0, 0]
            x = self._normalized(h, usual, train).to(x.dtype)
        return last.project(x)

    def step(self) -> None:
        """Train on one batch.

        Raises
        ------
        DivergedError
            When the loss or the gradient is not finite; the weights are those from before.
        """
        began = time.perf_counter()
        factor = rate_factor(self._settings, self.progress, self.epochs)  # by what was done before this batch
        self.backward(self.forward(), factor)
        self.steps += 1
        if self.steps % CALM_INTERVAL == 0:
            for layer in self.layers:
                for optimizer in layer.optimizers:
                    calm(optimizer)
        self.seconds += time.perf_counter() - began

    def forward(self) -> Tensor:
        """The loss of the next batch, with all that its gradient will need."""
        settings = self._settings
        with torch.no_grad():
            index = self.batches.next()
            if settings.shift:
                raw = self.shifts(self.inputs.rows(index).unsqueeze(1), settings.shift)
                prepared = self.inputs.prepare(raw)
            else:
                prepared = self.inputs.prepare_rows(index)
            x, labels = self._fed(prepared), self.inputs.y["train"][index[0]]
        return cross_entropy(self.logits(x, train=True), labels)

    def backward(self, loss: Tensor, factor: float) -> None:
        """Carry the gradient of a loss through all layers and change the weights, by so much of the learning rate."""
        settings = self._settings
        gradients = torch.autograd.grad(loss, [leaf for layer in self.layers for leaf in layer.leaves])
        with torch.no_grad():
            # What overflowed on the way down shows in the lowest bias, before the weights are touched.
            if not math.isfinite(float(loss) + float(gradients[1].sum())):
                raise DivergedError(
                    f"At step {self.steps} backpropagation met a value that is not finite. Lower learning_rate (now "
                    f"{max(settings.per_layer('learning_rate')):g}), then go on; the weights are those from before "
                    "the step."
                )
            rates = [rate * factor for rate in settings.per_layer("learning_rate")]
            for number, (layer, rate) in enumerate(zip(self.layers, [*rates, rates[-1]], strict=True)):
                layer.update(
                    list(gradients[2 * number : 2 * number + 2]), rate, settings.momentum, settings.weight_decay
                )

    def fit(
        self,
        *,
        epochs: float | None = None,
        steps: int | None = None,
        seconds: float | None = None,
        progress: bool = True,
    ) -> BackpropTwin:
        """Train for a number of epochs, steps or seconds; exactly one is to be given. See ``Trainer.fit``."""
        unit, amount = chosen_length({"epochs": epochs, "steps": steps, "seconds": seconds})
        run(self, unit, amount, progress)
        return self

    @torch.no_grad()
    def score(self, raw: Tensor) -> Tensor:
        """Logits (N, classes) of raw inputs (N, features)."""
        return torch.cat([self.logits(self._fed(self.inputs.prepare(rows[None, None]))) for rows in raw.split(ROWS)])

    def accuracy(self, split: str = "validation", rows: int | None = None) -> float:
        """Share of the first rows of a split that is classified right; all rows if left out."""
        labels = self.inputs.y[split][:rows]
        raw = self.inputs.rows(torch.arange(len(labels), device=labels.device), split)
        return float((self.score(raw).argmax(-1) == labels).float().mean())

    def evaluate(self, split: str = "test") -> BackpropReport:
        """Accuracy and loss on held-out data.

        Parameters
        ----------
        split
            "test", "validation" or "train".

        Raises
        ------
        SettingsError
            When there is no such split.
        """
        if split not in self.inputs.x:
            raise SettingsError(f"split is {split!r}; allowed: train, validation, test.")
        labels = self.inputs.y[split]
        rows = torch.arange(len(labels), device=labels.device).split(ROWS)
        logits = torch.cat([self.score(self.inputs.rows(index, split)) for index in rows])
        return BackpropReport(
            accuracy=float((logits.argmax(-1) == labels).float().mean()),
            loss=float(cross_entropy(logits, labels)),
            split=split,
            rows=len(labels),
            steps=self.steps,
            epochs=self.epochs,
            seconds=self.seconds,
        )

    def predict(self, images: ArrayLike) -> NDArray[np.int64]:
        """Classify inputs: images as for ``Trainer.predict`` -> class numbers (N,) int64."""
        return self.score(self.inputs.given(images)).argmax(-1).cpu().numpy()

    def weights(self, layer: int) -> tuple[Tensor, Tensor]:
        """Copies of a layer's present weights (inputs, units) and biases (units,), float32; the last is the softmax."""
        chosen = self.layers[layer]
        return chosen.weight.detach().t().clone(), chosen.bias.detach().clone()

    def __repr__(self) -> str:
        widths = "-".join(str(width) for width in self._plan.units)
        return f"<BackpropTwin {self._plan.dataset.name} {widths}, {self.steps} steps>"


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
