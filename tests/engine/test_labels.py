"""How a class is written into the input."""

from __future__ import annotations

import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, Trainer
from tests.engine.sets import pictures


def test_a_block_is_some_pixels_a_class() -> None:
    codes = ff.label_encodings["pixel_block"].table(3, {"size": 2, "strength": 0.5})
    assert codes[:3].tolist() == [[0.5, 0.5, 0, 0, 0, 0], [0, 0, 0.5, 0.5, 0, 0], [0, 0, 0, 0, 0.5, 0.5]]
    torch.testing.assert_close(codes[3], torch.full((6,), 0.5 / 3))


def test_a_block_wants_all_its_pixels_blank() -> None:
    with pytest.raises(ff.SettingsError, match=r"first 8 inputs.*choose a smaller size or 'appended'"):
        Trainer(Settings(dataset=pictures(), label_encoding="pixel_block(size=2)", layers=(4,)))
    with pytest.raises(ff.SettingsError, match=r"first 64 inputs.*not blank"):
        Trainer(Settings(dataset=pictures(4, blank=True), label_encoding="pixel_block(size=16)", layers=(4,)))


def test_blocks_train_on_real_digits() -> None:
    settings = Settings(dataset="mnist-5k", label_encoding="pixel_block(size=3)", layers=(64,), device="cpu")
    trainer = Trainer(settings)
    assert trainer.network.inputs.replaced == 30
    trainer.fit(steps=100, progress=False)
    assert trainer.evaluate("validation").accuracy > 0.6


@pytest.mark.parametrize("classes", [2, 10, 26])
def test_random_patterns_are_half_bright_and_differ(classes: int) -> None:
    entry = ff.label_encodings["random_patterns"]
    codes = entry.table(classes, {"size": 16, "strength": 2.0, "pattern_seed": 3})
    assert codes.shape == (classes + 1, 16)
    assert set(codes[:-1].unique().tolist()) == {0.0, 2.0}
    assert bool((codes[:-1].sum(1) == 16).all())
    assert len(codes[:-1].unique(dim=0)) == classes
    assert torch.equal(codes, entry.table(classes, {"size": 16, "strength": 2.0, "pattern_seed": 3}))
    assert not torch.equal(codes, entry.table(classes, {"size": 16, "strength": 2.0, "pattern_seed": 4}))


def test_too_short_patterns_are_refused() -> None:
    with pytest.raises(ff.SettingsError, match="is 8, too small for 36 classes"):
        ff.label_encodings["random_patterns"].table(36, {"size": 8})


def test_random_patterns_train() -> None:
    settings = Settings(dataset="digits", label_encoding="random_patterns", layers=(64,), device="cpu")
    assert Trainer(settings).fit(steps=100, progress=False).evaluate("validation").accuracy > 0.6
