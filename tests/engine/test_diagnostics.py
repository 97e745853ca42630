"""Calibration, sparsity, weights and the shortcut meter, against plain loops and scikit-learn."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.engine.diagnostics import look
from ffexplore.engine.measures import calibration
from ffexplore.engine.shortcut import Shortcut, logistic_regression, statistics
from tests.engine.sets import pictures, table


def test_calibration_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    probability, truth = rng.random((3, 200)), (rng.random(200) < 0.4).astype(float)
    probability[0, :2], probability[2] = (0.0, 1.0), 0.05
    counts, predicted, observed, error = calibration(torch.from_numpy(probability), torch.from_numpy(truth), bins=7)
    for row in range(3):
        gap = 0.0
        for number in range(7):
            inside = [i for i in range(200) if min(int(probability[row, i] * 7), 6) == number]
            assert counts[row, number] == len(inside)
            if not inside:
                assert math.isnan(predicted[row, number])
                continue
            mean = sum(probability[row, i] for i in inside) / len(inside)
            share = sum(truth[i] for i in inside) / len(inside)
            assert predicted[row, number] == pytest.approx(mean)
            assert observed[row, number] == pytest.approx(share)
            gap += len(inside) / 200 * abs(mean - share)
        assert error[row] == pytest.approx(gap)


def trained(**changes: Any) -> ff.Trainer:
    """A few steps on pictures, with negatives that change the image."""
    chosen: dict[str, Any] = {
        "dataset": pictures(count=200), "layers": (14, 9), "negatives": "noise", "threshold": (1.3, 0.8),
        "logit_scale": 5.0, "batch_size": 32,
    }  # fmt: skip
    return ff.Trainer(ff.Settings(**(chosen | changes))).fit(steps=30, progress=False)


def test_diagnostics_equal_a_walk_by_hand() -> None:
    trainer = trained()
    found = ff.diagnose(trainer, "validation", None)
    network, pairs = trainer.network, trainer.make_pairs("validation")
    index = torch.arange(len(network.inputs.y["validation"])).unsqueeze(0)
    raw = network.inputs.rows(index, "validation").unsqueeze(1)
    parts = pairs.sides(index, raw, network.inputs.prepare(raw.clone()), None)
    for number, stage in enumerate(network.walk(parts)):
        h = stage.h[0].double().numpy()  # (2, B, units)
        assert found.sparsity[0, number] == pytest.approx(float((h == 0).mean()))
        concentrated = []
        for row in h.reshape(-1, h.shape[-1]):
            length = math.sqrt(sum(value**2 for value in row))
            if length > 0:
                root = math.sqrt(len(row))
                concentrated.append((root - sum(abs(value) for value in row) / length) / (root - 1))
        assert found.concentration[0, number] == pytest.approx(np.mean(concentrated), rel=1e-5)
        assert found.dead[0, number] == (h == 0).all((0, 1)).sum()
        weight = trainer.weights(number)[0].double()
        assert found.weight_rms[0, number] == pytest.approx(float(weight.square().mean().sqrt()))
        g = (h**2).mean(-1)
        sure = 1 / (1 + np.exp(-5.0 * (g - (1.3, 0.8)[number])))
        truth = torch.tensor([1.0, 0.0]).repeat_interleave(h.shape[1])
        expected = calibration(torch.from_numpy(sure).flatten(), truth)
        assert found.calibration_error[0, number] == pytest.approx(float(expected[3]), abs=1e-5)
        assert found.counts[0, number].sum() == 2 * h.shape[1]


def test_dead_units_and_accuracies_are_counted_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks that end in the middle of the split, against the scores of one input at a time."""
    monkeypatch.setattr("ffexplore.engine.diagnostics.CHUNK_ROWS", 7)
    monkeypatch.setattr("ffexplore.engine.accuracies.CHUNK_ROWS", 7)
    trainer = trained(negatives="uniform_label", inference="vote")
    network = trainer.network
    network.layers[0].parameters.bias[0, :4] = -50.0
    network.layers[0].parameters.changed()
    found, report = ff.diagnose(trainer, "validation", None), trainer.evaluate("validation")
    assert found.dead[0, 0] >= 4
    assert report.dead == tuple(found.dead[0])
    right = np.zeros((2, 2))
    labels = network.inputs.y["validation"].tolist()
    for row, label in enumerate(labels):
        goodness = network.score(network.inputs.rows(torch.tensor([row]), "validation"))[0][:, 0, 0]
        right[0] += (goodness.argmax(-1) == label).numpy()
        right[1] += [int(goodness[: number + 1].sum(0).argmax()) == label for number in range(2)]
    assert found.layer_accuracy[0] == pytest.approx(right[0] / len(labels))
    assert found.cumulative_accuracy[0] == pytest.approx(right[1] / len(labels))
    assert report.layer_accuracy == pytest.approx(found.layer_accuracy[0])
    assert report.cumulative_accuracy == pytest.approx(found.cumulative_accuracy[0])
    unlabelled = ff.diagnose(trained(label_encoding="none", negatives="noise", inference="readout"))
    assert np.isnan(unlabelled.layer_accuracy).all()


