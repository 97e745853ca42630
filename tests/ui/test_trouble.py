"""Whatever goes wrong, the panel says in plain words what, why, and what to do, and can be gone on with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ffexplore as ff
from ffexplore.engine.plan import BYTES_LIMIT
from tests.ui.turning import until


@pytest.fixture
def built(panel):
    until(lambda: panel.runner.snapshot is not None)
    return panel


def goes_on(panel):
    """Press Step and see that it is taken."""
    step = panel.runner.snapshot.step
    panel.bar.step.click()
    until(lambda: panel.runner.snapshot.step == step + 1 and panel.status.word == "paused")


def test_a_run_that_diverges(open_panel):
    panel = open_panel(
        goodness="sum_of_squares", normalization="none", activation="leaky_relu", optimizer="sgd", learning_rate=1e-4
    )
    panel.bar.step.click()
    until(lambda: panel.runner.snapshot is not None and panel.runner.snapshot.step == 1)
    panel.controls["learning_rate"].row._box.value = "100"
    panel.bar.play.click()
    until(lambda: panel.status.word == "diverged", 20)
    said = panel.status.message
    assert "layer" in said
    assert "learning_rate" in said
    assert "went back to step" in said
    assert panel.status.tone == "warn"
    assert "Play" in panel.bar.play.description
    panel.controls["learning_rate"].row._box.value = "0.0001"
    goes_on(panel)
    assert panel.status.tone == ""


def test_a_network_that_is_too_large(built, monkeypatch):
    monkeypatch.setattr("ffexplore.engine.plan._free_memory", lambda device: 10_000 / BYTES_LIMIT)
    built.controls["layers"].send((4000, 4000))
    said = built.status.message
    assert said.startswith("layers is (4000, 4000): weights and optimizer take ")
    assert "GiB are free; choose fewer or narrower layers." in said
    assert built.status.tone == "warn"
    assert built.settings.layers == (8, 6)
    assert built.controls["layers"].widget.value == "8, 6"


def test_data_that_cannot_be_had(built):
    entries = dict(ff.datasets._entries)

    @ff.datasets.register("gone")
    def gone() -> ff.Dataset:
        """Cannot be had."""
        raise ff.DatasetError("The server sent nothing for 20 seconds; digits and moons work offline.")

    try:
        before = built.settings.dataset
        built.controls["dataset"].send("gone")
        until(lambda: built.status.tone == "warn")
        assert built.status.message == "The server sent nothing for 20 seconds; digits and moons work offline."
        until(lambda: built.settings.dataset is before)
        until(lambda: built.controls["dataset"].row._menu.value is before)
        goes_on(built)
    finally:
        ff.datasets._entries.clear()
        ff.datasets._entries.update(entries)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there(built):
    built.controls["device"].send("cuda")
    assert "no CUDA device here; choose 'auto' or 'cpu'" in built.status.message
    assert built.status.tone == "warn"
    assert built.settings.device == "auto"
    goes_on(built)


def test_memory_that_runs_out_in_a_step(built, monkeypatch):
    step = ff.Trainer.step

    def limited(self):
        if self.settings.layers == (64, 6):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        step(self)

    monkeypatch.setattr(ff.Trainer, "step", limited)
    goes_on(built)
    built.controls["layers"].send((64, 6))
    built.bar.step.click()
    until(lambda: built.status.message.startswith("Memory ran out after the change layers 8, 6 → 64, 6. It was taken"))
    until(lambda: built.controls["layers"].widget.value == "8, 6")
    assert built.settings.layers == (8, 6)


def test_goodness_that_is_the_same_for_every_input(built):
    def silence(trainer):
        for layer in trainer.network.layers:
            layer.parameters.flat.zero_()
            layer.parameters.changed()

    built.runner.ask(silence).result(10)
    built.runner.publish()
    built.runner.wait(10)
    moment = built.runner.snapshot
    assert moment.auc.tolist() == [[0.5, 0.5]]
    assert np.isfinite(moment.low).all()
    built.board._receive(None, {"kind": "hello", "view": "v", "panes": ["histograms"], "have": {}, "seq": 0}, [])
    assert built.board.errors == {}
    goes_on(built)
    assert built.status.message.startswith("Most units of layer 1, layer 2 are dead: no input makes them active")
    assert "Press Reset to begin anew" in built.status.message
