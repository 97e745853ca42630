"""Every tensor that makes up the present moment of a trainer, and the way back to a recorded one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained

# What is not loaded by copying into tensors that are there.
_LOADED_BY_OWNER = ("batches.", "pairs.", "dropout.", "shifts.", "black_box.")


def take(trainer: Trained) -> dict[str, Tensor]:
    """Every tensor by name; no copies."""
    named: dict[str, dict[str, Tensor]] = {f"layer.{layer.number}": layer.state() for layer in trainer.network.layers}
    if trainer.network.readout is not None:
        named["readout"] = trainer.network.readout.parameters.state()
    named["batches"] = trainer.batches.state()
    named["pairs"] = trainer.pairs.state()
    if trainer.network.black_box is not None:
        named["black_box"] = trainer.network.black_box.streams.state()
    named["dropout"] = trainer.dropout.streams.state()
    named["shifts"] = trainer.jitter.streams.state()
    return {f"{owner}.{key}": value for owner, values in named.items() for key, value in values.items()}


def give(trainer: Trained, state: dict[str, Tensor], counters: dict[str, Any]) -> None:
    """Bring a trainer with the same settings to a recorded moment."""
    trainer.batches.load(_of(state, "batches"))
    for name, present in take(trainer).items():
        if not name.startswith(_LOADED_BY_OWNER):
            present.copy_(state[name])
    for layer in trainer.network.layers:
        layer.parameters.changed()
    if trainer.network.readout is not None:
        trainer.network.readout.parameters.changed()
    trainer.pairs.load(_of(state, "pairs"), counters["kept_for"])
    if trainer.network.black_box is not None:
        trainer.network.black_box.streams.load(_of(state, "black_box"))
    trainer.dropout.streams.load(_of(state, "dropout"))
    trainer.jitter.streams.load(_of(state, "shifts"))


def _of(state: dict[str, Tensor], owner: str) -> dict[str, Tensor]:
    return {key[len(owner) + 1 :]: value for key, value in state.items() if key.startswith(owner + ".")}
