"""Snapshots for TensorBoard."""

from __future__ import annotations

import sys

import pytest

import ffexplore as ff
from ffexplore.live.tensorboard import scalars, write_tensorboard


def test_every_snapshot_is_written_with_its_step(make_runner, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    runner = make_runner()
    runner.step(2)
    assert runner.wait(20)
    end = write_tensorboard(runner, tmp_path)
    runner.step(3)
    assert runner.wait(20)
    runner.update(threshold=2.0)
    assert runner.wait(20)
    last = runner.snapshot
    end()
    runner.step(3)
    assert runner.wait(20)
    assert runner.listener_errors == []
    events = reader.EventAccumulator(str(tmp_path))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {tag for tag, _ in scalars(last)}
    for tag, value in scalars(last):
        assert events.Scalars(tag)[-1].step == 5
        assert events.Scalars(tag)[-1].value == pytest.approx(value)
    assert "changes/text_summary" in events.Tags()["tensors"]


def test_the_measures_of_layers_and_variants_have_names_of_their_own(make_runner):
    settings = ff.Settings(dataset="digits", label_encoding="appended", layers=(8, 4))
    runner = make_runner(ff.Trainer.variants([settings, settings.replace(seed=1)]))
    runner.step(1)
    assert runner.wait(20)
    named = dict(scalars(runner.snapshot))
    assert named["variant_2/auc/layer_1"] == pytest.approx(float(runner.snapshot.auc[1, 0]))
    assert named["variant_1/accuracy"] == pytest.approx(float(runner.snapshot.accuracy[0]))


def test_it_refuses_plainly_where_tensorboard_is_missing(make_runner, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ff.FFExploreError, match="TensorBoard is not installed here: pip install tensorboard"):
        write_tensorboard(make_runner(), tmp_path)


def test_a_file_is_no_folder_for_tensorboard(make_runner, tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("")
    with pytest.raises(ff.FFExploreError, match=r"Nothing can be written into the folder .*file"):
        write_tensorboard(make_runner(), tmp_path / "file")
