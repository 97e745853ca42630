"""Going through experiments: seeds, grids, budgets, obstacles, several processes."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ffexplore.engine.goodness import goodness
from ffexplore.errors import SettingsError
from ffexplore.reproduce import session
from ffexplore.reproduce.catalogue.goodness_zoo import unit
from ffexplore.reproduce.experiment import Aim, Configuration, configurations
from ffexplore.reproduce.run import perform
from ffexplore.reproduce.session import Budget, Order, carry_out, reported
from ffexplore.reproduce.store import Store, read, write
from ffexplore.reproduce.tuning import choose, chosen, trials
from tests.reproduce.conftest import Enter, configuration, first_run

RATES = [1e-5, 1e-2]


def order(name: str, store: Store, **more: Any) -> Order:
    return session.order([name], store.folder, **more)


def test_seeds_are_run_once(enter: Enter, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    name = enter(configuration("a", 1, seeds=2), configuration("b", 1, seeds=1))
    assert carry_out(order(name, store)) == {}
    files = sorted(path.name for path in (store.folder / name).glob("*.json"))
    assert files == ["a.seed-0.json", "a.seed-1.json", "b.seed-0.json"]
    said = capsys.readouterr().out
    assert said.index("tiny, b, seed 0: finished") < said.index("tiny, a, seed 1: finished")
    carry_out(order(name, store))
    assert capsys.readouterr().out == ""


def test_settings_are_chosen_on_validation_data(enter: Enter, store: Store) -> None:
    one = configuration("tuned", 4, grid={"learning_rate": RATES}, tuning_epochs=2)
    name = enter(one)
    assert reported(name, one, store, 1) == []
    carry_out(order(name, store))
    kept = read(store.tuning(name, one))
    assert kept is not None
    errors = [row["validation_error"] for row in kept["trials"]]
    assert errors[1] < errors[0]
    assert kept["chosen"] == {"learning_rate": 1e-2} == chosen(name, one, store)
    for run in trials(name, one):
        record = store.finished(run)
        assert record is not None
        assert "test" not in record, "a trial has read the test data"
        assert record["settings"]["seed"] == 1000
    (run,) = reported(name, one, store, 1)
    assert (store.finished(run) or {})["settings"]["learning_rate"] == 1e-2


def try_all(name: str, one: Configuration, store: Store, accuracies: list[float | None]) -> None:
    """Carry the trials of a grid out, and let their records say these accuracies on the validation data."""
    for run, accuracy in zip(trials(name, one), accuracies, strict=True):
        record = perform(run, store, lambda line: None)
        write(store.path(run), record | {"validation": record["validation"] | {"accuracy": accuracy}})


@pytest.mark.parametrize("accuracies", [[None, 0.7, 0.8], [0.6, None, 0.8], [0.6, 0.7, 0.8]], ids=str)
def test_a_trial_whose_error_is_no_number_is_not_the_best(
    accuracies: list[float | None], enter: Enter, store: Store
) -> None:
    one = configuration("tuned", 1, grid={"learning_rate": [1e-4, 1e-3, 1e-2]})
    name = enter(one)
    try_all(name, one, store, accuracies)
    choose(name, one, store)
    assert chosen(name, one, store) == {"learning_rate": 1e-2}


def test_where_no_error_is_a_number_nothing_is_chosen(enter: Enter, store: Store) -> None:
    one = configuration("tuned", 1, grid={"learning_rate": RATES})
    name = enter(one)
    try_all(name, one, store, [None, None])
    choose(name, one, store)
    with pytest.raises(SettingsError):
        chosen(name, one, store)


def test_another_grid_chooses_anew(enter: Enter, store: Store) -> None:
    one = configuration("tuned", 1, grid={"learning_rate": RATES})
    carry_out(order(enter(one), store))
    assert chosen("tiny", one, store) is not None
    assert chosen("tiny", configuration("tuned", 1, grid={"learning_rate": [1e-3]}), store) is None
    assert chosen("tiny", configuration("tuned", 1, grid=one.grid, fields={"dropout": 0.1}), store) is None


def test_what_cannot_be_run_says_why_and_costs_the_others_nothing(enter: Enter, store: Store) -> None:
    name = enter(
        configuration("unknown", 1, fields={"goodness": "mean_sqare"}),
        configuration("long", 1, minutes=1000),
        configuration("fits", 1),
    )
    reasons = carry_out(order(name, store, budget=Budget.read("small")))
    assert "Did you mean 'mean_square'" in reasons[name, "unknown"]
    assert reasons[name, "long"] == "takes longer than the small budget allows; --budget full runs it."
    assert store.finished(first_run(configuration("fits", 1))) is not None
    assert set(reasons) == {(name, "unknown"), (name, "long")}


def test_a_gpu_that_is_wanted_and_not_there(enter: Enter, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    reasons = carry_out(order(enter(configuration("big", 1, gpu=True, minutes=600)), store))
    assert reasons == {("tiny", "big"): "wants a GPU."}


def test_a_used_up_budget_leaves_what_another_call_goes_on_with(enter: Enter, store: Store) -> None:
    one = configuration("one", 400)
    name = enter(one)
    reasons = carry_out(order(name, store, budget=Budget(seconds=0.2)))
    assert "another call goes on" in reasons[name, "one"]
    assert store.checkpoint(first_run(one)).exists()
    assert store.finished(first_run(one)) is None


def test_by_the_clock_wants_a_quiet_machine(enter: Enter, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one = configuration("timed", None, seconds=0.2)
    name = enter(one, configuration("timed-too", None, seconds=0.2))
    monkeypatch.setattr(session, "SETTLE", 0.0)
    monkeypatch.setattr(session, "load", lambda: 1.7)
    reasons = carry_out(order(name, store))
    assert reasons[name, "timed"].endswith("busy (load average 1.7).")
    monkeypatch.setattr(session, "load", lambda: 0.1)
    assert carry_out(order(name, store)) == {}
    assert store.finished(first_run(one)) is not None


def hold(folder: Path, held: object, let_go: object) -> None:
    with Store(folder).lock(first_run(configuration("one", 1))) as is_free:
        assert is_free
        held.set()  # type: ignore[attr-defined]
        let_go.wait(60)  # type: ignore[attr-defined]


def test_a_run_is_held_by_one_process(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    held, let_go = context.Event(), context.Event()
    other = context.Process(target=hold, args=(store.folder, held, let_go))
    other.start()
    assert held.wait(60)
    with store.lock(first_run(configuration("one", 1))) as is_free:
        assert not is_free
    with store.lock(first_run(configuration("two", 1))) as is_free:
        assert is_free
    other.kill()  # a process that dies lets go
    other.join(60)
    with store.lock(first_run(configuration("one", 1))) as is_free:
        assert is_free


def test_processes_share_the_runs(enter: Enter, store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    tuned = configuration("tuned", 2, grid={"learning_rate": RATES}, seeds=2)
    timed = configuration("timed", None, seconds=0.2)
    name = enter(tuned, timed, configuration("odd", 1, fields={"goodness": "nothing"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "load", lambda: 0.1)
        reasons = carry_out(order(name, store), jobs=2)
    assert set(reasons) == {(name, "odd")}
    finished = [line for line in capfd.readouterr().out.splitlines() if "finished" in line]
    assert len(finished) == len(set(finished)) == 2 + 2 + 1, "a run was made twice, or not at all"
    for run in reported(name, tuned, store, 2):
        assert (store.finished(run) or {})["machine"]["threads"] == 1


# A whole program, so that it can be killed.
PROGRAM = """
import sys
from pathlib import Path
from ffexplore.reproduce.session import Order, carry_out
from tests.reproduce.conftest import configuration
if __name__ == "__main__":
    planned = tuple(("tiny", configuration(name, 100_000, looks=(1,))) for name in ("a", "b"))
    carry_out(Order(planned, Path(sys.argv[1])), jobs=2)
