"""From data to what the first layer sees: scaling, label codes, normalization, and what two sides can share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ffexplore.data import Dataset
from ffexplore.engine.labels import LabelEncoding, with_inverses
from ffexplore.engine.normalize import Normalization
from ffexplore.engine.parts import LABEL_ABOVE, Part
from ffexplore.engine.scaling import scaling_of
from ffexplore.errors import SettingsError

SPLITS = ("train", "validation", "test")
KEPT_BYTES = 32 << 20  # training data up to this size is kept scaled and normalized; larger data as it is
KEPT_BYTES_ON_GPU = 1 << 30


@dataclass
class Prepared:
    """Images that are ready to meet labels; K' variants (1 when shared), S' sides (1 when shared), B rows."""

    image: Part | None  #: scaled and, where rows are only scaled, normalized as with a class label
    scaled: Tensor | None  #: (K', S', B, inputs) scaled, not normalized; None where rows are only scaled
    squares: Tensor  #: (K', S', B) sum of squares of the scaled inputs
    scale: Tensor | None  #: (K', S', B) factor that normalized the rows; None where there is none
    brightness: Tensor | None  #: (K', S', B) value of a label of strength 1 where images differ in it
    logits: Tensor | None = None  #: (K, B, C) what the read-out said of the images, once it was asked


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
    label_above
        Whether the layers above the first see the label too.

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
        label_above: bool = False,
    ) -> None:
        self.dataset, self.encoding, self.normalization = dataset, encoding, normalization
        self.normalization_params, self.half, self.label_above = normalization_params, half, label_above
        self.per_image = bool(encoding_params.get("per_image", False))
        self.classes, self.features = dataset.classes, dataset.features
        self.table = with_inverses(encoding.table(self.classes, encoding_params)).to(device)
        check_blank(dataset, encoding, self.table.shape[1])
        self.tells_class = encoding.tells and self.table.shape[1] > 0  # whether the network sees a class
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
        self.center, self.gain, brightest = scaling_of(dataset.kind, self.x["train"], scaling)
        self.codes = self.table if self.per_image else self.table * brightest
        self.code_squares = self.codes.square().sum(1)
        self.kept: Prepared | None = None  #: the training data, where it is prepared once
        self.made_for: object = None  # what they were built for, so that a change elsewhere need not build them again
        of_classes = self.code_squares[: self.classes]
        self.plain_codes = not self.per_image and bool((of_classes == of_classes[0]).all())

    @staticmethod
    def _float(x: Tensor) -> Tensor:
        return x.float().div_(255) if x.dtype == torch.uint8 else x

    def rows(self, index: Tensor, split: str = "train") -> Tensor:
        """Raw inputs of rows of a split: index (...,) -> (..., features) float32; pictures from 0 to 1."""
        taken = self.x[split].index_select(0, index.reshape(-1))
        return self._float(taken).view(*index.shape, self.features)

    def given(self, images: ArrayLike) -> Tensor:
        """A person's inputs as raw rows (N, features) on the device; a copy.

        Raises
        ------
        SettingsError
            When they are not numbers or do not have the size of the data.
        """
        data = self.dataset
        if isinstance(images, Tensor):  # wherever it lies, and whether or not it has a graph
            images = images.detach().cpu()
        try:
            array = np.asarray(images)
        except ValueError as error:
            raise SettingsError(f"images cannot be taken as one array: {error}") from None
        if not np.issubdtype(array.dtype, np.number) or np.issubdtype(array.dtype, np.complexfloating):
            raise SettingsError(f"images has type {array.dtype}; numbers are expected.")
        one = array.shape in (data.shape, (self.features,)) or (data.kind == "images" and array.shape == data.shape[:2])
        rows = array[None] if one or not array.ndim else array
        rows = rows.reshape(len(rows), -1) if array.size else array.reshape(0, self.features)
        if rows.shape[1] != self.features:
            raise SettingsError(f"images has shape {array.shape}; {data.name!r} has inputs of shape {data.shape}.")
        if not np.isfinite(rows).all():
            raise SettingsError("images has values that are not finite.")
        brightest = 255 if np.issubdtype(array.dtype, np.integer) else 1
        if data.kind == "images" and rows.size and not 0 <= rows.min() <= rows.max() <= brightest + 1e-6:
            raise SettingsError(
                f"images has pixels from {rows.min():g} to {rows.max():g}; whole numbers from 0 to 255 or floats from "
                "0 to 1 are expected."
            )
        raw = torch.tensor(rows, dtype=torch.float32, device=self.table.device)
        return raw / brightest if data.kind == "images" else raw

    def prepare(self, raw: Tensor) -> Prepared:
        """Scale raw inputs (K', S', B, features), which are overwritten, and lay them ready for labels."""
        scaled = raw if isinstance(self.gain, float) and self.gain == 1.0 else (raw - self.center).mul_(self.gain)
        if self.replaced:
            scaled[..., : self.replaced] = 0
        squares = torch.linalg.vector_norm(scaled, dim=-1).square()
        brightness = scaled.amax(-1) if self.per_image else None
        if self.normalization.row_scale is None:
            return Prepared(None, scaled, squares, None, brightness)
        scale = self._row_scale(squares, self.code_squares[0], brightness)
        x = scaled if scale is None else scaled.mul_(scale.unsqueeze(-1))
        return Prepared(Part("image", x.to(self._dtype)), None, squares, scale, brightness)

    @property
    def _dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.half else torch.float32

    @property
    def keeps_prepared(self) -> bool:
        """Whether the training data is small enough, and plain enough, to be prepared once and kept."""
        size = self.x["train"].numel() * (2 if self.half else 4)
        kept = KEPT_BYTES_ON_GPU if self.table.is_cuda else KEPT_BYTES
        return size <= kept and self.is_plain

    @property
    def is_plain(self) -> bool:
        """Whether rows can be prepared without their labels."""
        return self.normalization.row_scale is not None and not self.per_image

    def prepare_rows(self, index: Tensor, room: Tensor | None = None) -> Prepared:
        """Rows (K', B) of the training data, ready for labels.

        Small data is prepared once and kept, and so is that of full batches, which take the memory anyhow. The rows
        are gathered in the memory of ``room``, the image of former rows, where they are as many.
        """
        is_whole = index.shape[1] == len(self.x["train"])
        if not (self.keeps_prepared or (is_whole and self.is_plain)):
            self.kept = None
            return self.prepare(self.rows(index).unsqueeze(1))
        if self.kept is None:
            everything = torch.arange(len(self.x["train"]), device=index.device)
            self.kept = self.prepare(self.rows(everything)[None, None])
        kept, flat = self.kept, index.reshape(-1)
        assert kept.image is not None
        shape = (len(index), 1, index.shape[1])
        is_alike = room is not None and room.shape == (*shape, self.features)
        out = room.view(len(flat), -1) if room is not None and is_alike else None
        x = torch.index_select(kept.image.x[0, 0], 0, flat, out=out).view(*shape, self.features)
        scale = None if kept.scale is None else kept.scale[0, 0].index_select(0, flat).view(shape)
        squares = kept.squares[0, 0].index_select(0, flat).view(shape)
        return Prepared(Part("image", x), None, squares, scale, None)

    def _row_scale(self, squares: Tensor, code_squares: Tensor, brightness: Tensor | None) -> Tensor | None:
        """The factor of rows from their sum of squares, label code included."""
        row_scale = self.normalization.row_scale
        assert row_scale is not None
        if brightness is not None:
            code_squares = code_squares * brightness.square()
        size = self.features - self.replaced + self.table.shape[1]
        return row_scale(squares + code_squares, size, **self.normalization_params)

    def parts(self, prepared: Prepared, labels: Tensor, neutral: bool = False) -> list[Part]:
        """The first layer's parts for labels (K', S, B).

        ``neutral`` tells that some are not those of one class: the neutral label, or every label but one. Where the
        layers above see the label too, their part comes last.
        """
        first = self._first_parts(prepared, labels, neutral)
        return [*first, Part(LABEL_ABOVE, self.table[labels])] if self.label_above else first

    def _first_parts(self, prepared: Prepared, labels: Tensor, neutral: bool) -> list[Part]:
        has_label = self.table.shape[1] > 0
        if prepared.image is not None and not has_label:
            return [prepared.image]
        if not self.tells_class:
            labels = labels[:, :1]  # both sides carry the same code
        codes = self.codes[labels]
        if prepared.brightness is not None:
            codes = codes * prepared.brightness.unsqueeze(-1)
        if prepared.image is None:
            return self._joint(prepared, codes, has_label)
        if prepared.scale is None:
            return [prepared.image, Part("label", codes)]
        if self.plain_codes and not neutral:
            return [prepared.image, Part("label", codes * prepared.scale.unsqueeze(-1))]
        own = self._row_scale(prepared.squares, self.code_squares[labels], prepared.brightness)
        assert own is not None
        return [prepared.image.with_scale(own / prepared.scale), Part("label", codes * own.unsqueeze(-1))]

    def candidates(self, prepared: Prepared) -> list[Part]:
        """The first layer's parts for every label, one a side, (K', C, B); the image comes first."""
        if prepared.scale is None or not self.plain_codes:
            rows = prepared.squares.shape
            labels = torch.arange(self.classes, device=prepared.squares.device)
            return self.parts(prepared, labels[None, :, None].expand(rows[0], -1, rows[2]))
        assert prepared.image is not None
        # A side has one label for all its rows: its code meets the weights once, and each row scales the product.
        first = [prepared.image, Part("label", self.codes[None, : self.classes, None], prepared.scale)]
        return [*first, Part(LABEL_ABOVE, self.table[None, : self.classes, None])] if self.label_above else first

    def _joint(self, prepared: Prepared, codes: Tensor, has_label: bool) -> list[Part]:
        """Normalize image and label together where that is more than scaling rows; nothing can be shared then."""
        assert prepared.scaled is not None
        image = prepared.scaled[..., self.replaced :]
        shape = torch.broadcast_shapes(image.shape[:-1], codes.shape[:-1])
        joined = torch.cat([codes.expand(*shape, -1), image.expand(*shape, -1)], -1)
        joined = self.normalization(joined, self.normalization_params)
        codes, image = joined.split([codes.shape[-1], image.shape[-1]], -1)
        image = torch.nn.functional.pad(image, (self.replaced, 0))
        parts = [Part("image", image.to(self._dtype))]
        return [*parts, Part("label", codes.contiguous())] if has_label else parts

    def written(self, raw: Tensor, labels: Tensor) -> Tensor:
        """Inputs as a person would see them, (..., features + appended) in raw units, label code included."""
        code = self.table[labels] * (raw.amax(-1, keepdim=True) if self.per_image else 1.0)
        if self.replaced:
            return torch.cat([code.clamp(0, 1), raw[..., self.replaced :]], -1)
        return torch.cat([raw, code], -1)


def check_blank(dataset: Dataset, encoding: LabelEncoding, size: int) -> None:
    """Refuse an encoding whose ``size`` values would be written over inputs that carry something.

    Raises
    ------
    SettingsError
        Saying which inputs, and what to choose instead.
    """
    if not encoding.replaces:
        return
    if dataset.features <= size or not dataset.blank_pixels(size):
        smaller = "a smaller size or " if "size" in encoding.params else ""
        instead = "'appended', which puts the label beside the inputs"
        if encoding.name == "neutral":
            instead = "'none', which writes no label at all"
        raise SettingsError(
            f"label_encoding is {encoding.name!r}, which writes over the first {size} inputs, but in "
            f"{dataset.name!r} those are not blank; choose {smaller}{instead}."
        )
