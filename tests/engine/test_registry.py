"""Adding something is one function in one place; what does not fit is said where it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Choice, Param, SettingsError
from ffexplore.errors import unknown_name
from ffexplore.params import declared_params
from ffexplore.registry import Entry, Registry
from tests.engine.catalogues import ALL
from tests.engine.sets import pictures


@pytest.fixture
def registry() -> Registry[Entry]:
    return Registry("spice", Entry)


def test_registering_takes_summary_source_and_parameters(registry: Registry[Entry]) -> None:
    @registry.register("pepper", source="India", hot=True)
    def pepper(dish: str, *, grains: Annotated[int, Param("how many", 1, 9)] = 3, plain: float = 0.5) -> str:
        """Black.

        And more.
        """
        return dish * grains

    assert pepper("a") == "aaa"
    entry = registry["pepper"]
    assert (entry.summary, entry.source, entry.traits["hot"]) == ("Black.", "India", True)
    assert entry.params["grains"] == Param("how many", 1, 9, (), 3)
    assert entry.params["plain"] == Param("", None, None, (), 0.5)
    assert registry.choice("pepper(grains=4)") == Choice("pepper", (("grains", 4), ("plain", 0.5)))
    assert str(registry.choice("pepper")) == "pepper(grains=3, plain=0.5)"
    assert repr(registry) == "<spice: pepper>"


def test_a_cell_may_run_twice_and_listeners_hear_of_it(registry: Registry[Entry]) -> None:
    heard: list[str] = []
    end = registry.observe(heard.append)
    for answer in (1, 2):
        registry.register("salt")(lambda answer=answer: answer)
    assert registry["salt"].function() == 2
    assert registry.names() == ["salt"]
    end()
    end()
    registry.register("sugar")(lambda: 3)
    assert heard == ["salt", "salt"]


@pytest.mark.parametrize("name", ["my goodness(2)", "a,b", "p=2", ")", "=", "", None, 3, len])
def test_a_name_that_would_be_taken_for_parameters_or_is_none_is_refused(registry: Registry[Entry], name: Any) -> None:
    said = (
        r"spice is named .*; a name holds none of \( \) , =" if name and isinstance(name, str) else "takes a name first"
    )
    with pytest.raises(SettingsError, match=said):
        registry.register(name)(lambda: 1)
    assert registry.names() == []


def test_what_came_with_ffexplore_cannot_be_replaced_and_says_what_to_do(register: Callable[..., Any]) -> None:
    ours = ff.goodness["mean"]
    with pytest.raises(SettingsError, match=r"The goodness 'mean' is one of ffexplore's own; .* such as 'my_mean'"):
        ff.goodness.register("mean")(lambda activity: activity.mean(-1))
    assert ff.goodness["mean"] is ours
    for factor in (1, 2):
        register(ff.goodness, "my_mean", lambda activity, factor=factor: factor * activity.mean(-1))
    assert ff.goodness["my_mean"].function(torch.ones(3, 4)).tolist() == [2.0] * 3
    again = ff.goodness.register("mean", summary=ours.summary, source=ours.source, **ours.traits)
    assert again(ours.function) is ours.function  # as when a module of ours is loaded again
    assert ff.goodness["mean"] == ours


def test_every_entry_that_is_there_from_the_start_is_ours() -> None:
    entries = [param.values[0] for param in ALL]
    assert len(entries) > 100
    assert [entry.name for entry in entries if not entry.is_ours] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("registry", "trait", "said"),
    [
        (ff.goodness, "batchd", r"Unknown trait of the goodness 'bad', 'batchd'\. Did you mean 'batched'"),
        (ff.activations, "backwards", r"trait of the activation 'bad', 'backwards'\. Did you mean 'backward'"),
        (ff.negatives, "change", r"trait of the negatives 'bad', 'change'\. Did you mean 'changes'"),
        (ff.objectives, "slopes", "Did you mean 'slope'"),
        (ff.schedules, "cross", "Did you mean 'crosses'"),
        (ff.label_encodings, "replace", "Did you mean 'replaces'"),
        (ff.normalizations, "row_scal", "Did you mean 'row_scale'"),
        (ff.inferences, "need", "Did you mean 'needs'"),
        (ff.rate_courses, "low", r"trait of the rate course 'bad', 'low'\. It takes summary and source alone"),
        (ff.initializations, "low", "It takes summary and source alone"),
        (ff.optimizers, "low", "It takes summary and source alone"),
        (ff.black_boxes, "low", "It takes summary and source alone"),
    ],
    ids=lambda each: each.kind if isinstance(each, Registry) else "",
)
def test_an_unknown_trait_is_refused_with_the_nearest_name(registry: Registry[Entry], trait: str, said: str) -> None:
    traits: dict[str, Any] = {trait: True}
    with pytest.raises(SettingsError, match=said):
        registry.register("bad", **traits)(lambda *given: given[0])
    assert "bad" not in registry


def test_a_function_written_in_c_can_be_registered(registry: Registry[Entry], register: Callable[..., Any]) -> None:
    registry.register("sigmoid")(torch.sigmoid)
    assert registry["sigmoid"].params == {}
    register(ff.activations, "sigmoid", torch.sigmoid)
    assert not ff.activations["sigmoid"].is_ours
    settings = ff.Settings(dataset=pictures(), layers=(6, 5), batch_size=10, activation="sigmoid", device="cpu")
    ff.Trainer(settings).fit(steps=3, progress=False)


def test_parameters_without_annotations_that_resolve_are_still_found() -> None:
    def odd(x: NotThere, *, power: float = 2.0) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Odd."""

    assert declared_params(odd)["power"].default == 2.0


