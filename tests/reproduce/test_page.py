"""The page of results: what it says of runs, and that the one in the repository is that of its JSON."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from ffexplore import Settings
from ffexplore.cli import main
from ffexplore.reproduce.command import NOTHING_RUN, write_page
from ffexplore.reproduce.experiment import Aim, Configuration, configurations, experiments
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.page import text
from ffexplore.reproduce.pictures import pictures
from ffexplore.reproduce.rows import bound, verdict
from ffexplore.reproduce.store import read
from tests.reproduce.conftest import Enter, configuration


def test_the_page_and_its_pictures_are_those_of_its_json(repository: Path) -> None:
    results = json.loads((repository / "docs" / "results.json").read_text(encoding="utf-8"))
    kept = (repository / "docs" / "results.md").read_text(encoding="utf-8")
    assert text(results) == kept, "run: ffexplore reproduce --only-report"
    drawn = {file.name: file.read_text(encoding="utf-8") for file in (repository / "docs" / "results").glob("*.svg")}
    assert drawn == pictures(results), "run: ffexplore reproduce --only-report"


def test_the_json_is_that_of_the_records(repository: Path) -> None:
    """Every run on the page has its record, with the same figures; the catalogue may have gone on since."""
    results = json.loads((repository / "docs" / "results.json").read_text(encoding="utf-8"))
    runs = [
        (repository / "docs" / "results" / each["name"] / f"{row['configuration']}.seed-{run['seed']}.json", run)
        for each in results["experiments"]
        for row in each["rows"]
        for run in row["runs"]
    ]
    assert runs
    for path, run in runs:
        record = read(path)
        assert record is not None, path
        assert run["seconds"] == record["seconds"]
        assert Settings.from_share(run["settings"]).to_dict() == Settings.from_dict(record["settings"]).to_dict()
        for name, value in run["figures"].items():
            assert value is None or value == pytest.approx(figure(name).read(record), abs=1e-6), (path, name)


@pytest.fixture
def told(enter: Enter, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    """The page and the JSON of a small experiment."""
    aims = [
        Aim("test_error", high=100, published="40 %", source="somewhere"),
        Aim("test_error", high=0.0),
        Aim("test_error", than="missing"),
    ]
    name = enter(
        configuration("one", 2, seeds=3, aims=aims, figures=("test_error", "auc_2")),
        configuration("tuned", 1, grid={"learning_rate": [1e-3, 1e-2]}),
        configuration("missing", 1, gpu=True, minutes=120, fields={"goodness": "nothing"}),
    )
    assert main(["reproduce", name, "--seeds", "2", "--docs", str(tmp_path), "--budget", "full"]) == 0
    capsys.readouterr()
    return (tmp_path / "results.md").read_text(encoding="utf-8"), read(tmp_path / "results.json") or {}


def test_mean_and_spread_are_those_of_the_records(told: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    page, _ = told
    records = [read(tmp_path / "results" / "tiny" / f"one.seed-{seed}.json") or {} for seed in range(2)]
    errors = [100 * (1 - record["test"]["accuracy"]) for record in records]
    (line,) = [line for line in page.splitlines() if line.startswith("| `one`")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:4] == ["64-16-16", "2 epochs", "2"]
    assert f"{statistics.fmean(errors):.2f} ± {statistics.stdev(errors):.2f}" in cells
    assert "40 % (somewhere)" in cells
    aucs = [record["curve"][-1]["auc_uniform"][0] for record in records]
    assert f"{statistics.fmean(aucs):.3f} ± {statistics.stdev(aucs):.3f}" in cells


def test_times_are_told_apart_by_machine(told: tuple[str, dict[str, Any]]) -> None:
    _, results = told
    (experiment,) = [each for each in results["experiments"] if each["name"] == "tiny"]
    row = experiment["rows"][0]
    results["machines"].append(results["machines"][0])
    row["runs"][0] |= {"seconds": 400.0, "machine": 1, "load": None}
    row["runs"][1] |= {"seconds": 20.0, "machine": 0, "load": None}
    assert "| 20 s, 7 min | A, B |" in text(results)
    row["runs"][0]["seconds"] = 20.0
    assert "| 20 s | A, B |" in text(results)


def test_what_a_docstring_says_below_its_first_line_is_on_the_page(tmp_path: Path) -> None:
    def made() -> list[Configuration]:
        """What it shows.

        How `one` was chosen,
        and why.
        """
        return [configuration("one", 1)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "_entries", dict(experiments._entries))
        experiments.register("noted", source="these tests")(made)
        write_page(tmp_path, {})
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "## noted\n\nWhat it shows. Source: these tests.\n\nHow `one` was chosen,\nand why.\n" in page


def test_a_summary_counts_those_that_are_held_against_something(enter: Enter, tmp_path: Path) -> None:
    aim = [Aim("test_error", high=100)]
    name = enter(configuration("asked", 1, aims=aim), *(configuration(f"plain-{n}", 1) for n in range(4)))
    assert main(["reproduce", name, "--docs", str(tmp_path)]) == 0
    (line,) = [line for line in (tmp_path / "results.md").read_text(encoding="utf-8").splitlines() if "(#tiny)" in line]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    results = read(tmp_path / "results.json") or {}
    (row, *_) = next(each["rows"] for each in results["experiments"] if each["name"] == "tiny")
    error = row["runs"][0]["figures"]["test_error"]
    assert cells[1:] == [
        "1 of 1 run",
        "test error",
        "",
        "at most 100 %",
        f"{error:.2f} %",
        "1 of 1 runs",
        "1 of 1 reached",
    ]


def test_aims_are_judged_and_what_was_not_run_is_said(told: tuple[str, dict[str, Any]]) -> None:
    page, _ = told
    assert "test error at most 100 %: reached<br>test error at most 0 %: **not reached**" in page
    assert "test error below that of `missing`: not known" in page
    assert "- Not run, Unknown goodness 'nothing'." in page
    assert "About 1 minute on one core, as planned: `one` (1 of 3 seeds)." in page
    assert "as planned: `missing`." in page
    assert "learning_rate 0.01" in page or "learning_rate 0.001" in page
    assert "- **A**: " in page


def test_every_experiment_is_on_the_page(told: tuple[str, dict[str, Any]]) -> None:
    page, results = told
    assert [each["name"] for each in results["experiments"]] == experiments.names()
    for name in experiments.names():
        assert f"\n## {name}\n" in page
        for one in configurations(name):
            assert f"`{one.name}`" in page


@pytest.mark.parametrize(
    ("bounds", "mean", "said", "judged"),
    [
        ({"high": 1.5}, 1.5, "at most 1.5 %", "reached"),
        ({"high": 1.5}, 1.51, "at most 1.5 %", "**not reached**"),
        ({"low": 5.8, "high": 7.8}, 6.8, "from 5.8 to 7.8 %", "reached"),
        ({"low": 5.8, "high": 7.8}, 5.0, "from 5.8 to 7.8 %", "**not reached**"),
        ({"low": 3.0}, 2.0, "at least 3 %", "**not reached**"),
        ({}, 2.0, "", "reached"),
    ],
)
def test_bounds(bounds: dict[str, float], mean: float, said: str, judged: str) -> None:
    aim = {"figure": "test_error", **bounds}
    row = {"configuration": "a", "figures": ["test_error"], "runs": [{"figures": {"test_error": mean}}]}
    assert bound(aim) == said
    assert verdict(aim, row, [row]) == judged


def test_the_page_alone_runs_nothing(enter: Enter, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = enter(configuration("one", 1))
    assert main(["reproduce", name, "--only-report", "--docs", str(tmp_path)]) == 0
    assert not (tmp_path / "results").exists()
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "- Not run, not asked for yet. About 1 minute on one core, as planned: `one`." in page
    assert "Wrote" in capsys.readouterr().out


def test_pictures_are_written_and_old_ones_go(enter: Enter, tmp_path: Path) -> None:
    name = enter(configuration("one", 1), configuration("two", 1), ranked="test_error")
    old = tmp_path / "results" / "old.svg"
    old.parent.mkdir()
    old.write_text("<svg/>")
    assert main(["reproduce", name, "--seeds", "1", "--docs", str(tmp_path)]) == 0
    assert [file.name for file in (tmp_path / "results").glob("*.svg")] == ["tiny.svg"]
    assert "](results/tiny.svg)" in (tmp_path / "results.md").read_text(encoding="utf-8")


def test_the_list_names_every_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--list"]) == 0
    listed = capsys.readouterr().out
    for name in experiments.names():
        assert f"\n{name}: " in f"\n{listed}"


def test_the_list_has_a_space_after_every_name(enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    long = "a-name-of-a-configuration-that-is-longer-than-the-column-is-wide"
    name = enter(configuration(long, 2), configuration("twenty-eight-letters-of-name", 3, minutes=2))
    assert main(["reproduce", "--list"]) == 0
    words = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    named = {row[0] for row in words}
    assert {long, "twenty-eight-letters-of-name"} <= named
    assert named == {one.name for each in experiments.names() for one in configurations(each)}
    assert main(["reproduce", "--list", name]) == 0
    assert f"  {long} 2 epochs, 1 seed, about " in capsys.readouterr().out


def test_without_a_name_nothing_is_run_and_it_is_said_how_long_all_takes(
    enter: Enter, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = enter(configuration("one", 1, minutes=3), configuration("long", 1, minutes=87))
    monkeypatch.setattr(experiments, "names", lambda: [name])
    docs = ["--docs", str(tmp_path / "docs")]
    assert main(["reproduce", "--budget", "full", *docs]) == 2
    told = capsys.readouterr()
    assert f"{name}: " in told.out
    assert "about 87 min" in told.out
    assert "nothing was run" in told.err
    assert "--all for every one that the budget allows: about 1.5 hours" in told.err
    assert not (tmp_path / "docs").exists()
    assert main(["reproduce", "--all", *docs]) == 0
    assert (tmp_path / "docs" / "results" / name / "one.seed-0.json").exists()
    assert not (tmp_path / "docs" / "results" / name / "long.seed-0.json").exists()


def test_an_unknown_experiment_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "hintn", "--docs", str(tmp_path / "docs")]) == 2
    assert "Unknown experiment 'hintn'. Did you mean 'hinton'?" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()


def test_every_experiment_can_be_asked(tmp_path: Path) -> None:
    """Each configuration's settings exist, or say what is missing; nothing is loaded or trained."""
    write_page(tmp_path, {})
    results = read(tmp_path / "results.json") or {}
    whys = [row.get("why", "") for each in results["experiments"] for row in each["rows"]]
    assert whys
    assert not [why for why in whys if "Unknown" in why or "must be" in why]


