"""Measures against scikit-learn, numpy and loops; the report against a count by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, SettingsError, Trainer
from ffexplore.engine.measures import auc, goodness_range, histogram, overlap, steady_range
from tests.engine.reference import NATURAL, Plain
from tests.engine.sets import pictures, table


@pytest.mark.parametrize("count", [1, 7, 200, 1001])
def test_the_range_goes_from_quantile_to_quantile(count: int) -> None:
    values = torch.randn(2, 3, 2 * count) + 10
    low, high = goodness_range(values[..., :count], values[..., count:], torch.full((2, 3), float("nan")))
    ordered, last = values.sort(-1).values, 2 * count - 1
    first, end = ordered[..., round(0.005 * last)], ordered[..., round(0.995 * last)]
    margin = 0.05 * (end - first) + 1e-6 * (1 + end.abs())
    assert torch.allclose(low, first - margin)
    assert torch.allclose(high, end + margin)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_auc_of_any_type_is_that_of_pairs(dtype: torch.dtype) -> None:
    positive, negative = torch.randn(2, 3, 40).to(dtype), torch.randn(2, 3, 30).to(dtype)
    positive[0, 1, 5] = negative[1, 2, 0] = float("nan")
    wins = (positive.unsqueeze(-1) > negative.unsqueeze(-2)).double()
    ties = (positive.unsqueeze(-1) == negative.unsqueeze(-2)).double()
    expected = (wins + ties / 2).mean((-1, -2))
    expected[0, 1] = expected[1, 2] = float("nan")
    assert torch.allclose(auc(positive, negative), expected, equal_nan=True)
    turned = [values.permute(2, 0, 1).contiguous().permute(1, 2, 0) for values in (positive, negative)]
    assert torch.allclose(auc(*turned), expected, equal_nan=True)


@pytest.mark.parametrize("kind", ["apart", "mixed", "ties", "constant", "reversed"])
def test_auc_is_that_of_scikit_learn(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    positive, negative = torch.randn(2, 3, 40, generator=generator), torch.randn(2, 3, 55, generator=generator)
    if kind == "apart":
        positive = positive.abs() + 10
    if kind == "reversed":
        positive = -positive.abs() - 10
    if kind == "ties":
        positive, negative = positive.round(), negative.round()
    if kind == "constant":
        positive, negative = positive * 0, negative * 0
    found = auc(positive, negative)
    assert found.shape == (2, 3)
    assert found.dtype == torch.float64
    truth = np.r_[np.ones(40), np.zeros(55)]
    for place in np.ndindex(2, 3):
        expected = roc_auc_score(truth, torch.cat([positive[place], negative[place]]))
        assert float(found[place]) == pytest.approx(expected, abs=1e-12)
    assert float(auc(positive, negative)[0, 0] + auc(negative, positive)[0, 0]) == pytest.approx(1.0)


def test_histogram_counts_every_value_once() -> None:
    values = torch.randn(2, 3, 500)
    low, high = torch.full((2, 3), -1.0), torch.full((2, 3), 1.5)
    counts = histogram(values, low, high, bins=10)
    assert counts.shape == (2, 3, 10)
    assert counts.dtype == torch.int32
    assert bool((counts.sum(-1) == 500).all())
    for place in np.ndindex(2, 3):
        inside = np.clip(values[place].double().numpy(), -1.0, np.nextafter(1.5, 0))
        assert np.array_equal(counts[place].numpy(), np.histogram(inside, bins=10, range=(-1.0, 1.5))[0])


def test_histogram_takes_what_is_not_finite() -> None:
    values = torch.tensor([[float("nan"), float("inf"), float("-inf"), 0.5]])
    assert histogram(values, torch.tensor([0.0]), torch.tensor([1.0]), bins=4).tolist() == [[1, 0, 1, 1]]
    flat = histogram(torch.ones(1, 9), torch.tensor([1.0]), torch.tensor([1.0]), bins=4)
    assert int(flat.sum()) == 9


def test_overlap_is_the_shared_area() -> None:
    counts = torch.tensor([[4, 0, 0, 0], [2, 2, 0, 0], [0, 0, 2, 2], [0, 0, 0, 0]])
    assert overlap(counts[0], counts[0]) == 1
    assert overlap(counts[1], counts[2]) == 0
    assert overlap(counts[0], counts[1]) == 0.5
    assert overlap(3 * counts[0], counts[1]) == 0.5  # shares, not counts
    assert overlap(counts[0], counts[3]) == 0


def a_range(values: Tensor, threshold: float = 1e9) -> tuple[float, float]:
    low, high = goodness_range(values, values, torch.tensor(threshold))
    return float(low), float(high)


def test_the_range_shows_nearly_all_goodness_and_a_threshold_that_is_near() -> None:
    values = torch.randn(2000) + 20
    low, high = a_range(values)
    assert low < float(values.quantile(0.005)) < float(values.quantile(0.995)) < high
    assert high - low < 1.2 * float(values.quantile(0.995) - values.quantile(0.005))
    assert a_range(values, 24.0)[1] > 24
    assert a_range(values, 1000.0) == a_range(values)
    assert a_range(torch.rand(500))[0] == 0  # an axis that may begin at zero does
    low, high = a_range(torch.zeros(500), 1.0)  # of a layer that is dead nothing but the threshold could be seen
    assert low == 0
    assert high == pytest.approx(1.05, rel=1e-4)
    assert a_range(torch.zeros(500), float("nan"))[1] < 1e-5
    for odd in (torch.zeros(10), torch.full((10,), -3.0), torch.full((10,), float("nan"))):
        low, high = a_range(odd)
        assert np.isfinite([low, high]).all()
        assert low < high


def test_the_range_stays_put_until_it_must_change() -> None:
    def after(new: tuple[float, float], old: tuple[float, float]) -> tuple[float, float]:
        low, high = steady_range(
            (torch.tensor([new[0]]), torch.tensor([new[1]])), (torch.tensor([old[0]]), torch.tensor([old[1]]))
        )
        return float(low), float(high)

    assert after((0.1, 0.9), (0.0, 1.0)) == (0.0, 1.0)
    assert after((0.2, 0.8), (0.0, 1.0)) == (0.0, 1.0)
    low, high = after((0.1, 1.1), (0.0, 1.0))  # grown: wider than needed, so that the next bit fits
    assert low < 0.1
    assert 1.1 < high < 1.5
    assert after((0.12, 1.15), (low, high)) == (low, high)
    low, high = after((0.4, 0.6), (0.0, 1.0))  # shrunk to less than half
    assert 0 < low < 0.4
    assert 0.6 < high < 1
    assert after((0.0, 3.0), (0.0, 1.0))[0] == 0
    new = torch.zeros(2), torch.ones(2)
    assert steady_range(new, None) is new
    assert steady_range(new, (torch.zeros(3), torch.ones(3))) is new  # another number of layers


def test_the_range_does_not_flicker_on_noise() -> None:
    """Slow growth with noise: a few changes, not one a look."""
    generator = torch.Generator().manual_seed(0)
    shown, changes = None, 0
    for look in range(200):
        high = 1 + look / 200 + 0.02 * float(torch.randn((), generator=generator))
        new = (torch.tensor([0.0]), torch.tensor([high]))
        former, shown = shown, steady_range(new, shown)
        changes += former is not None and float(former[1]) != float(shown[1])
    assert 1 <= changes <= 8


BASE: dict[str, Any] = {"layers": (8, 6, 5), "batch_size": 10, "device": "cpu"}
CASES: dict[str, dict[str, Any]] = {
    "overlay": {"dataset": pictures()},
    "appended, mixed goodness": {
        "dataset": pictures(), "label_encoding": "appended", "goodness": ("mean", "sum_of_squares", "log_energy")
    },
    "layer norm": {"dataset": pictures(), "normalization": "layer_norm"},
    "unit, per image": {"dataset": pictures(), "normalization": "unit", "label_encoding": "overlay(per_image=True)"},
    "table": {"dataset": table(), "label_encoding": "appended", "input_scaling": "standardize"},
    "standardized": {"dataset": pictures(), "input_scaling": "standardize"},
    "tanh": {"dataset": pictures(), "activation": "tanh"},
}  # fmt: skip


def goodness_by_hand(trainer: Trainer, raw: Tensor) -> Tensor:
    """Every label in its own pass, in float64: (layers, rows, classes)."""
    from tests.engine.reference import GOODNESS

    plain, classes = Plain(trainer), trainer.plan.dataset.classes
    columns = []
    for label in range(classes):
        x, layers = plain.written(raw, torch.full((len(raw),), label)), []
        for number, choice in enumerate(trainer.settings.per_layer("goodness")):
            h = plain.forward(number, x).detach()
            layers.append(GOODNESS[choice.name](h))
            x = plain.normalized(h)
        columns.append(torch.stack(layers))
    return torch.stack(columns, -1)


@pytest.mark.parametrize("case", CASES)
def test_scores_are_those_of_one_pass_for_each_label(case: str) -> None:
    trainer = Trainer(Settings(**{**BASE, **CASES[case]})).fit(steps=8, progress=False)
    data = trainer.plan.dataset
    raw = np.array(data.test.x, np.float64).reshape(len(data.test), -1) / (255 if data.kind == "images" else 1)
    found, _ = trainer.network.score(torch.from_numpy(raw).float())
    torch.testing.assert_close(
        found[:, 0].double(), goodness_by_hand(trainer, torch.from_numpy(raw)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("choice", ["all", "without_first", "2", "1+3"])
@pytest.mark.parametrize("case", CASES)
def test_the_report_is_a_count_by_hand(case: str, choice: str) -> None:
    settings = Settings(**{**BASE, **CASES[case], "inference": f"goodness(layers={choice})"})
    trainer = Trainer(settings).fit(steps=8, progress=False)
    data = trainer.plan.dataset
    raw = np.array(data.test.x, np.float64).reshape(len(data.test), -1) / (255 if data.kind == "images" else 1)
    goodness = goodness_by_hand(trainer, torch.from_numpy(raw)).numpy()
    y = np.asarray(data.test.y)
    chosen = {"all": [0, 1, 2], "without_first": [1, 2], "2": [1], "1+3": [0, 2]}[choice]
    report = trainer.evaluate("test")
    assert report.accuracy == pytest.approx((goodness[chosen].sum(0).argmax(1) == y).mean())
    for number in range(3):
        assert report.layer_accuracy[number] == pytest.approx((goodness[number].argmax(1) == y).mean())
        assert report.cumulative_accuracy[number] == pytest.approx(
            (goodness[: number + 1].sum(0).argmax(1) == y).mean()
        )
    assert report.rows == len(y)
    assert report.steps == 8
    assert trainer.predict(data.test.x).tolist() == goodness[chosen].sum(0).argmax(1).tolist()
    assert set(NATURAL) >= {each.name for each in settings.per_layer("goodness")}


def test_auc_of_uniform_labels_is_that_of_every_wrong_label() -> None:
    trainer = Trainer(Settings(**BASE, dataset=pictures(4, count=100))).fit(steps=8, progress=False)
    data = trainer.plan.dataset
    raw = torch.from_numpy(np.array(data.test.x, np.float64).reshape(len(data.test), -1) / 255)
    goodness, y = goodness_by_hand(trainer, raw).numpy(), np.asarray(data.test.y)
    is_right = np.arange(data.classes) == y[:, None]
    report = trainer.evaluate("test")
    for number in range(3):
        expected = roc_auc_score(is_right.ravel(), goodness[number].ravel())
        assert report.auc_uniform[number] == pytest.approx(expected, abs=1e-4)


def test_goodness_that_is_nan_is_no_success(register: Callable[..., Any]) -> None:
    """Neither the class whose goodness is unknown wins, nor a side of which a part is unknown, nor a bin."""
    limit = [np.inf]

    def capped(activity: torch.Tensor) -> torch.Tensor:
        g = activity.square().mean(-1)
        return torch.where(g > limit[0], torch.nan, g)

    register(ff.goodness, "capped", capped)
    trainer = Trainer(Settings(**BASE, dataset=pictures(4, count=100), goodness="capped")).fit(steps=8, progress=False)
    whole = trainer.evaluate("train")
    assert np.isfinite(whole.auc).all()
    limit[0] = -1.0
    nothing = trainer.evaluate("train")
    assert nothing.accuracy == max(nothing.layer_accuracy) == 0
    assert np.isnan([*nothing.auc, *nothing.auc_uniform]).all()
    assert sum(nothing.histograms[0].positive) == 0
    limit[0] = float(np.median([each.high for each in whole.histograms]) / 2)
    some = trainer.evaluate("train")
    assert sum(some.histograms[0].positive) <= sum(whole.histograms[0].positive)
    assert np.isnan(some.auc).any()


def test_auc_of_the_report_is_that_of_drawn_wrong_labels() -> None:
    trainer = Trainer(Settings(**BASE, dataset=pictures(2, count=100))).fit(steps=8, progress=False)
    data = trainer.plan.dataset
    raw = torch.from_numpy(np.array(data.test.x, np.float64).reshape(len(data.test), -1) / 255)
    goodness, y = goodness_by_hand(trainer, raw).numpy(), np.asarray(data.test.y)
    rows = np.arange(len(y))
    report = trainer.evaluate("test")
    for number in range(3):  # of two classes one is wrong, so nothing is left to chance
        right, wrong = goodness[number, rows, y], goodness[number, rows, 1 - y]
        expected = roc_auc_score(np.r_[np.ones(len(y)), np.zeros(len(y))], np.r_[right, wrong])
        assert report.auc[number] == pytest.approx(expected, abs=1e-3)
        assert report.auc_uniform[number] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("encoding", ["overlay", "appended"])
@pytest.mark.parametrize("variants", [1, 2])
def test_auc_of_uniform_labels_is_that_of_inputs_that_are_not_moved(variants: int, encoding: str) -> None:
    """As that of the chosen negatives is, also where a class is read from moved copies."""
    base = Settings(
        **BASE, dataset=pictures(count=100), negatives="uniform_label", label_encoding=encoding, optimizer="sgd"
    )
    still, moved = (
        Trainer.variants([base.replace(inference_shift=shift, seed=seed) for seed in range(variants)])
        for shift in (0, 1)
    )
    for trainer in (still, moved):
        trainer.fit(steps=30, progress=False)
    for one, other in zip(still.evaluate_variants("train"), moved.evaluate_variants("train"), strict=True):
        assert other.auc_uniform == one.auc_uniform
        assert other.auc == one.auc
        assert other.layer_accuracy != one.layer_accuracy  # that is read from moved copies


def test_a_report_without_labels_says_so() -> None:
    settings = Settings(
        **BASE, dataset=pictures(), label_encoding="none", negatives="hybrid_images", inference="readout"
    )
    report = Trainer(settings).fit(steps=3, progress=False).evaluate()
    assert np.isnan(report.accuracy)
    assert np.isnan(report.layer_accuracy).all()
    assert np.isnan(report.auc_uniform).all()
    assert 0 <= report.readout_accuracy <= 1
    assert all(0 <= value <= 1 for value in report.auc)
    without = Trainer(Settings(**BASE, dataset=pictures(), readout_rate=0)).evaluate("validation")
    assert np.isnan(without.readout_accuracy)
    assert without.split == "validation"


def test_evaluate_names_the_splits() -> None:
    trainer = Trainer(Settings(**BASE, dataset=pictures()))
    with pytest.raises(SettingsError, match="split is 'tets'; allowed: train, validation, test"):
        trainer.evaluate("tets")
    assert trainer.evaluate("train").rows == 42
