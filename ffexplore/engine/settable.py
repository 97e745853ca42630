"""The fields of Settings: what a person can choose, with the default, meaning, range and unit of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ffexplore.engine.activations import activations
from ffexplore.engine.black_box import black_boxes
from ffexplore.engine.fields import setting
from ffexplore.engine.goodness import goodness
from ffexplore.engine.inference import inferences
from ffexplore.engine.initialize import initializations
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.negatives import negatives
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.objectives import objectives
from ffexplore.engine.optimize import optimizers
from ffexplore.engine.rates import rate_courses
from ffexplore.engine.schedule import schedules

BEGINS_ANEW = "Begins anew: all weights are new; the step count and the history go on."


@dataclass(frozen=True)
class Settable:
    """Everything a person can choose, unjudged; Settings are these fields with each value checked."""

    dataset: Any = setting(
        "mnist-5k", "The data to learn from: a name, or a Dataset of your own.", "Data", renews=BEGINS_ANEW,
        comparable=False,
    )  # fmt: skip
    negatives: Any = setting(
        "uniform_label", "How bad data is made from good.", "Data", registry=negatives, lockstep=True
    )
    negatives_refresh: str = setting(
        "batch", "When negatives are drawn anew.", "Data", choices=("batch", "round", "epoch", "once"),
        source="PFF, arXiv 2404.08573",
    )  # fmt: skip
    label_encoding: Any = setting(
        "overlay", "How a class is written into the input.", "Data", registry=label_encodings,
        renews="Rebuilds the layers that see the label; the others keep their weights.",
    )  # fmt: skip
    input_scaling: str = setting(
        "unit", "Inputs from 0 to 1, or moved to mean 0 and scaled to variance 1.", "Data",
        choices=("unit", "standardize"),
    )  # fmt: skip
    shift: int = setting(
        0, "Pixels by which a training picture is moved at random in each direction.", "Data", unit="pixels",
        low=0, high=8, whole=True, source="Hinton 2022, section 3.3; jesper-olsen/forward-forward-rs",
    )  # fmt: skip
    rotation: float = setting(
        0.0, "Degrees by which a training picture is turned at random, either way.", "Data", unit="degrees",
        low=0.0, high=45.0, source="common; Simard et al. 2003",
    )  # fmt: skip
    zoom: float = setting(
        0.0, "Share by which a training picture grows or shrinks at random.", "Data",
        low=0.0, high=0.5, source="common; Simard et al. 2003",
    )  # fmt: skip
    elastic: float = setting(
        0.0, "Pixels by which a training picture is bent at random: the standard deviation of smooth pushes.", "Data",
        unit="pixels", low=0.0, high=8.0, source="Simard et al. 2003",
    )  # fmt: skip
    label_layers: str = setting(
        "first", "Which layers see the label: the first, in the input, or all, each beside what it gets from below.",
        "Data", choices=("first", "all"), source="common",
        renews="Rebuilds every layer but the first, which keeps its weights.",
    )  # fmt: skip
    layers: tuple[int, ...] = setting(
        (256, 256), "Units of each layer.", "Layers", unit="units", low=1, high=100_000, whole=True, per_layer=True,
        renews="Rebuilds each layer whose width changes, and the one above it; the others keep their weights.",
        comparable=False,
    )  # fmt: skip
    activation: Any = setting("relu", "The nonlinearity of every layer.", "Layers", registry=activations)
    normalization: Any = setting(
        "rms", "What a layer may learn of the activity below it; also applied to the input.", "Layers",
        registry=normalizations,
    )  # fmt: skip
    initialization: Any = setting(
        "normal", "The weights a layer starts with.", "Layers", registry=initializations, renews=BEGINS_ANEW
    )
    dropout: float = setting(
        0.0, "Share of units silenced in a training batch, the same for both sides.", "Layers", low=0.0, high=0.95,
        lockstep=True, source="jesper-olsen/forward-forward-rs; the same units for both sides is ours",
    )  # fmt: skip
    schedule: Any = setting("simultaneous", "Which layers learn when.", "Layers", registry=schedules)
    black_box: Any = setting(
        "none", "A function between two layers that torch cannot differentiate.", "Layers", registry=black_boxes
    )
    black_box_after: int = setting(
        1, "The layer above which the black box stands, the lowest being 1.", "Layers", low=1, high=10_000, whole=True
    )
    goodness: Any = setting(
        "mean_square", "The number that says how positive a layer takes a sample to be.", "Goodness",
        registry=goodness, per_layer=True, lockstep=True,
    )  # fmt: skip
    threshold: Any = setting(
        None, "The goodness above which a layer calls a sample positive.", "Goodness",
        low=-1e6, high=1e6, choices=("width",), per_layer=True, optional="the natural threshold of the goodness",
        lockstep=True,
        source="Hinton 2022, section 2; width: Hinton's MATLAB code; one for each layer: arXiv 2307.04205",
    )  # fmt: skip
    threshold_rate: float = setting(
        0.0, "How fast thresholds learn with their objective, in units of the learning rate; at 0 they are as set.",
        "Goodness", low=0.0, high=100.0, lockstep=True, source="common",
    )  # fmt: skip
    objective: Any = setting(
        "logistic", "What a layer tries to make small.", "Goodness", registry=objectives, per_layer=True, lockstep=True
    )
    logit_scale: float = setting(
        1.0, "The scale of the logits, 1 over their temperature: scale · (g − θ); a higher one makes the layer surer.",
        "Goodness", low=1e-4, high=1e4, logarithmic=True, lockstep=True,
        source="Hinton's MATLAB code, where it is the width",
    )  # fmt: skip
    inference: Any = setting("goodness", "How a class is read from the network.", "Goodness", registry=inferences)
    inference_shift: int = setting(
        0, "A class is read from the mean over all copies of a picture moved by up to so many pixels.", "Goodness",
        unit="pixels", low=0, high=4, whole=True, source="common, as test-time augmentation; Krizhevsky et al. 2012",
    )  # fmt: skip
    learning_rate: Any = setting(
        2e-3, "Length of a step.", "Learning", low=0.0, high=100.0, per_layer=True, logarithmic=True, lockstep=True
    )
    rate_course: Any = setting("constant", "The learning rate over time.", "Learning", registry=rate_courses)
    horizon: float | None = setting(
        None, "Where the course of the rate ends.", "Learning", unit="epochs", low=0.001, high=1e6,
        optional="the end of each fit; an open-ended session keeps its rate",
    )  # fmt: skip
    optimizer: Any = setting(
        "adam", "How a gradient becomes a change of weights.", "Learning", registry=optimizers,
        renews="The optimizer begins without a memory; all weights stay.",
    )  # fmt: skip
    momentum: float = setting(
        0.9, "Share of the former direction that is kept.", "Learning", low=0.0, high=0.9999,
        source="Hinton's MATLAB code (0.9)",
    )  # fmt: skip
    weight_decay: float = setting(
        0.0, "Share of a weight lost at each step, times the rate; biases are spared.", "Learning",
        low=0.0, high=10.0, lockstep=True, source="Hinton's MATLAB code (0.001)",
    )  # fmt: skip
    peer_normalization: float = setting(
        0.0, "Pull of each unit's mean activity towards that of its layer, so that dead units come back.", "Learning",
        low=0.0, high=10.0, lockstep=True, source="Hinton's MATLAB code (0.03)",
    )  # fmt: skip
    batch_size: int | str = setting(
        128, "Samples of a batch.", "Learning", unit="samples", low=1, high=1_000_000, whole=True, choices=("full",),
        source="Hinton's MATLAB code (100); Pezeshki 2022, Keras example (full)",
    )  # fmt: skip
    readout_rate: float = setting(
        0.1, "Learning rate of the one-pass read-out; 0 switches it off.", "Learning", low=0.0, high=10.0,
        source="Hinton's MATLAB code (0.1)",
    )  # fmt: skip
    readout_decay: float = setting(
        0.003, "Weight decay of the read-out.", "Learning", low=0.0, high=10.0, source="Hinton's MATLAB code (0.003)"
    )
    readout_interval: int = setting(
        4, "The read-out learns on every n-th batch.", "Learning", unit="batches", low=1, high=10_000, whole=True,
        source="Hinton's MATLAB code (1); the default is ours",
    )  # fmt: skip
    readout_layers: str = setting(
        "without_first", "Layers whose activity the read-out sees.", "Learning",
        choices=("all", "without_first", "last"), others="numbers from 1 joined by +, as in 1+3",
        source="Hinton's MATLAB code (without_first)",
    )  # fmt: skip
    seed: int = setting(
        0, "Start of every random number; the same seed gives the same run.", "Run", low=0, high=2**31 - 1,
        whole=True, lockstep=True, renews=BEGINS_ANEW,
    )  # fmt: skip
    device: str = setting(
        "auto", "Where the numbers are computed.", "Run", choices=("auto", "cpu", "cuda", "mps"), renews=BEGINS_ANEW,
        comparable=False,
    )  # fmt: skip
    precision: str = setting(
        "float32", "Matrix products in 32 bits, or in 16 where that is faster.", "Run",
        choices=("auto", "float32", "bfloat16"), renews=BEGINS_ANEW, comparable=False,
    )  # fmt: skip
