"""Variants that go on from a run, and one of them that goes on alone, are what one run would be with that change."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ffexplore import Settings, SettingsError, Trainer
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures
from tests.engine.test_variants import BASE

FANS: dict[str, list[dict[str, Any]]] = {
    "threshold": [{"threshold": 0.5}, {}, {"threshold": (2.0, 3.0)}],
    "rate": [{"learning_rate": 0.01}, {"learning_rate": 0.05}],
    "seed": [{"seed": 7}, {"seed": 5}, {"seed": 8}],
    "goodness": [{"goodness": "projection"}, {"goodness": "projection"}, {"goodness": "class_groups"}],
    "running means": [{"goodness": "decorrelation"}, {"goodness": "mean"}, {"goodness": "predictive_coding"}],
    "objective": [{"objective": "hinge"}, {"objective": "symba"}],
    "negatives": [{"negatives": "hard_label"}, {"negatives": "uniform_label"}, {"negatives": "inverse_label"}],
    "learned threshold": [{"threshold_rate": 2.0}, {}],
}
COMMON: dict[str, dict[str, Any]] = {
    "plain": {},
    "much of everything": {"dropout": 0.2, "shift": 1, "peer_normalization": 0.1, "normalization": "batch_norm"},
    "negatives that last": {"negatives_refresh": "epoch"},
    "coin toss": {"black_box": "coin_toss"},
}
PAIRS = [("plain", fan) for fan in FANS] + [
    (common, fan) for common in list(COMMON)[1:] for fan in ("threshold", "seed", "negatives")
]


@pytest.mark.parametrize(("common", "fan"), PAIRS)
def test_a_fan_is_what_each_run_would_be(common: str, fan: str) -> None:
    more = {"label_encoding": "none", "goodness": "class_groups"} if fan == "goodness" else {}
    base = Settings(**{**BASE, "seed": 5, **COMMON[common], **more, "dataset": pictures()})
    variants = [base.replace(**changes) for changes in FANS[fan]]
    run = Trainer(base).fit(steps=8, progress=False)
    before = {name: value.clone() for name, value in run.state().items()}
    together = run.fan_out(variants)
    assert (together.steps, together.epochs) == (run.steps, run.epochs)
    assert all(torch.equal(value, before[name]) for name, value in run.state().items())
    at_first = [together.single(number).state().keys() for number in range(len(variants))]
    for _ in range(7):
        together.step()
    for number, settings in enumerate(variants):
        alone = Trainer(base).fit(steps=8, progress=False)
        if fan == "seed" and settings.seed == base.seed:
            alone.apply(base.replace(seed=1))  # and back: it begins anew, as the others do
        alone.apply(settings)
        assert at_first[number] == alone.state().keys()
        chosen = together.single(number)
        assert chosen.settings == settings
        _same(flat_weights(together, number), flat_weights(chosen))
        for _ in range(7):
            alone.step()
        _same(flat_weights(alone), flat_weights(chosen))
        for _ in range(6):
            alone.step()
            chosen.step()
        _same(flat_weights(alone), flat_weights(chosen))
        assert chosen.steps == alone.steps
        assert chosen.epochs == pytest.approx(alone.epochs)


def _same(expected: list[torch.Tensor], found: list[torch.Tensor]) -> None:
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)


def test_what_cannot_be_fanned_out_is_refused() -> None:
    base = Settings(**BASE, dataset=pictures())
    run = Trainer(base)
    with pytest.raises(SettingsError, match="Variants differ in batch_size"):
        run.fan_out([base, base.replace(batch_size=9)])
    with pytest.raises(SettingsError, match="several variants cannot be fanned out"):
        run.fan_out([base, base.replace(threshold=2.0)]).fan_out([base])
    with pytest.raises(IndexError, match="variant is 2; there are 2"):
        run.fan_out([base, base.replace(threshold=2.0)]).single(2)
