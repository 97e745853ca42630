"""A stack of Forward-Forward layers: the walk through it, and the scores of candidate labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ffexplore.engine import products
from ffexplore.engine.black_box import PlacedBox
from ffexplore.engine.diverged import Diverged
from ffexplore.engine.energy import energy
from ffexplore.engine.inputs import Inputs, Prepared
from ffexplore.engine.layers import Layer
from ffexplore.engine.normalize import Normalization
from ffexplore.engine.parts import BELOW, LABEL_ABOVE, Part
from ffexplore.engine.prototypes import Prototypes
from ffexplore.engine.readout import Readout
from ffexplore.engine.scratch import Scratch, Space
from ffexplore.errors import SettingsError

CHUNK = 1 << 18  # numbers in one activity tensor while scoring; larger ones leave the cache of a CPU
ROWS = 1024  # images whose product with the first layer's weights is taken at once
CHUNK_ON_GPU, ROWS_ON_GPU = 1 << 24, 1 << 13  # where no cache is to be kept to, and each launch costs


class Stage(NamedTuple):
    """A layer on the way up: what it was fed, its activity (K, S, B, units), factors of a derivative by it or None.

    ``energy`` (K, S, B) is the sum of squares of the activity over the units, or None where nobody asked. What goes on
    to the layers above and the read-out is ``up``: the activity, but for an activation that says otherwise.
    """

    layer: Layer
    fed: list[Part]
    h: Tensor
    mask: Tensor | None
    energy: Tensor | None
    space: Space | None  #: the buffers that it was made in
    up: Tensor


@dataclass
class Network:
    """Layers, what lies between them, and the read-out beside them."""

    inputs: Inputs
    layers: list[Layer]
    normalization: Normalization
    normalization_params: dict[str, Any]
    groups: list[list[Layer]]  #: layers that change together; see ``ffexplore.engine.updates``
    readout: Readout | None
    black_box: PlacedBox | None = None
    prototypes: Prototypes = field(default_factory=Prototypes)
    scratch: Scratch = field(init=False)

    def __post_init__(self) -> None:
        self.scratch = self.new_scratch()
        self.diverged = Diverged(self.layers[0].parameters.variants)  #: the variants that rest
        for layer in self.layers:
            layer.diverged = self.diverged
        if self.readout is not None:
            self.readout.diverged = self.diverged

    def new_scratch(self) -> Scratch:
        """Buffers of its own for somebody who walks through the network while others may, too."""
        return Scratch([layer.parameters for layer in self.layers], self.inputs.half)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer."""
        return tuple(layer.units for layer in self.layers)

    @property
    def variants(self) -> int:
        """Number of variants."""
        return self.layers[0].parameters.variants

    @property
    def is_on_gpu(self) -> bool:
        """Whether it lies on a CUDA device."""
        return self.layers[0].parameters.flat.is_cuda

    @property
    def per_class(self) -> bool:
        """Whether the goodness gives a score a class, from one pass without the label."""
        return self.layers[0].rules[0].goodness.per_class

    @property
    def names_classes(self) -> bool:
        """Whether the goodness says something of each class: it scores classes, or the network sees a label."""
        return self.per_class or self.inputs.tells_class

    def calm(self) -> None:
        """Clear what is left of long past gradients in every optimizer."""
        for layer in self.layers:
            layer.calm()
        if self.readout is not None:
            self.readout.parameters.calm()

    def walk(
        self,
        parts: list[Part],
        depth: int | None = None,
        masks: Callable[[Layer, Tensor], Tensor | None] | None = None,
        scratch: Scratch | None = None,
        train: bool = False,
    ) -> Iterator[Stage]:
        """Go up layer by layer.

        ``parts`` are the first layer's, and with them the label of the layers above where those have one. The
        next layer's input is taken before a layer is handed out, so its activity may be overwritten and its
        weights changed meanwhile. With ``scratch`` an activity lasts until the next layer is asked for.
        ``train`` tells that it is a training batch: what chance decides between the layers is decided anew.
        """
        layers = self.layers[:depth]
        scales_rows = self.normalization.row_scale is not None
        spaces: list[Space] | None = None
        if scratch is not None:
            spaces = scratch.for_parts(parts)
        above: list[Part] = []
        if self.inputs.label_above:
            above = [part for part in parts if part.source == LABEL_ABOVE]
            parts = [part for part in parts if part.source != LABEL_ABOVE]
        for number, layer in enumerate(layers):
            space = None if spaces is None else spaces[number]
            z = layer.project(parts, space)
            mask = masks(layer, z) if masks is not None else None
            apart = layer.pass_apart(z, mask)
            h, mask = layer.activate(z, mask, train)
            up = h if apart is None else apart
            goes_on = number + 1 < len(layers)
            squares = energy(h) if layer.asks_energy or (goes_on and scales_rows and up is h) else None
            fed, parts = parts, []
            if goes_on:
                # a part keeps its product with the weights of one layer: each has its own
                below = self._below(number, up, squares if up is h else None, space, train)
                parts = [below, *(Part(each.source, each.x) for each in above)]
                del below
            yield Stage(layer, fed, h, mask, squares, space, up)
            del z, h, fed, mask, squares, apart, up  # room for the next layer: memory does not grow with depth

    def _below(self, number: int, h: Tensor, squares: Tensor | None, space: Space | None, train: bool) -> Part:
        """What the layer above this one sees of what goes up."""
        room = None if space is None else space.below
        out = None if room is None else room.x
        if space is not None and space.spare is not None:
            out = space.spare
        below = self.normalization(h, self.normalization_params, out, self.layers[number].usual, train, squares)
        if self.black_box is not None and self.black_box.after == number:
            below = self.normalization(self.black_box(below, train), self.normalization_params)
        elif room is not None:
            if below is not room.x:
                room.x.copy_(below)
            return room
        return Part(BELOW, below.to(torch.bfloat16) if self.inputs.half else below)

    def pull_back(self, delta: Tensor, number: int, up: Tensor) -> Tensor:
        """Carry a derivative by a layer's pre-activation back to what went up to it.

        Parameters
        ----------
        delta
            Derivative by the pre-activation (K, S, B, units) of the layer ``number``, counted from 0.
        number
            A layer above the first.
        up
            What the layer below passed on, (K, S, B, units).

        Returns
        -------
        Tensor
            Derivative by that, of its shape; zero where all of a row's units are silent, for they
            have no direction.

        Raises
        ------
        SettingsError
            When a black box stands between the two layers.
        """
        if self.black_box is not None and self.black_box.after == number - 1:
            raise SettingsError(f"No gradient crosses the black box after layer {number}.")
        dtype = torch.bfloat16 if self.inputs.half else up.dtype
        dx = products.pull_back(delta, self.layers[number].parameters.weight_for(BELOW, dtype))
        leaf = up.detach().requires_grad_()
        with torch.enable_grad():
            below = self.normalization(leaf, self.normalization_params)
        (dh,) = torch.autograd.grad(below, leaf, dx)
        return dh.masked_fill_((up == 0).all(-1, keepdim=True), 0)

    def goodness(self, prepared: Prepared, labels: Tensor, depth: int | None = None) -> Tensor:
        """Goodness of each layer for labels (K', S, B): (L, K, S, B)."""
        with torch.no_grad():
            walk = self.walk(self.inputs.parts(prepared, labels), depth)
            return torch.stack([stage.layer.measure(stage.h, labels, stage.energy) for stage in walk])

    def unlabelled(self, prepared: Prepared) -> list[Part]:
        """The first layer's parts with the neutral label, of one side."""
        labels = torch.full(prepared.squares.shape, self.inputs.classes, device=prepared.squares.device)
        return self.inputs.parts(prepared, labels, neutral=True)

    def neutral(self, prepared: Prepared) -> Tensor:
        """Features of the read-out from a pass with the neutral label, (K, 1, B, size)."""
        assert self.readout is not None
        parts = self.unlabelled(prepared)
        with torch.no_grad():
            parts[0].keep(self.layers[0].parameters)  # for the pass with labels, which shares the image
            walk = self.walk(parts)
            return self.readout.features([stage.up for stage in walk])

    def candidates(self, prepared: Prepared, depth: int | None = None) -> Tensor:
        """Goodness of every label of every row: (L, K, C, B)."""
        per_class = self.per_class
        parts = self.unlabelled(prepared) if per_class else self.inputs.candidates(prepared)
        rows = prepared.squares.shape[-1]
        widest = max(self.widths[:depth]) * self.variants
        chunk = CHUNK_ON_GPU if self.is_on_gpu else CHUNK
        size = max(1, chunk // (widest * (1 if per_class else self.inputs.classes)))
        pieces = []
        with torch.no_grad():
            parts[0].keep(self.layers[0].parameters)  # once for all rows, and for the training pass after it
            for first in range(0, max(rows, 1), size):
                piece = [part.cut(first, first + size) for part in parts]
                walk = self.walk(piece, depth, scratch=self.scratch)
                measured = torch.stack([stage.layer.measure(stage.h, None, stage.energy) for stage in walk])
                # one side of scores (L, K, 1, B, C) has the labels where the sides would be
                pieces.append(measured[:, :, 0].mT if per_class else measured)
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, -1)

    def score(self, images: Tensor, depth: int | None = None) -> tuple[Tensor, Tensor | None]:
        """Score raw images (B, features) in chunks that suit the device; on a CPU they stay in the cache.

        Returns
        -------
        tuple
            Goodness of each layer and label (L, K, B, C), all zero where no class is named; logits of the
            read-out (K, B, C), or None.
        """
        goodness, logits = [], []
        named = self.names_classes
        variants, classes = self.variants, self.inputs.classes
        for chunk in images.split(ROWS_ON_GPU if self.is_on_gpu else ROWS):
            prepared = self.inputs.prepare(chunk[None, None].clone())
            if named:
                goodness.append(self.candidates(prepared, depth).permute(0, 1, 3, 2))
            else:
                shape = (len(self.layers[:depth]), variants, len(chunk), classes)
                goodness.append(torch.zeros(shape, device=chunk.device))
            if self.readout is not None and depth is None:
                logits.append(self.readout.logits(self.neutral(prepared)))
        return torch.cat(goodness, 2), torch.cat(logits, 1) if logits else None
