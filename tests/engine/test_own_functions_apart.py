"""What a person registers must not mix what is apart: samples, sides, variants, classes; nor change in a look."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Dataset, DatasetError, Settings, SettingsError, Trainer
from ffexplore.engine.negatives import Batch
from ffexplore.registry import Registry
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures
from tests.engine.test_own_functions import refused

BASE: dict[str, Any] = {"layers": (8, 6), "batch_size": 10, "device": "cpu", "optimizer": "adam(epsilon=0.001)"}
Register = Callable[..., Any]


def spread(positive: Tensor, negative: Tensor, theta: Tensor, *, width: float = 0.1) -> Tensor:
    gap = negative - positive + 0.1 * theta
    return (gap / (width + torch.cat([positive, negative], -1).std())).exp()


def slope_of_spread(sides: Tensor, theta: Tensor, *, width: float = 0.1) -> Tensor:
    with torch.enable_grad():
        leaf = sides.detach().requires_grad_()
        loss = spread(leaf[:, 0], leaf[:, 1], theta[:, 0], width=width).sum()
        (slope,) = torch.autograd.grad(loss, leaf)
    return slope


def classes_apart(scores: Tensor, labels: Tensor) -> Tensor:
    right = scores.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return (scores.mean(-1) - right) / (0.1 + right.std())


@pytest.mark.parametrize("name", ["autograd", "slope", "classes"])
def test_variants_are_single_runs_with_an_objective_that_looks_across_the_batch(name: str, register: Register) -> None:
    changes: dict[str, Any] = {"dataset": pictures()}
    if name == "classes":
        register(ff.objectives, "mine", classes_apart)
        changes |= {"goodness": "class_groups", "label_encoding": "none"}
    else:
        register(ff.objectives, "mine", spread, **({"slope": slope_of_spread} if name == "slope" else {}))
    settings = [
        Settings(**BASE, objective="mine", seed=seed, logit_scale=scale, threshold=theta, **changes)
        for seed, scale, theta in [(0, 1.0, 1.0), (1, 2.0, 1.0), (1, 1.0, 2.0)]
    ]
    together = Trainer.variants(settings).fit(steps=6, progress=False)
    for variant, each in enumerate(settings):
        alone = Trainer(each).fit(steps=6, progress=False)
        torch.testing.assert_close(flat_weights(together, variant), flat_weights(alone, 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "traits", "said"),
    [
        (
            lambda h: h - h.mean(-2, keepdim=True),
            {},
            "looks beyond the sample: .* h.mean.-1, keepdim=True.*coupled=True",
        ),
        (lambda h: h / h.norm(), {}, "looks beyond the sample"),
        (lambda h: h / h.norm(dim=1, keepdim=True), {}, "looks beyond the sample"),
        (lambda h: h - h.mean(0), {"coupled": True}, "mixes variants: it is given all of them at once"),
    ],
)
def test_a_normalization_that_mixes_what_is_apart_is_refused(
    function: Callable[..., Any], traits: dict[str, Any], said: str
) -> None:
    refused(ff.normalizations, f"The normalization 'bad' {said}", function, **traits)


def test_a_normalization_that_says_that_it_looks_across_the_batch_is_taken(register: Register) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.normalizations, "mine", lambda h: h - h.mean(-2, keepdim=True), coupled=True)


def test_a_black_box_that_looks_across_the_batch_is_told() -> None:
    with pytest.warns(UserWarning, match="The black box 'mine' looks across the batch, so that the class of") as told:
        ff.black_boxes.register("mine")(lambda activity: activity - activity.mean(0))
    del ff.black_boxes._entries["mine"]
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ff.black_boxes.register("mine")(lambda activity: activity - activity.mean(-1, keepdims=True))
        ff.black_boxes.register("mine")(lambda activity, chance: activity * (chance > 0.5))
    del ff.black_boxes._entries["mine"]


def test_negatives_that_write_over_the_labels_of_all_leave_those_of_the_data(register: Register) -> None:
    def bad(batch: Batch, rng: torch.Generator) -> Tensor:
        return batch.all_labels.add_(1).remainder_(batch.classes)[batch.index]

    register(ff.negatives, "mine", bad)
    trainer = Trainer(Settings(**BASE, dataset=pictures(), negatives="mine")).fit(steps=3, progress=False)
    assert torch.equal(trainer.network.inputs.y["train"], torch.tensor(trainer.plan.dataset.train.y).long())


def test_a_goodness_that_a_look_changes_is_refused() -> None:
    def running(activity: Tensor, *, state: dict[str, Tensor], train: bool) -> Tensor:
        state["mean"].lerp_(activity.mean(), 0.1)
        return activity.square().mean(-1) - state["mean"]

    said = "'bad' writes into its state where train is False, so that a look would change what is learned"
    refused(ff.goodness, said, running, init=lambda width, classes, rng: {"mean": torch.zeros(1)}, coupled=True)


def test_chance_in_the_init_of_a_goodness_is_told() -> None:
    def weighted(activity: Tensor, *, state: dict[str, Tensor], train: bool) -> Tensor:
        return (activity * state["weight"]).square().mean(-1)

    said = "The init of the goodness 'mine' goes by random numbers of its own.* the generator that init is given"
    with pytest.warns(UserWarning, match=said) as told:
        ff.goodness.register("mine", init=lambda width, classes, rng: {"weight": torch.rand(width)})(weighted)
    del ff.goodness._entries["mine"]
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ff.goodness.register("mine", init=lambda width, classes, rng: {"weight": torch.rand(width, generator=rng)})(
            weighted
        )
    del ff.goodness._entries["mine"]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda classes: torch.zeros(classes + 1, 0), "gives two classes the same code.*tells=False"),
        (lambda classes: torch.ones(classes + 1, 4), "gives two classes the same code"),
        (lambda classes: torch.eye(classes + 1) / 0, "returned values that are not finite"),
    ],
)
def test_a_label_encoding_that_tells_no_class_is_refused(function: Callable[..., Any], said: str) -> None:
    refused(ff.label_encodings, f"The label encoding 'bad' {said}", function)


def test_a_label_encoding_that_says_that_it_tells_no_class_is_taken(register: Register) -> None:
    register(ff.label_encodings, "mine", lambda classes: torch.ones(classes + 1, 4), tells=False)


def linear(inputs: int, units: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    layer = torch.nn.Linear(inputs, units)
    torch.nn.init.constant_(layer.weight, 0.1)
    return layer.weight, torch.zeros(units)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (linear, r"returned Parameters, or Tensors with a graph; detach\(\) them"),
        (lambda inputs, units, rng: (torch.full((units, inputs), torch.nan), torch.zeros(units)), "not finite"),
    ],
)
def test_an_initialization_of_what_is_no_plain_number_is_refused(function: Callable[..., Any], said: str) -> None:
    refused(ff.initializations, said, function)


@pytest.mark.parametrize("registry", [ff.goodness, ff.datasets], ids=["goodness", "datasets"])
def test_a_name_that_could_not_be_chosen_is_refused(registry: Registry[Any]) -> None:
    with pytest.raises(SettingsError, match="is named ' mine '; a name neither begins nor ends with a space"):
        registry.register(" mine ")


def test_what_a_loader_raises_names_the_dataset(register: Register) -> None:
    def broken() -> Dataset:
        raise OSError("disk")

    register(ff.datasets, "mine", broken)
    with pytest.raises(DatasetError, match="The dataset 'mine' could not be loaded: OSError: disk"):
        ff.load("mine")


def test_one_layer_of_several_may_have_the_natural_threshold() -> None:
    settings = Settings(layers=(8, 6), threshold=(2.0, None))
    assert settings.thresholds()[1] == Settings(layers=(8, 6)).thresholds()[1]
    assert Settings.from_dict(settings.to_dict()) == settings
    trainer = Trainer(settings.replace(dataset=pictures(), device="cpu")).fit(steps=1, progress=False)
    assert [float(layer.theta) for layer in trainer.network.layers] == [2.0, settings.thresholds()[1]]


def test_inputs_with_a_graph_are_read() -> None:
    trainer = Trainer(Settings(**BASE, dataset=pictures()))
    images = torch.tensor(np.array(trainer.plan.dataset.test.x[:3])).float() / 255
    assert np.array_equal(trainer.predict(images.clone().requires_grad_()), trainer.predict(images))


def test_a_row_scale_that_does_something_else_than_its_function_is_told(register: Register) -> None:
    def to_one(h: Tensor) -> Tensor:
        return h / h.square().sum(-1, keepdim=True).sqrt()

    with pytest.warns(UserWarning, match="The row_scale of the normalization 'mine' does not what its function does"):
        register(ff.normalizations, "mine", to_one, row_scale=lambda squares, size: 7 / squares.sqrt())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.normalizations, "mine", to_one, row_scale=lambda squares, size: 1 / squares.sqrt())


@pytest.mark.parametrize(("scale", "slope", "told"), [(3, 2, "of_energy"), (1, 6, "factor"), (1, 2, "")])
def test_a_goodness_from_the_sum_of_squares_that_is_another_is_told(
    scale: float, slope: float, told: str, register: Register
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        register(
            ff.goodness,
            "mine",
            lambda activity: activity.square().mean(-1),
            of_energy=lambda energy, width: scale * energy / width,
            factor=lambda g, width: slope / width,
        )
    assert [str(each.message).split(";")[0] for each in caught] == (
        [f"The {told} of the goodness 'mine' does not go with its function"] if told else []
    )


@pytest.mark.parametrize(
    ("registry", "function"),
    [
        (ff.goodness, lambda activity: activity.relu_().sum(-1)),
        (ff.goodness, lambda activity: activity.clamp_(0).sum(-1)),
        (ff.objectives, lambda positive, negative: negative.sub_(positive).exp()),
    ],
    ids=["relu_", "clamp_", "objective"],
)
def test_what_writes_in_place_is_told_so(registry: Registry[Any], function: Callable[..., Any]) -> None:
    refused(registry, "'bad' .* it must not", function)
