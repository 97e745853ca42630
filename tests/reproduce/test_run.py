"""A run: its record, and that a killed one goes on to the same end."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from ffexplore import Trainer
from ffexplore.engine.backprop import BackpropTwin
from ffexplore.engine.parts import Part
from ffexplore.engine.stepping import Stepper
from ffexplore.errors import DivergedError
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.run import OutOfTimeError, perform
from ffexplore.reproduce.store import Store, read
from tests.reproduce.conftest import configuration, first_run

TIMES = ("seconds", "machine")

# A whole program, so that it can be killed.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it
from contextlib import suppress
from pathlib import Path
import torch
from ffexplore.errors import DivergedError
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.run import perform
from ffexplore.reproduce.store import Store
from tests.reproduce.conftest import configuration, first_run
torch.set_num_threads(1)
run = first_run(configuration(epochs=int(sys.argv[2]), fields={"rate_course": "linear", "dropout": 0.2}))
perform(run, Store(Path(sys.argv[1])), lambda line: print(line, flush=True), save_every=0.0)
"""


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    """What has to be the same in two runs of the same settings."""
    kept = {name: value for name, value in record.items() if name not in TIMES}
    for split in ("validation", "test"):
        kept[split] = {name: value for name, value in record[split].items() if name != "seconds"}
    return kept


def quiet(line: str) -> None:
    pass


def test_the_record_is_that_of_a_plain_fit(store: Store) -> None:
    run = first_run(configuration(epochs=3, fields={"rate_course": "linear"}))
    record = perform(run, store, quiet)
    assert run.settings.horizon == 3
    plain = Trainer(run.settings).fit(epochs=3, progress=False)
    assert record["test"]["accuracy"] == pytest.approx(plain.evaluate("test").accuracy, abs=1e-6)
    assert record["validation"]["accuracy"] == pytest.approx(plain.evaluate("validation").accuracy, abs=1e-6)
    assert record["network"] == "64-16-16"
    assert record["steps"] == plain.steps
    assert [look["epochs"] for look in record["curve"]] == pytest.approx([1, 2, 3])
    assert record["machine"]["threads"] == 1
    assert record["machine"]["precision"] == "float32"
    assert record == read(store.path(run)) == store.finished(run)
    assert not store.checkpoint(run).exists()


def test_a_stopped_run_goes_on_to_the_same_end(store: Store, tmp_path: Path) -> None:
    run = first_run(configuration(epochs=5, fields={"negatives_refresh": "epoch", "rate_course": "cosine"}))
    whole = perform(run, Store(tmp_path / "whole"), quiet)
    for stopped_after in (1, 2, 3, 4):
        with pytest.raises(OutOfTimeError):
            perform(run, store, quiet, deadline=-math.inf)
        assert store.finished(run) is None
        assert Trainer.restore(store.checkpoint(run)).epochs == pytest.approx(stopped_after)
    said: list[str] = []
    assert without_times(perform(run, store, said.append)) == without_times(whole)
    assert "goes on after 4 of 5 epochs" in said[0]
    assert not list(store.work.rglob("*.safetensors"))


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT] + [signal.SIGKILL] * hasattr(signal, "SIGKILL"))
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_a_killed_run_leaves_a_usable_state(ending: signal.Signals, tmp_path: Path, repository: Path) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "killed"), "120"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=repository,
    )  # fmt: skip
    assert killed.stdout is not None
    for line in killed.stdout:
        if "epoch 12 of 120" in line:
            break
    killed.send_signal(ending)
    assert killed.wait(timeout=60) != 0
    run = first_run(configuration(epochs=120, fields={"rate_course": "linear", "dropout": 0.2}))
    left = Store(tmp_path / "killed")
    assert left.finished(run) is None
    assert 8 <= Trainer.restore(left.checkpoint(run)).epochs < 120
    with left.lock(run) as is_free:
        assert is_free

    said: list[str] = []
    found = perform(run, left, said.append)
    assert "goes on after" in said[0]
    assert without_times(found) == without_times(perform(run, Store(tmp_path / "whole"), quiet))


