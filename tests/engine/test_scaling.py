"""Tables scaled for the first layer, against double precision; features that tell nothing in training are taken out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ffexplore import Dataset, Settings, Trainer
from ffexplore.engine.inputs import Inputs

ROWS = 400
Y = np.arange(ROWS) % 2


def columns() -> np.ndarray:
    """Of ordinary size, far from zero, tiny, huge, and the same in every row: as they are, and in float32."""
    rng = np.random.default_rng(0)
    usual = rng.normal(size=(ROWS, 5)) * [1.0, 1.0, 1e-30, 1e36, 1.0] + [0.0, 3e4, 0.0, 0.0, 0.0]
    usual[:, 1] = usual[:, 1].astype(np.float32)  # so that it is the scaling alone which is compared
    same = np.broadcast_to([98.6, 3.3, 123456.789, 0.0, 0.1], (ROWS, 5))
    return np.concatenate([usual, same, np.where(Y, 0.3, np.nextafter(np.float32(0.3), 1))[:, None]], 1)


def inputs_of(data: Dataset, scaling: str) -> Inputs:
    settings = Settings(dataset=data, label_encoding="appended", layers=(8,), input_scaling=scaling, device="cpu")
    return Trainer(settings.replace(normalization="none")).network.inputs


def scaled(inputs: Inputs, split: str) -> np.ndarray:
    image = inputs.prepare(inputs.rows(torch.arange(len(inputs.y[split])), split)[None, None]).image
    assert image is not None
    return image.x[0, 0].double().numpy()


@pytest.mark.parametrize("scaling", ["unit", "standardize"])
def test_a_table_is_scaled_as_in_double_precision(scaling: str) -> None:
    data = Dataset.from_arrays(columns(), Y, seed=3)
    inputs = inputs_of(data, scaling)
    for split in ("train", "validation"):
        usual = getattr(data, split).x[:, :5].astype(np.float64)
        train = data.train.x[:, :5].astype(np.float64)
        if scaling == "unit":
            wanted = (usual - train.min(0)) / (train.max(0) - train.min(0))
        else:
            wanted = (usual - train.mean(0)) / train.std(0, ddof=1)
        found = scaled(inputs, split)
        np.testing.assert_allclose(found[:, [0, 2, 3, 4]], wanted[:, [0, 2, 3, 4]], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found[:, 1], wanted[:, 1], atol=2e-3)  # its mean is rounded to float32
        assert not found[:, 5:].any()


@pytest.mark.parametrize("scaling", ["unit", "standardize"])
def test_a_feature_that_differs_in_test_data_alone_changes_nothing(scaling: str) -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=(ROWS, 4)) + 3 * Y[:, None]
    seen, new = slice(0, 300), slice(300, ROWS)
    rare = np.concatenate([np.zeros(300), Y[new]])[:, None]
    x = np.concatenate([base, rare], 1)
    data = Dataset.from_arrays(x[seen], Y[seen], test=(x[new], Y[new]))
    found = scaled(inputs_of(data, scaling), "test")
    assert np.abs(found[:, :4]).max() < 10
    assert not found[:, 4].any()


def test_the_label_is_as_bright_as_the_brightest_input_of_a_table() -> None:
    data = Dataset.from_arrays(columns(), Y)
    inputs = inputs_of(data, "standardize")
    assert float(inputs.codes.max()) == pytest.approx(scaled(inputs, "train").max())
    alike = Dataset.from_arrays(np.full((ROWS, 3), 7.0), Y)
    assert float(inputs_of(alike, "standardize").codes.max()) == 1.0
