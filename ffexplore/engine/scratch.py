"""Buffers that are used again, because fresh memory of some megabytes costs more than the arithmetic on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ffexplore.engine.parameters import Parameters
from ffexplore.engine.parts import BELOW, Part, flattened

SHAPES = 16  # of batches whose buffers are remembered


@dataclass(frozen=True)
class Space:
    """Where one layer writes what it makes of a batch; K variants, S sides, B rows. Some buffers have several views.

    Attributes
    ----------
    z
        (K, S, B, units): pre-activation, then activity, then derivative; of one layer at a time.
    rows
        The same as the matrix products take it, (S·B, units) or (K, S·B, units).
    sides
        The same, each side by itself: S of (K, 1, B, units).
    shared
        (K, 1, B, units): what all sides share, or the sum over the sides.
    shared_rows
        The same as the matrix products take it.
    below
        The normalized activity as the layer above sees it, until that layer has learned; None of the last layer.
    spare
        (K, S, B, units): for a moment what becomes ``below`` in bfloat16; None where that is float32, or on a GPU.
    halves
        Flat memory for products in bfloat16 on their way, see ``products.gradient``; None where none are taken on a
        CPU.
    """

    z: Tensor
    rows: Tensor
    sides: tuple[Tensor, ...]
    shared: Tensor
    shared_rows: Tensor
    below: Part | None
    spare: Tensor | None
    halves: tuple[Tensor, Tensor] | None


class Scratch:
    """Buffers of a network; what was there before is lost when they are asked for again.

    Parameters
    ----------
    layers
        The weights of each layer.
    half
        Whether layers are fed bfloat16.
    """

    def __init__(self, layers: Sequence[Parameters], half: bool = False) -> None:
        self._layers, self._half = list(layers), half
        self._widest = max(each.variants * each.units for each in layers)
        self._largest = max(each.weight.numel() for each in layers)
        self._buffers: dict[str, Tensor] = {}
        self._spaces: dict[tuple[int, int], list[Space]] = {}

    def for_parts(self, parts: Sequence[Part]) -> list[Space]:
        """The spaces of all layers for the batch that the first one is fed."""
        sides = rows = 1
        for part in parts:  # 1 is shared, 0 is nothing
            sides = part.sides if part.sides != 1 else sides
            rows = part.rows if part.rows != 1 else rows
        return self.of(sides, rows)

    def buffers(self) -> list[Tensor]:
        """The memory that is in use at present."""
        return list(self._buffers.values())

    def of(self, sides: int, rows: int) -> list[Space]:
        """The spaces of all layers for a batch; buffers are shared by the layers, so that depth costs nothing."""
        spaces = self._spaces.get((sides, rows))
        if spaces is None:
            self._make_room(sides, rows)
            spaces = [self._space(number, layer, sides, rows) for number, layer in enumerate(self._layers)]
            self._spaces[sides, rows] = spaces
        return spaces

    def _make_room(self, sides: int, rows: int) -> None:
        """Have buffers that are large enough; views of smaller ones are forgotten."""
        whole, device = sides * rows * self._widest, self._layers[0].flat.device
        narrow = torch.bfloat16 if self._half else torch.float32
        # a layer still needs what it was fed when it has made what it passes on, so that there are two of those
        belows = [f"below {number}" for number in range(min(2, len(self._layers) - 1))]
        wanted = {"z": (whole, torch.float32), "shared": (rows * self._widest, torch.float32)}
        wanted |= dict.fromkeys(belows, (whole, narrow))
        if self._half and device.type != "cuda":  # which adds up products of bfloat16 in float32
            wanted |= {"half": (whole, narrow), "half of a gradient": (self._largest, narrow)}
            wanted |= {"spare": (whole, torch.float32)} if belows else {}
        for name, (size, dtype) in wanted.items():
            if name not in self._buffers or self._buffers[name].numel() < size:
                self._buffers[name] = torch.empty(size, dtype=dtype, device=device)
                self._spaces.clear()
        if len(self._spaces) >= SHAPES:
            self._spaces.clear()

    def _space(self, number: int, layer: Parameters, sides: int, rows: int) -> Space:
        size = layer.variants * rows * layer.units
        shape = layer.variants, sides, rows, layer.units
        z = self._buffers["z"][: sides * size].view(shape)
        below = spare = halves = None
        if number + 1 < len(self._layers):
            below = Part(BELOW, self._buffers[f"below {number % 2}"][: sides * size].view(shape))
            spare = self._buffers["spare"][: sides * size].view(shape) if "spare" in self._buffers else None
        if "half" in self._buffers:
            halves = self._buffers["half"], self._buffers["half of a gradient"]
        shared = self._buffers["shared"][:size].view(layer.variants, 1, rows, layer.units)
        return Space(z, flattened(z), z.split(1, 1), shared, flattened(shared), below, spare, halves)