@pytest.mark.parametrize("step", [7, 30, 36])
def test_an_interrupt_within_a_step_costs_no_number(step: int, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within the last step of an epoch, when every row has been drawn."""
    whole, run = Stepper._sides, first_run(configuration(epochs=5))
    expected = perform(run, Store(store.folder / "whole"), quiet)
    assert expected["steps"] == 5 * 10

    def interrupted(stepper: Stepper, index: Tensor, number: int) -> list[Part]:
        if number == step - 1:
            signal.raise_signal(signal.SIGINT)
        return whole(stepper, index, number)

    monkeypatch.setattr(Stepper, "_sides", interrupted)
    with pytest.raises(KeyboardInterrupt):
        perform(run, store, quiet, save_every=0.0)
    monkeypatch.undo()
    assert without_times(perform(run, store, quiet)) == without_times(expected)


def test_a_checkpoint_of_other_settings_is_not_taken_up(store: Store) -> None:
    with pytest.raises(OutOfTimeError):
        perform(first_run(configuration(epochs=3)), store, quiet, deadline=-math.inf)
    other = first_run(configuration(epochs=3, fields={"learning_rate": 0.01}))
    said: list[str] = []
    assert perform(other, store, said.append)["settings"]["learning_rate"] == 0.01
    assert not any("goes on" in line for line in said)


def test_a_checkpoint_beyond_the_end_of_a_run_is_not_taken_up(store: Store) -> None:
    """With a horizon of its own a run has the same settings whatever its length."""
    longer, shorter = (first_run(configuration(epochs=epochs, fields={"horizon": 9.0})) for epochs in (3, 1))
    for _ in range(2):
        with pytest.raises(OutOfTimeError):
            perform(longer, store, quiet, deadline=-math.inf)
    assert perform(shorter, store, quiet)["epochs"] == 1


def test_a_broken_checkpoint_is_told_and_left(store: Store) -> None:
    run = first_run(configuration(epochs=2))
    with pytest.raises(OutOfTimeError):
        perform(run, store, quiet, deadline=-math.inf)
    store.checkpoint(run).write_text("{", encoding="utf-8")
    said: list[str] = []
    assert perform(run, store, said.append)["epochs"] == 2
    assert "begins anew" in said[0]


def test_a_record_of_other_settings_does_not_count(store: Store) -> None:
    run = first_run(configuration(epochs=1))
    perform(run, store, quiet)
    assert store.finished(run) is not None
    assert store.finished(first_run(configuration(epochs=2))) is None
    assert store.finished(first_run(configuration(epochs=1, fields={"dropout": 0.5}))) is None


def test_divergence_is_a_result(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Trainer.step

    def step(trainer: Trainer) -> None:
        if trainer.steps == 9:
            raise DivergedError("At step 9 the loss is not finite.")
        whole(trainer)

    monkeypatch.setattr(Trainer, "step", step)
    run = first_run(configuration(epochs=30))
    record = perform(run, store, quiet)
    assert record["diverged"] == "At step 9 the loss is not finite."
    assert record["steps"] == 9
    assert "test" not in record
    assert store.finished(run) == record


def test_a_run_by_the_clock(store: Store) -> None:
    run = first_run(configuration(epochs=None, seconds=0.3))
    record = perform(run, store, quiet)
    assert record["length"] == {"seconds": 0.3}
    assert 0 < record["seconds"] < 5
    assert record["curve"] == []
    assert record["settings"]["horizon"] is None


def test_the_twin_is_trained_by_backpropagation(store: Store) -> None:
    run = first_run(configuration(epochs=3, kind="backprop"))
    record = perform(run, store, quiet, save_every=0.0)
    twin = BackpropTwin(run.settings).fit(epochs=3, progress=False)
    assert record["test"]["accuracy"] == pytest.approx(twin.evaluate("test").accuracy, abs=1e-6)
    assert record["kind"] == "backprop"
    assert [look["accuracy"] for look in record["curve"]][-1] == record["validation"]["accuracy"]
    assert store.finished(run) == record
    assert store.finished(first_run(configuration(epochs=3))) is None, "the twin's record is not that of the network"


def test_the_readout_is_fitted_at_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"negatives": "hybrid_images", "label_encoding": "none", "inference": "readout", "shift": 1}
    run = first_run(configuration(epochs=2, fields=fields, readout_passes=5, readout_copies=2))
    whole = Trainer.fit_readout

    def interrupted(trainer: Trainer, **more: Any) -> Trainer:
        fitted = whole(trainer, **more)
        with suppress(KeyboardInterrupt):  # as a fit does, for which it is a normal way to end
            signal.raise_signal(signal.SIGINT)
        return fitted

    monkeypatch.setattr(Trainer, "fit_readout", interrupted)
    with pytest.raises(KeyboardInterrupt):
        perform(run, store, quiet, save_every=0.0)
    monkeypatch.undo()
    assert store.finished(run) is None

    record = perform(run, store, quiet)
    plain = Trainer(run.settings).fit(epochs=2, progress=False)
    beside = plain.evaluate("validation").readout_accuracy
    plain.fit_readout(epochs=5, copies=2, progress=False)
    assert record["curve"][-1]["readout_accuracy"] == pytest.approx(beside, abs=1e-6)
    assert record["test"]["readout_accuracy"] == pytest.approx(plain.evaluate("test").readout_accuracy, abs=1e-6)
    assert record["length"] == {"epochs": 2, "readout_passes": 5, "readout_copies": 2}


def test_the_shortcut_meter_is_read_where_the_page_shows_it(store: Store) -> None:
    record = perform(
        first_run(configuration("easy", 1, fields={"negatives": "noise"}, figures=("shortcut",))), store, quiet
    )
    assert figure("shortcut").read(record) == record["validation"]["shortcut"]
    assert record["validation"]["shortcut"] > 0.9
    without = perform(first_run(configuration("plain", 1)), store, quiet)
    assert math.isnan(figure("shortcut").read(without))
