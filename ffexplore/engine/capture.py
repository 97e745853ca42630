"""The calls of a step on a GPU as a CUDA graph: launched as one, where each of them would be launched alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

import torch
from torch import Tensor

from ffexplore.engine.constants import kept_constants
from ffexplore.engine.layers import Layer
from ffexplore.engine.network import Network
from ffexplore.engine.parts import Part
from ffexplore.engine.recording import RecordingError

TOLERANCE = 1e-3  # of the largest number in a gradient: products may be added up in another order
Learn = Callable[[list[Part]], None]

_failed: list[torch.cuda.CUDAGraph] = []  # one of torch's allocators goes on asking them whose memory it is


class Captured:
    """Lets layers learn from a batch, and captures how; called, it does the same for further parts of those shapes.

    Parameters
    ----------
    learn
        Lets them learn from the first layer's parts.
    parts
        The parts, on a CUDA device.
    network, learners
        The network, and those of its layers that learn.
    chance
        What random numbers are drawn from on the way.

    Raises
    ------
    RecordingError
        When the calls cannot be captured, or come to another gradient when they are launched as one. The layers have
        learned from the batch all the same.
    """

    def __init__(
        self,
        learn: Learn,
        parts: list[Part],
        network: Network,
        learners: Sequence[Layer],
        chance: Sequence[torch.Generator],
    ) -> None:
        before = Standing(network, learners, chance)
        learn(parts)  # and all that is made in a first call is there: handles of libraries, kernels, constants
        self._constants = kept_constants()  # the graph reads some of them as long as it lives
        after = Standing(network, learners, chance)
        own = [Part(part.source, part.x.clone(), None if part.scale is None else part.scale.clone()) for part in parts]
        self._fixed = _tensors(own)
        self._buffers = network.scratch.for_parts(own)  # the graph writes there as long as it lives
        try:
            before.restore()  # the batches that were learned decide whether the loss is looked at
            self._graph = _graph_of(lambda: learn(own), chance, own[0].x.device)
            self._losses = [layer.loss for layer in learners]
            before.restore()
            self._graph.replay()
            if not after.has_gradients():
                raise RecordingError("launched as one, the calls come to another gradient")
        finally:
            after.restore()

    def __call__(self, parts: list[Part]) -> Sequence[Tensor | None]:
        """Let the layers learn from parts; the losses of the layers, where they were looked at."""
        torch._foreach_copy_(self._fixed, _tensors(parts))
        self._graph.replay()
        return self._losses


class Standing:
    """All that is moved where layers learn from a batch, as it is when this is made; the weights are not.

    Gradients, running means, streams of random numbers, and what is noted of the batch.
    """

    def __init__(self, network: Network, learners: Sequence[Layer], chance: Sequence[torch.Generator]) -> None:
        self._gradients = _copied([layer.parameters.gradient.flat for layer in learners])
        states = [state for layer in network.layers for state in (*layer.states, layer.usual or {})]
        means = [value for state in states for value in state.values()]
        self._means = _copied([*means, *(layer.peer_mean for layer in learners)])
        self._streams = [(generator, generator.get_state()) for generator in chance]
        self._notes = [(layer, layer.learned, layer.loss) for layer in learners]

    def restore(self) -> None:
        """Have everything as it was then."""
        for there, value in (*self._gradients, *self._means):
            there.copy_(value)
        for generator, state in self._streams:
            generator.set_state(state)
        for layer, learned, loss in self._notes:
            layer.learned, layer.loss = learned, loss

    def has_gradients(self) -> bool:
        """Whether the present gradients are those of then, as far as those are finite."""
        return all(_agrees(gradient, wanted) for gradient, wanted in self._gradients)


def _copied(tensors: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return [(each, each.clone()) for each in tensors]


def _agrees(gradient: Tensor, wanted: Tensor) -> bool:
    is_known = wanted.isfinite()
    wanted, gradient = (torch.where(is_known, each, 0.0) for each in (wanted, gradient))
    return bool((gradient - wanted).abs().max() <= TOLERANCE * wanted.abs().max())


def _tensors(parts: list[Part]) -> list[Tensor]:
    return [*(part.x for part in parts), *(part.scale for part in parts if part.scale is not None)]


def _graph_of(
    calls: Callable[[], None], chance: Sequence[torch.Generator], device: torch.device
) -> torch.cuda.CUDAGraph:
    """Capture calls; where they cannot be captured, torch is left as it was found."""
    graph = torch.cuda.CUDAGraph()
    for generator in chance:
        graph.register_generator_state(generator)
    stream, pool = torch.cuda.current_stream(), torch.cuda.graph_pool_handle()
    try:
        # another thread may go on with what it does on the device meanwhile, as another explorer's does
        with torch.cuda.graph(graph, pool, _side_stream(), capture_error_mode="thread_local"):
            calls()
    except Exception as error:  # what somebody else wrote may raise anything
        torch.cuda.set_stream(stream)  # torch does not, where it is the end of the capture that fails
        _failed.append(graph)
        graph.reset()
        _give_back(pool)
        _end_capture_of(chance, device)
        raise RecordingError(_root_cause(error)) from error
    finally:
        torch.cuda.set_stream(stream)
    return graph


@cache
def _side_stream() -> torch.cuda.Stream:
    """A stream of our own to capture on; one for all graphs, as each takes room for the products on it."""
    return torch.cuda.Stream()


def _give_back(pool: tuple[int, int]) -> None:
    """Have memory no longer taken for a capture that failed; torch does that only after one that succeeds."""
    device = torch.cuda.current_device()
    with suppress(RuntimeError):  # it ended well but for an error of the calls; to release it twice would harm
        torch._C._cuda_endAllocateToPool(device, pool)
        torch._C._cuda_releasePool(device, pool)


def _end_capture_of(chance: Sequence[torch.Generator], device: torch.device) -> None:
    """Let random numbers be drawn again after a capture that failed: some torch ends that only with one that succeeds.

    Of the default generator, too, which torch adds to every graph.
    """
    _side_stream.cache_clear()  # it may be left capturing
    with suppress(RuntimeError):  # what could not be helped shows in the next draw
        graph = torch.cuda.CUDAGraph()
        for generator in chance:
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph, stream=_side_stream(), capture_error_mode="thread_local"):
            torch.zeros(1, device=device)


def _root_cause(error: BaseException) -> str:
    """The first line of what went wrong first: the end of a capture that failed tells only that something did."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error).partition("\n")[0] or type(error).__name__