def test_there_is_no_calibration_without_a_threshold() -> None:
    found = ff.diagnose(trained(objective="symba"))
    assert np.isnan(found.calibration_error).all()
    assert not found.counts.any()
    assert np.isfinite(found.sparsity).all()


def test_a_report_holds_them_and_the_shortcut_on_request() -> None:
    trainer = trained()
    report = trainer.evaluate("validation", shortcut=True)
    found = ff.diagnose(trainer, "validation", None)
    assert report.calibration_error == pytest.approx(found.calibration_error[0])
    assert report.sparsity == pytest.approx(found.sparsity[0])
    assert report.concentration == pytest.approx(found.concentration[0])
    assert report.weight_rms == pytest.approx(found.weight_rms[0])
    assert report.shortcut == ff.shortcut_meter(trainer, "validation").auc
    assert trainer.evaluate("validation").shortcut is None
    json.dumps(report.to_dict())


def test_a_report_has_the_histograms_of_both_sides() -> None:
    base = trained().settings
    together = ff.Trainer.variants([base, base.replace(threshold=0.4)]).fit(steps=20, progress=False)
    goodness = look(together, "test").goodness.double().numpy()  # (L, K, 2, B)
    for number, report in enumerate(together.evaluate_variants("test")):
        assert len(report.histograms) == 2
        for layer, found in enumerate(report.histograms):
            for side, counts in enumerate((found.positive, found.negative)):
                values = goodness[layer, number, side].clip(found.low, found.high)
                expected, _ = np.histogram(values, bins=len(counts), range=(found.low, found.high))
                assert sum(counts) == report.rows
                assert np.abs(np.cumsum(counts) - np.cumsum(expected)).max() <= 1  # one that lies on an edge
        assert "histograms" in report.to_dict()
        assert "histograms" not in str(report)


def test_a_diagnosis_disturbs_nothing() -> None:
    one, other = trained(negatives="hybrid_images"), trained(negatives="hybrid_images")
    ff.diagnose(one)
    ff.shortcut_meter(one)
    for each in (one, other):
        each.fit(steps=5, progress=False)
    assert torch.equal(one.weights(1)[0], other.weights(1)[0])


def test_variants_are_diagnosed_as_they_would_be_alone() -> None:
    base = ff.Settings(dataset=pictures(), layers=(14, 9), batch_size=32)
    all_settings = [base, base.replace(threshold=0.5), base.replace(objective="symba")]
    together = ff.diagnose(ff.Trainer.variants(all_settings).fit(steps=10, progress=False))
    for number, each in enumerate(all_settings):
        alone = ff.diagnose(ff.Trainer(each).fit(steps=10, progress=False))
        for name in ("calibration_error", "sparsity", "concentration", "weight_rms", "dead", "layer_accuracy"):
            mine, theirs = getattr(together, name)[number], getattr(alone, name)[0]
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-3)


def test_logistic_regression_equals_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x = rng.standard_normal((150, 6))
    y = (x @ rng.standard_normal(6) + rng.standard_normal(150) > 0.3).astype(float)
    ridge = 0.02
    weights = logistic_regression(torch.from_numpy(x), torch.from_numpy(y), ridge).numpy()
    reference = LogisticRegression(C=1 / (ridge * len(x)), tol=1e-10, max_iter=10_000).fit(x, y)
    np.testing.assert_allclose(weights[:-1], reference.coef_[0], rtol=1e-4, atol=1e-5)
    assert weights[-1] == pytest.approx(reference.intercept_[0], rel=1e-4)
    apart = logistic_regression(torch.tensor([[-1.0], [1.0]]).double(), torch.tensor([0.0, 1.0]))
    assert torch.isfinite(apart).all()


