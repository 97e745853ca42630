"""The catalogue of presets: whole recipes, each with its source."""

from __future__ import annotations

from typing import Any

from ffexplore.registry import Entry, Registry

presets: Registry[Entry] = Registry("preset", Entry)


@presets.register("classroom", source="ours; the objective is that of Hinton 2022, section 2")
def classroom() -> dict[str, Any]:
    """The explorer's start: logistic objective, so that the threshold means something, tuned to learn in seconds."""
    return {
        "dataset": "mnist-5k",
        "layers": (256, 256),
        "goodness": "mean_square",
        "objective": "logistic",
        "logit_scale": 20.0,
        "negatives": "hard_label(temperature=6)",
        "learning_rate": 2e-3,
        "batch_size": 128,
        "shift": 1,
        "precision": "auto",
    }


@presets.register("fast", source="ours; objective after dah33/explore_forward_forward, negatives after Hinton's code")
def fast() -> dict[str, Any]:
    """The quickest way to high accuracy that we know for fully connected layers."""
    return {
        "dataset": "mnist",
        "layers": (500, 500),
        "goodness": "mean_square",
        "objective": "swish_symba(alpha=6)",
        "negatives": "readout_label",
        "label_encoding": "overlay(strength=3)",
        "normalization": "rms",
        "learning_rate": 2e-3,
        "rate_course": "linear",
        "batch_size": 256,
        "precision": "auto",
        "readout_interval": 8,
    }


@presets.register("hinton", source="Hinton's MATLAB code for arXiv 2212.13345")
def hinton() -> dict[str, Any]:
    """Hinton's own recipe: 3 layers of 1000, simultaneous learning, hard labels from the read-out, peer normalization.

    His derivative of the squared activity leaves out the factor 2, so our rate is half and our decay and peer
    normalization are twice his: ε = 0.01, decay 0.001, λ = 0.03.
    """
    return {
        "dataset": "mnist",
        "layers": (1000, 1000, 1000),
        "goodness": "sum_of_squares",
        "objective": "logistic",
        "threshold": None,
        "logit_scale": 1.0,
        "negatives": "readout_label",
        "normalization": "rms",
        "initialization": "normal",
        "optimizer": "smoothed",
        "momentum": 0.9,
        "learning_rate": 0.005,
        "rate_course": "half_linear",
        "weight_decay": 0.002,
        "peer_normalization": 0.06,
        "batch_size": 100,
        "inference": "goodness(layers=without_first)",
        "readout_rate": 0.1,
        "readout_decay": 0.003,
        "readout_interval": 1,
    }


@presets.register("pezeshki", source="mpezeshki/pytorch_forward_forward, main.py")
def pezeshki() -> dict[str, Any]:
    """The blogs' PyTorch code: full batch, one layer after the other, 1000 steps each, permuted labels drawn once.

    To be run for 2000 steps. It takes the mean of the loss over both sides, we over pairs: our gradient is twice
    as long, and so Adam's ε is twice its 1e-8.
    """
    return {
        "dataset": "mnist",
        "layers": (500, 500),
        "goodness": "mean_square",
        "objective": "logistic",
        "threshold": 2.0,
        "logit_scale": 1.0,
        "negatives": "permuted_labels",
        "negatives_refresh": "once",
        "input_scaling": "standardize",
        "normalization": "unit(epsilon=0.0001)",
        "initialization": "torch_linear",
        "optimizer": "adam(epsilon=2e-08)",
        "learning_rate": 0.03,
        "batch_size": "full",
        "schedule": "greedy(steps=1000)",
        "readout_rate": 0.0,
    }


@presets.register("keras", source="keras.io, examples/vision/forwardforward")
def keras() -> dict[str, Any]:
    """The blogs' Keras code: full batch, 50 steps a layer in turn, permuted labels drawn each round, one Adam for all.

    To be run for 25 000 steps, 250 rounds of two layers. As in ``pezeshki``, ε is twice the 1e-7 of Keras.
    """
    return {
        "dataset": "mnist",
        "layers": (500, 500),
        "goodness": "mean_square",
        "objective": "logistic",
        "threshold": 1.5,
        "logit_scale": 1.0,
        "negatives": "permuted_labels",
        "negatives_refresh": "round",
        "label_encoding": "overlay(per_image=True)",
        "normalization": "unit(epsilon=0.0001)",
        "initialization": "glorot_uniform",
        "optimizer": "adam(epsilon=2e-07, shared_count=True, early_epsilon=True)",
        "learning_rate": 0.03,
        "batch_size": "full",
        "schedule": "rotation(turn=50)",
        "readout_rate": 0.0,
    }


@presets.register("unsupervised", source="Hinton 2022, section 3.2; objective, rate and widths ours")
def unsupervised() -> dict[str, Any]:
    """Learning without labels: whole images against hybrids of two; the labels are seen by a linear read-out alone.

    The read-out that learns beside the layers shows the way; ``Trainer.fit_readout`` takes it to its minimum.
    """
    return {
        "dataset": "mnist",
        "layers": (500, 500, 500),
        "goodness": "mean_square",
        "objective": "logistic",
        "threshold": 1.0,
        "logit_scale": 20.0,
        "negatives": "hybrid_images(blur=8)",
        "label_encoding": "none",
        "normalization": "rms",
        "inference": "readout",
        "learning_rate": 1e-3,
        "rate_course": "linear",
        "batch_size": 100,
        "precision": "auto",
        "readout_layers": "without_first",
    }


@presets.register("scff", source="after SCFF, Chen et al. 2024, arXiv 2409.11593; rate and widths ours")
def scff() -> dict[str, Any]:
    """Learning without labels from self-contrastive pairs: an image beside itself against two images side by side.

    As in the authors' code what is above the mean of a layer goes on, and the positive threshold lies below the
    negative one, so that between the two both sides are content. Their input is twice ours, and so their goodness is
    four times ours. They pair two shifted copies of an image instead of the image with itself, and they add a small
    penalty on goodness; both are left out, because they brought nothing.
    """
    return {
        "dataset": "mnist",
        "layers": (500, 500),
        "goodness": "mean_square",
        "objective": "two_thresholds(above=-0.5, below=-0.5)",
        "threshold": 1.0,
        "logit_scale": 1.0,
        "negatives": "self_contrastive",
        "label_encoding": "none",
        "activation": "triangle",
        "normalization": "layer_norm",
        "inference": "readout",
        "learning_rate": 2e-3,
        "rate_course": "linear",
        "batch_size": 100,
        "precision": "auto",
        "readout_layers": "all",
    }
