"""Blotchy binary masks for hybrid images."""

from __future__ import annotations

import torch
from torch import Tensor


def blurred_masks(count: int, height: int, width: int, blur: int, rng: torch.Generator) -> Tensor:
    """Masks of zeros and ones with patches of several pixels; Hinton 2022, section 3.2.

    Random bits are blurred ``blur`` times with [¼ ½ ¼] in both directions and cut at one half.

    Parameters
    ----------
    count
        Number of masks.
    height, width
        Size of a mask in pixels.
    blur
        How many times the bits are blurred.
    rng
        Source of the bits.

    Returns
    -------
    Tensor
        (count, height · width) float32, each value 0 or 1.
    """
    mask = torch.randint(0, 2, (count, 1, height, width), generator=rng, device=rng.device).float()
    kernel = torch.tensor([0.25, 0.5, 0.25], device=rng.device)
    for _ in range(blur):
        padded = torch.nn.functional.pad(mask, (1, 1, 1, 1), mode="replicate")
        mask = torch.nn.functional.conv2d(padded, kernel.outer(kernel).view(1, 1, 3, 3))
    return (mask > 0.5).float().flatten(1)
