"""Which device and which precision settings come to."""

from __future__ import annotations

import torch

from ffexplore.errors import SettingsError

NARROW = 128  # below this many units a bfloat16 product is no faster


def resolve_device(name: str) -> torch.device:
    """The device that a name stands for; "auto" takes CUDA when there is one, else the CPU.

    Raises
    ------
    SettingsError
        When the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device is 'cuda', but torch finds no CUDA device here; choose 'auto' or 'cpu'.")
    if name == "mps" and not torch.backends.mps.is_available():
        raise SettingsError("device is 'mps', but torch finds no Apple GPU here; choose 'auto' or 'cpu'.")
    return torch.device(name)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16 matrix products."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in checks)


def resolve_half(precision: str, device: torch.device, widths: tuple[int, ...]) -> bool:
    """Whether matrix products are taken in bfloat16; "auto" wants the instructions and layers that are wide enough.

    Raises
    ------
    SettingsError
        When bfloat16 is asked for on a device that torch cannot multiply it on.
    """
    if precision == "auto":
        return min(widths) >= NARROW and has_fast_bfloat16(device)
    if precision == "bfloat16" and device.type == "mps":
        raise SettingsError("precision is 'bfloat16', but device 'mps' is used in float32 only; choose 'float32'.")
    return precision == "bfloat16"