@pytest.mark.parametrize(
    ("param", "good", "bad"),
    [
        (Param("m", 0, 5, (), 2), [(3.0, 3), ("4", 4)], [6, -1, 2.5, "x", None, float("nan"), float("inf"), 10**400]),
        (Param("m", default=2), [(3, 3)], [float("inf"), 1.5]),
        (Param("m", default=1.5), [(-1e9, -1e9)], ["x", float("-inf")]),
        (Param("m", choices=("a", "b"), default="a"), [("b", "b")], ["c", 1]),
        (Param("m", default="w"), [("v", "v"), (2.0, "2")], [True, None]),
        (Param("m", default=True), [(False, False)], [0, "True"]),
    ],
)
def test_a_parameter_checks_its_value(param: Param, good: list[tuple[Any, Any]], bad: list[Any]) -> None:
    for given, expected in good:
        value = param.check("heat", given)
        assert value == expected
        assert type(value) is type(expected)
    for given in bad:
        with pytest.raises(SettingsError, match="heat"):
            param.check("heat", given)


def test_what_is_wrong_with_a_persons_goodness_is_said_when_it_is_registered() -> None:
    wrong: list[tuple[Callable[..., Any], str]] = [
        (lambda activity: activity.mean(), r"'bad' returned shape \(\) for a batch"),
        (lambda activity: activity, r"it must return one number a sample, \(3,\)"),
        (lambda activity: 3.0, "returned float; it must return a Tensor"),
        (lambda activity: activity @ torch.ones(9), r"'bad' failed on a batch of 3 samples and 4 units: RuntimeError"),
    ]
    for function, said in wrong:
        with pytest.raises(SettingsError, match=said):
            ff.goodness.register("bad")(function)
        assert "bad" not in ff.goodness


def test_what_is_wrong_with_a_persons_objective_is_said_when_it_is_registered() -> None:
    def misspelt(positive: Tensor, negativ: Tensor) -> Tensor:
        return positive - negativ

    wrong: list[tuple[Callable[..., Any], str]] = [
        (misspelt, "argument of the objective 'bad', 'negativ'. Did you mean 'negative'"),
        (
            lambda positive, negative: (positive - negative).mean(),
            r"returned \(\); it must return one loss a pair",
        ),
        (lambda positive, negative: 1 / 0, "'bad' failed on three pairs: ZeroDivisionError"),
    ]
    for function, said in wrong:
        with pytest.raises(SettingsError, match=said):
            ff.objectives.register("bad")(function)
        assert "bad" not in ff.objectives


