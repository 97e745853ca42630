"""What every generator of negatives and every label encoding keeps to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.labels import with_inverses
from ffexplore.engine.negatives import Batch
from ffexplore.engine.rng import stream
from tests.engine.catalogues import SCALES, defaults, each, held
from tests.engine.sets import pictures, table


def a_batch(rows: int, data: ff.Dataset, scale: float = 1.0) -> Batch:
    """The first rows, their inputs and what the network says scaled; pictures are bounded, so they get no brighter."""
    x = torch.from_numpy(np.array(data.train.x).reshape(len(data.train), -1)).float()
    x = x / 255 if data.kind == "images" else x
    x = x * (min(1.0, scale) if data.kind == "images" else scale)
    y = torch.from_numpy(np.array(data.train.y))
    index = torch.arange(rows)
    return Batch(
        index=index, labels=y[index], classes=data.classes, image_shape=data.shape, count=len(y),
        all_labels=y,
        fetch=lambda rows: x[rows],
        scores=lambda what: scale * torch.linspace(-2, 3, data.classes).expand(rows, -1),
        bank=lambda name, make: make(stream(0, "bank", name)),
    )  # fmt: skip


@pytest.mark.parametrize("scale", [1.0, *SCALES.values()])
@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize(
    "data", [pictures(), pictures(2), pictures(26, (7, 9, 3), 104), table()], ids=["4", "2", "26 in colour", "table"]
)
@each(ff.negatives)
def test_negatives(entry: Any, data: ff.Dataset, rows: int, scale: float) -> None:
    if data.kind == "table" and "pictures" in entry.needs:
        with pytest.raises(ff.SettingsError, match="the data is a table"):
            Trainer(Settings(dataset=data, label_encoding="appended", negatives=entry.name, layers=(4,)))
        return
    batch = a_batch(rows, data, scale)
    kept = batch.index.clone(), batch.labels.clone(), batch.images.clone()
    drawn = entry.draw(batch, stream(3), defaults(entry))
    if entry.lasting:  # what is kept for an epoch is whole numbers; pictures are made of them batch by batch
        assert all(value.dtype == torch.int64 and value.ndim == 1 for value in drawn.values())
    assert set(drawn) & {"labels", "images", "partners", "seeds"}
    again = entry.draw(batch, stream(3), defaults(entry))
    assert all(torch.equal(value, again[name]) for name, value in drawn.items())
    assert all(value.device == batch.index.device for value in drawn.values())
    if entry.changes != "image":
        assert drawn["labels"].shape == (rows,)
        assert drawn["labels"].dtype == torch.int64
        first = data.classes + 1 if entry.inverse else 0
        assert first <= int(drawn["labels"].min()) <= int(drawn["labels"].max()) < first + data.classes
        if entry.traits.get("always_wrong"):
            codes = with_inverses(ff.label_encodings["appended"].table(data.classes, {"strength": 1.0}))
            assert not bool(codes[drawn["labels"]].gather(1, batch.labels[:, None]).any())
    if entry.changes != "label":
        images = held(lambda: entry.make(batch, drawn, defaults(entry))[0], batch.images)
        labels = entry.make(batch, drawn, defaults(entry))[1]
        seen = batch.fetch(torch.arange(batch.count))
        slack = 1e-6 * float(seen.abs().max())
        assert float(seen.min()) - slack <= float(images.min())  # never out of the range of the data
        assert float(images.max()) <= float(seen.max()) + slack
        if entry.changes == "image":
            assert torch.equal(labels, batch.labels)
    for before, after in zip(kept, (batch.index, batch.labels, batch.images), strict=True):
        assert torch.equal(before, after)
    assert entry.changes in ("label", "image", "both")
    assert isinstance(entry.traits.get("paired"), bool)


@pytest.mark.parametrize("classes", [2, 10, 26])
@each(ff.label_encodings)
def test_label_encoding(entry: Any, classes: int) -> None:
    codes = entry.table(classes, defaults(entry))
    assert codes.shape[0] == classes + 1
    assert codes.dtype == torch.float32
    assert codes.device == torch.device("cpu")  # where tables are made, whatever the network is on
    assert bool(torch.isfinite(codes).all())
    assert torch.equal(codes, entry.table(classes, defaults(entry)))
    assert codes.shape[1] % classes == 0 or not entry.replaces
    if codes.shape[1]:
        assert len(codes.unique(dim=0)) == (classes + 1 if entry.tells else 1)
        torch.testing.assert_close(codes[-1], codes[:-1].mean(0))  # the neutral label prefers none
