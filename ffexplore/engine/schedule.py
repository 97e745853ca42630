"""The catalogue of schedules: which layers learn at a step, and over which of them gradient may cross.

An entry returns blocks of layers; gradient crosses inside a block only. In Forward-Forward every block is one
layer.
"""

from __future__ import annotations

from typing import Annotated

from ffexplore.registry import Entry, Param, Registry

schedules: Registry[Entry] = Registry("schedule", Entry)

Blocks = list[list[int]]


@schedules.register("simultaneous", source="Hinton's MATLAB code")
def simultaneous(step: int, depth: int) -> Blocks:
    """All layers learn on every batch."""
    return [[layer] for layer in range(depth)]


@schedules.register("greedy", source="Pezeshki 2022 (PyTorch)")
def greedy(
    step: int,
    depth: int,
    *,
    steps: Annotated[int, Param("batches a layer learns before the next one begins", 1, 10_000_000)] = 1000,
) -> Blocks:
    """One layer after the other, each to its end; the last one goes on."""
    return [[min(step // steps, depth - 1)]]


@schedules.register("rotation", source="Mukherjee 2023 (Keras example)")
def rotation(
    step: int, depth: int, *, turn: Annotated[int, Param("batches a layer learns in one turn", 1, 1_000_000)] = 50
) -> Blocks:
    """One layer at a time, in turns, again and again."""
    return [[step // turn % depth]]


def round_length(name: str, depth: int, params: dict[str, object]) -> int:
    """Steps of one round of a schedule: negatives that are refreshed each round last as long."""
    return depth * int(str(params.get("turn", params.get("steps", 1)))) if name != "simultaneous" else 1
