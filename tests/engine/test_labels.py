"""How a class is written into the input."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, Trainer
from tests.engine.reference import GOODNESS, Plain, flat_weights
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


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"label_encoding": "appended(strength=2)"},
        {"label_encoding": "overlay(per_image=True)"},
        {"normalization": "layer_norm"},
        {"precision": "bfloat16"},
    ],
    ids=["overlay", "appended", "per image", "layer norm", "bfloat16"],
)
def test_every_layer_is_told_the_candidate_label(changes: dict[str, Any]) -> None:
    """Goodness of every label, and the read-out's neutral pass, against one plain pass for each label."""
    base: dict[str, Any] = {"layers": (9, 7, 6), "batch_size": 10, "device": "cpu", "label_layers": "all"}
    trainer = Trainer(Settings(**base, dataset=pictures(), **changes)).fit(steps=5, progress=False)
    plain, inputs = Plain(trainer), trainer.network.inputs
    rows = torch.arange(11)
    found, logits = trainer.network.score(inputs.rows(rows))
    rtol, atol = (0.03, 0.03) if inputs.half else (1e-4, 1e-5)
    assert logits is not None
    with torch.no_grad():
        for label in range(5):
            labels = torch.full((11,), label)
            x, activities = plain.written(plain.raw[rows], labels), []
            for number in range(3):
                h = plain.forward(number, x)
                x = plain.entering(h, labels)
                activities.append(h)
                if label < 4:
                    torch.testing.assert_close(
                        found[number, 0, :, label].double(), GOODNESS["mean_square"](h), rtol=rtol, atol=atol
                    )
        seen = torch.cat([h / (1e-8 + h.square().mean(1, keepdim=True).sqrt()) for h in activities[1:]], 1)
        assert trainer.network.readout is not None
        readout = trainer.network.readout.parameters
        expected = seen @ readout.weight[0].double() + readout.bias[0].double()
        torch.testing.assert_close(logits[0].double(), expected, rtol=rtol, atol=atol)


def test_the_label_of_the_layers_above_is_what_it_says() -> None:
    """Rows of the weights for it are there, are learned, and matter."""
    base: dict[str, Any] = {"dataset": pictures(), "layers": (9, 7, 6), "batch_size": 10, "device": "cpu"}
    first, every = (Trainer(Settings(**base, label_layers=which)) for which in ("first", "all"))
    assert [trainer.weights(1)[0].shape for trainer in (first, every)] == [(9, 7), (9 + 4, 7)]
    before = every.weights(2)[0]
    every.fit(steps=3, progress=False)
    assert bool((every.weights(2)[0] != before)[7:].any(1).all())
    x = every.network.inputs.rows(torch.arange(5))
    told = every.network.score(x)[0]
    every.network.layers[1].parameters.weight[:, 9:] = 0
    every.network.layers[1].parameters.changed()
    untold = every.network.score(x)[0]
    assert torch.equal(told[0], untold[0])
    assert not torch.allclose(told[1], untold[1])


def test_telling_every_layer_keeps_the_first_one() -> None:
    settings = Settings(dataset=pictures(), layers=(9, 7), batch_size=10, device="cpu")
    trainer = Trainer(settings).fit(steps=3, progress=False)
    before = flat_weights(trainer)
    trainer.apply(settings.replace(label_layers="all"))
    after = flat_weights(trainer)
    assert torch.equal(before[0], after[0])
    assert before[1].shape != after[1].shape
    trainer.fit(steps=2, progress=False)


def test_there_must_be_a_label_to_tell() -> None:
    with pytest.raises(ff.SettingsError, match=r"label_layers is 'all', but label_encoding is 'none'.*choose 'first'"):
        Settings(label_layers="all", label_encoding="none", negatives="noise", inference="readout")


def test_digits_are_learned_with_a_label_at_every_layer() -> None:
    settings = Settings(
        dataset="digits", label_encoding="appended", label_layers="all", layers=(64, 64, 64), logit_scale=10.0,
        learning_rate=0.005, device="cpu",
    )  # fmt: skip
    report = Trainer(settings).fit(epochs=12, progress=False).evaluate()
    assert report.accuracy > 0.9
    assert min(report.layer_accuracy) > 0.8
