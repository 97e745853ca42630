"""Variants that no one network can hold: each is what a run alone would be with that change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ffexplore import Settings, Trainer
from ffexplore.engine.probe import Probe
from ffexplore.live.abreast import Abreast, fan_out
from ffexplore.live.keeper import Keeper
from ffexplore.live.probes import Probes
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures
from tests.engine.test_variants import BASE
from tests.patience import until

VALUES: dict[str, list[Any]] = {
    "batch_size": [8, 24, "full"],
    "momentum": [0.9, 0.0],
    "activation": ["relu", "tanh"],
    "normalization": ["batch_norm", "rms", "none"],
    "shift": [2, 0],
    "schedule": ["simultaneous", "greedy"],
    "optimizer": ["sgd", "adam"],
    "label_encoding": ["overlay", "appended"],
    "initialization": ["normal", "glorot_uniform"],
    "readout_rate": [0.0, 0.1],
    "inference": ["goodness", "readout"],
    "negatives": ["uniform_label", "self_contrastive", "hard_label"],
}


@pytest.fixture
def base() -> Settings:
    return Settings(**BASE | {"dataset": pictures(), "seed": 5, "readout_rate": 0.1})


@pytest.mark.parametrize("field", VALUES)
def test_each_is_what_a_run_alone_would_be(base: Settings, field: str) -> None:
    variants = [base.replace(**{field: value}) for value in VALUES[field]]
    run = Trainer(base).fit(steps=6, progress=False)
    before = {name: value.clone() for name, value in run.state().items()}
    together = fan_out(run, variants)
    assert isinstance(together, Abreast)
    assert together.all_settings == variants
    assert all(torch.equal(value, before[name]) for name, value in run.state().items())
    for _ in range(5):
        together.step()
    assert together.steps == 11
    seen = Probes(together).measure()
    for number, settings in enumerate(variants):
        alone = Trainer(base).fit(steps=6, progress=False)
        if field == "initialization" and settings == base:
            alone.apply(variants[1])  # and back: it begins anew, as the other does
        alone.apply(settings)
        for _ in range(5):
            alone.step()
        chosen = together.single(number)
        assert chosen.settings == settings
        assert chosen.steps == alone.steps
        assert chosen.epochs == pytest.approx(alone.epochs)
        for one, other in zip(flat_weights(alone), flat_weights(chosen), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)
        np.testing.assert_allclose(seen.auc[number], Probe(chosen).measure().auc[0], atol=1e-6)
        np.testing.assert_allclose(seen.mean_positive[number], Probe(chosen).measure().mean_positive[0], rtol=1e-5)


def test_those_that_can_share_a_network_do(base: Settings) -> None:
    variants = [base.replace(negatives=name) for name in VALUES["negatives"]]
    together = fan_out(Trainer(base), variants)
    assert [len(part.all_settings) for part in together.parts] == [2, 1]
    assert isinstance(fan_out(Trainer(base), variants[::2]), Trainer)


def test_what_is_kept_is_gone_back_to(base: Settings) -> None:
    together = fan_out(Trainer(base), [base.replace(batch_size=size) for size in (8, 16)])
    together.step()
    keeper = Keeper(together)
    before = [flat_weights(part) for part in together.parts]
    for _ in range(3):
        together.step()
    assert not torch.equal(before[1][0], flat_weights(together.parts[1])[0])
    keeper.go_back()
    assert together.steps == keeper.step == 1
    for weights, part in zip(before, together.parts, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(weights, flat_weights(part), strict=True))


def test_a_report_for_each(base: Settings) -> None:
    together = fan_out(Trainer(base), [base.replace(negatives=name) for name in VALUES["negatives"]])
    reports = together.evaluate_variants("validation")
    assert [each.accuracy for each in reports] == [
        together.single(number).evaluate("validation").accuracy for number in range(3)
    ]
    assert together.evaluate("validation") == reports[0]


def test_what_one_trainer_alone_can_do_says_how_to_get_it(base: Settings) -> None:
    together: Any = fan_out(Trainer(base), [base.replace(batch_size=size) for size in (8, 16)])
    with pytest.raises(AttributeError, match=r"fit is of one trainer, .* trainer\.single\(0\)\.fit, or choose one"):
        together.fit(steps=1)
    with pytest.raises(AttributeError, match="'Abreast' object has no attribute 'fitt'"):
        together.fitt(steps=1)


def test_a_person_compares_sizes_of_batches_and_goes_on_with_one(make_runner) -> None:
    run = make_runner(rate=50.0)
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 5)
    run.compare("batch_size", [16, 32, 64])
    assert until(lambda: run.snapshot.auc.shape[0] == 3)
    began = run.snapshot.step
    assert until(lambda: run.snapshot.auc.shape[0] == 3 and run.snapshot.step > began + 5)
    assert run.snapshot.loss.shape == run.snapshot.learning_rate.shape == (3, 2)
    run.choose(2)
    assert until(lambda: run.snapshot.auc.shape[0] == 1)
    run.pause()
    assert run.wait(10)
    assert run.settings.batch_size == 64
    assert run.ask(lambda trainer: (trainer.settings, trainer.batches.size)).result(10) == (run.settings, 64)
    assert run.error is None


FRAGILE = {"goodness": "sum_of_squares", "normalization": "none", "activation": "leaky_relu", "optimizer": "sgd"}


def test_one_that_diverges_rests_and_the_others_go_on(make_runner) -> None:
    run = make_runner()
    run.update(**FRAGILE, learning_rate=100.0)
    run.compare("optimizer", ["adam", "sgd"])
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.diverged, 20)
    reached = run.snapshot.step
    assert until(lambda: run.snapshot.step > reached + 20)
    assert run.status == "running"
    first, second = run.snapshot.diverged
    assert first == ""
    assert second.startswith("at step ")
    assert second.endswith("that is not finite")
    run.choose(0)
    run.pause()
    assert run.wait(10)
    assert run.error is None
    assert run.snapshot.diverged == ()


def test_when_all_diverge_they_stop_and_the_run_is_still_there(make_runner) -> None:
    run = make_runner()
    run.update(**FRAGILE, learning_rate=1e-4)
    run.step(4)
    assert run.wait(20)
    run.update(learning_rate=100.0)
    run.compare("momentum", [0.5, 0.9])
    run.start()
    assert until(lambda: run.status == "diverged", 20)
    run.choose(None)
    assert until(lambda: run.status == "paused")
    run.update(learning_rate=1e-4)
    run.step(4)
    assert run.wait(10)
    assert run.snapshot.step == 8