def test_negatives_must_say_what_they_change() -> None:
    with pytest.raises(SettingsError, match=r"value of changes, 'labels'\. Did you mean 'label'"):
        ff.negatives.register("bad", changes="labels")(lambda batch, rng: batch.labels)


@pytest.mark.parametrize(
    ("needs", "said"),
    [("picture", "'picture'. Did you mean 'pictures'"), ({"labels", "logits"}, "'logits'"), (["score"], "'scores'")],
)
def test_negatives_must_need_what_there_is(needs: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=f"value of needs, .*{said}"):
        ff.negatives.register("bad", needs=needs)(lambda batch, rng: batch.labels)
    assert "bad" not in ff.negatives


def test_a_single_need_may_be_given_as_a_word(register: Callable[..., Any]) -> None:
    register(ff.negatives, "one", lambda batch, rng: batch.labels, needs="labels")
    assert ff.negatives["one"].needs == {"labels"}


@pytest.mark.parametrize("function", [lambda batch: batch.labels, lambda: 0, lambda batch, rng, more: batch.labels])
def test_negatives_must_take_a_batch_and_a_generator(function: Any) -> None:
    with pytest.raises(
        SettingsError, match=r"'bad' must take a batch and a random generator, as in mine\(batch, rng\)"
    ):
        ff.negatives.register("bad")(function)


def out_of_range(h: Tensor, *, power: Annotated[float, Param("power", 1, 5)] = 9.0) -> Tensor:
    return h.pow(power).mean(-1)


def no_such_word(h: Tensor, *, way: Annotated[str, Param("way", choices=("up", "down"))] = "upp") -> Tensor:
    return h.mean(-1)


def nothing(h: Tensor, *, power: float | None = None) -> Tensor:
    return h.mean(-1)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (out_of_range, r"power of the goodness 'bad' is 9\.0; it must be a number from 1 to 5"),
        (no_such_word, r"way of the goodness 'bad' 'upp'\. Did you mean 'up'"),
        (nothing, "power of the goodness 'bad' is None; it must be a number"),
    ],
)
def test_a_default_that_its_own_range_refuses_is_said_when_it_is_registered(function: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ff.goodness.register("bad")(function)
    assert "bad" not in ff.goodness


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("lr", " Did you mean 'learning_rate'?"),
        ("treshold", " Did you mean 'threshold'?"),
        ("x", ""),
        (None, ""),
        (["layers"], ""),
    ],
)
def test_an_unknown_name_is_told_what_it_may_have_meant(given: Any, hint: str) -> None:
    text = unknown_name("setting", given, ["layers", "learning_rate", "once", "threshold"])
    assert text == f"Unknown setting {given!r}.{hint} Allowed: layers, learning_rate, once, threshold."


def test_an_objective_may_use_one_side_alone(register: Callable[..., Any]) -> None:
    register(ff.objectives, "loud", lambda positive: -positive)
    entry = ff.objectives["loud"]
    assert entry.needs == {"pairs"}
    g = torch.tensor([[1.0, 2.0]])
    evidence = ff.engine.objectives.Evidence(g, g, torch.ones(1, 1), torch.full((1, 1), 3.0))  # type: ignore[attr-defined]
    assert entry(evidence).tolist() == [[-3.0, -6.0]]
    slope = entry.slope(torch.stack([g, g], 1), torch.ones(1, 1, 1), torch.full((1, 1, 1), 3.0))
    assert slope.tolist() == [[[-3.0, -3.0], [0.0, 0.0]]]


def test_a_parameter_says_what_it_may_be() -> None:
    assert Param("", 0, 5, default=1.0).allowed() == "a number from 0 to 5"
    assert Param("", 1, default=2).allowed() == "a whole number of 1 or more"
    assert Param(default=True).allowed() == "True or False"
    assert Param(default="all").allowed() == "a word"
    assert Param(choices=("first", "all"), default="all").allowed() == "one of first, all"
