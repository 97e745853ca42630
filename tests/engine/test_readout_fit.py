"""The read-out fitted on frozen layers: against scikit-learn, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import cross_entropy

from ffexplore import DivergedError, Settings, SettingsError, Trainer
from ffexplore.engine import readout_fit
from tests.engine.sets import pictures, table

Array = NDArray[np.float64]
SMALL: dict[str, Any] = {"dataset": pictures(), "layers": (9, 8, 7), "batch_size": 10, "device": "cpu"}


def features(trainer: Trainer, split: str, layers: tuple[int, ...]) -> tuple[Array, NDArray[np.int64]]:
    """The normalized activities of chosen layers in a pass without a label, layer by layer in float64."""
    data = getattr(trainer.plan.dataset, split)
    x = np.asarray(data.x, np.float64).reshape(len(data), -1)
    h, seen = x / 255, []
    for layer in range(len(trainer.settings.layers)):
        weight, bias = (value.double().numpy() for value in trainer.weights(layer))
        h = np.maximum(h / np.sqrt((h * h).mean(1, keepdims=True)) @ weight + bias, 0)
        if layer in layers:
            seen.append(h / (np.sqrt((h * h).mean(1, keepdims=True)) + 1e-8))
    return np.concatenate(seen, 1), np.asarray(data.y)


def loss(x: Array, y: NDArray[np.int64], weight: Array, bias: Array, decay: float) -> float:
    logits = x @ weight + bias
    logits -= logits.max(1, keepdims=True)
    chosen = logits[np.arange(len(y)), y] - np.log(np.exp(logits).sum(1))
    return float(-chosen.mean() + decay / 2 * (weight * weight).sum())


@pytest.fixture(scope="module")
def on_digits() -> Trainer:
    settings = Settings(
        dataset="digits", label_encoding="none", negatives="hybrid_images(blur=1)", layers=(48, 40, 32),
        inference="readout", device="cpu",
    )  # fmt: skip
    return Trainer(settings).fit(epochs=3, progress=False)


@pytest.mark.parametrize(
    ("layers", "numbers"), [("all", (0, 1, 2)), ("without_first", (1, 2)), ("last", (2,)), ("1+3", (0, 2)), ("2", (1,))]
)
def test_it_is_the_minimum_that_scikit_learn_finds(on_digits: Trainer, layers: str, numbers: tuple[int, ...]) -> None:
    decay = 3e-3
    on_digits.fit_readout(layers=layers, decay=decay, progress=False)
    x, y = features(on_digits, "train", numbers)
    theirs = LogisticRegression(C=1 / (decay * len(y)), tol=1e-5, max_iter=5000).fit(x, y)
    readout = on_digits.network.readout
    assert readout is not None
    mine = readout.parameters.weight[0].double().numpy(), readout.parameters.bias[0].double().numpy()
    lowest = loss(x, y, theirs.coef_.T, theirs.intercept_, decay)
    assert loss(x, y, *mine, decay) == pytest.approx(lowest, rel=1e-4)
    # the loss is flat here: its relative 1e-4 leaves the weights this much
    np.testing.assert_allclose(mine[0], theirs.coef_.T, atol=0.03)
    x, y = features(on_digits, "validation", numbers)
    assert (theirs.predict(x) == on_digits.predict(on_digits.plan.dataset.validation.x)).mean() > 0.995
    assert on_digits.evaluate("validation").readout_accuracy == pytest.approx(theirs.score(x, y), abs=0.005)
    assert on_digits.settings.readout_layers == layers


def test_it_reads_more_than_the_read_out_beside_the_layers(on_digits: Trainer) -> None:
    beside = Trainer(on_digits.settings).fit(epochs=3, progress=False)
    before = beside.evaluate("validation").readout_accuracy
    beside.fit_readout(layers="all", decay=1e-4, progress=False)
    assert beside.evaluate("validation").readout_accuracy > max(0.9, before + 0.02)


def test_the_layers_and_the_random_numbers_stay_as_they_are() -> None:
    trainer = Trainer(Settings(**SMALL)).fit(steps=4, progress=False)
    before = {name: value.clone() for name, value in trainer.state().items()}
    trainer.fit_readout(progress=False)
    after = trainer.state()
    assert all(torch.equal(value, after[name]) for name, value in before.items() if not name.startswith("readout."))
    assert not torch.equal(before["readout.flat"], after["readout.flat"])
    assert not bool(after["readout.optimizer.mean"].any())
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 7


@pytest.mark.parametrize("copies", [1, 3])
def test_activities_too_large_to_keep_are_taken_anew(monkeypatch: pytest.MonkeyPatch, copies: int) -> None:
    kept, anew = (Trainer(Settings(**SMALL, shift=1)).fit(steps=4, progress=False) for _ in range(2))
    monkeypatch.setattr(readout_fit, "ROWS", 10)
    kept.fit_readout(copies=copies, progress=False)
    readout_fit.fit_readout(anew, copies=copies, kept_bytes=0, progress=False)
    assert torch.equal(kept.state()["readout.flat"], anew.state()["readout.flat"])


def test_it_sees_each_picture_where_it_is_and_in_other_places_near_by() -> None:
    trainer = Trainer(Settings(**SMALL, shift=1)).fit(steps=4, progress=False)
    network, data = trainer.network, trainer.plan.dataset.train
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def looked_at(chunks: readout_fit.Chunks, *rest: Any) -> tuple[torch.Tensor, torch.Tensor, int]:
        seen.extend(chunks())
        return torch.zeros(15, 4), torch.zeros(4), 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readout_fit, "minimum", looked_at)
        trainer.fit_readout(copies=5, progress=False)
    assert len(seen) == 5  # one chunk a copy
    images = np.asarray(data.x)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = images.shape[1:3]
    corners = [(1, 1), *((down, right) for down in range(3) for right in range(3) if (down, right) != (1, 1))]
    places = torch.stack(
        [
            network.neutral(network.inputs.prepare(network.inputs.given(each)[None, None]))[0, 0]
            for each in (padded[:, down : down + height, right : right + width] for down, right in corners)
        ]
    )
    drawn = []
    for x, y in seen:
        assert np.array_equal(y.numpy(), data.y)
        distance = (places - x).abs().amax(-1)  # (places, rows)
        assert float(distance.amin(0).max()) < 1e-5
        drawn.append(distance.argmin(0))
    assert not bool(drawn[0].any())  # the first copy stays where it is
    assert len(torch.stack(drawn[1:]).unique()) == 9
    assert not torch.equal(drawn[1], drawn[2])


@pytest.mark.parametrize("copies", [1, 3])
def test_every_variant_has_what_it_would_have_alone(copies: int) -> None:
    variants = [Settings(**SMALL, seed=seed, shift=1) for seed in (0, 1)]
    fit: dict[str, Any] = {"layers": "all", "copies": copies, "progress": False}
    together = Trainer.variants(variants).fit(steps=5, progress=False).fit_readout(**fit)
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=5, progress=False).fit_readout(**fit)
        mine, theirs = (each.state()["readout.flat"] for each in (alone, together))
        # The minimum is flat, and products of one variant and of two are summed in another order.
        torch.testing.assert_close(mine[0], theirs[number], atol=0.06, rtol=0)
        assert not torch.allclose(mine[0], theirs[1 - number], atol=0.06, rtol=0)  # that of the other seed is another
        assert together.all_settings[number].readout_layers == "all"


def test_it_is_saved_and_restored(tmp_path: Path) -> None:
    trainer = Trainer(Settings(**SMALL, inference="readout")).fit(steps=4, progress=False)
    trainer.fit_readout(layers="1+2", progress=False)
    again = Trainer.restore(trainer.save(tmp_path / "kept.json"))
    assert again.evaluate() == trainer.evaluate()
    assert torch.equal(again.state()["readout.flat"], trainer.state()["readout.flat"])


@pytest.mark.parametrize("amount", [{"epochs": 3}, {"seconds": 1e-6}])
def test_it_ends_in_time_with_the_best_it_met(amount: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    def counted(*given: Any, **how: Any) -> torch.Tensor:
        passes.append(1)
        return cross_entropy(*given, **how)

    monkeypatch.setattr("ffexplore.engine.readout_fit.cross_entropy", counted)
    trainer = Trainer(Settings(**SMALL)).fit(steps=4, progress=False)
    trainer.fit_readout(**amount, progress=False)  # type: ignore[arg-type]
    assert len(passes) == (3 if "epochs" in amount else 1)
    begun = readout_fit.minimum(lambda: iter([(torch.eye(4), torch.arange(4))]), 4, 4, 0.0, passes=3)
    whole = readout_fit.minimum(lambda: iter([(torch.eye(4), torch.arange(4))]), 4, 4, 0.0, passes=30)
    x, y = np.eye(4), np.arange(4)
    losses = [loss(x, y, weight.numpy(), bias.numpy(), 0.0) for weight, bias, _ in (begun, whole)]
    assert begun[2] == 3
    assert np.log(4) > losses[0] > losses[1]


@pytest.mark.parametrize("most", [5000, 3])
def test_few_passes_are_enough_and_units_that_are_silent_or_alike_do_no_harm(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readout_fit, "MOST_RELATED", most)
    rng = np.random.default_rng(0)
    x = 5 + rng.normal(size=(300, 6)) @ rng.normal(size=(6, 8)) * np.logspace(-1, 1, 8)
    x = np.concatenate([x, np.zeros((300, 1)), x[:, :1]], 1).astype(np.float32)
    y = (x[:, 1] + x[:, 5] > np.median(x[:, 1] + x[:, 5])).astype(np.int64)
    chunks = [(torch.from_numpy(x[a : a + 100]), torch.from_numpy(y[a : a + 100])) for a in (0, 100, 200)]
    decay = 1e-2
    theirs = LogisticRegression(C=2 / (decay * len(y)), tol=1e-8, max_iter=100_000).fit(x, y)
    half = theirs.coef_[0] / 2  # with two classes the weights of one are those of the other with the sign changed
    least = loss(x.astype(float), y, np.stack([-half, half], 1), np.array([-1, 1]) * theirs.intercept_ / 2, decay)
    passes = 20 if most > x.shape[1] else 500
    weight, bias, done = readout_fit.minimum(lambda: iter(chunks), x.shape[1], 2, decay, passes=passes)
    assert done <= passes
    assert loss(x.astype(float), y, weight.double().numpy(), bias.double().numpy(), decay) == pytest.approx(
        least, abs=1e-3
    )


def test_it_ends_when_somebody_says_so_and_tells_how_far_it_came() -> None:
    stopped, counted = (Trainer(Settings(**SMALL)).fit(steps=4, progress=False) for _ in range(2))
    asked: list[int] = []

    def is_over() -> bool:
        asked.append(1)
        return len(asked) == 4

    assert readout_fit.fit_readout(stopped, progress=False, is_over=is_over) == 4
    assert readout_fit.fit_readout(counted, epochs=4, progress=False) == 4
    assert torch.equal(stopped.state()["readout.flat"], counted.state()["readout.flat"])


def test_an_interrupt_keeps_the_best_that_was_met(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def interrupted(*given: Any, **how: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return cross_entropy(*given, **how)

    monkeypatch.setattr("ffexplore.engine.readout_fit.cross_entropy", interrupted)
    trainer = Trainer(Settings(**SMALL)).fit(steps=4, progress=False).fit_readout(progress=False)
    assert len(calls) == 6
    weight = trainer.state()["readout.flat"]
    assert bool(torch.isfinite(weight).all())
    assert bool(weight.any())


@pytest.mark.parametrize(
    ("changes", "arguments", "said"),
    [
        ({"readout_rate": 0.0}, {}, "readout_rate is 0, which switches the read-out off"),
        ({}, {"epochs": 0}, "epochs is 0; it must be above 0"),
        ({}, {"seconds": -1}, "seconds is -1; it must be above 0"),
        ({}, {"epochs": 2, "seconds": 2}, "epochs or seconds, not both"),
        ({}, {"layers": "4"}, "readout_layers is '4'; allowed: all, without_first, last, or numbers from 1 to 3"),
        ({}, {"decay": -1}, "decay is -1; it must be 0 or more"),
        ({}, {"copies": 0}, "copies is 0; it must be a whole number of 1 or more"),
        ({"shift": 1}, {"copies": 2.5}, "copies is 2.5; it must be a whole number of 1 or more"),
        ({}, {"copies": 2}, "copies is 2, but pictures stay as they are"),
    ],
)
def test_what_cannot_be_is_said(changes: dict[str, Any], arguments: dict[str, Any], said: str) -> None:
    trainer = Trainer(Settings(**{**SMALL, **changes}))
    with pytest.raises(SettingsError, match=said):
        trainer.fit_readout(**arguments, progress=False)


@pytest.mark.parametrize(
    "wrong", [{"decay": -1}, {"copies": 0}, {"copies": 2}, {"epochs": -1}, {"layers": "4"}], ids=str
)
def test_what_is_refused_leaves_the_read_out_as_it_was(wrong: dict[str, Any]) -> None:
    trainer, control = (Trainer(Settings(**SMALL)).fit(steps=4, progress=False) for _ in range(2))
    readout = trainer.network.readout
    arguments: dict[str, Any] = {"layers": "all", "progress": False} | wrong
    with pytest.raises(SettingsError):
        trainer.fit_readout(**arguments)
    assert trainer.settings == control.settings
    assert trainer.network.readout is readout
    for steps in (0, 4):  # at once, and after going on
        for each in (trainer, control):
            for _ in range(steps):
                each.step()
        assert all(torch.equal(value, trainer.state()[name]) for name, value in control.state().items())


@pytest.mark.parametrize("layers", ["all", "without_first", None])
def test_training_goes_on_with_a_stepper_that_knows_the_read_out_that_was_fitted(layers: str | None) -> None:
    variants = [Settings(**SMALL, seed=seed) for seed in (0, 1)]
    trainer = Trainer.variants(variants).fit(steps=12, progress=False)
    former, before = trainer.stepper, trainer.network.readout
    trainer.fit_readout(layers=layers, progress=False)
    readout = trainer.network.readout
    assert readout is not None
    assert (readout is before) == (layers != "all")
    assert trainer.stepper is not former
    assert readout.diverged is trainer.network.diverged
    fitted = readout.parameters.flat.clone()
    trainer.fit(steps=12, progress=False)
    assert not torch.equal(fitted, readout.parameters.flat)
    trainer.network.diverged.words[1] = "met a value of this test"
    fitted = readout.parameters.flat.clone()
    trainer.fit(steps=12, progress=False)
    assert not torch.equal(fitted[0], readout.parameters.flat[0])
    assert torch.equal(fitted[1], readout.parameters.flat[1])  # it rests


def test_an_interrupt_within_the_first_pass_keeps_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: Any, **how: Any) -> torch.Tensor:
        raise KeyboardInterrupt

    trainer = Trainer(Settings(**SMALL)).fit(steps=4, progress=False)
    before = trainer.state()["readout.flat"].clone()
    monkeypatch.setattr("ffexplore.engine.readout_fit.cross_entropy", interrupted)
    trainer.fit_readout(progress=False)
    assert torch.equal(before, trainer.state()["readout.flat"])


def test_activities_that_are_not_finite_are_said() -> None:
    trainer = Trainer(Settings(**SMALL))
    trainer.network.layers[1].parameters.flat.fill_(float("nan"))
    with pytest.raises(DivergedError, match="a layer has diverged"):
        trainer.fit_readout(progress=False)


def test_it_shows_how_far_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    Trainer(Settings(**SMALL)).fit_readout(epochs=2)
    assert "passes" in capfd.readouterr().err


@pytest.mark.parametrize("layers", ["all", "1+2", 2])
def test_the_read_out_beside_the_layers_sees_the_chosen_ones(layers: str | int) -> None:
    changes: dict[str, Any] = {"readout_layers": layers}
    settings = Settings(dataset=table(), label_encoding="appended", layers=(6, 5), **changes)
    trainer = Trainer(settings).fit(steps=3, progress=False)
    readout = trainer.network.readout
    assert readout is not None
    assert readout.size == (5 if layers == 2 else 11)
    assert settings.readout_layers == str(layers)
    assert Settings.from_share(settings.share()) == settings
    trainer.apply(settings.replace(readout_layers="1"))
    assert trainer.network.readout is not None
    assert trainer.network.readout.size == 6
    trainer.step()
