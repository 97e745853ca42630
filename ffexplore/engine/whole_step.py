"""A whole step as one CUDA graph: from the numbers of its rows to new weights, with no wait for a number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import torch
from torch import Tensor

from ffexplore.engine import repeats
from ffexplore.engine.capture import Captured, Standing
from ffexplore.engine.network import Network
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.readout import WATCHED
from ffexplore.engine.recording import RecordingError
from ffexplore.engine.updates import Update
from ffexplore.engine.watch import Watch
from ffexplore.errors import DivergedError

AHEAD = 8  # steps that the host may be ahead of the device; what is not finite shows so much later
GRAPHS = 8  # that are kept; there is one for each size of batch, and those that look at the loss or teach the read-out

# Takes the step of some rows (K', B), changing weights by the functions given for each layer's number; the read-out
# is taught with the watch and its number there.
Step = Callable[[Tensor, "dict[int, Callable[[], None]]", "tuple[Watch, int]"], None]


class WholeStep:
    """Takes steps in which certain layers learn, each launched as one.

    Parameters
    ----------
    network, learning
        The network, and the numbers of its layers that learn.
    updates
        What changes their weights, by the number of the layer at which it does.
    pairs
        Where the sides come from.
    chance
        What else random numbers are drawn from on the way.
    """

    def __init__(
        self,
        network: Network,
        learning: Collection[int],
        updates: dict[int, Update],
        pairs: Pairs,
        chance: Sequence[torch.Generator],
    ) -> None:
        self._network, self._pairs, self._updates = network, pairs, updates
        self._learners = [layer for layer in network.layers if layer.number in learning]
        self._chance = [*chance, *pairs.chance]
        (self._update,) = updates.values()
        device = network.layers[0].parameters.flat.device
        self._watch = Watch([*Update.words(self._update.layers), WATCHED], device)
        self._factor = torch.ones((), device=device)  #: of the rates, where the graph reads it
        self._factor_is = 1.0
        self._graphs: dict[tuple[object, ...], _Graph] = {}
        self._given = 0
        self._marks: list[torch.cuda.Event] = []
        self.obstacle = ""  #: why it is not captured, once it was tried

    @staticmethod
    def serves(network: Network, updates: dict[int, Update]) -> bool:
        """Whether it may be tried: on a GPU, of one variant, with nothing but weights to learn."""
        if network.variants > 1 or network.black_box is not None or len(updates) != 1:
            return False
        return network.is_on_gpu and all(update.asks_nothing for update in updates.values())

    def manner(self, otherwise: str) -> str:
        """How steps are taken at present, in words; ``otherwise`` says how those that are not taken here."""
        if self.obstacle and otherwise == repeats.CAPTURED:
            otherwise += f" up to the update: {self.obstacle}"
        if not self._graphs:
            return otherwise
        return f"{repeats.CAPTURED}, other batches {otherwise}" if self.obstacle else repeats.CAPTURED

    def __call__(self, step: Step, index: Tensor, rates: Sequence[float], factor: float, reads: bool) -> bool:
        """Take a step, if it is time to.

        Parameters
        ----------
        step
            Takes it call by call; the same each time.
        index
            The rows of the batch, (K', B).
        rates, factor
            The rate of each layer that learns, and what it is multiplied by at present.
        reads
            Whether the read-out is taught.

        Returns
        -------
        bool
            Whether it was taken. Not before so many steps that it is worth the capture, and not where that failed.

        Raises
        ------
        DivergedError
            When a number was not finite in this step or a few before; the weights are those from before that one.
        """
        self._given += 1
        looks = tuple(layer.looks_at_loss for layer in self._learners)
        key = (tuple(index.shape), reads, *looks)
        graph = self._graphs.get(key)
        if graph is None and (self._given <= repeats.PATIENCE_ON_GPU or self.obstacle):
            return False
        if factor != self._factor_is:
            self._factor.fill_(factor)
            self._factor_is = factor
        if graph is None:
            return self._capture(key, step, index, rates)
        graph(index)
        for layer, looked in zip(self._learners, looks, strict=True):
            layer.learned += 1
            layer.loss_count += looked
            layer.parameters.version += 1
        if reads and self._network.readout is not None:
            self._network.readout.parameters.version += 1
        self._keep_pace()
        return True

    def settle(self) -> None:
        """Wait until the device has done what it was given.

        Raises
        ------
        DivergedError
            As a step does.
        """
        if self._marks:
            self._marks[-1].synchronize()
            self._marks.clear()
        if self._watch.has_found:
            words, steps = self._watch.finding()
            self._watch.clear()
            raise DivergedError(words, steps)

    def _keep_pace(self) -> None:
        """Wait where the host is too far ahead, and see what the device has told."""
        mark = torch.cuda.Event()
        mark.record()
        self._marks.append(mark)
        if len(self._marks) > AHEAD:
            self._marks.pop(0).synchronize()
        if self._watch.has_found:
            self.settle()

    def _capture(self, key: tuple[object, ...], step: Step, index: Tensor, rates: Sequence[float]) -> bool:
        if len(self._graphs) >= GRAPHS:
            self.settle()
            self._graphs.clear()
        try:
            self._graphs[key] = _Graph(self, step, index, rates)
        except RecordingError as obstacle:
            self.obstacle = str(obstacle)
        self._keep_pace()
        return True  # it was taken on the way, whatever came of the capture

    def take(self, step: Step, index: Tensor, rates: Sequence[float]) -> None:
        """Take a step call by call, as it is captured."""
        number = len(self._watch.notes) - 2  # of the read-out, the last one
        self._watch.begin()
        scaled = {rate: self._factor * rate for rate in set(rates)}
        change = partial(self._update.on_device, [scaled[rate] for rate in rates], self._watch)
        step(index, dict.fromkeys(self._updates, change), (self._watch, number))
        self._watch.tell()

    def standing(self) -> Standing:
        """All that a step moves."""
        return Standing(self._network, self._learners, self._chance, True, [self._watch.notes])

    @property
    def pairs(self) -> Pairs:
        """Where the sides come from."""
        return self._pairs

    @property
    def chance(self) -> Sequence[torch.Generator]:
        """What random numbers are drawn from."""
        return self._chance

    def held(self) -> object:
        """What a graph reads or writes that may be let go of."""
        network, pairs = self._network, self._pairs
        return network.scratch.buffers(), network.inputs.kept, dict(pairs.banks)


class _Graph:
    """One graph, of steps that are alike.

    Parameters
    ----------
    whole
        Whose it is.
    step, index, rates
        As for that.
    """

    def __init__(self, whole: WholeStep, step: Step, index: Tensor, rates: Sequence[float]) -> None:
        pairs = self._pairs = whole.pairs
        self._kept = pairs.kept

        def calls(tensors: Sequence[Tensor]) -> None:
            index, *lasting = tensors
            kept, pairs.kept = pairs.kept, dict(zip(pairs.kept, lasting, strict=True))
            try:
                whole.take(step, index, rates)
            finally:
                pairs.kept = kept

        inputs = [index, *pairs.kept.values()]
        self._captured = Captured(calls, inputs, whole.standing, whole.chance, whole.held)

    def __call__(self, index: Tensor) -> None:
        """Take a step."""
        lasting = [] if self._pairs.kept is self._kept else self._pairs.kept.values()
        self._kept = self._pairs.kept
        self._captured([index, *lasting])
