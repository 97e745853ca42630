"""The probe: a fixed set of validation samples on which a network is looked at while it trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffexplore.engine.accuracies import accuracies, scored
from ffexplore.engine.augment import Jitter, jitter_of
from ffexplore.engine.measures import auc, goodness_range, histogram, overlap, steady_range
from ffexplore.engine.negatives import other_label
from ffexplore.engine.network import Network
from ffexplore.engine.parts import Part
from ffexplore.engine.pictures import Pictures, still_hardest
from ffexplore.engine.rng import stream
from ffexplore.engine.weighing import copies_of

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained
    from ffexplore.engine.training import Trainer

ROWS = (192, 512)  # fewest and most samples of the probe
WORK = 3.6e8  # multiplications and additions of a look above which fewer are taken
EXAMPLES = 8  # samples that are shown as pictures
SCORED_ROWS = (256, 1000)  # fewest and most rows whose class is read for the accuracy
SCORED_WORK = 8e9  # the same for these

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Reading:
    """What the probe shows at one moment; K variants, L layers, N bins, E examples.

    Shapes and meanings are those of the fields of the same names in ``live.Snapshot`` and ``live.Examples``.
    """

    low: Float  #: (K, L)
    high: Float  #: (K, L)
    positive: NDArray[np.int32]  #: (K, L, N)
    negative: NDArray[np.int32]  #: (K, L, N)
    threshold: Float  #: (K, L)
    mean_positive: Float  #: (K, L)
    mean_negative: Float  #: (K, L)
    auc: Float  #: (K, L)
    auc_uniform: Float  #: (K, L)
    overlap: Float  #: (K, L)
    dead: NDArray[np.int32]  #: (K, L)
    images: NDArray[np.uint8]  #: (2, E, height, width, channels)
    labels: NDArray[np.int32]  #: (2, E)
    goodness: Float  #: (2, E, L)
    probability: Float  #: (2, E, L)
    jittered: NDArray[np.uint8] | None  #: (E, height, width, channels)


@dataclass
class _Drawn:
    """The negatives of the probe, and what is to be walked."""

    labels: Tensor  #: (K', B) of the negatives
    sides: Tensor  #: (K', 2, B) of both sides
    images: Tensor | None  #: (K', B, features) of the negatives as they are shown; None where both sides have the same
    parts: list[Part]  #: of the positive and the negative side
    depends: bool  #: whether they depend on the weights

    def image(self, variant: int) -> Tensor | None:
        """The images of one variant."""
        return None if self.images is None else self.images[variant]


class Probe:
    """Looks at a trainer's network with the same validation samples and the same draws each time.

    Parameters
    ----------
    trainer
        The trainer; what it rebuilds is noticed at the next look.

    Attributes
    ----------
    is_locked
        Whether the ranges of the histograms stay as they are.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.is_locked = False
        self._range: tuple[Tensor, Tensor] | None = None
        self._lay_ready()

    def _lay_ready(self) -> None:
        """Take the rows, labels and draws for the network that is there now."""
        trainer = self.trainer
        network = self._network = trainer.network
        inputs = network.inputs
        device = inputs.table.device
        former = getattr(self, "_pairs", None)
        self._pairs = trainer.make_pairs("validation")
        if former is not None:  # banks of masks and noise are costly, and the same for the same data
            self._pairs.go_on(former, keep=former.inputs.dataset is inputs.dataset)
        labels = inputs.y["validation"]
        # The validation split is shuffled, so its first rows are a fair sample of it.
        self._index = torch.arange(min(probed_rows(network), len(labels)), device=device)
        self._labels = labels[self._index]
        self._prepared = inputs.prepare(inputs.rows(self._index, "validation")[None, None])
        self._has_label = network.names_classes
        self._uniform: Tensor | None = None
        if self._has_label and any(generator.name != "uniform_label" for generator, _ in self._pairs.choices):
            rng = stream(0, "uniform", "validation", device=device)
            self._uniform = other_label(self._labels, inputs.classes, rng)
        self._drawn: _Drawn | None = None
        self._apart_from_uniform: Tensor | None = None
        self._dead: Tensor | None = None
        self._shown: tuple[Any, Any, Any] | None = None
        self._jitter: tuple[float, ...] = ()  # for which these are
        self._examples: Tensor | None = None  # which rows of each side are shown as pictures, (2, E)
        self._scratch = network.new_scratch()
        self._pictures = Pictures(inputs, self._has_label)

    def _draw(self) -> _Drawn:
        """Draw the negatives of the probe with the present weights."""
        pairs = self._pairs
        # The same stream at each look, so that a histogram moves only when the network does.
        pairs.rewind("probe")
        index = self._index.unsqueeze(0)
        labels, images = pairs.negatives(index, None, self._prepared, "probe")
        parts = pairs.assemble(index, None, self._prepared, labels, images)
        return _Drawn(labels, pairs.labels, pairs.seen(index, None, images), parts, depends=pairs.scores.were_asked)

    def _uniform_goodness(self) -> Tensor | None:
        """Goodness of uniform wrong labels (L, K, B); None where the negatives are those, or no label is written."""
        if self._uniform is None:
            return None
        return self._network.goodness(self._prepared, self._uniform[None, None])[:, :, 0].float()

    @property
    def _variants(self) -> int:
        return self._network.layers[0].parameters.variants

    @torch.no_grad()
    def measure(self, *, thorough: bool = True) -> Reading:
        """Look at the network as it is now; changes nothing in it.

        Parameters
        ----------
        thorough
            Draw negatives that depend on the weights anew, look for dead units, and measure the separation from
            uniform wrong labels; else these stay as they were at the last thorough look, which costs less.
        """
        if self.trainer.network is not self._network:
            self._lay_ready()
        network = self._network
        if self._drawn is None or (thorough and self._drawn.depends):
            self._drawn, self._shown = self._draw(), None
        drawn = self._drawn
        measured, dead = [], []
        thorough = thorough or self._dead is None
        for stage in network.walk(drawn.parts, scratch=self._scratch):
            measured.append(stage.layer.measure(stage.h, drawn.sides, stage.energy))
            if thorough:
                dead.append(_silent(stage.h, stage.layer.activation.name == "relu"))
        if thorough:
            self._dead = torch.stack(dead)
        assert self._dead is not None
        g = torch.stack(measured).float()  # (L, K, 2, B)
        positive, negative = g[:, :, 0], g[:, :, 1]
        apart = auc(positive, negative)
        if thorough:
            uniform = self._uniform_goodness()
            self._apart_from_uniform = None if uniform is None else auc(positive, uniform)
        apart_from_uniform = self._apart_from_uniform
        if apart_from_uniform is None:
            apart_from_uniform = apart if self._has_label else torch.full_like(apart, float("nan"))
        theta = thresholds(network)
        low, high = self._steady(positive, negative, theta)
        edges = [edge.unsqueeze(-1).expand(-1, -1, 2) for edge in (low, high)]
        counts = histogram(g, edges[0], edges[1])  # (L, K, 2, N)
        means = g.mean(-1)
        if thorough or self._examples is None:
            self._choose_examples(g[:, 0].sum(0))
        assert self._examples is not None
        shown = g[:, 0].gather(-1, self._examples.expand(len(g), -1, -1))  # (L, 2, E)
        sure = torch.sigmoid((shown - theta[:, :1, None]) * self.trainer.settings.logit_scale)
        if self._shown is None or self._jitter != jitter_of(self.trainer.settings):
            self._jitter = jitter_of(self.trainer.settings)
            self._shown = (*self._pictures_of(drawn), self._jittered())
        pictures, labels, jittered = self._shown
        return Reading(
            low=_by_variant(low),
            high=_by_variant(high),
            positive=_by_variant(counts[:, :, 0]),
            negative=_by_variant(counts[:, :, 1]),
            threshold=_by_variant(theta),
            mean_positive=_by_variant(means[..., 0]),
            mean_negative=_by_variant(means[..., 1]),
            auc=_by_variant(apart.float()),
            auc_uniform=_by_variant(apart_from_uniform.float()),
            overlap=_by_variant(overlap(counts[:, :, 0], counts[:, :, 1]).float()),
            dead=_by_variant(self._dead),
            images=pictures,
            labels=labels,
            goodness=shown.permute(1, 2, 0).cpu().numpy(),
            probability=sure.permute(1, 2, 0).cpu().numpy(),
            jittered=jittered,
        )

    def _choose_examples(self, goodness: Tensor) -> None:
        """Show the weakest positives and the strongest negatives, each side for itself, by their goodness (2, B)."""
        hardness = torch.stack([goodness[0], -goodness[1]]).nan_to_num(nan=float("inf"))
        former = self._examples.tolist() if self._examples is not None else [[], []]
        orders = hardness.argsort(dim=-1, stable=True).tolist()
        chosen = [still_hardest(*each, EXAMPLES) for each in zip(orders, former, strict=True)]
        if chosen != former:
            self._examples, self._shown = torch.tensor(chosen, device=self._index.device), None

    def _pictures_of(self, drawn: _Drawn) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Pictures of the examples and the labels written into them."""
        assert self._examples is not None
        positive, negative = self._examples
        images = drawn.image(0)
        rows = self._network.inputs.rows(self._index[self._examples], "validation")
        raw = rows if images is None else torch.stack([rows[0], images[negative]])
        return self._pictures.show(raw, torch.stack([self._labels[positive], drawn.labels[0][negative]]))

    def _jittered(self) -> NDArray[np.uint8] | None:
        """The positive examples as training might see them, by the same draws each time; None without jitter."""
        assert self._examples is not None
        inputs, positive = self._network.inputs, self._examples[0]
        jitter = Jitter(inputs.dataset.shape, [0], self._index.device).by(self.trainer.settings)
        if jitter is None:
            return None
        raw = jitter(inputs.rows(self._index[positive], "validation")[None, None])[0]
        return self._pictures.show(raw.expand(2, -1, -1), self._labels[positive].expand(2, -1))[0][0]

    def _steady(self, positive: Tensor, negative: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
        """The ranges of the histograms (L, K), which change only when they have to."""
        same = self._range is not None and self._range[0].shape == theta.shape
        if not (same and self.is_locked):
            self._range = steady_range(goodness_range(positive, negative, theta), self._range)
        assert self._range is not None
        return self._range

    @torch.no_grad()
    def accuracy(self) -> tuple[Float, Float]:
        """Validation accuracy of each variant on up to 1000 rows: by goodness or prototypes, and by the read-out.

        Returns
        -------
        tuple
            Two arrays (K,) float32 in [0, 1]; nan where no class is named, or the read-out does not learn.
        """
        seen = scored(self.trainer, "validation", scored_rows(self.trainer))
        found = accuracies(self.trainer, seen)
        return found.chosen.astype(np.float32), found.readout.astype(np.float32)


def probed_rows(network: Network) -> int:
    """Samples of a probe: fewer for a network that takes long, so that its pictures move; as long as it is the same."""
    return _affordable(network, 2, ROWS, WORK)


def scored_rows(trainer: Trained) -> int:
    """Rows for an accuracy: fewer where one takes long, and as many as long as network and inference stay the same."""
    network = trainer.network
    copies = copies_of(trainer.settings)
    return _affordable(network, network.inputs.classes, SCORED_ROWS, SCORED_WORK / copies)


def _affordable(network: Network, sides: int, bounds: tuple[int, int], work: float) -> int:
    """Rows whose sides, which share the first layer's image, go through the network for so much work."""
    first, *others = [2 * layer.parameters.flat.numel() for layer in network.layers]  # of all variants
    return int(np.clip(work / (first + sides * sum(others)), *bounds))


def thresholds(network: Network) -> Tensor:
    """Threshold of each layer and variant (L, K); nan where the objective has none."""
    rows = []
    for layer in network.layers:
        theta = layer.theta[:, 0].clone()
        for rule in layer.rules:
            if "theta" not in rule.objective.needs:
                theta[rule.rows] = float("nan")
        rows.append(theta)
    return torch.stack(rows)


def _silent(h: Tensor, never_negative: bool) -> Tensor:
    """How many units are zero for every row and side: (K, S, B, d) -> (K,) int32."""
    silent = h.amax((1, 2)) == 0
    return (silent if never_negative else silent & (h.amin((1, 2)) == 0)).sum(-1).int()


def _by_variant(values: Tensor) -> NDArray:
    """From (L, K, ...) on any device to an array (K, L, ...)."""
    return np.ascontiguousarray(values.transpose(0, 1).cpu().numpy())