def test_a_run_that_diverged_is_told_beside_the_verdict_on_the_others() -> None:
    runs = [{"figures": {"test_error": 1.0}}, {"figures": {"test_error": 90.2}, "diverged": "At step 9."}]
    row = {"configuration": "a", "figures": ["test_error"], "runs": runs}
    assert verdict({"figure": "test_error", "high": 1.5}, row, [row]) == "reached, but 1 of 2 diverged"


def test_results_are_kept_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["reproduce", "--only-report", "--docs", str(tmp_path / "file")]) == 2
    assert f"{tmp_path / 'file'} is a file; name a folder" in capsys.readouterr().err
    assert main(["reproduce", "--only-report", "--docs", str(tmp_path / "file" / "docs")]) == 2
    assert f"{tmp_path / 'file'} is a file; name a folder" in capsys.readouterr().err


def test_where_nothing_could_be_run_the_shell_is_told(
    enter: Enter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = enter(configuration("one", 1, minutes=87), configuration("other", 1, minutes=88))
    docs = ["--docs", str(tmp_path / "docs")]
    assert main(["reproduce", name, *docs]) == NOTHING_RUN
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith("not run: ") for line in lines] == [True, True, False]
    assert main(["reproduce", name, "--only-report", *docs]) == 0
    assert main(["reproduce", name, "--all", *docs]) == 2
    assert "leave it out, or the names" in capsys.readouterr().err
