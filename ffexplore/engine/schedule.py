"""The catalogue of schedules: which layers learn at a step, and over which of them gradient may cross.

An entry is a function of the step and the depth of the network that returns blocks of neighbouring layers, counted
from 0, as in ``[[0], [1]]``. A block's objective is that of its last layer, and its gradient crosses the borders of
layers inside the block only. In Forward-Forward every block is one layer. An entry with blocks of more than one has the
trait ``crosses``.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Annotated

from ffexplore.engine.trial import warn_where_random
from ffexplore.errors import SettingsError
from ffexplore.registry import Entry, Param, Registry

Blocks = list[list[int]]


def checked_blocks(schedule: Entry, blocks: object, depth: int) -> Blocks:
    """What a schedule returned, if it is blocks of neighbouring layers; of one each, unless it ``crosses``.

    Raises
    ------
    SettingsError
        When it is not.
    """
    kept = isinstance(blocks, list | tuple) and all(isinstance(block, list | tuple) for block in blocks)
    found = [list(block) for block in blocks] if kept else []  # type: ignore[attr-defined]
    ends = [block[-1] for block in found if block]
    if (
        not found
        or len(ends) < len(found)
        or len(set(ends)) < len(ends)
        or any(not isinstance(layer, Integral) or not 0 <= int(layer) < depth for block in found for layer in block)
        or any(block != [*range(block[0], block[0] + len(block))] for block in found)
    ):
        raise SettingsError(
            f"The schedule {schedule.name!r} returned {blocks!r} for a depth of {depth}; it must return a list of "
            f"blocks, each a list of neighbouring layers from 0 to {depth - 1} that ends with a layer of its own."
        )
    if not schedule.traits.get("crosses") and any(len(block) > 1 for block in found):
        raise SettingsError(
            f"The schedule {schedule.name!r} returned {blocks!r}; blocks of more than one layer want the trait "
            "crosses=True."
        )
    return [[int(layer) for layer in block] for block in found]


def _try_out(entry: Entry) -> None:
    params = entry.defaults

    def blocks() -> list[Blocks]:
        return [
            checked_blocks(entry, entry.function(step, depth, **params), depth)
            for depth in (1, 2, 3)
            for step in range(2 * depth)
        ]

    warn_where_random(f"The schedule {entry.name!r}", blocks)


schedules: Registry[Entry] = Registry("schedule", Entry, _try_out, "1 to 3 layers", ("crosses",))


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


@schedules.register("overlapping", source="The Trifecta, Dooms et al. 2023, arXiv 2311.18130", crosses=True)
def overlapping(
    step: int,
    depth: int,
    *,
    reach: Annotated[
        int, Param("layers below its own that a layer's gradient reaches; 0 is Forward-Forward", 0, 64)
    ] = 1,
) -> Blocks:
    """All layers learn on every batch, and the gradient of each layer's objective also reaches those just below it."""
    return [[*range(max(0, layer - reach), layer + 1)] for layer in range(depth)]


def round_length(depth: int, params: Mapping[str, object]) -> int:
    """Steps of one round of a schedule: negatives that are refreshed each round last as long.

    Where layers do not take turns it is one step.
    """
    turn = params.get("turn", params.get("steps"))
    return depth * max(1, int(turn)) if isinstance(turn, int | float) else 1
