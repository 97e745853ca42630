"""Small networks learn, on every kind of data; inputs of every kind are classified."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore import Dataset, Settings, SettingsError, Trainer
from tests.engine.sets import pictures, table

TOY: dict[str, Any] = {
    "label_encoding": "appended", "layers": (64, 64), "learning_rate": 0.01, "logit_scale": 10.0, "threshold": 1.0,
    "input_scaling": "standardize", "batch_size": 128, "device": "cpu",
}  # fmt: skip


@pytest.mark.parametrize("name", ["moons", "rings"])
def test_the_sets_in_the_plane_are_learned(name: str) -> None:
    report = Trainer(Settings(dataset=name, **TOY)).fit(epochs=15, progress=False).evaluate()
    assert report.accuracy > 0.93
    assert report.auc[0] > 0.9


@pytest.mark.parametrize(
    ("dataset", "encoding"),
    [
        (pictures(2, (6, 5, 1), 200), "overlay"),
        (pictures(26, (7, 9, 1), 780), "overlay"),
        (pictures(26, (4, 4, 1), 780, blank=False), "appended"),
        (pictures(4, (5, 9, 3), 200), "overlay"),
        (pictures(4, (3, 4, 3), 200, blank=False), "appended"),
        (table(3, 5, 300), "appended"),
    ],
    ids=["two classes", "26 classes", "26 appended", "oblong in colour", "in colour, appended", "table"],
)
def test_data_of_every_shape_is_learned(dataset: Dataset, encoding: str) -> None:
    settings = Settings(
        dataset=dataset, label_encoding=encoding, layers=(48, 32), objective="swish_symba", learning_rate=0.01,
        batch_size=32, device="cpu",
    )  # fmt: skip
    report = Trainer(settings).fit(epochs=15, progress=False).evaluate()
    assert report.accuracy > 0.8
    assert report.accuracy > 1.5 / dataset.classes


@pytest.mark.parametrize("preset", ["classroom", "fast"])
def test_digits_are_learned_by_the_presets(preset: str) -> None:
    settings = Settings.preset(
        preset, dataset="digits", label_encoding="appended", device="cpu", precision="float32", shift=0
    )
    report = Trainer(settings).fit(epochs=15, progress=False).evaluate()
    assert report.accuracy > 0.9
    assert report.readout_accuracy > 0.8
    assert min(report.auc_uniform) > 0.8


def test_one_layer_and_the_read_out_of_one_layer_learn() -> None:
    settings = Settings(dataset="digits", label_encoding="appended", layers=(64,), learning_rate=0.01, device="cpu")
    report = Trainer(settings).fit(epochs=6, progress=False).evaluate()
    assert report.layer_accuracy == (report.accuracy,)
    assert report.readout_accuracy > 0.8


def test_learning_without_labels_serves_the_read_out() -> None:
    settings = Settings(
        dataset="digits", label_encoding="none", negatives="hybrid_images(blur=1)", inference="readout",
        layers=(64, 64), readout_interval=1, device="cpu",
    )  # fmt: skip
    trainer = Trainer(settings).fit(epochs=5, progress=False)
    report = trainer.evaluate()
    assert report.readout_accuracy > 0.7
    data = ff.load("digits")
    assert float((trainer.predict(data.test.x) == data.test.y).mean()) == pytest.approx(report.readout_accuracy)


@pytest.mark.parametrize(
    ("preset", "changes"), [("unsupervised", {"negatives": "hybrid_images(blur=1)"}), ("scff", {})]
)
def test_digits_are_learned_without_labels(preset: str, changes: dict[str, Any]) -> None:
    settings = Settings.preset(
        preset, dataset="digits", layers=(128, 128), device="cpu", precision="float32", readout_layers="all", **changes
    )
    trainer = Trainer(settings).fit(epochs=15, progress=False)
    beside = trainer.evaluate()
    assert np.isnan(beside.accuracy)
    assert min(beside.auc) > 0.55
    assert beside.readout_accuracy > 0.8
    after = trainer.fit_readout(decay=1e-3, progress=False).evaluate()
    assert after.readout_accuracy > max(beside.readout_accuracy, 0.95)


def test_bfloat16_products_stay_close_to_float32() -> None:
    settings = Settings(dataset="digits", label_encoding="appended", layers=(64, 64), batch_size=100, device="cpu")
    full, half = (Trainer(settings.replace(precision=name)) for name in ("float32", "bfloat16"))
    assert half.manifest()["precision"].startswith("bfloat16")
    x = torch.rand(20, 64)
    before = [trainer.network.score(x.clone())[0] for trainer in (full, half)]
    torch.testing.assert_close(before[1], before[0], rtol=0.05, atol=0.02)
    for trainer in (full, half):
        trainer.fit(epochs=4, progress=False)
    one, other = full.evaluate(), half.evaluate()
    assert other.accuracy == pytest.approx(one.accuracy, abs=0.05)
    np.testing.assert_allclose(other.auc, one.auc, atol=0.03)
    for layer in half.network.layers:  # the weights themselves are kept in 32 bits
        assert layer.parameters.flat.dtype == torch.float32
        assert not torch.equal(layer.parameters.flat, layer.parameters.flat.to(torch.bfloat16).float())


@pytest.fixture(scope="module")
def of_pictures() -> Trainer:
    settings = Settings(dataset=pictures(4, (6, 5, 3), 200), layers=(24, 16), learning_rate=0.02, device="cpu")
    return Trainer(settings).fit(epochs=5, progress=False)


def test_predict_takes_pictures_of_every_kind(of_pictures: Trainer) -> None:
    x = np.array(of_pictures.plan.dataset.test.x)
    expected = of_pictures.predict(x)
    assert expected.shape == (len(x),)
    assert expected.dtype == np.int64
    forms: list[Any] = [
        x.astype(np.float32) / 255, x.astype(np.float64) / 255, x.reshape(len(x), -1), x.astype(np.int64), x.tolist(),
        torch.from_numpy(x.copy()), torch.from_numpy(x.astype(np.float32) / 255),
    ]  # fmt: skip
    for form in forms:
        assert of_pictures.predict(form).tolist() == expected.tolist()
    assert of_pictures.predict(x[0]).tolist() == expected[:1].tolist()
    assert of_pictures.predict(x[:1]).tolist() == expected[:1].tolist()
    assert of_pictures.predict(x[:0]).shape == (0,)


def test_predict_leaves_its_inputs_as_they_were(of_pictures: Trainer) -> None:
    x = np.random.default_rng(0).random((7, 6, 5, 3)).astype(np.float32)
    kept = x.copy()
    of_pictures.predict(x)
    assert np.array_equal(x, kept)


def test_predict_takes_grey_pictures_without_a_channel() -> None:
    trainer = Trainer(Settings(dataset=pictures(), layers=(8,), device="cpu"))
    x = np.array(trainer.plan.dataset.test.x)
    expected = trainer.predict(x).tolist()
    assert trainer.predict(x[..., 0]).tolist() == expected
    assert trainer.predict(x[0, ..., 0]).tolist() == expected[:1]


def test_predict_takes_rows_of_a_table() -> None:
    trainer = Trainer(Settings(dataset=table(), label_encoding="appended", layers=(8,), device="cpu"))
    x = np.array(trainer.plan.dataset.test.x)
    expected = trainer.predict(x).tolist()
    assert trainer.predict(x.astype(np.float64)).tolist() == expected
    assert trainer.predict(x.tolist()).tolist() == expected
    assert trainer.predict(x[0]).tolist() == expected[:1]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (
            np.zeros((3, 5, 5, 3), np.uint8),
            r"images has shape \(3, 5, 5, 3\); 'pictures' has inputs of shape \(6, 5, 3\)",
        ),
        (np.zeros((3, 89)), r"images has shape \(3, 89\)"),
        (np.array([["a"]]), "images has type"),
        (np.array([None]), "images has type"),
        ([[1.0, 2.0], [3.0]], "images"),
        (3.0, "images has shape"),
        (np.full((2, 6, 5, 3), np.nan), "images.* not finite"),
        (np.full((2, 6, 5, 3), 200.0), "images has pixels from 200 to 200; .* floats from 0 to 1"),
        (np.full((2, 6, 5, 3), 300), "images has pixels from 300 to 300; whole numbers from 0 to 255"),
    ],
)
def test_predict_refuses_what_it_cannot_read(images: Any, said: str, of_pictures: Trainer) -> None:
    with pytest.raises(SettingsError, match=said):
        of_pictures.predict(images)


def test_an_overlay_is_refused_where_the_pixels_are_not_blank() -> None:
    said = r"label_encoding is 'overlay', which writes over the first \d+ inputs, but in '.*' those are not blank"
    for data in ("digits", "moons", pictures(blank=False), table()):
        with pytest.raises(SettingsError, match=said):
            Trainer(Settings(dataset=data, label_encoding="overlay", layers=(4,)))


def test_the_manifest_says_what_a_run_was_made_with() -> None:
    trainer = Trainer(Settings(dataset="digits", label_encoding="appended", layers=(8,), seed=3, device="cpu"))
    manifest = trainer.manifest()
    assert manifest["seed"] == 3
    assert manifest["threads"] == torch.get_num_threads()
    assert manifest["precision"] == "float32"
    assert manifest["versions"]["torch"] == torch.__version__
    assert manifest["dataset"] == {"name": "digits", "fingerprint": ff.load("digits").fingerprint}
    assert manifest["device"].startswith("cpu")
    assert manifest["step"] == "call by call"
    assert Settings.from_dict(manifest["settings"]) == trainer.settings
    assert repr(trainer) == "<Trainer digits 8, 0 steps>"
