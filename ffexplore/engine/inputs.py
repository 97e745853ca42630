"""From data to what the first layer sees: scaling, label codes, normalization, and what two sides can share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ffexplore.data import Dataset
from ffexplore.engine.labels import LabelEncoding
from ffexplore.engine.layers import Part
from ffexplore.engine.normalize import Normalization
from ffexplore.errors import SettingsError

SPLITS = ("train", "validation", "test")


@dataclass
class Prepared:
    """Images that are ready to meet labels; K' variants (1 when shared), S' sides (1 when shared), B rows."""

    image: Part | None  #: scaled and, where rows are only scaled, normalized as with a class label
    raw: Tensor  #: (K', S', B, inputs) scaled, not normalized
    squares: Tensor  #: (K', S', B) sum of squares of the scaled inputs
    brightness: Tensor  #: (K', S', B) value of a label of strength 1


class Inputs:
    """The data on its device, and the parts of the first layer made from it.

    Parameters
    ----------
    dataset
        The data.
    encoding, encoding_params
        How labels are written.
    normalization, normalization_params
        What is done to the whole input, label included.
    scaling
        "unit" or "standardize".
    device
        Where the data lies; pictures stay uint8 there.
    half
        Whether inputs are handed on as bfloat16.
    former
        Inputs of the same data on the same device, whose tensors are used again.

    Raises
    ------
    SettingsError
        When the encoding replaces inputs that are not blank.
    """

    def __init__(
        self,
        dataset: Dataset,
        encoding: LabelEncoding,
        encoding_params: dict[str, Any],
        normalization: Normalization,
        normalization_params: dict[str, Any],
        scaling: str,
        device: torch.device,
        half: bool = False,
        former: Inputs | None = None,
    ) -> None:
        self.dataset, self.encoding, self.normalization = dataset, encoding, normalization
        self.normalization_params, self.half = normalization_params, half
        self.per_image = bool(encoding_params.get("per_image", False))
        self.classes, self.features = dataset.classes, dataset.features
        self.table = encoding.table(self.classes, encoding_params).to(device)
        check_blank(dataset, encoding)
        self.replaced = self.table.shape[1] if encoding.replaces else 0
        self.x: dict[str, Tensor] = {}
        self.y: dict[str, Tensor] = {}
        if former is not None and former.dataset is dataset and former.table.device == device:
            self.x, self.y = former.x, former.y
        for split in SPLITS[3 if self.x else 0 :]:
            part = getattr(dataset, split)
            # numpy's arrays are read-only, torch wants its own
            self.x[split] = torch.from_numpy(np.array(part.x).reshape(len(part), -1)).to(device)
            self.y[split] = torch.from_numpy(np.array(part.y)).long().to(device)
        self.gain, self.offset, brightest = self._scaling(scaling)
        self.brightest = torch.tensor(brightest, device=device)
        self.code_squares = self.table.square().sum(1)
        self.plain_codes = not self.per_image and bool((self.code_squares[:-1] == self.code_squares[0]).all())

    def _scaling(self, scaling: str) -> tuple[float | Tensor, float | Tensor, float]:
        """Factor and offset from raw to scaled inputs, and the scaled value of the brightest input."""
        raw = self._float(self.x["train"])
        if self.dataset.kind == "images":
            if scaling == "unit":
                return 1.0, 0.0, 1.0
            # two passes in float64, because millions of float32 pixels lose digits in a sum
            mean, deviation = float(raw.mean(dtype=torch.float64)), float(raw.double().std())
            gain = 1 / max(deviation, 1e-8)
            return gain, -mean * gain, (1 - mean) * gain
        if scaling == "unit":
            low, high = raw.aminmax(dim=0)
            gains = 1 / (high - low).clamp(min=1e-8)
            return gains, -low * gains, 1.0
        gains = 1 / raw.std(0).clamp(min=1e-8)
        offsets = -raw.mean(0) * gains
        return gains, offsets, float((raw * gains + offsets).max())

    @staticmethod
    def _float(x: Tensor) -> Tensor:
        return x.float().div_(255) if x.dtype == torch.uint8 else x

    def rows(self, index: Tensor, split: str = "train") -> Tensor:
        """Raw inputs of rows of a split: index (...,) -> (..., features) float32; pictures from 0 to 1."""
        taken = self.x[split].index_select(0, index.reshape(-1))
        return self._float(taken).view(*index.shape, self.features)

    def prepare(self, raw: Tensor) -> Prepared:
        """Scale raw inputs (K', S', B, features), which may be overwritten, and lay them ready for labels."""
        scaled = raw if isinstance(self.gain, float) and self.gain == 1.0 else raw * self.gain + self.offset
        if self.replaced:
            scaled[..., : self.replaced] = 0
        squares = torch.linalg.vector_norm(scaled, dim=-1).square()
        if self.per_image:
            brightness = scaled.amax(-1)
        else:
            brightness = self.brightest.expand(squares.shape)
        image = None
        if self.normalization.row_scale is not None:
            scale = self._row_scale(squares, self.code_squares[0] * brightness.square())
            dtype = torch.bfloat16 if self.half else torch.float32
            x = scaled if scale is None else torch.mul(scaled, scale.unsqueeze(-1))
            image = Part("image", x.to(dtype))
        return Prepared(image, scaled, squares, brightness)

    def _row_scale(self, squares: Tensor, code_squares: Tensor) -> Tensor | None:
        row_scale = self.normalization.row_scale
        assert row_scale is not None
        size = self.features - self.replaced + self.table.shape[1]
        return row_scale(squares + code_squares, size, **self.normalization_params)

    def parts(self, prepared: Prepared, labels: Tensor, neutral: bool = False) -> list[Part]:
        """The first layer's parts for labels (K', S, B); ``neutral`` tells that some are the class number ``classes``.

        That number stands for the neutral label.
        """
        codes = self.table[labels] * prepared.brightness.unsqueeze(-1)
        has_label = self.table.shape[1] > 0
        if prepared.image is None:
            return self._joint(prepared, codes, has_label)
        if not has_label:
            return [prepared.image]
        reference = self._row_scale(prepared.squares, self.code_squares[0] * prepared.brightness.square())
        if reference is None:
            return [prepared.image, Part("label", codes)]
        if self.plain_codes and not neutral:
            return [prepared.image, Part("label", codes * reference.unsqueeze(-1))]
        own = self._row_scale(prepared.squares, self.code_squares[labels] * prepared.brightness.square())
        assert own is not None
        return [prepared.image.with_scale(own / reference), Part("label", codes * own.unsqueeze(-1))]

    def _joint(self, prepared: Prepared, codes: Tensor, has_label: bool) -> list[Part]:
        """Normalize image and label together where that is more than scaling rows; nothing can be shared then."""
        image = prepared.raw[..., self.replaced :]
        shape = torch.broadcast_shapes(image.shape[:-1], codes.shape[:-1])
        joined = torch.cat([codes.expand(*shape, -1), image.expand(*shape, -1)], -1)
        joined = self.normalization(joined, self.normalization_params)
        codes, image = joined.split([codes.shape[-1], image.shape[-1]], -1)
        image = torch.nn.functional.pad(image, (self.replaced, 0))
        parts = [Part("image", image.to(torch.bfloat16 if self.half else torch.float32))]
        return [*parts, Part("label", codes.contiguous())] if has_label else parts

    def written(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Inputs as a person would see them, (..., features + appended) in raw units, label code included."""
        code = self.table[labels] * (raw.amax(-1, keepdim=True) if self.per_image else 1.0)
        if self.replaced:
            return torch.cat([code.clamp(0, 1), raw[..., self.replaced :]], -1)
        return torch.cat([raw, code], -1)


def check_blank(dataset: Dataset, encoding: LabelEncoding) -> None:
    """Refuse an encoding that would write over inputs that carry something.

    Raises
    ------
    SettingsError
        Saying which inputs, and what to choose instead.
    """
    if not encoding.replaces:
        return
    if dataset.features <= dataset.classes or not dataset.blank_pixels(dataset.classes):
        raise SettingsError(
            f"label_encoding is {encoding.name!r}, which writes over the first {dataset.classes} inputs, but in "
            f"{dataset.name!r} those are not blank; choose 'appended', which puts the label beside the inputs."
        )