"""


def test_processes_end_with_the_one_that_started_them(store: Store, repository: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(store.folder)], stdout=subprocess.PIPE, text=True, cwd=repository
    )
    assert started.stdout is not None
    begun: set[str] = set()
    while len(begun) < 2:
        line = started.stdout.readline()
        assert line, "it ended by itself"
        begun.add(line.split(", seed")[0])
    started.kill()
    started.communicate(timeout=60)  # what they write to is open until the last of them is gone


@pytest.mark.parametrize("wrong", ["smal", "-3", "0", "nan", "inf"])
def test_a_wrong_budget_is_explained(wrong: str) -> None:
    with pytest.raises(SettingsError, match=f"budget is {wrong!r}; it must be small, full or"):
        Budget.read(wrong)


def test_budgets() -> None:
    assert Budget.read("12.5") == Budget(seconds=12.5)
    assert Budget.read("full") == Budget()
    assert Budget.read("small").minutes < Budget.read("full").minutes


def test_names_are_checked() -> None:
    with pytest.raises(SettingsError, match=r"Unknown experiment 'hintn'\. Did you mean 'hinton'"):
        configurations("hintn")
    with pytest.raises(SettingsError, match="Did you mean 'test_error'"):
        Aim("test_eror")
    with pytest.raises(ValueError, match=r"has a published figure, '2 %', and no source"):
        Aim("test_error", published="2 %")
    with pytest.raises(ValueError, match="letters, digits"):
        Configuration("a/b", {}, epochs=1)
    with pytest.raises(ValueError, match="epochs or seconds, and not both"):
        Configuration("a", {}, epochs=1, seconds=1.0)


def test_every_goodness_is_tuned_alike() -> None:
    for name in ("goodness_zoo", "goodness_zoo_5k"):
        rows = configurations(name)
        assert [one.name for one in rows] == goodness.names()
        grids = [
            {
                (rate, round(scale * unit(one.name, one.fields["layers"][0]), 9))
                for rate in one.grid["learning_rate"]
                for scale in one.grid["logit_scale"]
            }
            for one in rows
        ]
        assert all(grid == grids[0] for grid in grids)
        assert len(grids[0]) == 9
