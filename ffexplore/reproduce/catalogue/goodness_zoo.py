"""Every goodness function, tuned alike on validation data."""

from __future__ import annotations

from ffexplore.engine.goodness import goodness
from ffexplore.reproduce.experiment import Aim, Configuration, experiments

RATES = (5e-4, 2e-3, 8e-3)
SURENESS = (1.0, 8.0, 64.0)  # logits from no goodness at all to the natural threshold
DATA = {  # dataset -> layers, epochs, epochs of a trial, minutes of a run
    "mnist-5k": ((256, 256), 20, 5, 0.1),
    "mnist": ((500, 500), 10, 2, 0.4),
}


@experiments.register("goodness_zoo", source="ours; the formulas' sources are in the reference", ranked="test_error")
def goodness_zoo() -> list[Configuration]:
    """Every goodness with the logistic objective at its natural threshold, tuned alike: rate and logit scale."""
    return [
        Configuration(
            f"{data}-{entry.name}",
            {
                "preset": "fast",
                "dataset": data,
                "layers": layers,
                "goodness": entry.name,
                "objective": "logistic",
                "negatives": "uniform_label",
                "batch_size": 128,
            },
            epochs=epochs,
            minutes=minutes,
            # The scales of goodness functions differ by more than a thousand; in units of θ they are alike.
            grid={"learning_rate": RATES, "logit_scale": [sure / unit(entry.name, layers[0]) for sure in SURENESS]},
            tuning_epochs=trial,
            figures=("test_error", "auc_2"),
            looks=(2,),
            aims=[Aim("auc_2", low=0.9)],
        )
        for data, (layers, epochs, trial, minutes) in DATA.items()
        for entry in goodness
    ]


def unit(name: str, width: int) -> float:
    """The natural threshold of a goodness, without its sign; 1 where it is zero or unknown."""
    return abs(goodness[name].natural_threshold(width) or 1.0)
