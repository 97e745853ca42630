"""Of several variants one that diverges keeps its weights and lets the others go on as if they were alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ffexplore import DivergedError, Settings, Trainer
from tests.engine.sets import pictures

FRAGILE: dict[str, Any] = {
    "layers": (8, 6),
    "batch_size": 8,
    "device": "cpu",
    "goodness": "sum_of_squares",
    "normalization": "none",
    "activation": "leaky_relu",
    "optimizer": "sgd",
}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "another optimizer": {"optimizer": "adam(epsilon=0.001)"},
    "hard labels": {"negatives": "hard_label"},
    "labels of the read-out": {"negatives": "readout_label", "readout_interval": 1},
    "thresholds that learn": {"threshold_rate": 1.0},
    "layers that listen": {"objective": "collaboration"},
    "a goodness that learns": {
        "goodness": "projection",
        "objective": "class_cross_entropy",
        "label_encoding": "none",
    },
    "a mean of each unit": {"peer_normalization": 0.1, "weight_decay": 0.1},
}
RATES = (1e-4, 1e-3, 2e-4)
TOO_LARGE = 1e38  #: a weight that is finite and gives activities that are not


def settings_of(case: dict[str, Any]) -> list[Settings]:
    data = pictures()
    return [Settings(dataset=data, **(FRAGILE | case), learning_rate=rate) for rate in RATES]


def spoil(trainer: Trainer, *variants: int) -> None:
    """Let weights of the first layer grow so large that what they say cannot be written any more."""
    for variant in variants:
        trainer.network.layers[0].parameters.flat[variant] = TOO_LARGE


def weights(trainer: Trainer, variant: int = 0) -> list[Tensor]:
    """Every tensor that learns, of one variant."""
    layers = trainer.network.layers
    readout = trainer.network.readout
    assert readout is not None
    own = [part.flat[variant].clone() for part in (*(layer.parameters for layer in layers), readout.parameters)]
    return own + [layer.theta[variant].clone() for layer in layers]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_others_go_on_as_if_they_were_alone(case: dict[str, Any]) -> None:
    variants = settings_of(case)
    together, alone = Trainer.variants(variants), [Trainer(each) for each in variants]
    for step in range(20):
        if step == 5:
            spoil(together, 1)
        together.step()
        for number in (0, 2):
            alone[number].step()
    assert set(together.diverged) == {1}
    assert together.diverged[1].startswith("at step 5 ")
    assert together.diverged[1].endswith("that is not finite")
    for number in (0, 2):
        for one, other in zip(weights(together, number), weights(alone[number]), strict=True):
            assert torch.allclose(one, other, atol=3e-5, rtol=1e-3)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_weights_of_one_that_diverged_stay(case: dict[str, Any]) -> None:
    together = Trainer.variants(settings_of(case)).fit(steps=5, progress=False)
    spoil(together, 1)
    before = weights(together, 1)
    together.fit(steps=10, progress=False)
    assert set(together.diverged) == {1}
    assert all(torch.equal(one, other) for one, other in zip(before, weights(together, 1), strict=True))


def test_when_the_last_one_diverges_all_stop() -> None:
    together = Trainer.variants(settings_of({})).fit(steps=2, progress=False)
    spoil(together, 0, 2)
    together.step()
    assert set(together.diverged) == {0, 2}
    spoil(together, 1)
    with pytest.raises(DivergedError, match=r"At step 3 layer 1 met a .* is not finite.*Lower learning_rate"):
        together.step()


def test_one_that_rests_does_not_come_back() -> None:
    together = Trainer.variants(settings_of({})).fit(steps=2, progress=False)
    spoil(together, 1)
    together.step()
    together.network.layers[0].parameters.flat[1] = 0.01
    before = weights(together, 1)
    together.fit(steps=3, progress=False)
    assert all(torch.equal(one, other) for one, other in zip(before, weights(together, 1), strict=True))


def test_one_of_the_others_goes_on_alone() -> None:
    together = Trainer.variants(settings_of({})).fit(steps=2, progress=False)
    spoil(together, 1)
    together.fit(steps=2, progress=False)
    alone = together.single(2)
    alone.fit(steps=2, progress=False)
    together.fit(steps=2, progress=False)
    assert alone.diverged == {}
    assert all(
        torch.allclose(one, other, atol=3e-5, rtol=1e-3)
        for one, other in zip(weights(together, 2), weights(alone), strict=True)
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_restored_trainer_lets_rest_who_rested_and_goes_on_bit_for_bit(case: dict[str, Any], tmp_path: Path) -> None:
    together = Trainer.variants(settings_of(case)).fit(steps=5, progress=False)
    spoil(together, 1)
    together.fit(steps=3, progress=False)
    assert together.diverged[1].startswith("at step 5 ")
    # what it rests for may be gone when it is asked the next time, and what is remembered decides
    together.network.layers[0].parameters.flat[1] = 0.01
    together.network.layers[0].parameters.changed()
    again = Trainer.restore(together.save(tmp_path / "three"))
    assert again.diverged == together.diverged
    assert all(layer.diverged is again.network.diverged for layer in again.network.layers)
    before = weights(again, 1)
    for trainer in (together, again):
        trainer.fit(steps=6, progress=False)
    mine, theirs = together.state(), again.state()
    assert mine.keys() == theirs.keys()
    # as bits, because what the averages of one that rests hold need not be finite
    assert [name for name, value in mine.items() if value.numpy().tobytes() != theirs[name].numpy().tobytes()] == []
    assert again.diverged == together.diverged
    assert all(torch.equal(one, other) for one, other in zip(before, weights(again, 1), strict=True))


def test_a_moment_before_the_divergence_brings_the_variant_back() -> None:
    together = Trainer.variants(settings_of({})).fit(steps=5, progress=False)
    kept, counters = {name: value.clone() for name, value in together.state().items()}, together.counters()
    spoil(together, 1)
    together.fit(steps=2, progress=False)
    assert set(together.diverged) == {1}
    together.load_state(kept, counters)
    assert together.diverged == {}
    before = weights(together, 1)
    together.fit(steps=2, progress=False)
    assert not any(torch.equal(one, other) for one, other in zip(before[:2], weights(together, 1)[:2], strict=True))


def test_a_moment_that_does_not_say_who_rests_is_one_at_which_nobody_does() -> None:
    together = Trainer.variants(settings_of({})).fit(steps=2, progress=False)
    counters = together.counters()
    del counters["diverged"]
    together.load_state(together.state(), counters)
    assert together.diverged == {}


def test_at_the_first_step_nobody_is_told_to_lower_the_rate() -> None:
    trainer = Trainer(settings_of({})[0])
    spoil(trainer, 0)
    with pytest.raises(
        DivergedError, match=r"At step 0 layer 1 met a .*\. This is the first step, so it is not"
    ) as first:
        trainer.step()
    assert "learning_rate" not in str(first.value)
    assert "the weights of that layer are those from before the step" in str(first.value)
    assert trainer.steps == 0
    later = Trainer(settings_of({})[0]).fit(steps=1, progress=False)
    spoil(later, 0)
    with pytest.raises(
        DivergedError, match=r"At step 1 layer 1 met a .*\. Lower learning_rate \(now 0.0001\), then"
    ) as told:
        later.step()
    assert "first step" not in str(told.value)
    assert "the weights of that layer are those from before the step" in str(told.value)


def test_sums_that_overflow_only_together_are_no_divergence() -> None:
    found = Trainer.variants(settings_of({})).network.diverged
    found.find(torch.tensor([3e38, 3e38, 3e38]), "nothing happened")
    assert found.words == {}


def teachable(trainer: Trainer) -> list[Tensor]:
    """What the goodness of each layer learns."""
    rules = [rule for layer in trainer.network.layers for rule in layer.rules]
    return [rule.state[name] for rule in rules for name in rule.goodness.learned]


@pytest.mark.parametrize(
    "case",
    [
        {"peer_normalization": 0.1},
        {"normalization": "batch_norm"},
        {"goodness": "decorrelation", "objective": "logistic"},
        {"goodness": "projection", "objective": "class_cross_entropy", "label_encoding": "none"},
    ],
    ids=["a mean of each unit", "batch norm", "means of a goodness", "a goodness that learns"],
)
def test_one_can_go_on_after_a_divergence(case: dict[str, Any]) -> None:
    """Running means that met what is not finite begin anew; weights and what a goodness learned are those of before."""
    trainer = Trainer(settings_of(case)[0])
    trainer.fit(steps=5, progress=False)
    layer = trainer.network.layers[0]
    good, learned = layer.parameters.flat.clone(), [value.clone() for value in teachable(trainer)]
    spoil(trainer, 0)
    with pytest.raises(DivergedError):
        trainer.step()
    layer.parameters.flat.copy_(good)
    assert all(map(torch.equal, teachable(trainer), learned))
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 8
    assert all(value.isfinite().all() for value in trainer.state().values())


def test_weights_that_were_lost_before_are_not_called_whole() -> None:
    trainer = Trainer(settings_of({})[0])
    trainer.fit(steps=3, progress=False)
    trainer.network.layers[1].parameters.flat[0, 0] = float("inf")
    with pytest.raises(DivergedError, match=r"At step 3 .*since an earlier step: .* restore a checkpoint\.$"):
        trainer.fit(steps=3, progress=False)
