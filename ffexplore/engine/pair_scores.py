"""What the network says of every label of an input: asked by negatives that are to be hard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ffexplore.engine.constants import constants
from ffexplore.engine.inputs import Prepared
from ffexplore.engine.network import Network

SCALE_FLOOR = 1.0  # goodness is divided by the natural threshold, but never by less than this


class PairScores:
    """Scores of all classes: by the read-out, or by goodness in units of each layer's natural threshold.

    What is asked for is "readout", "first" (goodness of the first layer) or "all" (the sum over layers).

    Parameters
    ----------
    network
        The network that is asked.
    natural
        Natural threshold of each layer, of each variant.
    split
        The split of which ``of_split`` is.

    Attributes
    ----------
    were_asked
        Whether the network was asked about a batch.
    """

    def __init__(self, network: Network, natural: Sequence[Sequence[float]], split: str) -> None:
        self._network, self._natural, self._split = network, natural, split
        self.were_asked = False

    def of_batch(self, prepared: Prepared) -> Callable[[str], Tensor]:
        """What gives the scores (K, B, C) of a batch; the products of the batch are shared."""
        kept: dict[str, Tensor] = {}

        def scores(what: str) -> Tensor:
            self.were_asked = True
            if what not in kept:
                kept[what] = self._readout(prepared) if what == "readout" else self._goodness(prepared, what)
            return kept[what]

        return scores

    def of_split(self, what: str) -> Tensor:
        """Scores (K, N, C) of the whole split, made in chunks."""
        inputs = self._network.inputs
        rows = torch.arange(len(inputs.y[self._split]), device=inputs.table.device)
        goodness, logits = self._network.score(inputs.rows(rows, self._split), _depth(what))
        if what == "readout":
            assert logits is not None
            return logits
        return self._in_natural_units(goodness)

    def _readout(self, prepared: Prepared) -> Tensor:
        if prepared.logits is not None:
            return prepared.logits
        assert self._network.readout is not None
        return self._network.readout.logits(self._network.neutral(prepared))

    def _goodness(self, prepared: Prepared, what: str) -> Tensor:
        goodness = self._network.candidates(prepared, _depth(what))
        return self._in_natural_units(goodness.permute(0, 1, 3, 2))

    def _in_natural_units(self, goodness: Tensor) -> Tensor:
        """Sum of layer goodness (L, K, B, C), each layer in units of its natural threshold."""
        natural = constants(tuple(map(tuple, self._natural)), goodness.dtype, goodness.device)
        scale = natural.abs().clamp(min=SCALE_FLOOR).t()[: len(goodness)]
        return (goodness / scale[:, :, None, None]).sum(0)


def _depth(what: str) -> int | None:
    return 1 if what == "first" else None
