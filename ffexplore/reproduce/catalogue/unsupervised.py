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
    """Self-contrastive pairs as negatives, with a linear read-out.

    Chosen on validation data with 2 layers of 500: the preset (six epochs 3.2 %, three 3.4 %) and the decay of the
    read-out (0.0001 3.4 %, 0.001 3.2 %); shifts of 1 brought nothing (3.5 %).
    """
    aims = [Aim("test_readout_error", high=1.5, published="1.3 %, 2×2000", source="SCFF, arXiv 2409.11593")]
    return [
        Configuration(
            "2x2000",
            {"preset": "scff", "layers": (2000, 2000), "readout_decay": 1e-3},
            epochs=10,
            minutes=15,
            readout_passes=25,
            figures=("validation_readout_error", "test_readout_error"),
            aims=aims,
        )
    ]
