"""The two codes that blogs spread, as their authors run them."""

from __future__ import annotations

from ffexplore.reproduce.experiment import Aim, Configuration, experiments


@experiments.register("pezeshki", source="mpezeshki/pytorch_forward_forward, main.py")
def pezeshki() -> list[Configuration]:
    """The blogs' PyTorch code as its author runs it, and what uniform wrong labels alone change."""
    code = "mpezeshki/pytorch_forward_forward"
    return [
        Configuration(
            "permuted_labels",
            {"preset": "pezeshki"},
            epochs=2000,  # full batches: a step is an epoch, and each layer has 1000
            minutes=35,
            aims=[Aim("test_error", low=5.8, high=7.8, published="6.84 %", source=code)],
        ),
        Configuration("uniform_label", {"preset": "pezeshki", "negatives": "uniform_label"}, epochs=2000, minutes=35),
    ]


@experiments.register("keras", source="keras.io, examples/vision/forwardforward")
def keras() -> list[Configuration]:
    """The blogs' Keras code as its author runs it: 250 rounds of 50 full-batch steps a layer."""
    return [
        Configuration(
            "permuted_labels",
            {"preset": "keras"},
            epochs=25_000,  # full batches: a step is an epoch
            minutes=440,
            gpu=True,
            aims=[Aim("test_error", low=1.9, high=2.9, published="2.36 %", source="keras.io")],
        )
    ]
