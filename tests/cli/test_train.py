"""``ffexplore train`` and ``ffexplore datasets``."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ffexplore
from ffexplore import Choice, Settings, Trainer
from ffexplore.cli import main
from ffexplore.cli_train import finite, percent, read_field
from ffexplore.data import datasets
from ffexplore.errors import SettingsError

SMALL = ["train", "--preset", "classroom", "--dataset", "digits", "--set", "layers=16,16", "--quiet"]
SMALL += ["--set", "label_encoding=appended"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("threshold=2", 2),
        ("learning_rate = 2e-3", 2e-3),
        ("layers=500,500", (500, 500)),
        ("layers=[64]", [64]),
        ("dropout=None", None),
        ("goodness=mean_square", "mean_square"),
        ("objective=swish_symba(alpha=4)", "swish_symba(alpha=4)"),
        ("negatives=a=b", "a=b"),
        ("goodness=mean_square,mean", ["mean_square", "mean"]),
        ("goodness=top_k(share=0.2),mean", ["top_k(share=0.2)", "mean"]),
        ("goodness = lp_norm(p=3) , mean", ["lp_norm(p=3)", "mean"]),
        ("negatives=hard_label(temperature=2,layers=all)", "hard_label(temperature=2,layers=all)"),
        ("objective=symba(alpha=2),logistic", ["symba(alpha=2)", "logistic"]),
        ("threshold=width, 2", ["width", 2]),
    ],
)
def test_a_field_is_read(text: str, value: object) -> None:
    assert read_field(text) == (text.partition("=")[0].strip(), value)


@pytest.mark.parametrize("text", ["threshold", "=2", ""])
def test_a_field_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="write it as field=value"):
        read_field(text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dataset", "moons"], "dataset is given twice, by '--set dataset=digits' and '--dataset moons'"),
        (["--set", "dataset = rings"], "dataset is given twice, by '--set dataset=digits' and '--set dataset = rings'"),
        (["--set", "seed=1", "--seed", "2"], "seed is given twice, by '--set seed=1' and '--seed 2'"),
    ],
)
def test_a_field_that_is_given_twice_is_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--set", "dataset=digits", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_field_may_be_given_twice_as_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--set", "dataset=digits", "--seed", "2", "--set", "seed = 2", "--steps", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["seed"] == 2


def test_json_holds_no_nan_and_no_array() -> None:
    assert finite({"a": [math.nan, 1.5], 2: np.array([[1, 2]]), "c": ({"d": math.inf},)}) == {
        "a": [None, 1.5],
        "2": [[1, 2]],
        "c": [{"d": None}],
    }


def test_percent() -> None:
    assert percent(0.9812).split() == ["98.12", "%"]
    assert percent(math.nan).strip() == percent(None).strip() == "–"


def test_json_report_is_all_there_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--steps", "20", "--seed", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["preset"] == "classroom"
    assert report["settings"]["seed"] == 3
    assert report["settings"]["layers"] == [16, 16]
    assert 0 <= report["accuracy"] <= 1
    assert len(report["layer_accuracy"]) == len(report["auc"]) == 2


def test_a_field_of_each_layer_is_a_list_with_commas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--steps", "2", "--set", "goodness=top_k(share=0.2),mean", "--json"]) == 0
    named = json.loads(capsys.readouterr().out)["settings"]["goodness"]
    assert Settings(layers=(16, 16), goodness=named).goodness == (
        Choice("top_k", (("share", 0.2),)),
        Choice("mean", ()),
    )


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"ffexplore {ffexplore.__version__}\n"


def test_report_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--epochs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("test accuracy")
    assert [line.split()[:3] for line in lines[2:]] == [["layer", "1", "alone"], ["layer", "2", "alone"]]
    assert all("with those below" in line for line in lines[2:])


def test_the_trained_network_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network"
    assert main([*SMALL, "--steps", "5", "--save", str(path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert Trainer.restore(path).evaluate().accuracy == printed["accuracy"]


def test_a_folder_to_save_to_is_refused_before_anything_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Trainer, "fit", None)
    for folder in (str(tmp_path), f"{tmp_path / 'runs'}{os.sep}"):
        assert main([*SMALL, "--steps", "5", "--save", folder]) == 2
        assert "is a folder; name a file in it" in capsys.readouterr().err


def test_ctrl_c_ends_the_training_and_still_reports(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, count = Trainer.step, 0

    def step(self: Trainer) -> object:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        return whole(self)

    monkeypatch.setattr(Trainer, "step", step)
    assert main([*SMALL, "--steps", "50", "--json"]) == 0
    told = capsys.readouterr()
    assert 0 <= json.loads(told.out)["accuracy"] <= 1
    assert told.err == "Stopped early; this is how far it got.\n"
    assert count == 4


@pytest.mark.parametrize("length", [["--steps", "6"], ["--epochs", "1"], ["--seconds", "60"], []])
def test_what_ends_early_says_so_whatever_the_length(
    length: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = Trainer.fit

    def fit(self: Trainer, **given: Any) -> Trainer:
        return whole(self, steps=2, progress=False)

    monkeypatch.setattr(Trainer, "fit", fit)
    path = tmp_path / "network"
    assert main([*SMALL, *length, "--save", str(path)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("test accuracy")
    early, saved = told.err.splitlines()
    assert early == "Stopped early; this is how far it got."
    assert saved == f"Saved {path}.json, with the file of its tensors beside it."
    assert Trainer.restore(path).steps == 2


@pytest.mark.parametrize("length", [["--steps", "3"], ["--epochs", "3"], ["--seconds", "0.05"]])
def test_what_goes_to_its_end_says_nothing_of_it(length: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, *length]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("inside", ["network", "folder/network"])
def test_a_place_that_cannot_be_is_refused_before_anything_is_learned(
    inside: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(Trainer, "fit", lambda self, **given: pytest.fail("it was trained"))
    assert main([*SMALL, "--steps", "1", "--save", str(tmp_path / "file" / inside)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ffexplore: The checkpoint cannot be ")
    assert f"{tmp_path / 'file'} is a file; name a folder there." in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("dataset", "words"),
    [("digits", "--set label_encoding=appended\n"), ("moons", "--set label_encoding=appended --set shift=0\n")],
)
def test_what_other_data_take_is_said_as_it_is_written_here(
    dataset: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--quiet", "--steps", "1", "--dataset", dataset]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert error.endswith(f"With {dataset!r} goes {words}")
    assert main([*command, *words.split()]) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--preset", "clasroom"], "Did you mean 'classroom'?"),
        (["--dataset", "digit"], "Did you mean 'digits'?"),
        (["--set", "treshold=1"], "threshold"),
        (["--set", "goodness=mean_sqare"], "Did you mean 'mean_square'?"),
        (["--set", "threshold"], "write it as field=value"),
    ],
)
def test_a_mistake_is_one_clear_line(change: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--steps", "1", *change]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ffexplore: ")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("wrong", [["--steps", "0"], ["--seconds", "nan"], ["--steps", "5", "--epochs", "1"]])
def test_a_wrong_length_is_refused_by_the_parser(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*SMALL, *wrong])
    assert wrong[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([*SMALL, "--label-encoding", "appended", "--layers=8"], "as in --set label_encoding=...)"),
        ([*SMALL, "--layers=8,8"], "--layers=8,8 (a setting is changed by --set, as in --set layers=...)"),
        ([*SMALL, "--prest", "fast"], "unrecognized arguments: --prest fast\n"),
        (["datasets", "--layers", "8"], "unrecognized arguments: --layers 8\n"),
    ],
)
def test_a_setting_taken_for_an_option_is_told_from_what_there_is_not(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(given)
    assert said in capsys.readouterr().err


def test_datasets_are_listed_with_how_to_get_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert list(lines) == datasets.names()
    assert "offline" in lines["digits"]
    assert "8×8" in lines["digits"]
    assert "fetched on first use" in lines["mnist"]


def test_it_ends_quietly_when_nobody_reads_what_it_prints() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ffexplore.cli", "datasets"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # as `head` does when it has enough
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141
