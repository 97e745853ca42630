"""Variants side by side: what each trains, what waits meanwhile, and the way on with one of them or back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.live.changes import describe
from tests.patience import until


def go(run, steps):
    run.step(steps)
    assert run.wait(20)
    return run


def weights(run):
    return run.ask(lambda trainer: [layer.parameters.flat.clone() for layer in trainer.network.layers]).result(10)


def close(one, other):
    return all(torch.allclose(a, b, atol=3e-5, rtol=1e-3) for a, b in zip(one, other, strict=True))


def test_a_chosen_variant_is_the_run_with_that_value(make_runner):
    run, plain = go(make_runner(), 10), go(make_runner(), 10)
    compared = run.compare("threshold", [0.5, 1, (2.0, 3.0)])
    assert compared.labels == ("0.5", "1", "2, 3")
    go(run, 10)
    seen = run.snapshot
    assert seen.auc.shape == (3, 2)
    assert seen.threshold.tolist() == [[0.5, 0.5], [1, 1], [2, 3]]
    assert run.history.curve()["auc"].shape[1:] == (3, 2)
    assert run.moments == ()
    run.choose(2)
    assert run.settings.threshold == (2.0, 3.0)
    go(run, 5)
    plain.update(threshold=(2.0, 3.0))
    go(plain, 15)
    assert run.compared is None
    assert run.snapshot.auc.shape == (1, 2)
    assert close(weights(run), weights(plain))
    steps = run.history.curve()["step"].tolist()
    assert (steps[0], steps[-1]) == (0, 25)
    assert 20 in steps
    row = steps.index(20)
    assert np.allclose(run.history.curve()["auc"][row, 0], seen.auc[2])
    assert (10, "threshold natural → 2, 3") in run.history.changes
    change = "trainer.apply(trainer.settings.replace(threshold=(2.0, 3.0,)))"
    assert f"train_to(10)\n{change}\ntrain_to(25)" in run.as_python()


def test_a_choice_is_undone_through_the_kept_moment(make_runner):
    run = go(make_runner(), 10)
    before, settings = weights(run), run.settings
    run.compare("goodness", ["l2_norm", "mean"])
    go(run, 10)
    run.choose(0)
    assert run.wait(10)
    assert run.snapshot.goodness == ("l2_norm", "l2_norm")
    assert run.settings.threshold == settings.threshold
    run.branch(10)
    assert run.wait(10)
    assert run.settings == settings
    assert all(torch.equal(one, other) for one, other in zip(before, weights(run), strict=True))


def test_without_a_choice_the_run_is_as_it_was(make_runner):
    run = go(make_runner(), 10)
    before, settings, kept = weights(run), run.settings, [moment.step for moment in run.moments]
    run.compare("learning_rate", [0.001, 0.1])
    go(run, 10)
    run.choose(None)
    assert run.wait(10)
    assert (run.settings, run.snapshot.step, run.status) == (settings, 10, "paused")
    assert [moment.step for moment in run.moments] == kept
    assert all(torch.equal(one, other) for one, other in zip(before, weights(run), strict=True))
    assert run.history.changes[-1] == (10, "compared learning_rate 0.001 | 0.1")
    go(run, 10)
    assert close(weights(run), weights(go(make_runner(), 20)))


def test_training_goes_on_while_one_compares_and_chooses(make_runner):
    run = make_runner(rate=50.0)
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 5)
    run.compare("seed", [0, 1, 2, 3])
    assert until(lambda: run.snapshot.auc.shape[0] == 4)
    began = run.snapshot.step
    assert until(lambda: run.snapshot.auc.shape[0] == 4 and run.snapshot.step > began + 5)
    run.choose(3)
    run.update(threshold=1.5)  # on top of what was chosen
    reached = run.snapshot.step
    assert until(lambda: run.snapshot.auc.shape[0] == 1 and run.snapshot.step > reached + 5)
    assert run.is_running
    run.pause()
    assert run.wait(10)
    assert (run.settings.seed, run.settings.threshold) == (3, 1.5)
    assert run.ask(lambda trainer: trainer.settings).result(10) == run.settings


def test_what_cannot_be_done_meanwhile_is_refused(make_runner, tmp_path):
    run = go(make_runner(), 3)
    with pytest.raises(ff.SettingsError, match="Nothing is compared"):
        run.choose(0)
    run.compare("threshold", [1, 2])
    for attempt in (
        lambda: run.update(threshold=3.0),
        run.reset,
        lambda: run.branch(0),
        lambda: run.save(tmp_path / "here"),
        lambda: run.restore(tmp_path / "here"),
        lambda: run.compare("seed", [1, 2]),
    ):
        with pytest.raises(ff.SettingsError, match="2 variants of threshold are compared; choose one, or None"):
            attempt()
    with pytest.raises(ff.SettingsError, match="variant is 2; it must be a whole number from 0 to 1, or None"):
        run.choose(2)
    run.choose(1)
    run.update(threshold=3.0)
    assert run.wait(10)
    assert run.settings.threshold == 3.0


@pytest.mark.parametrize(
    ("field", "values", "words"),
    [
        ("device", ["cpu", "cuda"], "cannot differ in device; .* every setting but dataset, layers, device, precision"),
        ("batch_size", [32, "ful"], "batch_size is 'ful'"),
        ("treshold", [1, 2], "threshold"),
        ("threshold", [1], "length 1; compare 2 to 16 values of threshold"),
        ("threshold", "1, 2", "values is '1, 2'; give a list"),
        ("threshold", [1, 2, 1.0], "values has 1 twice"),
        ("threshold", [1, "two"], "threshold is 'two'"),
        ("goodness", ["mean", "class_groups"], "scores every class|label_encoding"),
        ("black_box_after", [1, 2], "Variants that differ in black_box_after would be the same: there is no black box"),
    ],
)
def test_values_that_do_not_fit_are_refused_at_once(make_runner, field, values, words):
    run = make_runner()
    with pytest.raises(ff.SettingsError, match=words):
        run.compare(field, values)
    assert run.compared is None


@pytest.mark.parametrize(
    ("field", "values", "labels", "text"),
    [
        ("goodness", ["mean", "lp_norm(p=3)"], ("mean", "lp_norm"), "goodness mean | lp_norm"),
        ("goodness", ["mean", "lp_norm(p=5)"], ("mean", "lp_norm(p=5.0)"), "goodness mean | lp_norm(p=5.0)"),
        ("goodness", ["lp_norm(p=3)", "lp_norm(p=4)"], ("p 3", "p 4"), "goodness p 3 | p 4"),
        (
            "goodness",
            ["lp_norm(p=3)", "lp_norm(p=4)", "mean"],
            ("lp_norm(p=3.0)", "lp_norm(p=4.0)", "mean"),
            "goodness lp_norm(p=3.0) | lp_norm(p=4.0) | mean",
        ),
        ("seed", list(range(16)), tuple(map(str, range(16))), "seed 0 | 1 | 2 | 3 | … | 15"),
    ],
)
def test_variants_are_named_by_what_tells_them_apart(make_runner, field, values, labels, text):
    compared = make_runner().compare(field, values)
    assert compared.labels == labels
    assert str(compared) == text


def test_values_may_be_an_array(make_runner):
    compared = make_runner().compare("threshold", np.linspace(0.5, 2, 4))
    assert [each.threshold for each in compared.settings] == [0.5, 1.0, 1.5, 2.0]


def test_the_curves_of_the_run_lead_up_to_the_comparison(make_runner):
    run = make_runner()
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 100)
    run.compare("seed", [0, 5])  # all begin anew
    assert until(lambda: run.snapshot.auc.shape[0] == 2)
    run.choose(1)
    run.pause()
    assert run.wait(10)
    curve = run.history.curve()
    began = next(step for step, text in run.history.changes if text == "seed 0 → 5")
    accuracy = curve["accuracy"][:, 0][curve["step"] == began]
    assert accuracy[0] > 0.3  # that of the run, which learned


def test_a_change_is_told_without_what_is_usual(make_runner):
    old = make_runner().settings
    changed = old.replace(label_encoding="overlay(strength=2)", goodness="lp_norm(p=3)")
    assert describe(old, changed)[:1] == ["label_encoding appended → overlay(strength=2.0)"]
    assert describe(changed, changed.replace(goodness="lp_norm(p=4)")) == ["goodness lp_norm → lp_norm(p=4.0)"]


def test_a_change_is_told_although_its_function_has_lost_a_parameter(make_runner):
    @ff.goodness.register("mine", batched=True)
    def first(activity, *, power: float = 2.0):
        """My own."""
        return (activity.abs() ** power).mean(-1)

    old = make_runner().settings.replace(goodness="mine")

    @ff.goodness.register("mine", batched=True)
    def second(activity):
        """My own."""
        return activity.square().mean(-1)

    assert describe(old, old.replace(goodness="mean"))[0] == "goodness mine(power=2.0) → mean"


def test_the_variant_with_the_present_value_is_known(make_runner):
    run = make_runner()
    assert run.compare("learning_rate", [1.0, run.settings.learning_rate]).present == 1
    run.choose(None)
    assert run.compare("learning_rate", [1.0, 2.0]).present == -1
    run.choose(None)
    assert run.settings.threshold is None
    assert run.compare("threshold", [0.5, 2.0, run.settings.thresholds()[0]]).present == 2


FRAGILE = {
    "goodness": "sum_of_squares", "normalization": "none", "activation": "leaky_relu", "optimizer": "sgd",
    "learning_rate": 1e-4,
}  # fmt: skip


def test_a_variant_that_diverges_rests_and_the_others_go_on(make_runner):
    run = make_runner()
    run.update(**FRAGILE)
    go(run, 4)
    run.compare("learning_rate", [1e-4, 100.0])
    run.start()
    assert until(lambda: run.snapshot.diverged, 20)
    reached = run.snapshot.step
    assert until(lambda: run.snapshot.step > reached + 20)
    assert run.status == "running"
    first, second = run.snapshot.diverged
    assert first == ""
    assert "that is not finite" in second
    assert second.startswith("at step ")
    assert [text for _, text in run.history.changes if "diverged" in text] == [
        "learning_rate 100 diverged; the others go on"
    ]
    kept = run.ask(lambda trainer: trainer.network.layers[0].parameters.flat[1].clone()).result(10)
    run.pause()
    assert run.wait(10)
    go(run, 5)
    assert torch.equal(kept, run.ask(lambda trainer: trainer.network.layers[0].parameters.flat[1].clone()).result(10))
    assert run.history.snapshot(-1).diverged == ("", second)
    run.choose(0)
    go(run, 4)
    assert run.snapshot.diverged == ()
    assert run.error is None


def test_when_all_diverge_they_stop_and_the_run_is_still_there(make_runner):
    run = make_runner()
    run.update(**FRAGILE)
    go(run, 4)
    run.compare("learning_rate", [90.0, 100.0])
    run.start()
    assert until(lambda: run.status == "diverged", 20)
    run.choose(None)
    assert until(lambda: run.status == "paused")
    assert run.wait(10)
    go(run, 4)
    assert run.snapshot.step == 8


def test_an_order_that_is_dropped_changes_nothing(make_runner):
    run = go(make_runner(), 4)
    run.step(200_000)
    run.compare("threshold", [1, 2])
    run.stop(finish=False)
    assert until(lambda: not run._worker.thread.is_alive())
    assert run.compared is None
    assert run.update(threshold=2.0).threshold == 2.0
