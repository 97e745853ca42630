"""The same networks trained by backpropagation."""

from __future__ import annotations

from ffexplore.reproduce.catalogue.base import BASE
from ffexplore.reproduce.experiment import Aim, Configuration, experiments


@experiments.register("backprop", source="Hinton 2022, arXiv 2212.13345, section 3.1")
def backprop() -> list[Configuration]:
    """The same network and data trained by backpropagation, with nothing added against overfitting.

    Chosen on validation data: batches of 64 for 2 layers of 500 (two seeds, 20 epochs, a rate of 0.001: 1.40 %; of 128
    1.43 %; of 256 at 0.002 1.53 %). Layer normalization, none, and a rate that falls in the second half alone were no
    better.
    """
    aims = [Aim("test_error", high=1.6, published="1.4 %, about 20 epochs", source="Hinton 2022, section 3.1")]
    return [
        Configuration(
            f"{depth}x{width}",
            {**BASE, "layers": (width,) * depth, "batch_size": size},
            epochs=20,
            minutes=minutes,
            kind="backprop",
            grid={"learning_rate": [3e-4, 1e-3, 2e-3]},
            tuning_epochs=5,
            figures=("validation_error", "test_error"),
            aims=aims,
        )
        for depth, width, size, minutes in ((2, 500, 64, 1.0), (3, 1000, 256, 2.0))
    ]