def test_statistics_equal_plain_loops() -> None:
    rng = np.random.default_rng(2)
    x = np.round(rng.random((4, 3, 5, 1)), 1) * (rng.random((4, 3, 5, 1)) < 0.7)
    names, values = statistics(torch.from_numpy(x.reshape(4, -1)), (3, 5, 1))
    found = dict(zip(names, values.t().numpy(), strict=True))
    for n, picture in enumerate(x[..., 0]):
        flat = picture.ravel().tolist()
        mean = sum(flat) / 15
        assert found["mean"][n] == pytest.approx(mean)
        assert found["spread"][n] == pytest.approx(math.sqrt(sum((v - mean) ** 2 for v in flat) / 15))
        assert found["share of values that are not zero"][n] == pytest.approx(sum(v != 0 for v in flat) / 15)
        assert found["share of values from 2/8 to 3/8 of the range"][n] == pytest.approx(
            sum(2 / 8 <= v < 3 / 8 for v in flat) / 15
        )
        steps = sum(abs(picture[i, j] - picture[i - 1, j]) for i in (1, 2) for j in range(5))
        steps += sum(abs(picture[i, j] - picture[i, j - 1]) for i in range(3) for j in range(1, 5))
        assert found["roughness (total variation)"][n] == pytest.approx(steps / 15)
    bins = [name for name in names if "of the range" in name]
    np.testing.assert_allclose(sum(found[name] for name in bins), 1)


@pytest.mark.parametrize(("negatives", "low", "high"), [("uniform_label", 0.5, 0.5), ("noise", 0.99, 1.0)])
def test_the_meter_reads_one_half_for_wrong_labels_and_one_for_noise(negatives: str, low: float, high: float) -> None:
    found = ff.shortcut_meter(
        ff.Settings(dataset="digits", label_encoding="appended", negatives=negatives, layers=(8,))
    )
    assert low <= found.auc <= high
    assert found.rows > 100
    assert ("no shortcut" in str(found)) == (negatives == "uniform_label")
    assert found.to_dict()["negatives"] == negatives


def test_the_meter_and_a_diagnosis_see_negatives_that_the_objective_does_not_look_at() -> None:
    pairs = ff.Settings(
        dataset="digits", label_encoding="none", negatives="masked", layers=(20,), goodness="projection"
    )
    classes = pairs.replace(objective="class_cross_entropy")
    assert ff.shortcut_meter(classes).auc == ff.shortcut_meter(pairs).auc > 0.9
    for split in ("train", "validation"):
        goodness = look(ff.Trainer(classes), split).goodness[0, 0]
        assert not torch.equal(goodness[0], goodness[1])


def test_the_meter_takes_tables() -> None:
    found = ff.shortcut_meter(ff.Settings(dataset=table(), label_encoding="appended", negatives="noise", layers=(8,)))
    assert 0.0 <= found.auc <= 1.0
    assert not any("roughness" in name for name, _ in found.telling)


def test_a_reading_says_in_words_what_it_means() -> None:
    reading = Shortcut(0.75, (("mean", 0.7),), "mix_up", 100)
    assert str(reading) == (
        "Statistics alone tell mix_up from positives (AUC 0.75): there is a shortcut. "
        "Most telling: mean (AUC 0.70 alone)."
    )
    assert "too easy" in str(Shortcut(0.97, (("mean", 0.9),), "noise", 100))
    assert "in the code of the label is not looked for" in str(Shortcut(0.5, (("mean", 0.5),), "inverse_label", 100))


def test_the_meter_knows_of_no_shortcut_in_the_code_of_the_label() -> None:
    read = [
        ff.shortcut_meter(ff.Settings(dataset=pictures(), layers=(8,), negatives=name)).auc
        for name in ("inverse_label", "uniform_label")
    ]
    assert read[0] == read[1] == pytest.approx(0.5, abs=0.05)
