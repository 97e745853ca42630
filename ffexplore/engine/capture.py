"""The calls of a step on a GPU as a CUDA graph: launched as one, where each of them would be launched alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ffexplore.engine.layers import Layer
from ffexplore.engine.network import Network
from ffexplore.engine.parts import Part
from ffexplore.engine.recording import RecordingError

TOLERANCE = 1e-3  # of the largest number in a gradient: products may be added up in another order


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
        learn: Callable[[list[Part]], None],
        parts: list[Part],
        network: Network,
        learners: Sequence[Layer],
        chance: Sequence[torch.Generator],
    ) -> None:
        before = [layer.learned for layer in learners]
        learn(parts)
        notes = [(layer.learned, layer.loss) for layer in learners]
        own = [Part(part.source, part.x.clone(), None if part.scale is None else part.scale.clone()) for part in parts]
        self._fixed = _tensors(own)
        self._buffers = network.scratch.for_parts(own)  # the graph writes there as long as it lives
        self._graph = torch.cuda.CUDAGraph()
        for generator in chance:
            self._graph.register_generator_state(generator)
        for layer, learned in zip(learners, before, strict=True):
            layer.learned = learned  # it decides whether the loss is looked at
        try:
            # another thread may go on with what it does on the device meanwhile, as another explorer's does
            with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
                learn(own)
            self._losses = [layer.loss for layer in learners]
        except RuntimeError as error:
            raise RecordingError(str(error).partition("\n")[0]) from error
        finally:
            for layer, (learned, loss) in zip(learners, notes, strict=True):
                layer.learned, layer.loss = learned, loss
        if not chance and not any(layer.peer or layer.usual for layer in network.layers):
            self._check(learners)  # else a second time would be another one

    def __call__(self, parts: list[Part]) -> Sequence[Tensor | None]:
        """Let the layers learn from parts; the losses of the layers, where they were looked at."""
        torch._foreach_copy_(self._fixed, _tensors(parts))
        self._graph.replay()
        return self._losses

    def _check(self, learners: Sequence[Layer]) -> None:
        """Compare what the graph makes of the batch with what the layers have learned from it."""
        gradients = [layer.parameters.gradient.flat for layer in learners]
        expected = [gradient.clone() for gradient in gradients]
        self._graph.replay()
        for gradient, wanted in zip(gradients, expected, strict=True):
            is_same = (gradient - wanted).abs().max() <= TOLERANCE * wanted.abs().max()
            gradient.copy_(wanted)
            if not is_same:
                raise RecordingError("launched as one, the calls come to another gradient")


def _tensors(parts: list[Part]) -> list[Tensor]:
    return [*(part.x for part in parts), *(part.scale for part in parts if part.scale is not None)]
