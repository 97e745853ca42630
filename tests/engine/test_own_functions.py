"""What a person registers is tried out: what cannot work is refused where it was written, what may be meant is told."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, SettingsError, Trainer
from ffexplore.registry import Registry
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

BASE: dict[str, Any] = {"layers": (8, 6, 5), "batch_size": 10, "device": "cpu", "optimizer": "adam(epsilon=0.001)"}
Register = Callable[..., Any]


def refused(registry: Registry[Any], said: str, function: Callable[..., Any], **traits: Any) -> None:
    """Registering ends in a SettingsError, and the entry is not there."""
    with pytest.raises(SettingsError, match=said):
        registry.register("bad", **traits)(function)
    assert "bad" not in registry


# Activations


def soft(z: Tensor) -> Tensor:
    return torch.log1p(z.exp())


def written_over(z: Tensor) -> Tensor:
    return torch.nn.functional.softplus(z.mul_(2), beta=0.5).div_(2)


def leaky(z: Tensor, *, slope: float = 0.1) -> Tensor:
    return torch.where(z > 0, z, slope * z)


@pytest.mark.parametrize("function", [soft, written_over])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dropout": 0.3},
        {"schedule": "overlapping"},
        {"schedule": "overlapping(reach=2)", "dropout": 0.3},
        {"goodness": "sum_of_squares", "peer_normalization": 0.1},
        {"goodness": "lp_norm"},
        {"objective": "collaboration", "dropout": 0.2},
        {"goodness": "class_groups", "objective": "class_cross_entropy", "label_encoding": "none", "dropout": 0.2},
    ],
    ids=str,
)
def test_an_activation_without_a_stated_derivative_trains_to_the_weights_of_the_closed_form(
    changes: dict[str, Any], function: Callable[[Tensor], Tensor], register: Register
) -> None:
    register(ff.activations, "soft", function)
    settings = Settings(**{**BASE, "dataset": pictures(), "activation": "softplus", **changes})
    stated, found = Trainer(settings), Trainer(settings.replace(activation="soft"))
    for trainer in (stated, found):
        trainer.fit(steps=14, progress=False)
    for one, other in zip(flat_weights(stated), flat_weights(found), strict=True):
        torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)
    assert found.evaluate().accuracy == pytest.approx(stated.evaluate().accuracy, nan_ok=True)


def test_variants_with_an_activation_of_ones_own_are_single_runs(register: Register) -> None:
    register(ff.activations, "soft", soft)
    base = Settings(**BASE, dataset=pictures(), activation="soft")
    variants = [base, base.replace(goodness="mean", dropout=0.3), base.replace(seed=2, learning_rate=0.01)]
    together = Trainer.variants(variants).fit(steps=10, progress=False)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=10, progress=False)
        for one, other in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)


@pytest.mark.parametrize(
    ("function", "traits", "said"),
    [
        (lambda z: z.mean(-1), {}, r"The function of the activation 'bad' returned torch.float32 \(1, 2, 3\) for"),
        (lambda z: z.double(), {}, "must return a Tensor of the same shape and dtype"),
        (lambda z: z.tolist(), {}, "returned list for"),
        (lambda z: z @ torch.ones(9, 9), {}, "failed on a batch of 3 samples and 4 units: RuntimeError"),
        (lambda z: z.detach().exp(), {}, r"needs the trait backward\(delta, h\): torch knows no derivative of it"),
        (torch.sign, {}, "its derivative is zero everywhere"),
        (leaky, {}, "has the parameter 'slope'; an activation has none"),
        (lambda z: z.softmax(-1), {}, "what it makes of a unit depends on the others"),
        (torch.relu, {"up": torch.relu}, "has the trait up; then it must have backward and up_backward, too"),
        (torch.relu, {"up": torch.relu, "backward": lambda delta, h: delta}, "must have backward and up_backward, too"),
        (
            torch.relu,
            {"up": lambda z: z.mean(-1), "backward": lambda delta, h: delta, "up_backward": lambda delta, up: delta},
            "The up of the activation 'bad' returned",
        ),
    ],
)
def test_an_activation_that_cannot_work_is_refused(
    function: Callable[..., Any], traits: dict[str, Any], said: str
) -> None:
    refused(ff.activations, said, function, **traits)


def test_an_activation_that_mixes_units_is_taken_with_its_derivative(register: Register) -> None:
    def backward(delta: Tensor, h: Tensor) -> Tensor:
        return h * (delta - (delta * h).sum(-1, keepdim=True))

    register(ff.activations, "shares", lambda z: z.softmax(-1), backward=backward)
    Trainer(Settings(**BASE, dataset=pictures(), activation="shares")).fit(steps=3, progress=False)


def test_the_backward_of_an_activation_is_compared_with_what_torch_finds(register: Register) -> None:
    with pytest.warns(UserWarning, match="The backward of the activation 'wrong' differs from the derivative") as told:
        ff.activations.register("wrong", backward=lambda delta, h: delta)(torch.sin)
    del ff.activations._entries["wrong"]
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.activations, "right", torch.sigmoid, backward=lambda delta, h: delta * h * (1 - h))
        register(ff.activations, "steps", torch.round, backward=lambda delta, h: delta)


def test_why_an_activation_is_refused_is_told_where_its_values_are_not_finite() -> None:
    refused(ff.activations, "'bad' returned values that are not finite for some around zero", torch.log)


def test_a_backward_of_another_shape_is_refused() -> None:
    said = r"The backward of the activation 'bad' returned shape \(1, 2, 3\); it must return a Tensor of shape"
    refused(ff.activations, said, torch.sin, backward=lambda delta, h: delta.sum(-1))


# A goodness and the samples beside


def of_ones_own(entry: Any) -> Callable[..., Tensor]:
    """A goodness of ours as if somebody else had written it."""

    def mine(activity: Tensor, **state: Any) -> Tensor:
        result: Tensor = entry.function(activity, **state, **entry.defaults)
        return result

    return mine


def without_parameters(traits: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in traits.items() if name not in ("vjp", "natural_threshold")}


@pytest.mark.parametrize("name", ff.goodness.names())
def test_what_came_with_ffexplore_would_be_taken_from_anybody(name: str, register: Register) -> None:
    entry = ff.goodness[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.goodness, "mine", of_ones_own(entry), **without_parameters(dict(entry.traits)))


def in_training(activity: Tensor, state: dict[str, Tensor], train: bool) -> Tensor:
    return activity.square().mean(-1) - (activity.mean() if train else state["usual"])


USUAL = {"init": lambda width, classes, generator: {"usual": torch.zeros(())}}


@pytest.mark.parametrize(
    ("function", "traits"),
    [
        (lambda activity: activity.square().mean(-1) - activity.mean(), {}),
        (lambda activity: activity.square().mean(-1) / activity.square().sum(), {}),
        (lambda activity: activity.square().sum(-1) / len(activity), {}),
        (lambda activity: activity.softmax(0).mean(-1), {}),
        (lambda activity: activity.square().mean(-1) * (1 + 0.001 * activity.std()), {}),
        (lambda activity: (activity - activity.mean(-2, keepdim=True)).square().mean(-1), {"batched": True}),
        (lambda activity: activity.square().mean(-1) - activity.mean(), {"batched": True}),
        (in_training, USUAL),
        *[
            (of_ones_own(entry), without_parameters({**entry.traits, "coupled": False}))
            for entry in ff.goodness
            if entry.coupled
        ],
    ],
)
def test_a_goodness_that_looks_across_the_batch_must_say_so(
    function: Callable[..., Any], traits: dict[str, Any]
) -> None:
    said = r"'bad' looks across the batch: .* as in activity.mean\(-1, keepdim=True\)\. .* with coupled=True"
    refused(ff.goodness, said, function, **traits)


def test_a_goodness_that_looks_across_variants_or_sides_is_refused_whatever_it_says() -> None:
    said = "'bad' has the trait batched, but mixes variants or sides"
    refused(ff.goodness, said, lambda activity: activity.mean(-1) - activity.mean(), batched=True, coupled=True)


def test_a_goodness_that_looks_across_the_batch_at_inference_is_told_so(register: Register) -> None:
    with pytest.warns(UserWarning, match=r"'told' looks across the batch at inference, too, .*the trait init") as told:
        register(ff.goodness, "told", lambda activity: activity.mean(-1) - activity.mean(), coupled=True)
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.goodness, "silent", in_training, coupled=True, **USUAL)


def test_a_goodness_that_cannot_take_a_batch_of_one_is_refused() -> None:
    said = r"'bad' returned shape \(\) for a batch of activities \(1, units\)"
    refused(ff.goodness, said, lambda activity: activity.square().mean(-1).squeeze())


# Goodness and objectives


@pytest.mark.parametrize(
    ("function", "traits", "said"),
    [
        (lambda activity: activity.detach().mean(-1), {}, "lets no derivative through, so that a layer would learn"),
        (lambda activity: torch.tensor(activity.tolist()).mean(-1), {}, "or give it as the trait vjp"),
        (lambda activity: activity.mul_(2).mean(-1), {}, "'bad' writes into the activity it is given; it must not"),
        (
            lambda activity: activity.mean(-1),
            {"output": "perclass"},
            r"Unknown value of output, 'perclass'\. Did you mean 'per_class'",
        ),
    ],
)
def test_a_goodness_that_cannot_be_learned_from_is_refused(
    function: Callable[..., Any], traits: dict[str, Any], said: str
) -> None:
    refused(ff.goodness, said, function, **traits)


def twice(h: Tensor, g: Tensor, dg: Tensor) -> Tensor:
    return 2 * h * dg[..., None] / h.shape[-1]


def test_a_vjp_that_is_not_the_derivative_is_told_where_it_was_registered(register: Register) -> None:
    with pytest.warns(UserWarning, match="The vjp of the goodness 'mine' differs from the derivative that") as told:
        ff.goodness.register("mine", batched=True, vjp=lambda h, g, dg: 3 * twice(h, g, dg))(
            lambda activity: activity.square().mean(-1)
        )
    del ff.goodness._entries["mine"]
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("vjp", "got"), [(lambda h, g, dg: dg, r"shape \(1, 2, 3\)"), (lambda h, g, dg: None, "NoneType")]
)
def test_a_vjp_that_cannot_be_a_derivative_is_refused(vjp: Callable[..., Any], got: str) -> None:
    said = rf"The vjp of the goodness 'bad' returned {got}; it must return a Tensor of shape \(1, 2, 3, 4\)"
    refused(ff.goodness, said, lambda activity: activity.square().mean(-1), vjp=vjp)
    refused(ff.goodness, said, lambda activity: activity.detach().square().mean(-1), vjp=vjp)


@pytest.mark.parametrize(
    ("natural", "said"),
    [
        (1.0, r"is 1\.0; it must be a function of the width"),
        (lambda width: "one", "returned 'one' for 4 units; it must be"),
        (lambda width: math.nan, "returned nan for 4 units"),
        (lambda: 1.0, "failed on a batch of 3 samples and 4 units: TypeError"),
    ],
)
def test_a_natural_threshold_that_is_no_number_of_the_width_is_refused(natural: Any, said: str) -> None:
    refused(ff.goodness, said, lambda activity: activity.square().mean(-1), natural_threshold=natural)


def test_a_goodness_may_hold_numbers_of_its_own_in_single_precision(register: Register) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(
            ff.goodness,
            "weighted",
            lambda activity: activity.square() @ torch.linspace(0, 1, activity.shape[-1]),
            vjp=lambda h, g, dg: 2 * h * dg[..., None] * torch.linspace(0, 1, h.shape[-1]),
        )
        register(ff.goodness, "large", lambda activity: 1e5 * (activity - activity.mean(-1, True)).pow(3).sum(-1))
    Trainer(Settings(**BASE, dataset=pictures(), goodness="weighted")).fit(steps=3, progress=False)


def tossed_codes(classes: int) -> Tensor:
    return torch.rand(classes + 1, 8)


def tossed_weights(inputs: int, units: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    return torch.randn(units, inputs), torch.zeros(units)


TOSSED: dict[str, tuple[Registry[Any], Callable[..., Any], dict[str, Any]]] = {
    "goodness": (ff.goodness, lambda activity: (activity + torch.randn_like(activity)).square().mean(-1), {}),
    "black box": (ff.black_boxes, lambda activity: activity * np.random.default_rng().random(activity.shape), {}),
    "objective": (ff.objectives, lambda positive, negative: (negative - positive) * torch.rand(()), {}),
    "objective of classes": (ff.objectives, lambda scores, labels: scores.mean(-1) * torch.rand(()), {}),
    "activation": (ff.activations, lambda z: z + torch.rand(()), {"backward": lambda delta, h: delta}),
    "schedule": (ff.schedules, lambda step, depth: [[random.randrange(depth)]], {}),
    "rate course": (ff.rate_courses, lambda progress: float(np.random.rand()), {}),  # noqa: NPY002
    "label encoding": (ff.label_encodings, tossed_codes, {}),
    "normalization": (ff.normalizations, lambda h: h * torch.rand(()), {}),
    "initialization": (ff.initializations, tossed_weights, {}),
    "negatives": (ff.negatives, lambda batch, rng: torch.randint(0, batch.classes, batch.labels.shape), {}),
    "images": (ff.negatives, lambda batch, rng: batch.images * random.random(), {"changes": "image"}),
    "seldom": (ff.schedules, lambda step, depth: [[0 if random.random() < 1e-9 else depth - 1]], {}),
}


@pytest.mark.parametrize("name", TOSSED)
def test_what_goes_by_chance_is_told_where_it_was_registered(name: str) -> None:
    registry, function, traits = TOSSED[name]
    with pytest.warns(
        UserWarning, match=rf"[Tt]he {registry.kind} 'mine' goes by random numbers of its own; the"
    ) as told:
        registry.register("mine", **traits)(function)
    del registry._entries["mine"]
    assert [each.filename for each in told] == [__file__]


def test_where_warnings_are_errors_chance_is_still_told_in_its_own_words() -> None:
    registry, function, traits = TOSSED["goodness"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="'mine' goes by random numbers of its own; the"):
            registry.register("mine", **traits)(function)
    assert "mine" not in registry.names()


def test_what_is_told_of_chance_says_what_to_do_where_there_is_a_way() -> None:
    for name, way in [
        ("black box", "Name the argument chance"),
        ("initialization", "Draw them from the generator that it is given"),
        ("label encoding", r"Seed a torch\.Generator in it"),
        ("negatives", r"Draw them from the generator that it is given, as in torch\.rand"),
    ]:
        registry, function, traits = TOSSED[name]
        with pytest.warns(UserWarning, match=way):
            registry.register("mine", **traits)(function)
        del registry._entries["mine"]


def test_negatives_for_data_of_another_kind_are_taken_as_they_are(register: Register) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.negatives, "mine", lambda batch, rng: batch.images.view(-1, 3) * 0, changes="image")
        register(
            ff.negatives, "yours", lambda batch, rng: torch.rand(1, generator=rng).long().expand(len(batch.labels))
        )


def test_random_numbers_that_are_the_same_each_time_are_no_chance(register: Register) -> None:
    def seeded(classes: int) -> Tensor:
        torch.manual_seed(5)
        return torch.rand(classes + 1, 8)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.label_encodings, "seeded", seeded)
        register(ff.initializations, "given", lambda inputs, units, rng: (
            torch.randn(units, inputs, generator=rng), torch.zeros(units)
        ))  # fmt: skip


def test_a_right_vjp_is_taken_silently_and_one_for_what_torch_cannot_derive_too(register: Register) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.goodness, "right", lambda activity: activity.square().mean(-1), batched=True, vjp=twice)
        register(ff.goodness, "steps", lambda activity: activity.detach().square().mean(-1), batched=True, vjp=twice)
    settings = Settings(**BASE, dataset=pictures())
    usual, *others = (
        Trainer(settings.replace(goodness=name, threshold=1.0)).fit(steps=8, progress=False)
        for name in ("mean_square", "right", "steps")
    )
    for other in others:
        for one, same in zip(flat_weights(usual), flat_weights(other), strict=True):
            torch.testing.assert_close(same, one, atol=3e-5, rtol=1e-3)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda activity: activity.log().mean(-1), "is nan or infinite"),
        (lambda activity: activity.square().mean(-1) / activity.amin(-1), "is nan or infinite"),
        (lambda activity: (activity - 1).sqrt().mean(-1), "is nan or infinite"),
        (lambda activity: (activity * 1000).exp().mean(-1), "is nan or infinite"),
        (lambda activity: (activity - activity.amax(-1, True)).abs().sqrt().mean(-1), "has a derivative that is nan"),
    ],
)
def test_a_goodness_that_is_not_finite_for_ordinary_activities_is_refused(
    function: Callable[..., Any], said: str
) -> None:
    refused(ff.goodness, f"'bad' {said} .* between 0 and 3 of which some are zero, .* away from zero", function)


def test_a_goodness_that_is_not_finite_for_a_silent_sample_is_told_so(register: Register) -> None:
    for function in (
        lambda activity: activity.square().sum(-1).log(),
        lambda activity: activity.pow(4).sum(-1) / activity.square().sum(-1),
    ):
        with pytest.warns(
            UserWarning, match="'told' is nan or infinite for a sample at which every unit is sil"
        ) as told:
            register(ff.goodness, "told", function)
        assert len(told) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda activity: (1e-8 + activity.square().sum(-1)).log(),
        lambda activity: activity.square().sum(-1).sqrt(),  # a relu stops what is not finite at silent units
        lambda activity: activity.sqrt().mean(-1),
        lambda activity: activity.sort(-1).values[..., 1 : activity.shape[-1] // 8].mean(-1),
    ],
    ids=["logarithm", "length", "roots", "few of the smallest"],
)
def test_a_goodness_that_is_finite_where_it_matters_is_taken(function: Callable[..., Any], register: Register) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.goodness, "mine", function)


@pytest.mark.parametrize(
    ("function", "traits", "said"),
    [
        (lambda positive, negative: (positive - negative) / 0.0, {}, "is nan or infinite"),
        (lambda positive, negative: -(positive - negative).log(), {}, "is nan or infinite"),
        (lambda positive, negative: (200 * (negative - positive)).exp(), {}, "is nan or infinite"),
        (lambda scores, labels: (scores - 2).log().sum(-1), {}, "is nan or infinite"),
        (
            lambda positive, negative: torch.where(negative > positive, (negative - positive).sqrt(), 0.0),
            {},
            "has a derivative that is nan or infinite",
        ),
    ],
)
def test_an_objective_that_is_not_finite_for_ordinary_goodness_is_refused(
    function: Callable[..., Any], traits: dict[str, Any], said: str
) -> None:
    refused(ff.objectives, f"The objective 'bad' {said} for goodness between 0 and 3", function, **traits)


def test_an_objective_that_is_not_finite_for_silent_samples_is_told_so(register: Register) -> None:
    said = "The objective 'told' is nan or infinite where the goodness of both sides is zero"
    with pytest.warns(UserWarning, match=said) as told:
        register(ff.objectives, "told", lambda positive, negative: negative / (positive + negative))
    assert len(told) == 1
    said = "The objective 'stated' has a derivative that is nan or infinite where"
    with pytest.warns(UserWarning, match=said):
        register(
            ff.objectives,
            "stated",
            lambda positive, negative: (negative - positive).detach(),
            slope=lambda sides: sides / (sides.sum(1, keepdim=True)),
        )


@pytest.mark.parametrize(
    "function",
    [
        lambda activity: activity.sign().sum(-1),
        lambda activity: activity.ceil().mean(-1),
        lambda activity: torch.where(activity > 0.5, 1.0, 0 * activity).sum(-1),
        lambda activity: activity.detach().sum(-1) + 0 * activity.sum(-1),
        lambda activity: activity[:, :0].sum(-1),
    ],
    ids=["signs", "rounded", "counted", "detached", "of no unit"],
)
def test_a_goodness_whose_derivative_is_zero_everywhere_is_refused(function: Callable[..., Any]) -> None:
    refused(ff.goodness, "The derivative of the goodness 'bad' is zero everywhere, as that of a count", function)


def test_zero_everywhere_may_be_for_want_of_another_default() -> None:
    def weighted(activity: Tensor, *, weight: float = 0.0) -> Tensor:
        return weight * activity.mean(-1)

    refused(ff.goodness, "is zero everywhere at the defaults of its parameters", weighted)


@pytest.mark.parametrize(
    ("function", "traits"),
    [
        (lambda activity: (activity - 2).relu().sum(-1), {}),
        (lambda activity: (activity - 150).relu().sum(-1), {}),
        (lambda activity: activity.clamp(max=0.01).sum(-1), {}),
        (lambda activity: (-activity).relu().sum(-1), {}),
        (lambda activity: activity[:, 40:].sum(-1), {}),
        (lambda activity: (activity - 50).relu() @ torch.ones(4), {}),
        (lambda activity: torch.sigmoid(1000 * (activity - 1)).sum(-1), {}),
        (lambda activity: activity.sign().sum(-1), {"vjp": twice}),
        (
            lambda activity, state, train: activity @ state["weight"],
            {"init": lambda width, classes, generator: {"weight": torch.zeros(width)}, "learned": ("weight",)},
        ),
        (lambda activity: activity[:, :3].log_softmax(-1), {"output": "per_class"}),
    ],
    ids=["above 2", "above 150", "up to 0.01", "below zero", "from the fortieth unit on", "of four units", "steep",
         "stated", "learned", "per class"],
)  # fmt: skip
def test_a_goodness_whose_derivative_is_zero_for_some_is_taken(
    function: Callable[..., Any], traits: dict[str, Any], register: Register
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "The vjp of")
        register(ff.goodness, "mine", function, **traits)


def hinge(positive: Tensor, negative: Tensor) -> Tensor:
    return (1 - positive + negative).square()


def test_a_slope_that_is_not_the_derivative_is_told(register: Register) -> None:
    def slope(sides: Tensor) -> Tensor:
        pull = 2 * (1 - sides[:, 0] + sides[:, 1])
        return torch.stack([-pull, pull], 1)

    with pytest.warns(UserWarning, match="The slope of the objective 'wrong' differs from the derivative"):
        register(ff.objectives, "wrong", hinge, slope=lambda sides: -slope(sides))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register(ff.objectives, "right", hinge, slope=slope)
        register(ff.objectives, "without", hinge)
        register(ff.objectives, "counts", lambda positive, negative: 1.0 * (positive < negative), slope=slope)
    Trainer(Settings(**BASE, dataset=pictures(), objective="counts")).fit(steps=3, progress=False)


@pytest.mark.parametrize(
    "function",
    [
        lambda positive, negative: (negative - positive).detach(),
        lambda positive, negative: torch.ones_like(positive),
        lambda positive, negative: negative > positive,
        lambda scores, labels: 1.0 * (scores.argmax(-1) != labels),
    ],
    ids=["detached", "constant", "a comparison", "errors counted"],
)
def test_an_objective_that_lets_no_derivative_through_is_refused_and_says_what_to_do(
    function: Callable[..., Any],
) -> None:
    said = r"'bad' lets no derivative through, so that a layer would learn nothing\. .* or give it as the trait slope"
    refused(ff.objectives, said, function)


def test_an_objective_whose_derivative_is_zero_everywhere_is_refused(register: Register) -> None:
    said = "The derivative of the objective 'bad' is zero everywhere, as that of a count"
    refused(ff.objectives, said, lambda positive, negative: (negative - positive).sign())
    refused(ff.objectives, said, lambda scores, labels: scores.round().sum(-1))
    register(ff.objectives, "far", lambda positive, negative: (negative - positive - 20).relu())
    register(ff.objectives, "near", lambda positive, negative: (negative - positive).clamp(-0.1, 0.1))
    with pytest.warns(UserWarning, match="The slope of the objective 'stated' differs"):
        register(
            ff.objectives, "stated", lambda positive, negative: (negative - positive).sign(), slope=lambda g: 0 * g + 1
        )


@pytest.mark.parametrize(
    ("slope", "got"), [(lambda sides: sides[:, 0], r"shape \(1, 3\)"), (lambda sides: None, "NoneType")]
)
def test_a_slope_that_cannot_be_a_derivative_is_refused(slope: Callable[..., Any], got: str) -> None:
    said = rf"The slope of the objective 'bad' returned {got}; it must return a Tensor of shape \(1, 2, 3\)"
    refused(ff.objectives, said, hinge, slope=slope)


# Label encodings, schedules, rate courses, normalizations, initializations


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            lambda classes: torch.eye(classes),
            r"returned shape \(3, 3\) for 3 classes; it must return a Tensor \(4, m\)",
        ),
        (lambda classes: torch.ones(classes + 1), r"returned shape \(4,\)"),
        (lambda classes: torch.eye(classes + 1).tolist(), "returned list for 3 classes"),
        (lambda classes: 1 / 0, "failed on 3 classes: ZeroDivisionError"),
    ],
)
def test_a_label_encoding_of_another_shape_is_refused(function: Callable[..., Any], said: str) -> None:
    refused(ff.label_encodings, said, function)


def test_a_label_encoding_whose_number_of_rows_is_wrong_for_other_classes_is_refused_in_use(register: Register) -> None:
    register(ff.label_encodings, "of_three", lambda classes: torch.eye(4, 6), tells=True)
    with pytest.raises(SettingsError, match=r"'of_three' returned shape \(4, 6\) for 4 classes; it must .* \(5, m\)"):
        Trainer(Settings(**BASE, dataset=pictures(), label_encoding="of_three"))


def test_a_table_of_another_precision_is_taken_as_float32(register: Register) -> None:
    def codes(classes: int) -> Tensor:
        return torch.cat([torch.eye(classes), torch.full((1, classes), 1 / classes)])

    register(ff.label_encodings, "single", codes, tells=True)
    register(ff.label_encodings, "double", lambda classes: codes(classes).double(), tells=True)
    assert ff.label_encodings["double"].table(3).dtype == torch.float32
    settings = Settings(**BASE, dataset=pictures(), label_encoding="single")
    one, other = (
        Trainer(settings.replace(label_encoding=name)).fit(steps=5, progress=False) for name in ("single", "double")
    )
    assert all(map(torch.equal, flat_weights(one), flat_weights(other)))


@pytest.mark.parametrize(
    "returned",
    [
        lambda step, depth: [[depth]],
        lambda step, depth: [[-1]],
        lambda step, depth: [],
        lambda step, depth: [[]],
        lambda step, depth: [0],
        lambda step, depth: 0,
        lambda step, depth: None,
        lambda step, depth: [[0], [0]],
        lambda step, depth: [[0, 2]] if depth == 3 else [[0]],
        lambda step, depth: [[1, 0]] if depth > 1 else [[0]],
        lambda step, depth: [["first"]],
        lambda step, depth: [[0.0]],
    ],
    ids=["too high", "too low", "none", "an empty one", "no block", "a number", "None", "the same end", "a gap",
         "downwards", "words", "no whole number"],
)  # fmt: skip
@pytest.mark.parametrize("crosses", [False, True])
def test_a_schedule_that_names_no_blocks_of_layers_is_refused(returned: Callable[..., Any], crosses: bool) -> None:
    said = r"The schedule 'bad' returned .*; it must return a list of blocks, each a list of neighbouring layers from 0"
    refused(ff.schedules, said, returned, crosses=crosses)


def test_blocks_of_several_layers_want_the_trait_that_says_so(register: Register) -> None:
    def first_two(step: int, depth: int) -> list[list[int]]:
        return [[0, 1]] if depth > 1 else [[0]]

    refused(
        ff.schedules, r"returned \[\[0, 1\]\]; blocks of more than one layer want the trait crosses=True", first_two
    )
    register(ff.schedules, "first_two", first_two, crosses=True)
    Trainer(Settings(**BASE, dataset=pictures(), schedule="first_two")).fit(steps=3, progress=False)


def test_blocks_may_be_tuples(register: Register) -> None:
    register(ff.schedules, "tuples", lambda step, depth: tuple((layer,) for layer in range(depth)))
    settings = Settings(**BASE, dataset=pictures())
    one, other = (
        Trainer(settings.replace(schedule=name)).fit(steps=4, progress=False) for name in ("simultaneous", "tuples")
    )
    assert all(map(torch.equal, flat_weights(one), flat_weights(other)))


@pytest.mark.parametrize("wrong", [[[3]], [], None, [[0], [0]], [[0, 1]]], ids=str)
def test_a_schedule_that_goes_wrong_at_a_later_step_is_named_in_training(wrong: Any, register: Register) -> None:
    register(ff.schedules, "later", lambda step, depth: [[0]] if step < 8 else wrong)
    trainer = Trainer(Settings(**BASE, dataset=pictures(), schedule="later"))
    trainer.fit(steps=8, progress=False)
    before = flat_weights(trainer)
    with pytest.raises(SettingsError, match="The schedule 'later' returned"):
        trainer.step()
    assert trainer.steps == 8
    assert all(map(torch.equal, before, flat_weights(trainer)))


@pytest.mark.parametrize("returned", ["1", None, math.nan, math.inf, -0.1, torch.tensor(0.5)], ids=str)
def test_a_rate_course_that_gives_no_factor_is_refused(returned: Any) -> None:
    said = r"The rate course 'bad' returned .*; it must return a number of 0 or more"
    refused(ff.rate_courses, said, lambda progress: returned)
    refused(ff.rate_courses, said, lambda progress: returned if progress == 1 else 1.0)


@pytest.mark.parametrize("wrong", ["half", math.nan, -1.0])
def test_a_rate_course_that_goes_wrong_later_is_named_and_spoils_no_weight(wrong: Any, register: Register) -> None:
    register(ff.rate_courses, "later", lambda progress: wrong if 0.6 < progress < 0.9 else 1.0)
    trainer = Trainer(Settings(**BASE, dataset=pictures(), rate_course="later"))
    with pytest.raises(SettingsError, match="The rate course 'later' returned"):
        trainer.fit(steps=10, progress=False)
    assert trainer.steps == 7
    assert all(bool(torch.isfinite(each).all()) for each in flat_weights(trainer))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda h: h.mean(-1), r"returned torch.float32 \(1, 2, 3\) for an activity torch.float32 \(1, 2, 3, 4\)"),
        (lambda h: 1.0, "returned float for an activity"),
        (lambda h: h.double(), "must return a Tensor of the same shape and dtype"),
        (lambda h: h.div_(2), "writes into the activity it is given"),
    ],
)
def test_a_normalization_that_cannot_work_is_refused(function: Callable[..., Any], said: str) -> None:
    refused(ff.normalizations, said, function)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda inputs, units, rng: (torch.rand(inputs, units), torch.zeros(units)), r"returned \[\(5, 4\), \(4,\)\]"),
        (lambda inputs, units, rng: torch.rand(units, inputs), "must return two Tensors"),
        (lambda inputs, units, rng: (torch.rand(units, inputs),), r"for 4 units and 5 inputs it returned \[\(4, 5\)\]"),
        (lambda inputs, units, rng: "ones", "returned str"),
        (lambda inputs, units, rng: 3.0, "failed on 4 units and 5 inputs: TypeError"),
    ],
)
def test_an_initialization_of_another_shape_is_refused(function: Callable[..., Any], said: str) -> None:
    refused(ff.initializations, said, function)
