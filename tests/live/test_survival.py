"""What a session has to live through: odd data, lost devices, too little memory, long runs, chatty functions."""

from __future__ import annotations

import contextlib
import gc
import io

import numpy as np
import pytest
import torch

import ffexplore as ff
from tests.patience import until


def pictures(shape: tuple[int, ...], classes: int, rows: int = 120) -> ff.Dataset:
    """Pictures whose first rows are blank, each class bright in columns of its own."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (rows, *shape), dtype=np.uint8)
    labels = np.arange(rows) % classes
    width = max(1, shape[1] // classes)
    for label in range(classes):
        images[labels == label, :, label * width : (label + 1) * width] += 150
    images[:, :2] = 0
    return ff.Dataset.from_arrays(images, labels)


@pytest.mark.parametrize(
    ("shape", "classes"), [((8, 8), 2), ((6, 14), 3), ((5, 9, 3), 4), ((12, 5, 3), 2)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("batch_size", [1, 7, "full"])
def test_odd_data_and_odd_batches(make_runner, shape, classes, batch_size):
    settings = ff.Settings(dataset=pictures(shape, classes), layers=(12, 8), batch_size=batch_size)
    run = make_runner(settings)
    run.step(25)
    assert run.wait(20)
    assert run.status == "paused"
    snapshot = run.snapshot
    assert snapshot.step == 25
    assert np.isfinite(snapshot.mean_positive).all()
    assert snapshot.examples.images.shape[2:] == (*shape[:2], shape[2] if len(shape) == 3 else 1)


def test_every_row_is_seen_in_an_epoch_with_a_short_last_batch(make_runner):
    run = make_runner(ff.Settings(dataset=pictures((6, 6), 2), layers=(8,), batch_size=32))
    rows = run.ask(lambda trainer: trainer.network.inputs.dataset.train.x.shape[0]).result(10)
    assert rows % 32
    run.step(-(-rows // 32))
    assert run.wait(20)
    assert run.snapshot.epoch == pytest.approx(1.0)


def test_a_function_may_print(make_runner, small, capsys):
    @ff.goodness.register("chatty")
    def chatty(activity):
        """Mean square, said aloud."""
        print("goodness of", tuple(activity.shape))
        return activity.square().mean(-1)

    run = make_runner(small.replace(goodness="chatty"))
    run.step(5)
    assert run.wait(20)
    assert run.status == "paused"
    assert "goodness of (32, 24)" in capsys.readouterr().out


def test_a_closed_output_harms_only_the_function_that_prints(make_runner, small):
    @ff.goodness.register("shouting")
    def shouting(activity):
        """Mean square, said aloud."""
        print("hello")
        return activity.square().mean(-1)

    run = make_runner(small)
    run.step(2)
    assert run.wait(20)
    closed = io.StringIO()
    closed.close()
    with contextlib.redirect_stdout(closed):
        run.update(goodness="shouting")
        run.step(2)
        assert until(lambda: not run.is_running and "'shouting'" in run.message)
    run.update(goodness="mean_square")
    run.step(2)
    assert run.wait(20)
    assert run.status == "paused"


def without_memory_at(monkeypatch, widths):
    """A device on which networks of one size do not fit, as seen in a step."""
    step = ff.Trainer.step

    def limited(self):
        if self.settings.layers == widths:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        step(self)

    monkeypatch.setattr(ff.Trainer, "step", limited)


def test_memory_that_runs_out_in_a_step_goes_back_to_what_worked(make_runner, small, monkeypatch):
    without_memory_at(monkeypatch, (4096, 16))
    run = make_runner(small)
    run.start()
    assert until(lambda: run.snapshot is not None and run.snapshot.step > 10)
    run.update(layers=(4096, 16))
    assert until(lambda: run.error is not None)
    assert until(lambda: run.settings.layers == (24, 16))
    reached = run.snapshot.step
    assert until(lambda: run.snapshot.step > reached + 10), "training goes on"
    assert run.is_running
    assert run.message.startswith("Memory ran out after the change layers 24, 16 → 4096, 16. It was taken back")
    assert isinstance(run.error, torch.OutOfMemoryError)
    assert any("memory ran out: layers 4096, 16 → 24, 16" in words for _, words in run.history.changes)
    run.update(learning_rate=0.001)
    assert until(lambda: run.error is None)


def test_what_is_said_of_memory_that_ran_out_stays_where_steps_were_asked_for(make_runner, small, monkeypatch):
    without_memory_at(monkeypatch, (4096, 16))
    run = make_runner(small)
    run.step(2)
    assert run.wait(20)
    run.update(layers=(4096, 16))
    run.step(5)
    with pytest.raises(torch.OutOfMemoryError):
        run.wait(20)
    assert run.message.startswith("Memory ran out after the change layers 24, 16 → 4096, 16. It was taken back")
    assert run.status == "paused"
    assert run.settings.layers == (24, 16)
    assert run.snapshot.step == 2  # the others were to be made with the change


def test_memory_that_runs_out_at_once_is_told(make_runner, small, monkeypatch):
    without_memory_at(monkeypatch, small.layers)
    run = make_runner(small)
    run.start()
    assert until(lambda: run.status == "failed")
    assert "Choose fewer or narrower layers" in run.message


def test_a_lost_device_is_told_and_the_cpu_goes_on(make_runner, small, monkeypatch):
    step = ff.Trainer.step
    lost = {"is": False}

    def on_a_gpu(self):
        if lost["is"] and self.settings.device == "auto":
            raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later.")
        step(self)

    monkeypatch.setattr(ff.Trainer, "step", on_a_gpu)
    run = make_runner(small)
    run.step(3)
    assert run.wait(20)
    lost["is"] = True
    run.step()
    assert until(lambda: run.status == "failed")
    assert run.message.startswith("The GPU was lost (RuntimeError: CUDA error: unspecified launch failure)")
    assert "'cpu'" in run.message
    run.update(device="cpu")
    run.step(3)
    assert run.wait(20)
    assert run.status == "paused"
    assert run.error is None


def test_a_device_that_is_not_there_is_refused(make_runner, small):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    run = make_runner(small)
    run.step(2)
    assert run.wait(20)
    with pytest.raises(ff.SettingsError, match="finds no CUDA device here; choose 'auto' or 'cpu'"):
        run.update(device="cuda")
    run.step(2)
    assert run.wait(20)
    assert run.snapshot.step == 4


@pytest.mark.timeout(600)
def test_a_hundred_thousand_steps_stay_bounded(make_runner):
    settings = ff.Settings(
        dataset="moons", label_encoding="appended", layers=(4,), batch_size=8, readout_rate=0.0, optimizer="sgd"
    )
    run = make_runner(settings, rate=30.0)
    messages = []
    run.observe(lambda snapshot: messages.append(snapshot.step))
    run.step(20_000)
    assert run.wait(200)
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        before = int(file.read().split()[1]) * 4096
    began, seconds = len(messages), run.snapshot.seconds
    run.step(80_000)
    assert run.wait(500)
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        after = int(file.read().split()[1]) * 4096
    assert run.snapshot.step == 100_000
    assert after - before < 10e6
    assert len(run.history) <= 600
    assert len(messages) - began <= 30 * (run.snapshot.seconds - seconds) * 2 + 10


def test_memory_that_runs_out_while_variants_are_compared_leaves_the_run(make_runner, small, monkeypatch):
    step = ff.Trainer.step

    def limited(self):
        if self.settings.batch_size == 64:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        step(self)

    monkeypatch.setattr(ff.Trainer, "step", limited)
    run = make_runner(small)
    run.step(3)
    assert run.wait(20)
    run.compare("batch_size", [64, 16])
    run.start()
    assert until(lambda: run.status == "failed")
    assert isinstance(run.error, torch.OutOfMemoryError)
    run.choose(None)
    run.step(2)
    assert run.wait(20)
    assert (run.settings, run.snapshot.step) == (small, 5)
    run.check()
