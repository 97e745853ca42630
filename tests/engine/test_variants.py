"""K variants in lockstep have the numbers that each would have alone; the same seed has the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ffexplore import Settings, SettingsError, Trainer
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures, table

BASE: dict[str, Any] = {"layers": (8, 6), "batch_size": 8, "device": "cpu", "optimizer": "adam(epsilon=0.001)"}

TURNS = {"schedule": "rotation(turn=2)"}

DIFFERENCES: dict[str, list[dict[str, Any]]] = {
    "threshold": [{"threshold": 0.5}, {"threshold": 1.0}, {"threshold": (2.0, 3.0)}],
    "rate": [{"learning_rate": 0.01}, {"learning_rate": 0.02}, {"learning_rate": (0.02, 0.05)}],
    "seed": [{"seed": 3}, {"seed": 1}, {"seed": 3}],
    "goodness": [{"goodness": "mean_square"}, {"goodness": "mean"}, {"goodness": ("sum_of_squares", "l2_norm")}],
    "objective": [{"objective": "logistic"}, {"objective": "symba(alpha=2)"}, {"objective": "symba(alpha=3)"}],
    "collaboration": [
        {"objective": "collaboration"},
        {"objective": "logistic"},
        {"objective": "collaboration_earlier", "seed": 2},
    ],
    "collaboration in turns": [{"objective": "collaboration", **TURNS}, {"objective": "logistic", **TURNS}],
    "scores of classes": [
        {"goodness": "class_groups", "objective": "class_cross_entropy", "label_encoding": "none"},
        {"goodness": "class_groups", "objective": "logistic", "label_encoding": "none"},
        {"goodness": "projection", "objective": "class_cross_entropy", "label_encoding": "none", "seed": 1},
    ],
    "goodness parameters": [
        {"goodness": "lp_norm(p=2)"},
        {"goodness": "lp_norm(p=4)"},
        {"goodness": "top_k(share=0.3)"},
    ],
    "scale of the scores": [
        {"goodness": "sum_of_squares", "negatives": "hard_label(layers=all)"},
        {"goodness": "mean_square", "negatives": "hard_label(layers=all)"},
    ],
    "learned threshold": [{"threshold_rate": 1.0}, {}, {"threshold_rate": 3.0, "threshold": 0.5}],
    "negatives that change the label": [
        {"negatives": "hard_label"},
        {"negatives": "uniform_label"},
        {"negatives": "hard_label(temperature=1)"},
        {"negatives": "permuted_labels"},
        {"negatives": "inverse_label"},
        {"negatives": "readout_label", "seed": 4},
    ],
    "negatives of one seed, drawn at once": [{"negatives": "uniform_label"}, {"negatives": "inverse_label"}],
    "negatives that change the image": [
        {"negatives": "hybrid_images"},
        {"negatives": "uniform_label"},
        {"negatives": "same_class", "seed": 2},
        {"negatives": "hardest_label"},
    ],
    "two inputs side by side": [
        {"negatives": "self_contrastive", "threshold": 0.5},
        {"negatives": "self_contrastive", "threshold": 2.0},
    ],
    "scale and decay": [{"logit_scale": 1.0}, {"logit_scale": 3.0, "weight_decay": 0.3}, {"weight_decay": 0.1}],
    "dropout": [{"dropout": 0.3}, {"dropout": 0.0}, {"dropout": 0.5}],
    "dropout, seeds": [{"dropout": 0.3}, {"dropout": 0.1, "seed": 2}, {"seed": 3}],
    "peers": [{"peer_normalization": 0.1}, {}, {"peer_normalization": 1.0, "dropout": 0.2}],
    "everything": [
        {"seed": 1, "threshold": 0.5, "goodness": "mean", "learning_rate": 0.01},
        {"seed": 2, "objective": "hinge", "weight_decay": 0.2},
        {"seed": 3, "logit_scale": 5.0},
    ],
}
COMMON: dict[str, dict[str, Any]] = {
    "plain": {},
    "hard labels of the first layer": {"negatives": "hard_label"},
    "hard labels of the read-out, every epoch": {"negatives": "readout_label", "negatives_refresh": "epoch"},
    "hybrid images": {"negatives": "hybrid_images", "normalization": "layer_norm"},
    "shifts": {"shift": 1},
    "shifts, hybrid images": {"shift": 1, "negatives": "hybrid_images", "label_encoding": "none"},
    "dropout and peers": {"dropout": 0.3, "peer_normalization": 0.1},
    "smoothed, appended": {"optimizer": "smoothed", "label_encoding": "appended"},
    "noise once, no label": {"negatives": "noise", "negatives_refresh": "once", "label_encoding": "none"},
    "rotation": {"schedule": "rotation(turn=2)", "negatives_refresh": "round"},
    "label at every layer": {"label_layers": "all", "negatives": "hard_label(layers=all)"},
    "overlapping blocks": {"schedule": "overlapping", "normalization": "layer_norm"},
    "coin toss": {"black_box": "coin_toss", "negatives": "hard_label(layers=all)"},
    "tanh": {"activation": "tanh", "optimizer": "sgd"},
}
PAIRS = [("plain", each) for each in DIFFERENCES] + [
    (common, each) for common in list(COMMON)[1:] for each in ("everything", "threshold")
]


@pytest.mark.parametrize(("common", "difference"), PAIRS)
def test_variants_are_single_runs(common: str, difference: str) -> None:
    base = Settings(**{**BASE, **COMMON[common], "dataset": pictures()})
    variants = [base.replace(**changes) for changes in DIFFERENCES[difference]]
    together = Trainer.variants(variants).fit(steps=14, progress=False)
    reports = together.evaluate_variants("test")
    for number, settings in enumerate(variants):
        alone = Trainer(settings).fit(steps=14, progress=False)
        for one, other in zip(flat_weights(alone), flat_weights(together, number), strict=True):
            torch.testing.assert_close(other, one, atol=3e-5, rtol=1e-3)
        report = alone.evaluate("test")
        np.testing.assert_allclose(reports[number].auc, report.auc, atol=0.02)
        np.testing.assert_allclose(reports[number].auc_uniform, report.auc_uniform, atol=0.02)
        np.testing.assert_allclose(reports[number].accuracy, report.accuracy, atol=1e-9)


def test_variants_may_differ_in_lockstep_fields_alone() -> None:
    base = Settings(**BASE, dataset=pictures())
    with pytest.raises(SettingsError, match=r"differ in batch_size; they may differ in negatives, dropout, goodness, "):
        Trainer.variants([base, base.replace(batch_size=9)])
    with pytest.raises(SettingsError, match="at least one"):
        Trainer.variants([])
    with pytest.raises(SettingsError, match="several variants"):
        Trainer.variants([base, base.replace(threshold=2.0)]).apply(base)


@pytest.mark.parametrize("common", COMMON)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(common: str) -> None:
    settings = Settings(**{**BASE, **COMMON[common], "dataset": pictures(), "seed": 5})
    one, two, other = (
        Trainer(each).fit(steps=9, progress=False) for each in (settings, settings, settings.replace(seed=6))
    )
    for mine, same, different in zip(flat_weights(one), flat_weights(two), flat_weights(other), strict=True):
        assert torch.equal(mine, same)
        assert not torch.equal(mine, different)
    assert one.state().keys() == two.state().keys()
    assert all(torch.equal(value, two.state()[name]) for name, value in one.state().items())


def test_a_look_changes_nothing() -> None:
    """Evaluating, predicting and scoring in between leaves the run as it was, bit for bit."""
    settings = Settings(**{**BASE, "dataset": pictures(), "negatives": "hard_label", "dropout": 0.2})
    seen, unseen = Trainer(settings), Trainer(settings)
    for _ in range(6):
        seen.step()
        seen.evaluate("validation")
        seen.predict(settings.dataset.test.x)
        unseen.step()
    for one, other in zip(flat_weights(seen), flat_weights(unseen), strict=True):
        assert torch.equal(one, other)
    assert seen.evaluate() == seen.evaluate()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            ({"negatives": "self_contrastive"}, {"negatives": "mix_up"}),
            r"'self_contrastive' in one variant and 'mix_up' in another, but the first lays two inputs side by side",
        ),
        (
            ({"goodness": "class_groups", "label_encoding": "none"}, {"label_encoding": "none"}),
            r"goodness is 'class_groups' in one variant, which scores every class, and 'mean_square' in another",
        ),
        (
            ({"objective": "collaboration", **TURNS}, {"dropout": 0.2, **TURNS}),
            r"'collaboration' in one variant, which listens to layers above those that learn, and 'logistic' in",
        ),
        (
            (
                {"normalization": "batch_norm", **TURNS},
                {"normalization": "batch_norm", **TURNS, "objective": ("collaboration", "logistic")},
            ),
            r"and schedule is 'rotation', so that a batch goes up further for one than for the other",
        ),
    ],
)
def test_variants_that_cannot_share_a_batch_are_refused(changes: tuple[dict[str, Any], ...], words: str) -> None:
    base = Settings(**{**BASE, "dataset": pictures(), "negatives": "hybrid_images"})
    with pytest.raises(SettingsError, match=words):
        Trainer.variants([base.replace(**each) for each in changes])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            ({"goodness": "projection"}, {"goodness": "class_groups"}),
            r"layers is \(3, 3\), but the goodness 'class_groups' deals the units of a layer out to 4 classes",
        ),
        (({"goodness": "projection"}, {}, {"goodness": ("projection", "class_groups")}), "layers of 4 units or more"),
    ],
)
def test_a_later_variant_that_does_not_go_with_the_data_is_refused(
    changes: tuple[dict[str, Any], ...], words: str
) -> None:
    base = Settings(
        **{**BASE, "dataset": pictures(), "layers": (3, 3), "goodness": "projection", "label_encoding": "none"}
    )
    variants = [base.replace(**each) for each in changes]
    with pytest.raises(SettingsError, match=words) as alone:
        Trainer(variants[-1])
    with pytest.raises(SettingsError) as together:
        Trainer.variants(variants)
    assert str(together.value) == str(alone.value)


def test_a_later_variant_whose_negatives_want_pictures_is_refused_of_a_table() -> None:
    base = Settings(**BASE, dataset=table(), label_encoding="appended")
    with pytest.raises(
        SettingsError, match="negatives is 'hybrid_images', which mixes pictures, but the data is a table"
    ):
        Trainer.variants([base, base.replace(negatives="hybrid_images")])
