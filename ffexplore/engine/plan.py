"""What settings ask to be built, so that a change rebuilds only what it must."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ffexplore.data import Dataset
from ffexplore.engine.device import resolve_device, resolve_half
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.parts import BELOW, LABEL_ABOVE
from ffexplore.engine.settings import Settings, dataset_of, natural_threshold
from ffexplore.engine.suitability import check_suited
from ffexplore.errors import SettingsError
from ffexplore.registry import Choice

BYTES_LIMIT = 0.8  # share of the free memory that a network may take


@dataclass(frozen=True, eq=False)
class Plan:
    """What must exist for settings.

    Attributes
    ----------
    dataset
        The data, loaded.
    sources
        Of each layer: the rows of its weights that each source meets, by the source's name.
    units
        Units of each layer.
    device
        Where the numbers are computed.
    half
        Whether matrix products are taken in bfloat16.
    start
        What makes a run begin anew when it changes: data, seed, device, precision, initialization.
    """

    dataset: Dataset
    sources: tuple[tuple[tuple[str, tuple[int, int]], ...], ...]
    units: tuple[int, ...]
    device: torch.device
    half: bool
    start: tuple[object, ...]

    @property
    def bytes(self) -> int:
        """Memory of weights, optimizer and gradient, in bytes: at most four numbers a weight, and the copies."""
        weights = [
            units * (max(last for _, (_, last) in sources) + 1)
            for sources, units in zip(self.sources, self.units, strict=True)
        ]
        return sum(weights) * 4 * (3 + self.half) + max(weights) * 4


def plan(settings: Settings) -> Plan:
    """Work out what settings ask to be built; loads the data, allocates nothing.

    Raises
    ------
    SettingsError
        When settings do not go with the data, or the network does not fit into memory.
    DatasetError
        When the data is not to be had.
    """
    dataset = dataset_of(settings)
    encoding = label_encodings[settings.label_encoding.name]
    table = encoding.table(dataset.classes, settings.label_encoding.values)
    check_suited([settings], dataset)
    first = {"image": (0, dataset.features)}
    label = table.shape[1] if settings.label_layers == "all" else 0
    if table.shape[1]:
        start = 0 if encoding.replaces else dataset.features
        first["label"] = (start, start + table.shape[1])
    sources = (tuple(first.items()), *(_sources_above(units, label) for units in settings.layers[:-1]))
    device = resolve_device(settings.device)
    half = resolve_half(settings.precision, device, settings.layers)
    begins_anew = (dataset.fingerprint, settings.seed, str(device), half, settings.initialization)
    result = Plan(dataset, sources, settings.layers, device, half, begins_anew)
    free = _free_memory(device)
    if free is not None and result.bytes > BYTES_LIMIT * free:
        raise SettingsError(
            f"layers is {settings.layers}: weights and optimizer take {result.bytes / 2**30:.1f} GiB, but only "
            f"{free / 2**30:.1f} GiB are free; choose fewer or narrower layers."
        )
    return result


def _sources_above(below: int, label: int) -> tuple[tuple[str, tuple[int, int]], ...]:
    """The sources of a layer above the first: the units below it and, where it sees one, the values of a label."""
    passed = (BELOW, (0, below))
    return (passed, (LABEL_ABOVE, (below, below + label))) if label else (passed,)


def _free_memory(device: torch.device) -> int | None:
    """Free bytes of a device, or None where that is not known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            available = next(line for line in file if line.startswith("MemAvailable"))
        return int(available.split()[1]) * 1024
    except (OSError, StopIteration):
        return None


def carry_threshold(old: Settings, new: Settings) -> tuple[Settings, str]:
    """Carry a threshold over to another goodness or width, as a multiple of the natural one.

    Returns
    -------
    tuple
        The settings to use, and one sentence for the person; empty when nothing was carried.
    """
    if new.threshold is None or new.threshold != old.threshold or len(new.layers) != len(old.layers):
        if new.threshold is not None and isinstance(new.threshold, tuple) and len(new.layers) != len(old.layers):
            return new.replace(
                threshold=None
            ), "The thresholds went back to the natural ones: another number of layers."
        return new, ""
    if new.threshold == "width":
        return new, ""
    before = _natural(old)
    after = _natural(new)
    if before == after:
        return new, ""
    carried = tuple(
        value if given == "width" else value / b * a if b else a
        for value, b, a, given in zip(new.thresholds(), before, after, new.per_layer("threshold"), strict=True)
    )
    threshold = carried if isinstance(new.threshold, tuple) or len(set(carried)) > 1 else carried[0]
    shown = ", ".join(f"{value:.4g}" for value in dict.fromkeys(carried))
    return (
        new.replace(threshold=threshold),
        f"θ was carried over as the same multiple of the natural threshold: now {shown}.",
    )


def _natural(settings: Settings) -> tuple[float, ...]:
    choices: tuple[Choice, ...] = settings.per_layer("goodness")
    return tuple(natural_threshold(choice, width) for choice, width in zip(choices, settings.layers, strict=True))
