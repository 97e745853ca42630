"""Batch normalization between layers, by loops and against torch's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, Trainer
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures


def settings_of(**changes: Any) -> Settings:
    given = {
        "dataset": pictures(), "layers": (8, 7, 6), "batch_size": 10, "device": "cpu", "normalization": "batch_norm",
        "learning_rate": 0.01, "optimizer": "adam(epsilon=0.001)",
    }  # fmt: skip
    return Settings(**{**given, **changes})


def test_it_is_torchs_own_with_the_variance_of_the_batch() -> None:
    entry = ff.normalizations["batch_norm"]
    state = entry.init(5, 2, torch.device("cpu"))
    assert state is not None
    mean, variance = [[0.0] * 5 for _ in range(2)], [[1.0] * 5 for _ in range(2)]
    for _ in range(3):
        h = torch.rand(2, 2, 6, 5).pow(2)
        out = entry(h, {"epsilon": 1e-5, "rate": 0.3}, None, state, True)
        for variant in range(2):
            rows = h[variant].reshape(-1, 5)
            expected = torch.nn.functional.batch_norm(rows, None, None, training=True)
            torch.testing.assert_close(out[variant].reshape(-1, 5), expected, rtol=1e-4, atol=1e-5)
            for unit, column in enumerate(rows.T.tolist()):
                middle = sum(column) / len(column)
                spread = sum((x - middle) ** 2 for x in column) / len(column)
                mean[variant][unit] += 0.3 * (middle - mean[variant][unit])
                variance[variant][unit] += 0.3 * (spread - variance[variant][unit])
    torch.testing.assert_close(state["mean"], torch.tensor(mean))
    torch.testing.assert_close(state["variance"], torch.tensor(variance))
    kept = {name: value.clone() for name, value in state.items()}
    h = torch.rand(2, 10, 3, 5)  # ten candidate labels
    out = entry(h, {"epsilon": 1e-5, "rate": 0.3}, None, state)
    assert all(torch.equal(value, kept[name]) for name, value in state.items())
    for variant in range(2):
        expected = (h[variant] - kept["mean"][variant]) / (kept["variance"][variant] + 1e-5).sqrt()
        torch.testing.assert_close(out[variant], expected)


def test_a_layer_sees_the_batch_normalized_and_a_probe_the_running_means() -> None:
    trainer = Trainer(settings_of(readout_rate=0))
    network, fed = trainer.network, []
    gradient = network.layers[1].gradient

    def look(parts: Any, *rest: Any) -> None:
        fed.append(parts[0].x.clone())
        gradient(parts, *rest)

    network.layers[1].gradient = look  # type: ignore[assignment, method-assign]
    trainer.fit(steps=30, progress=False)
    seen = fed[-1][0]
    moving = seen.std((0, 1)) > 1e-3
    assert int(moving.sum()) > 3
    torch.testing.assert_close(seen.mean((0, 1)), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.var((0, 1), correction=0)[moving], torch.ones(8)[moving], atol=3e-2, rtol=0)
    before = {key: value.clone() for key, value in trainer.state().items()}
    raw = network.inputs.rows(torch.arange(6), "validation")
    together = network.score(raw)[0]
    for row in range(6):  # the score of a row does not depend on its neighbours
        torch.testing.assert_close(network.score(raw[row : row + 1])[0], together[:, :, row : row + 1])
    trainer.evaluate()
    assert all(torch.equal(value, before[key]) for key, value in trainer.state().items())
    usual = network.layers[0].usual
    assert usual is not None
    assert float(usual["mean"].abs().sum()) > 0


@pytest.mark.parametrize("schedule", ["simultaneous", "rotation(turn=2)"])
def test_it_is_saved_and_learns(schedule: str, tmp_path: Any) -> None:
    trainer = Trainer(settings_of(schedule=schedule)).fit(steps=20, progress=False)
    trainer.save(tmp_path / "run")
    again = Trainer.restore(tmp_path / "run")
    for each in (trainer, again):
        each.fit(steps=10, progress=False)
    for key, value in trainer.state().items():
        assert torch.equal(value, again.state()[key]), key
    assert trainer.fit(steps=100, progress=False).evaluate("train").auc[0] > 0.6


def test_variants_do_not_share_their_means() -> None:
    base = settings_of(readout_rate=0)
    variants = [base, base.replace(seed=3)]
    together = Trainer.variants(variants).fit(steps=9, progress=False)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=9, progress=False)
        for one, other in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)


def test_it_comes_and_goes_while_training() -> None:
    trainer = Trainer(settings_of(normalization="rms")).fit(steps=3, progress=False)
    assert trainer.network.layers[0].usual is None
    trainer.apply(settings_of())
    trainer.fit(steps=3, progress=False)
    usual = trainer.network.layers[0].usual
    assert usual is not None
    kept = usual["mean"].clone()
    trainer.apply(settings_of(normalization="batch_norm(rate=0.5)", learning_rate=0.001))
    assert trainer.network.layers[0].usual is usual
    assert torch.equal(usual["mean"], kept)
    trainer.apply(settings_of(normalization="rms"))
    assert trainer.network.layers[0].usual is None


def test_blocks_learn_through_it() -> None:
    trainer = Trainer(settings_of(schedule="overlapping", readout_rate=0)).fit(steps=60, progress=False)
    assert all(bool(torch.isfinite(each).all()) for each in flat_weights(trainer))
    assert trainer.evaluate("train").auc[-1] > 0.6


def test_a_black_box_is_refused_beside_it() -> None:
    with pytest.raises(ff.SettingsError, match="keeps running means of a layer's activity, but what leaves the black"):
        settings_of(black_box="quantizer")
