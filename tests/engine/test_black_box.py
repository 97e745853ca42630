"""A function between two layers that torch cannot differentiate: both sides learn, and it is there at inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, SettingsError, Trainer
from ffexplore.engine.backprop import BackpropTwin
from tests.engine.reference import GOODNESS, Plain, flat_weights
from tests.engine.sets import pictures
from tests.engine.test_step import follow

BASE: dict[str, Any] = {"layers": (8, 6, 5), "batch_size": 10, "device": "cpu"}


def trainer(**changes: Any) -> Trainer:
    return Trainer(Settings(**{**BASE, "dataset": pictures(), **changes}))


def test_quantizer_by_loops() -> None:
    x = np.random.default_rng(0).normal(size=(6, 9)).astype(np.float32)
    found = ff.black_boxes["quantizer"].function(x, levels=5)
    for row, values in enumerate(x.tolist()):
        low, high = min(values), max(values)
        places = [low + (high - low) * n / 4 for n in range(5)]
        for unit, value in enumerate(values):
            assert found[row, unit] == pytest.approx(min(places, key=lambda place: abs(place - value)), abs=1e-5)
    flat = np.full((2, 3), 0.7, np.float32)
    assert np.array_equal(ff.black_boxes["quantizer"].function(flat, levels=2), flat)


def test_coin_toss_by_loops() -> None:
    x, chance = np.random.default_rng(0).random((2, 50, 7)).astype(np.float32)
    found = ff.black_boxes["coin_toss"].function(x, chance, heads=0.3)
    expected = [[v if c < 0.3 else 0.0 for v, c in zip(*rows, strict=True)] for rows in zip(x, chance, strict=True)]
    assert np.array_equal(found, np.array(expected, np.float32))
    assert 0 < float((found == 0).mean()) < 1


class Boxed(Plain):
    """The textbook with a function of tensors after one layer."""

    def __init__(self, given: Trainer, function: Callable[[Tensor], Tensor], units: int) -> None:
        super().__init__(given)
        self.function, self.units = function, units

    def normalized(self, x: Tensor) -> Tensor:
        passed = super().normalized(x)
        return super().normalized(self.function(passed).detach()) if x.shape[1] == self.units else passed


def bend(activity: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.sin(3.0 * activity.astype(np.float64)) + activity[:, ::-1]


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("changes", [{}, {"label_layers": "all", "normalization": "layer_norm"}], ids=["rms", "label"])
def test_forward_forward_trains_around_it(
    after: int, changes: dict[str, Any], register: Callable[..., Any], next_label: str
) -> None:
    """The step and the scores with a person's NumPy function against the textbook."""
    register(ff.black_boxes, "bend", bend, summary="bends")
    given = trainer(
        black_box="bend", black_box_after=after, negatives=next_label, optimizer="adam(epsilon=0.001)",
        learning_rate=0.02, readout_rate=0.0, **changes,
    )  # fmt: skip
    plain = Boxed(given, lambda x: torch.sin(3 * x) + x.flip(1), BASE["layers"][after - 1])
    before = flat_weights(given)
    follow(given, plain, "label", 6)
    assert plain.largest_difference(given) < 3e-5
    assert all(float((a - b).abs().max()) > 1e-3 for a, b in zip(flat_weights(given), before, strict=True))
    goodness, _ = given.network.score(given.network.inputs.rows(torch.arange(9)))
    labels = torch.full((9,), 2)
    with torch.no_grad():
        x = plain.written(plain.raw[:9], labels)
        for number in range(3):
            h = plain.forward(number, x)
            torch.testing.assert_close(
                goodness[number, 0, :, 2].double(), GOODNESS["mean_square"](h), rtol=1e-4, atol=1e-5
            )
            x = plain.entering(h, labels)


