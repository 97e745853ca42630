"""From raw inputs to scaled ones: what is taken from each feature, and what it is multiplied by."""

from __future__ import annotations

import math

import torch
from torch import Tensor

ROUNDING = 4 * torch.finfo(torch.float32).eps  # as a share of its largest number, what is no difference of a feature
SMALLEST_SPREAD = 1e-36  # of a feature, for whose inverse float32 has room


def scaling_of(kind: str, raw: Tensor, scaling: str) -> tuple[float | Tensor, float | Tensor, float]:
    """How training data is scaled: pictures as a whole, tables by features.

    A feature of a table that is the same in all of it is taken out: scaled, it is zero whatever comes later.

    Parameters
    ----------
    kind
        "images" or "table".
    raw
        The training data (N, features): uint8 pixels, or float32.
    scaling
        "unit" or "standardize".

    Returns
    -------
    tuple
        What is taken from raw inputs (pixels from 0 to 1) and the factor that then makes them scaled ones, numbers or
        (features,) float32; and the brightest scaled input.
    """
    if kind == "images":
        return _of_pictures(raw, scaling)
    center, gain = _of_table(raw.cpu(), scaling)  # there is double precision
    brightest = 1.0
    if scaling != "unit" and gain.any():
        brightest = float(((raw.cpu() - center) * gain).max())
    return center.to(raw.device), gain.to(raw.device), brightest


def _of_pictures(raw: Tensor, scaling: str) -> tuple[float, float, float]:
    if scaling == "unit":
        return 0.0, 1.0, 1.0
    counts = torch.bincount(raw.flatten(), minlength=256).cpu().double()
    value = torch.arange(256, dtype=torch.float64) / 255
    mean = float((counts * value).sum() / counts.sum())
    variance = float((counts * (value - mean).square()).sum() / (counts.sum() - 1))
    gain = 1 / max(math.sqrt(variance), 1e-8)
    return mean, gain, (1 - mean) * gain


def _of_table(raw: Tensor, scaling: str) -> tuple[Tensor, Tensor]:
    low, high = raw.aminmax(dim=0)
    center, spread = low, (high.double() - low.double()).clamp(min=SMALLEST_SPREAD)
    if scaling != "unit":
        center = raw.mean(0, dtype=torch.float64).float()
        squares = ((raw - center) / spread.float()).square().sum(0, dtype=torch.float64)  # in its range, so finite
        spread = spread * (squares / (len(raw) - 1)).sqrt()
    differs = high - low > ROUNDING * torch.maximum(high.abs(), low.abs())
    return center, torch.where(differs, 1 / spread, 0.0).float()
