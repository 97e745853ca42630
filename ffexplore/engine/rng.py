"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor


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


class Streams:
    """One stream for each of several seeds: one when all variants share a seed, else one for each variant.

    Parameters
    ----------
    seeds
        The seeds.
    *purpose
        What the numbers are for.
    device
        Where the numbers are drawn.
    """

    def __init__(self, seeds: Sequence[int], *purpose: object, device: torch.device | str = "cpu") -> None:
        self.generators = [stream(seed, *purpose, device=device) for seed in seeds]

    @classmethod
    def of(cls, generator: torch.Generator) -> Streams:
        """A stream that goes on with the numbers of a generator."""
        streams = cls([])
        streams.generators = [generator]
        return streams

    def __len__(self) -> int:
        return len(self.generators)

    def __getitem__(self, number: int) -> torch.Generator:
        return self.generators[number]

    def stack(self, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
        """Draw from each stream, (streams, ...)."""
        return torch.stack([draw(generator) for generator in self.generators])

    def state(self) -> dict[str, Tensor]:
        """What is needed to go on with the same numbers."""
        return {f"generator.{n}": generator.get_state() for n, generator in enumerate(self.generators)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on where ``state`` was taken; other entries of it are left alone."""
        for n, generator in enumerate(self.generators):
            generator.set_state(state[f"generator.{n}"])
