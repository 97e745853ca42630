"""The same networks trained by backpropagation."""

from __future__ import annotations

from ffexplore.reproduce.catalogue.base import BASE
from ffexplore.reproduce.experiment import Aim, Configuration, experiments


@experiments.register("backprop", source="Hinton 2022, arXiv 2212.13345, section 3.1")
def backprop() -> list[Configuration]:
    """The same network and data trained by backpropagation, with nothing added against overfitting."""
    aims = [Aim("test_error", high=1.6, published="1.4 %, about 20 epochs", source="Hinton 2022, section 3.1")]
    return [
        Configuration(
            f"{depth}x{width}",
            {**BASE, "layers": (width,) * depth},
            epochs=20,
            minutes=minutes,
            kind="backprop",
            grid={"learning_rate": [3e-4, 1e-3, 2e-3]},
            tuning_epochs=5,
            figures=("validation_error", "test_error"),
            aims=aims,
        )
        for depth, width, minutes in ((2, 500, 0.5), (3, 1000, 2.0))
    ]
