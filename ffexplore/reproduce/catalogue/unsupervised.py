"""Learning without labels, read out by a softmax layer on the normalized activities."""

from __future__ import annotations

from ffexplore.reproduce.experiment import Aim, Configuration, experiments

PASSES = 100  # over the training data, to fit the read-out


@experiments.register("unsupervised", source="Hinton 2022, arXiv 2212.13345, section 3.2")
def unsupervised() -> list[Configuration]:
    """Hybrid images as negatives: no label is seen but by the linear read-out."""
    recipe = {
        "preset": "hinton",
        "negatives": "hybrid_images",
        "label_encoding": "none",
        "inference": "readout",
        "readout_interval": 8,  # beside the layers it only shows how they come on; it is fitted when they have learned
        "precision": "auto",
    }
    figures = ("validation_readout_error", "test_readout_error")
    return [
        Configuration(
            "hybrid-30-epochs",
            recipe,
            epochs=30,
            minutes=9,
            readout_passes=PASSES,
            figures=figures,
            aims=[Aim("test_readout_error", high=5.2)],
        ),
        Configuration(
            "hybrid-4x2000",
            {**recipe, "layers": (2000,) * 4},
            epochs=100,
            minutes=270,
            readout_passes=PASSES,
            seeds=1,
            gpu=True,
            figures=figures,
            aims=[Aim("test_readout_error", high=1.5, published="1.37 %", source="Hinton 2022, section 3.2")],
        ),
    ]


@experiments.register("self_contrastive", source="SCFF, Chen et al. 2024, arXiv 2409.11593")
def self_contrastive() -> list[Configuration]:
    """Self-contrastive pairs as negatives, with a linear read-out."""
    recipe = {
        "preset": "fast",
        "negatives": "self_contrastive",
        "label_encoding": "none",
        "inference": "readout",
        "objective": "two_thresholds",
        "readout_layers": "all",
    }
    aims = [Aim("test_readout_error", high=1.5, published="1.3 %, 2×2000", source="SCFF, arXiv 2409.11593")]
    return [
        Configuration(
            "2x2000",
            {**recipe, "layers": (2000, 2000)},
            epochs=60,
            minutes=15,
            readout_passes=PASSES,
            grid={"learning_rate": [5e-4, 2e-3], "logit_scale": [3.0, 10.0, 30.0]},
            tuning_epochs=5,
            figures=("validation_readout_error", "test_readout_error"),
            aims=aims,
        )
    ]
