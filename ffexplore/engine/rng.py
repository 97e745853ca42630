"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import hashlib

import torch


def stream(seed: int, *purpose: object, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator for one purpose, so that a draw more here changes no number there.

    Parameters
    ----------
    seed
        The seed of the run.
    *purpose
        What the numbers are for, as in ``stream(0, "weights", 2)``.
    device
        Where the numbers are drawn.
    """
    name = "/".join(str(part) for part in (seed, *purpose))
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
    return torch.Generator(device=device).manual_seed(number)
