"""A Snapshot: what one moment of training looks like, in frozen numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Examples:
    """A few inputs of the probe, the hardest of each side in it, as the network sees them, and their goodness.

    Shapes: E examples, two sides (0 positive, 1 negative), L layers; of the first variant.
    """

    images: NDArray[np.uint8]  #: (2, E, height, width, channels), scaled to 0..255 for showing; label codes included
    labels: NDArray[np.int32]  #: (2, E) the class written into each input or scored; -1: none, -2 - c: all but c
    goodness: Float  #: (2, E, L)
    probability: Float  #: (2, E, L) of being positive, σ(scale (g − θ)); nan where the objective has no threshold
    scale: float = 1.0  #: the logit scale in it
    jittered: NDArray[np.uint8] | None = None  #: positives as training might see them; None without jitter


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One moment of training; K variants (1 normally), L layers, N histogram bins.

    Every array is read-only. Histograms, means, AUC and dead units come from a fixed probe of
    validation samples, never from the training batch.
    """

    step: int  #: batches trained so far
    epoch: float  #: passes over the training data so far
    seconds: float  #: time spent training
    rows_per_second: (
        float  #: inputs trained per second, smoothed; positive and negative ones apart unless one pass serves both
    )
    status: str  #: idle, running, paused, diverged or failed
    widths: tuple[int, ...]  #: units of each layer
    goodness: tuple[str, ...]  #: name of the goodness of each layer
    low: Float  #: (K, L) left edge of the histograms
    high: Float  #: (K, L) right edge of the histograms
    positive: NDArray[np.int32]  #: (K, L, N) counts of positive goodness; outliers sit in the outermost bins
    negative: NDArray[np.int32]  #: (K, L, N) counts of negative goodness
    threshold: Float  #: (K, L); nan where the objective has no threshold
    mean_positive: Float  #: (K, L)
    mean_negative: Float  #: (K, L)
    auc: Float  #: (K, L) probability that a positive has more goodness than a negative
    auc_uniform: Float  #: (K, L) the same against uniform wrong labels; nan without labels
    overlap: Float  #: (K, L) shared area of the two histograms, 0 to 1
    dead: NDArray[np.int32]  #: (K, L) units that are silent on the whole probe
    loss: Float  #: (K, L) mean loss of the batches since the last snapshot
    accuracy: Float  #: (K,) validation accuracy by goodness per label; nan without labels
    readout_accuracy: Float  #: (K,) validation accuracy by the one-pass read-out; nan where it does not learn
    learning_rate: Float  #: (K, L)
    accuracy_step: int = -1  #: batches trained when the two accuracies were read; -1 for those of this moment
    examples: Examples | None = None
    message: str = ""  #: plain words when something went wrong, else empty
    changes: tuple[str, ...] = field(default=())  #: what the person changed since the last snapshot
    step_manner: str = ""  #: how the last step was taken: call by call, recorded, or captured in a CUDA graph
    diverged: tuple[str, ...] = ()  #: of K variants what happened to those that rest; empty while all go on

    def of_variant(self, variant: int, goodness: tuple[str, ...]) -> Snapshot:
        """The same moment as a single run of one variant, with this goodness, has it; without the examples."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        own: dict[str, Any] = {
            name: value[variant : variant + 1] for name, value in values.items() if isinstance(value, np.ndarray)
        }
        return replace(self, **own, goodness=goodness, examples=None, diverged=self.diverged[variant : variant + 1])

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
