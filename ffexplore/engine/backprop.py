"""The twin: the same network and data trained by backpropagation, with a softmax layer on top."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from ffexplore.engine import onednn
from ffexplore.engine.augment import Jitter, jitters, moved_copies
from ffexplore.engine.batches import Batches
from ffexplore.engine.dense import DenseNetwork
from ffexplore.engine.diagnostics import check_split
from ffexplore.engine.fields import whole_number
from ffexplore.engine.fitting import chosen_length, run
from ffexplore.engine.inputs import Inputs, Prepared
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.plan import Plan, plan
from ffexplore.engine.rhythm import Rhythm
from ffexplore.engine.settings import Settings
from ffexplore.errors import DivergedError, NoDerivativeError, SettingsError

CALM_INTERVAL = 128  # steps between two clearings of the optimizers' averages
ROWS = 1024  # rows that are classified at once
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


class BackpropTwin:
    """The network of the settings, trained by torch's automatic differentiation.

    It has the data, splits, order of batches, jitter, widths, initial weights, activation, normalization before every
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
        obstacle = self.network.obstacle()
        if obstacle:
            raise NoDerivativeError(f"{CANNOT} Here {obstacle}.")

    def _build(self, planned: Plan) -> None:
        settings, data, device = self._settings, planned.dataset, planned.device
        self._plan = planned
        of_input = normalizations[settings.normalization.name].of_input(settings.normalization.values)
        self.inputs = Inputs(
            data, label_encodings["none"], {}, *of_input, settings.input_scaling, device, planned.half
        )  # fmt: skip
        self.network = DenseNetwork(settings, (data.features, *planned.units, data.classes), device, planned.half)
        self.layers = self.network.layers
        self.batches = Batches(len(data.train), self._batch_size(), [settings.seed], device)
        self.jitter = Jitter(data.shape, [settings.seed], device)

    def _batch_size(self) -> int:
        size = self._settings.batch_size
        return len(self._plan.dataset.train) if size == "full" else int(size)

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

    def step(self) -> None:
        """Train on one batch.

        Raises
        ------
        DivergedError
            When the loss or the gradient is not finite; the weights are those from before.
        """
        began = time.perf_counter()
        factor = Rhythm(self._settings).rate_factor(self.progress, self.epochs)  # by what was done before this batch
        with onednn.chosen(self.batches.size * self.network.most_weights, self._plan.device):
            self.backward(self.forward(), factor)
        self.steps += 1
        if self.steps % CALM_INTERVAL == 0:
            self.network.calm()
        self.seconds += time.perf_counter() - began

    def forward(self) -> Tensor:
        """The loss of the next batch, with all that its gradient will need."""
        settings = self._settings
        with torch.no_grad():
            index = self.batches.next()
            if jitters(settings):
                raw = self.jitter(self.inputs.rows(index).unsqueeze(1), settings)
                prepared = self.inputs.prepare(raw)
            else:
                prepared = self.inputs.prepare_rows(index)
            x, labels = self._fed(prepared), self.inputs.y["train"][index[0]]
        return cross_entropy(self.network.logits(x, drop=settings.dropout), labels)

    def backward(self, loss: Tensor, factor: float) -> None:
        """Carry the gradient of a loss through all layers and change the weights, by so much of the learning rate."""
        settings = self._settings
        gradients = torch.autograd.grad(loss, self.network.leaves)
        with torch.no_grad():
            # What overflowed on the way down shows in the lowest bias, before the weights are touched.
            if not math.isfinite(float(loss) + float(gradients[1].sum())):
                raise DivergedError(
                    f"At step {self.steps} backpropagation met a value that is not finite. Lower learning_rate (now "
                    f"{max(settings.per_layer('learning_rate')):g}), then go on; the weights are those from before "
                    "the step."
                )
            rates = [rate * factor for rate in settings.per_layer("learning_rate")]
            self.network.update(gradients, [*rates, rates[-1]], settings.momentum, settings.weight_decay)

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
        """Logits (N, classes) of raw inputs (N, features); the mean over moved copies, with an ``inference_shift``."""
        copies = moved_copies(raw, self.inputs.dataset.shape, self.settings.inference_shift)
        with onednn.chosen(min(ROWS, len(raw)) * self.network.most_weights, self._plan.device):
            found = [torch.cat([self._logits(rows.clone()) for rows in copy.split(ROWS)]) for copy in copies]
        return found[0] if len(found) == 1 else torch.stack(found).mean(0)

    def _logits(self, raw: Tensor) -> Tensor:
        return self.network.logits(self._fed(self.inputs.prepare(raw[None, None])))

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
        check_split(split)
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
        """Copies of a layer's present weights (inputs, units) and biases (units,), float32; the last is the softmax.

        Raises
        ------
        SettingsError
            When there is no such layer.
        """
        chosen = self.layers[whole_number("layer", layer, 0, len(self.layers) - 1)]
        return chosen.weight.detach().t().clone(), chosen.bias.detach().clone()

    def __repr__(self) -> str:
        widths = "-".join(str(width) for width in self._plan.units)
        return f"<BackpropTwin {self._plan.dataset.name} {widths}, {self.steps} steps>"
