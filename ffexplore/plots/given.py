"""What a figure is drawn of; something else is refused with the way to it."""

from __future__ import annotations

WAYS = {
    "snapshot": ("low", "a Snapshot, as runner.snapshot is"),
    "history": ("curve", "a History, as runner.history is"),
    "report": ("layer_accuracy", "a Report, as trainer.evaluate() is"),
}


def check_given(name: str, value: object) -> None:
    """Refuse what is not of the kind that an argument of this name takes; raises TypeError."""
    attribute, wanted = WAYS[name]
    if not hasattr(value, attribute):
        raise TypeError(f"{name} is a {type(value).__name__}; it must be {wanted}.")
