"""What may be compared, values that suit the present ones, and how a list that a person wrote is read."""

from __future__ import annotations

import pytest

import ffexplore as ff
from ffexplore.engine.idle import idle_fields
from ffexplore.engine.settings import Settings
from ffexplore.live.compared import MOST, make_compared
from ffexplore.ui.suggestions import Target, read_values, suggestions, targets

WHOLE = {
    "the usual ones": Settings(),
    "one goodness a layer": Settings(layers=(8, 6), goodness=("mean_square", "l2_norm"), threshold=(0.5, 2.0)),
    "scores of classes": Settings(goodness="projection", label_encoding="none", objective="class_cross_entropy"),
    "pairs without labels": Settings(negatives="hybrid_images", label_encoding="none", inference="readout"),
    "a goodness with parameters": Settings(goodness="lp_norm(p=3)", objective="symba", learning_rate=100.0),
}


@pytest.mark.parametrize("settings", WHOLE.values(), ids=WHOLE.keys())
def test_every_suggestion_can_be_compared(settings):
    idle = idle_fields(settings)  # for these the drawer has a reason in place of its button
    for target in (each for each in targets(settings) if each.field not in idle):
        for name, text in suggestions(target, settings):
            assert name
            compared = make_compared(settings, target.field, read_values(text, target, settings))
            assert 2 <= len(compared.settings) <= MOST
            assert len(set(compared.labels)) == len(compared.labels)


def test_every_comparable_field_and_the_parameters_of_choices_are_targets():
    found = [(each.field, each.param) for each in targets(WHOLE["a goodness with parameters"])]
    comparable = {name for name, spec in Settings.fields().items() if spec.comparable}
    assert {field for field, _ in found} == comparable
    assert comparable == {*Settings.fields()} - {"dataset", "layers", "device", "precision"}
    assert ("goodness", "p") in found
    assert ("objective", "alpha") in found
    assert [each.field for each in targets(Settings(), comparable - {"seed"})] == ["seed"]


@pytest.mark.parametrize(
    ("field", "param", "first"),
    [
        ("threshold", "", "0.125, 0.25, 0.5, 1, 2"),
        ("learning_rate", "", "0.001, 0.003, 0.01, 0.03, 0.1"),
        ("seed", "", "7, 8, 9, 10"),
        ("weight_decay", "", "0, 0.0003, 0.003, 0.03"),
        ("goodness", "p", "1, 1.5, 3, 6, 12"),
    ],
)
def test_they_suit_the_present_value(field, param, first):
    settings = Settings(threshold=0.5, learning_rate=0.01, seed=7, goodness="lp_norm(p=3)")
    assert suggestions(Target(field, param), settings)[0][1] == first


def test_multiples_are_named_as_such():
    """A cross at the end of a name, as of something that can be taken away, would be no factor."""
    assert suggestions(Target("threshold"), Settings(threshold=0.5))[0][0] == "5 from ×0.25 to ×4"
    assert suggestions(Target("goodness", "p"), Settings(goodness="lp_norm(p=3)"))[0][0] == "5 from 1 to 12"


def test_of_a_catalogue_the_present_entry_is_first_and_what_does_not_fit_is_left_out():
    text = suggestions(Target("goodness"), Settings(goodness="l2_norm"))[-1][1]
    assert text.startswith("l2_norm, ")
    assert "projection" not in text


@pytest.mark.parametrize(
    ("target", "text", "values"),
    [
        (Target("threshold"), "0.5, 1; 2\n4", [0.5, 1, 2, 4]),
        (Target("threshold"), "natural, (0.5, 2), width", [None, (0.5, 2), "width"]),
        (Target("learning_rate"), "1e-3, .5", [0.001, 0.5]),
        (Target("goodness"), "mean, lp_norm(p=3), (l2_norm, max)", ["mean", "lp_norm(p=3)", ("l2_norm", "max")]),
        (Target("threshold"), "0.5, two", [0.5, "two"]),
        (Target("threshold"), "0,002, 0,02", [0.002, 0.02]),
        (Target("threshold"), "0,5; 2", [0.5, 2]),
        (Target("threshold"), "1,2,3", [1, 2, 3]),
        (Target("threshold"), "1, (2,3)", [1, (2, 3)]),
        (Target("goodness"), "top k(share=0.2), mean square", ["top_k(share=0.2)", "mean_square"]),
    ],
)  # fmt: skip
def test_a_list_is_read_as_it_is_written(target, text, values):
    assert read_values(text, target, Settings(layers=(8, 6))) == values


def test_values_of_a_parameter_keep_the_others():
    settings = Settings(negatives="hard_label(temperature=3, layers=all)")
    values = read_values("1, 2", Target("negatives", "temperature"), settings)
    assert [each.values for each in values] == [{"layers": "all", "temperature": t} for t in (1.0, 2.0)]
    compared = make_compared(settings, "negatives", values)
    assert compared.labels == ("temperature 1", "temperature 2")


@pytest.mark.parametrize(
    ("target", "text", "words"),
    [
        (Target("threshold"), " , ", "Write the values of threshold first"),
        (Target("threshold"), "1 2 3", "'1 2 3' is one value; write 2 to 16 of them, with commas between"),
        (Target("goodness"), "top_k(share=0.1, mean", "A bracket has no other one in 'top_k"),
        (Target("goodness", "p"), "1, many", "p of the goodness 'lp_norm' is 'many'; it must be a number"),
        (Target("goodness", "p"), "1, -3", "p of the goodness 'lp_norm' is -3"),
    ],
)
def test_what_no_parameter_takes_is_refused(target, text, words):
    with pytest.raises(ff.SettingsError, match=words):
        read_values(text, target, Settings(goodness="lp_norm(p=3)"))


def test_what_a_target_means_is_said_with_the_present_value():
    settings = Settings(goodness="lp_norm(p=3)", threshold=(0.5, 2.0), layers=(8, 6))
    assert Target("threshold").meaning(settings).endswith("Now (0.5, 2).")
    assert Target("threshold").meaning(Settings()).endswith("Now natural.")
    assert "Now none." in Target("horizon").meaning(Settings())
    assert "Allowed: a number from" in Target("goodness", "p").meaning(settings)
    assert Target("goodness", "p").label == "goodness: p"
