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
    """Self-contrastive pairs as negatives, with a linear read-out; it looks at nine copies of a picture.

    Chosen on validation data. With 2 layers of 500: what goes on (relu 3.2 % after six epochs, triangle 2.3 % after
    four); shifts (1 pixel 2.29 %, 2 pixels 2.45 %); copies, moved by a pixel at most, to fit the read-out to and to
    read a class from (one and one 2.29 %, three and nine 1.89 %); its decay for three (0.0001 2.07 %, 0.00003 1.89 %).
    Rates and thresholds made little difference. With 2 layers of 2000, ten epochs and one copy: 1.84 %.
    """
    recipe = {"preset": "scff", "layers": (2000, 2000), "shift": 1, "inference_shift": 1, "readout_decay": 3e-5}
    aims = [Aim("test_readout_error", high=1.5, published="1.3 %, 2×2000", source="SCFF, arXiv 2409.11593")]
    return [
        Configuration(
            "2x2000",
            recipe,
            epochs=10,
            minutes=20,
            readout_passes=15,
            readout_copies=5,
            figures=("validation_readout_error", "test_readout_error"),
            aims=aims,
        )
    ]