def test_coins_are_tossed_in_training_and_lie_still_at_inference() -> None:
    given = trainer(black_box="coin_toss", readout_rate=0.0)
    box = given.network.black_box
    assert box is not None
    h = torch.ones(1, 2, 200, 8)
    first, second = box(h, True), box(h, True)
    assert not torch.equal(first, second)
    assert torch.equal(first[:, 0], first[:, 1])  # both sides of a pair have the same coins
    assert len(first[0, 0].unique(dim=0)) > 100
    still = box(h, False)
    assert torch.equal(still, box(h, False))
    assert len(still[0, 0].unique(dim=0)) == 1
    x = given.network.inputs.rows(torch.arange(12))
    alone = torch.cat([given.network.score(row[None].clone())[0] for row in x], 2)
    torch.testing.assert_close(given.network.score(x)[0], alone)


def test_the_seed_decides_the_coins() -> None:
    one, same, other = (trainer(black_box="coin_toss", seed=seed).fit(steps=4, progress=False) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(flat_weights(one), flat_weights(same), strict=True))
    boxes = [each.network.black_box for each in (one, other)]
    h = torch.ones(1, 1, 1, 8)
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert not torch.equal(boxes[0](h, False), boxes[1](h, False))


def test_a_look_does_not_toss() -> None:
    seen, unseen = (trainer(black_box="coin_toss") for _ in range(2))
    for _ in range(4):
        seen.step()
        seen.evaluate("validation")
        unseen.step()
    assert all(torch.equal(a, b) for a, b in zip(flat_weights(seen), flat_weights(unseen), strict=True))


def test_a_box_is_put_in_and_taken_out_of_a_running_network() -> None:
    given = trainer(black_box="coin_toss").fit(steps=3, progress=False)
    assert given.network.black_box is not None
    coins = given.network.black_box.streams
    before = flat_weights(given)
    given.apply(given.settings.replace(black_box_after=2, learning_rate=0.01))
    assert all(torch.equal(a, b) for a, b in zip(flat_weights(given), before, strict=True))
    assert given.network.black_box is not None
    assert given.network.black_box.streams is coins
    given.apply(given.settings.replace(black_box="none"))
    assert given.network.black_box is None
    given.step()


@pytest.mark.parametrize("box", ["quantizer(levels=2)", "quantizer", "coin_toss(heads=0.8)"])
def test_digits_are_learned_through_it(box: str) -> None:
    settings = Settings(
        dataset="digits", label_encoding="appended", layers=(64, 64), logit_scale=10.0, learning_rate=0.005,
        black_box=box, inference="goodness(layers=last)", device="cpu",
    )  # fmt: skip
    report = Trainer(settings).fit(epochs=15, progress=False).evaluate()
    assert report.accuracy > 0.7
    assert report.auc_uniform[1] > 0.8


@pytest.mark.parametrize("box", [name for name in ff.black_boxes.names() if name != "none"])
def test_backpropagation_says_plainly_that_it_cannot(box: str) -> None:
    with pytest.raises(SettingsError, match=rf"Backpropagation cannot train.*the black box '{box}' stands in the way"):
        BackpropTwin(Settings(**BASE, dataset=pictures(), black_box=box))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"black_box_after": 3},
            "black_box_after is 3, but above layer 3 there is none of 3; choose a layer from 1 to 2",
        ),
        ({"layers": (4,)}, "above layer 1 there is none of 1; choose black_box 'none', or more layers"),
        ({"schedule": "overlapping"}, "schedule is 'overlapping', whose gradient would have to cross the black box"),
    ],
)
def test_where_it_cannot_stand(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings(**{**BASE, "black_box": "quantizer", **changes})
    Settings(**{**BASE, **changes})
    Settings(**{**BASE, "black_box": "quantizer", "schedule": "overlapping(reach=0)"})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda activity: activity.sum(1), r"'broken' returned float32 of shape \(3,\) for activities \(3, 4\)"),
        (lambda activity: activity / 0, "'broken' returned values that are not finite"),
        (lambda activity: activity.nothing, "'broken' failed on a batch of 3 samples and 4 units: AttributeError"),
        (lambda activity: np.full(activity.shape, "a"), "'broken' returned <U1 of shape"),
        (np.fft.fft, r"'broken' returned complex(64|128) of shape \(3, 4\) .* it must return real numbers"),
    ],
    ids=["shape", "not finite", "fails", "words", "complex"],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_a_broken_function_is_refused_where_it_is_made(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ff.black_boxes.register("broken")(function)
    assert "broken" not in ff.black_boxes
