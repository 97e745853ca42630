"""The panes that show pictures, kernel side: inputs with their goodness, and the weights of the first layer."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.engine.pictures import hardest_first
from ffexplore.engine.receptive import ReceptiveFields, receptive_fields, strongest_units
from ffexplore.engine.training import Trainer
from ffexplore.live.snapshot import Snapshot
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.frames import Arrays

if TYPE_CHECKING:
    from ffexplore.ui.panes import History

REORDER = 2.0  #: seconds between two orders of the gallery while training
REORDER_FIELDS = 6.0  #: seconds between two choices of the units to show while training


class Pace:
    """Says when an order may be renewed, so that what a person looks at stays in its place for a while.

    Parameters
    ----------
    seconds
        The least time between two orders of the same things.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._clock = seconds, clock
        self._of: object = None
        self._since = -math.inf

    def is_due(self, of: object, *, at_rest: bool) -> bool:
        """Whether to renew the order: the time is up, nothing moves, or it was the order of something else."""
        now = self._clock()
        due = at_rest or of != self._of or now - self._since >= self.seconds
        if due:
            self._of, self._since = of, now
        return due


class GalleryPane:
    """Positive and negative inputs as pictures, with the goodness of each layer; the hardest of each side first.

    The pictures travel only to views that do not hold them yet.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace(REORDER, clock)
        self._order: NDArray[np.int64] = np.zeros((2, 0), np.int64)

    def pack(
        self, snapshot: Snapshot, history: History | None, have: Sequence[Mapping[str, Any]], arrays: Arrays
    ) -> dict[str, Any]:
        """Pack pictures, labels, goodness and probabilities in the probe's order, and the order to show them in."""
        examples = snapshot.examples
        if examples is None:
            return {"words": "nothing to show yet"}
        if examples.images.shape[2] == 1:
            return {"words": "The inputs of this dataset are rows of numbers, so there are no pictures to show."}
        jittered = examples.jittered
        pictures = f"{examples.images.shape} {zlib.crc32(examples.images.tobytes())}"
        if jittered is not None:
            pictures += f" {zlib.crc32(jittered.tobytes())}"
        if self._pace.is_due(examples.images.shape, at_rest=snapshot.status != "running"):
            self._order = hardest_first(examples.goodness)
        places = {
            "goodness": arrays.add(examples.goodness),
            "probability": arrays.add(examples.probability),
            "low": arrays.add(snapshot.low[0]),
            "high": arrays.add(snapshot.high[0]),
            "threshold": arrays.add(snapshot.threshold[0]),
        }
        if any(held.get("pictures") != pictures for held in have) or not have:
            places["images"] = arrays.add(examples.images)
            if jittered is not None:
                places["jittered"] = arrays.add(jittered)
        return {
            "pictures": pictures,
            "order": self._order.tolist(),
            "labels": examples.labels.tolist(),
            "scale": examples.scale,
            "arrays": places,
        }


class FieldsPane(AskedPane[ReceptiveFields]):
    """Receptive fields of the first layer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._pace = Pace(REORDER_FIELDS, clock)
        self._units: NDArray[np.int64] | None = None
        self._read: tuple[object, int] | None = None  # the weights that were read last, and their version

    def look(self, trainer: Trainer, at_rest: bool) -> ReceptiveFields | None:
        """Copy the weights if they changed since the last look."""
        parameters = trainer.network.layers[0].parameters
        if self._read is not None and (self._read[0] is parameters and self._read[1] == parameters.version):
            return None
        if self._pace.is_due(id(parameters), at_rest=at_rest) or self._units is None:
            self._units = strongest_units(trainer)
        fields = receptive_fields(trainer, self._units)
        self._read = parameters, parameters.version
        return fields

    def pack_answer(self, answer: ReceptiveFields, arrays: Arrays) -> dict[str, Any]:
        """Pack the weights as uint8 pictures: 128 is 0, 1 and 255 are the two ends of the scale."""
        if not len(answer.weights):
            return {"words": f"{answer.dataset} has rows of numbers, so the weights are no pictures."}
        limit = scale_of(answer)
        shades = np.clip(np.nan_to_num(answer.weights) / limit, -1, 1)
        return {
            "total": answer.total,
            "label_inputs": answer.label_inputs,
            "limit": limit,
            "units": answer.units.tolist(),
            "arrays": {"weights": arrays.add(np.round(128 + 127 * shades).astype(np.uint8))},
        }


def scale_of(fields: ReceptiveFields) -> float:
    """The weight at which the colours end: one for all units, above most weights, and in steps so that it rests."""
    picture = np.abs(np.nan_to_num(fields.weights)).reshape(len(fields.weights), -1)[:, fields.label_inputs :]
    usual = float(np.quantile(picture, 0.995)) if picture.size else 0.0
    return 2.0 ** (math.ceil(4 * math.log2(usual)) / 4) if usual > 1e-30 else 1.0
