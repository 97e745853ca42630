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
from ffexplore.engine.recording import RecordingError

TOLERANCE = 1e-3  # of the largest number in a tensor: products may be added up in another order
Calls = Callable[[Sequence[Tensor]], None]

_failed: list[torch.cuda.CUDAGraph] = []  # one of torch's allocators goes on asking them whose memory it is


class Captured:
    """Makes calls with some tensors, and captures how; called, it makes them again with others of those shapes.

    Parameters
    ----------
    calls
        What is done with the tensors: layers learn from them.
    inputs
        The tensors, on a CUDA device.
    standing
        Gives all that the calls move, as it is at that moment.
    chance
        What random numbers are drawn from on the way.
    held
        Gives what the calls read or write besides, and what else may let go of while the graph lives.

    Raises
    ------
    RecordingError
        When the calls cannot be captured, or come to other numbers when they are launched as one. They have been made
        once all the same.
    """

    def __init__(
        self,
        calls: Calls,
        inputs: Sequence[Tensor],
        standing: Callable[[], Standing],
        chance: Sequence[torch.Generator],
        held: Callable[[], object],
    ) -> None:
        before = standing()
        calls(inputs)  # and all that is made in a first call is there: handles of libraries, kernels, constants
        self._held = kept_constants(), held()
        after = standing()
        self._fixed = [each.clone() for each in inputs]
        try:
            before.restore()  # the batches that were learned decide whether the loss is looked at
            self._graph = _graph_of(lambda: calls(self._fixed), chance, inputs[0].device)
            self.losses = [layer.loss for layer in after.learners]  #: where the graph leaves them
            before.restore()
            self._graph.replay()
            if not after.is_met():
                raise RecordingError("launched as one, the calls come to other numbers")
        finally:
            after.restore()

    def __call__(self, inputs: Sequence[Tensor]) -> None:
        """Make the calls with other tensors; where fewer are given, the last ones are those of the time before."""
        torch._foreach_copy_(self._fixed[: len(inputs)], list(inputs))
        self._graph.replay()


class Standing:
    """All that is moved where layers learn from a batch, as it is when this is made.

    Gradients, running means, streams of random numbers, and what is noted of the batch; with ``weights``, these too.

    Parameters
    ----------
    network, learners
        The network, and those of its layers that learn.
    chance
        What random numbers are drawn from.
    weights
        Whether weights change.
    notes
        Further tensors that are moved.
    """

    def __init__(
        self,
        network: Network,
        learners: Sequence[Layer],
        chance: Sequence[torch.Generator],
        weights: bool = False,
        notes: Sequence[Tensor] = (),
    ) -> None:
        self.learners = learners
        parameters = [layer.parameters for layer in learners]
        if weights and network.readout is not None:
            parameters.append(network.readout.parameters)
        results = [each.gradient.flat for each in parameters]
        states = [state for layer in network.layers for state in (*layer.states, layer.usual or {})]
        moved = [value for state in states for value in state.values()]
        moved += [*notes, *(layer.peer_mean for layer in learners)]
        if weights:
            results += [each.flat for each in parameters]
            moved += [value for each in parameters for value in each.optimizer.state.values()]
            moved += [each.half for each in parameters if each.half is not None]
            moved += [layer.loss_sum for layer in learners]
        self._results, self._moved = _copied(results), _copied(moved)
        self._streams = [(generator, generator.get_state()) for generator in chance]
        self._counts = [(layer, layer.learned, layer.loss, layer.loss_count) for layer in learners]

    def restore(self) -> None:
        """Have everything as it was then."""
        for there, value in (*self._results, *self._moved):
            there.copy_(value)
        for generator, state in self._streams:
            generator.set_state(state)
        for layer, learned, loss, count in self._counts:
            layer.learned, layer.loss, layer.loss_count = learned, loss, count

    def is_met(self) -> bool:
        """Whether the present gradients, and weights, are those of then, as far as those are finite."""
        return all(_agrees(result, wanted) for result, wanted in self._results)


def _copied(tensors: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return [(each, each.clone()) for each in tensors]


def _agrees(result: Tensor, wanted: Tensor) -> bool:
    is_known = wanted.isfinite()
    wanted, result = (torch.where(is_known, each, 0.0) for each in (wanted, result))
    return bool((result - wanted).abs().max() <= TOLERANCE * wanted.abs().max())


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
