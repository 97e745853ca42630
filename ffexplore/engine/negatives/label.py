"""Negatives with the same image and another label."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ffexplore.engine.labels import all_but
from ffexplore.engine.negatives.batch import Batch
from ffexplore.engine.negatives.entry import negatives
from ffexplore.registry import Param

Layers = Annotated[str, Param("whose goodness says what is plausible", choices=("first", "all"))]


def other_label(labels: Tensor, classes: int, rng: torch.Generator) -> Tensor:
    """A label that is not the given one, each of the others alike; (B,) int64."""
    step = torch.randint(1, classes, labels.shape, generator=rng, device=labels.device)
    return (labels + step) % classes


def sample_wrong(logits: Tensor, labels: Tensor, rng: torch.Generator) -> Tensor:
    """Sample a wrong label with probability ∝ exp(logits), the true one left out; logits (B, C) -> (B,) int64."""
    masked = logits.scatter(1, labels.unsqueeze(1), float("-inf"))
    # Gumbel's trick: the largest of logit + noise is a sample of the softmax, with no sum over the classes.
    noise = torch.rand(logits.shape, generator=rng, device=logits.device).clamp_(min=1e-20)
    return (masked - noise.log_().neg_().log_()).argmax(1)


@negatives.register("uniform_label", changes="label", needs=("labels",), paired=True, always_wrong=True, by_row=True,
                    source="Hinton 2022, section 3.3")  # fmt: skip
def uniform_label(batch: Batch, rng: torch.Generator) -> Tensor:
    """The same image with a wrong label, each wrong label alike."""
    return other_label(batch.labels, batch.classes, rng)


@negatives.register("hard_label", changes="label", needs=("labels", "scores"), paired=True, always_wrong=True,
                    source="after dah33/explore_forward_forward; first layer and temperature ours")  # fmt: skip
def hard_label(
    batch: Batch,
    rng: torch.Generator,
    *,
    temperature: Annotated[float, Param("how sharply the more plausible labels are preferred", 0.0, 100.0)] = 6.0,
    layers: Layers = "first",
) -> Tensor:
    """A wrong label c that the network finds plausible: probability ∝ exp(temperature · g[c])."""
    return sample_wrong(temperature * batch.scores(layers), batch.labels, rng)


@negatives.register("hardest_label", changes="label", needs=("labels", "scores"), paired=True, always_wrong=True,
                    source="common")  # fmt: skip
def hardest_label(batch: Batch, rng: torch.Generator, *, layers: Layers = "first") -> Tensor:
    """The wrong label c with the most goodness, with no chance in it: argmax g[c] over c ≠ y."""
    return batch.scores(layers).scatter(1, batch.labels.unsqueeze(1), float("-inf")).argmax(1)


@negatives.register("sqrt_goodness_label", changes="label", needs=("labels", "scores"), paired=True,
                    always_wrong=True, source="dah33/explore_forward_forward")  # fmt: skip
def sqrt_goodness_label(
    batch: Batch,
    rng: torch.Generator,
    *,
    temperature: Annotated[float, Param("power of the square root; 0 makes all wrong labels alike", 0.0, 100.0)] = 1.0,
    layers: Layers = "all",
) -> Tensor:
    """A wrong label c with probability ∝ √g[c], the root of its goodness; goodness below zero counts as none."""
    weights = batch.scores(layers).clamp(min=1e-8).sqrt()
    return sample_wrong(temperature * weights.log(), batch.labels, rng)


@negatives.register("readout_label", changes="label", needs=("labels", "readout"), paired=True, always_wrong=True,
                    source="Hinton's MATLAB code")  # fmt: skip
def readout_label(
    batch: Batch,
    rng: torch.Generator,
    *,
    temperature: Annotated[float, Param("how sharply the more probable labels are preferred", 0.0, 100.0)] = 1.0,
) -> Tensor:
    """A wrong label c that the read-out of the image with a neutral label believes in: ∝ exp(temperature · z[c])."""
    return sample_wrong(temperature * batch.scores("readout"), batch.labels, rng)


@negatives.register("inverse_label", changes="label", needs=("labels",), paired=True, always_wrong=True, inverse=True,
                    by_row=True, source="fflib (mitkonikov/ff), the default there")  # fmt: skip
def inverse_label(batch: Batch, rng: torch.Generator) -> Tensor:
    """Every label but the right one, all at once; too easy, because a layer need only count how many are written."""
    return all_but(batch.labels, batch.classes)


@negatives.register("permuted_labels", changes="label", needs=("labels",), paired=False, always_wrong=False,
                    source="Pezeshki 2022 (reported there), Keras example; a mistake, kept to be seen")  # fmt: skip
def permuted_labels(batch: Batch, rng: torch.Generator) -> Tensor:
    """A well-known mistake: the labels of the batch in another order, so that one in ten is the right one."""
    return batch.labels[torch.randperm(len(batch.labels), generator=rng, device=batch.labels.device)]
