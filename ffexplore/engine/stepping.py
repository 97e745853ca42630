"""The step: from a batch to new weights.

Per layer, from the bottom up: z = Σ x W' + b, h = f(z), g = goodness(h), L = objective(g); δ = dL/dz and
ΔW = x' δ. The next layer sees h from before the change. What depends on the settings alone is looked up when a
``Stepper`` is made, so that a step is made of the calls that do the arithmetic. Where it is made of more calls than
arithmetic they are recorded once and played again, or captured in a CUDA graph (``Repeats``): all of them are in
``Stepper._learn``; what changes from step to step (rates, thresholds, scales, the batch) is set before, and no number
is looked at but in ``Update``. On a GPU a whole step, its draws and its update too, is captured where it can be
(``WholeStep``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ffexplore.engine.augment import Dropout, Jitter
from ffexplore.engine.batches import Batches
from ffexplore.engine.epoch import EpochSides
from ffexplore.engine.inputs import Prepared
from ffexplore.engine.layers import Layer
from ffexplore.engine.network import Network
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.parts import Part
from ffexplore.engine.repeats import Repeats
from ffexplore.engine.rhythm import Rhythm
from ffexplore.engine.rules import Activity
from ffexplore.engine.schedule import Blocks
from ffexplore.engine.settings import Settings
from ffexplore.engine.together import deltas, listening
from ffexplore.engine.updates import Update, updates
from ffexplore.engine.watch import Watch
from ffexplore.engine.whole_step import WholeStep

Change = Callable[[], None]  # of the weights of layers whose gradients are there


@dataclass(frozen=True)
class Lesson:
    """What a step is that teaches these blocks of layers.

    ``depth`` is how far up the batch has to go, None for to the top. ``is_joint`` tells that layers know of each
    other, so that no weight may change before the walk is over. ``repeats`` does all but the update where that can be
    recorded, ``whole`` all of it where that can be captured.
    """

    blocks: Blocks
    learning: frozenset[int]
    depth: int | None
    is_joint: bool
    updates: dict[int, Update]
    repeats: Repeats | None
    whole: WholeStep | None


class Stepper:
    """Takes steps with a network.

    Parameters
    ----------
    network
        What learns.
    variants
        The settings of each variant.
    pairs, batches, dropout, jitter
        Where the batches come from.
    former
        A stepper of the same run before its settings changed.
    """

    def __init__(
        self,
        network: Network,
        variants: Sequence[Settings],
        pairs: Pairs,
        batches: Batches,
        dropout: Dropout,
        jitter: Jitter,
        former: Stepper | None = None,
    ) -> None:
        self.network, self.pairs, self.batches, self.dropout, self.jitter = network, pairs, batches, dropout, jitter
        self.settings, self.rhythm = variants[0], Rhythm(variants[0])
        depth = len(network.layers)
        self._rates = [[each.per_layer("learning_rate")[number] for each in variants] for number in range(depth)]
        self._factor: float | None = None
        self._lesson: Lesson | None = None
        self._lessons: dict[tuple[tuple[int, ...], ...], Lesson] = {}
        self._drops = any(each.dropout > 0 for each in variants)
        # made anew each time: an epoch's images cannot be kept where each is jittered
        self._per_class = network.per_class
        self._jittered = jitter.by(self.settings)
        self._at_once = not (self._jittered or self._per_class) and EpochSides.serves(pairs)
        self._epoch_sides = EpochSides(pairs)
        if former is not None:
            self._epoch_sides.go_on(former._epoch_sides)

    @property
    def manner(self) -> str:
        """How the last step was taken: call by call, recorded, or captured in a CUDA graph."""
        lesson = self._lesson
        if lesson is None:
            return "call by call"
        in_part = "call by call" if lesson.repeats is None else lesson.repeats.manner
        return in_part if lesson.whole is None else lesson.whole.manner(in_part)

    def settle(self) -> None:
        """Wait until what was begun is done.

        Raises
        ------
        DivergedError
            As a step does.
        """
        for lesson in self._lessons.values():
            if lesson.whole is not None:
                lesson.whole.settle()

    def step(self, number: int, progress: float, epochs: float) -> None:
        """Train on the next batch.

        Parameters
        ----------
        number
            Steps before this one.
        progress
            Of the fit, in [0, 1].
        epochs
            Passes over the data before this step.

        Raises
        ------
        DivergedError
            When a loss or a gradient is not finite; the weights of that layer are those from before. On a GPU that
            may be of a step a few before this one.
        """
        factor = self.rhythm.rate_factor(progress, epochs)
        lesson = self._lesson_of(self.rhythm.blocks(number))
        index = self.batches.next()
        if lesson.whole is not None and self._take_whole(lesson.whole, lesson, index, number, factor):
            return
        self._set_rates(factor)
        if lesson.is_joint:
            self._learn_jointly(lesson, self._sides(index, number), lesson.updates)
        elif lesson.repeats is not None:
            learn = partial(self._learn, learning=lesson.learning, depth=lesson.depth, updates={})
            lesson.repeats(learn, self._sides(index, number), index.shape[1])
            for update in lesson.updates.values():
                update()
        else:
            self._learn(self._sides(index, number), lesson.learning, lesson.depth, lesson.updates)

    def _take_whole(self, whole: WholeStep, lesson: Lesson, index: Tensor, number: int, factor: float) -> bool:
        """Take the step as one, if it is time to and can be done."""
        self.pairs.renew(self._period(number))

        def step(index: Tensor, updates: Mapping[int, Change], watch: tuple[Watch, int]) -> None:
            parts = self._sides(index, number, watch)
            if lesson.is_joint:
                self._learn_jointly(lesson, parts, updates)
            else:
                self._learn(parts, lesson.learning, lesson.depth, updates)

        rates = [self._rates[layer][0] for layer in sorted(lesson.learning)]
        return whole(step, index, rates, factor, self._reads(number))

    def _learn(
        self, parts: list[Part], learning: Collection[int], depth: int | None, updates: Mapping[int, Change]
    ) -> None:
        """Let each layer learn while the batch goes up."""
        network = self.network
        walk = network.walk(parts, depth, self.mask if self._drops else None, network.scratch, train=True)
        del parts  # so that what the first layer was fed goes with that layer
        labels = self._labels()
        for layer, fed, h, masks, energy, space, up in walk:
            if layer.number in learning:
                if layer.peer is not None:
                    layer.meet_peers(h)
                delta = layer.delta(Activity(h, energy, masks, None, labels))
                layer.gradient(fed, delta, space)
                del delta
            if layer.number in updates:
                updates[layer.number]()
            del fed, h, masks, energy, up  # let go before the next layer needs room

    def _learn_jointly(self, lesson: Lesson, parts: list[Part], updates: Mapping[int, Change]) -> None:
        """Let layers learn that know of each other: first all derivatives, then the weights."""
        walked = list(self.network.walk(parts, lesson.depth, self.mask if self._drops else None, train=True))
        for stage in walked:
            if stage.layer.peer is not None and stage.layer.number in lesson.learning:
                stage.layer.meet_peers(stage.h)
        for number, delta in deltas(self.network, walked, lesson.blocks, self._labels()).items():
            walked[number].layer.gradient(walked[number].fed, delta)
            if number in updates:
                updates[number]()

    def mask(self, layer: Layer, z: Tensor) -> Tensor:
        """Dropout's factors for a layer."""
        return self.dropout.mask(z, layer.dropout)

    def _labels(self) -> Tensor | None:
        """The classes that the sides are said to have, for a goodness with a score a class."""
        return self.pairs.labels if self._per_class else None

    def _sides(self, index: Tensor, number: int, watch: tuple[Watch, int] | None = None) -> list[Part]:
        """The first layer's parts of both sides of a batch; the read-out learns from it when it is its turn.

        With a watch no number is looked at; see ``WholeStep``.
        """
        network, period = self.network, self._period(number)
        if self._at_once and watch is None:
            if self._reads(number):
                self._teach_readout(index, network.inputs.prepare_rows(index))
            return self._epoch_sides.batch(self.batches, index.shape[1], period)
        raw = self._jittered(network.inputs.rows(index).unsqueeze(1)) if self._jittered else None
        if raw is not None:
            raw[..., : network.inputs.replaced] = 0  # what came to lie under the label is in neither side's picture
        prepared = network.inputs.prepare_rows(index) if raw is None else network.inputs.prepare(raw.clone())
        if self._reads(number):
            self._teach_readout(index, prepared, watch)
        return self.pairs.sides(index, raw, prepared, period, self._jittered)

    def _period(self, number: int) -> object:
        return self.rhythm.period(self.pairs.refresh, number, self.batches.epoch)

    def _reads(self, number: int) -> bool:
        """Whether it is the read-out's turn."""
        return self.network.readout is not None and number % self.settings.readout_interval == 0

    def _teach_readout(self, index: Tensor, prepared: Prepared, watch: tuple[Watch, int] | None = None) -> None:
        """Let the read-out learn from rows (K', B); what it says of them is kept with them."""
        network, settings = self.network, self.settings
        assert network.readout is not None
        labels, features = network.inputs.y["train"][index], network.neutral(prepared)
        rate, decay = settings.readout_rate, settings.readout_decay
        prepared.logits = network.readout.learn(features, labels, rate, decay, watch)

    def _set_rates(self, factor: float) -> None:
        if factor == self._factor:
            return
        for layer, rates in zip(self.network.layers, self._rates, strict=True):
            layer.rates = [rate * factor for rate in rates]
        self._factor = factor

    def _lesson_of(self, blocks: Blocks) -> Lesson:
        """What is to be done for some blocks; looked up where they are those of an earlier step."""
        if self._lesson is None or blocks != self._lesson.blocks:
            key = tuple(map(tuple, blocks))
            if key not in self._lessons:
                self._lessons[key] = self._make_lesson(blocks)
            self._lesson = self._lessons[key]
        return self._lesson

    def _make_lesson(self, blocks: Blocks) -> Lesson:
        layers = self.network.layers
        learning = frozenset(layer for block in blocks for layer in block)
        heard = listening(layers, learning)
        depth = None if "all" in heard else max(learning) + 1
        is_joint = bool(heard) or len(blocks) < sum(map(len, blocks))
        found = updates(self.network.groups, learning)
        repeats = None
        if not is_joint and len(found) == 1 and Repeats.serves(self.network, learning, self._at_once):
            chance = self.dropout.streams.generators if self._drops else ()
            repeats = Repeats(self.network, learning, chance)
        whole = None
        if WholeStep.serves(self.network, found):
            streams = [self.dropout.streams, self.jitter.streams]
            chance = [generator for each in streams for generator in each.generators]
            whole = WholeStep(self.network, learning, found, self.pairs, chance)
        return Lesson(blocks, learning, depth, is_joint, found, repeats, whole)
