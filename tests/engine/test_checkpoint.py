"""Checkpoints: go on bit for bit; what is cut, altered or foreign is refused and changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as pack

import ffexplore as ff
from ffexplore import CheckpointError, Settings, Trainer
from ffexplore.engine.checkpoint import _digest_of_head
from ffexplore.engine.own_functions import _plain
from tests.engine.sets import pictures

BASE: dict[str, Any] = {"layers": (8, 6, 5), "batch_size": 10, "device": "cpu"}
KINDS: dict[str, dict[str, Any]] = {
    "adam": {},
    "smoothed, peers": {"optimizer": "smoothed", "peer_normalization": 0.1, "weight_decay": 0.1},
    "sgd": {"optimizer": "sgd"},
    "dropout": {"dropout": 0.3},
    "shifts": {"shift": 1},
    "shifts, noise": {"shift": 2, "negatives": "noise", "negatives_refresh": "epoch"},
    "no read-out": {"readout_rate": 0.0},
    "hard labels": {"negatives": "hard_label"},
    "read-out labels once": {"negatives": "readout_label", "negatives_refresh": "once"},
    "every epoch": {"negatives_refresh": "epoch"},
    "every round": {"negatives_refresh": "round", "schedule": "rotation(turn=1)"},
    "one count": {"optimizer": "adam(shared_count=True)", "schedule": "rotation(turn=2)"},
    "hybrid": {"negatives": "hybrid_images", "negatives_refresh": "epoch", "label_encoding": "none"},
    "noise, full batch": {"negatives": "noise", "batch_size": "full"},
    "greedy": {"schedule": "greedy(steps=3)"},
    "collaboration": {"objective": "collaboration", "goodness": "predictive_coding"},
    "overlapping": {"schedule": "overlapping", "dropout": 0.2},
    "label at every layer": {"label_layers": "all"},
    "coin toss": {"black_box": "coin_toss(heads=0.7)", "black_box_after": 2},
    "linear": {"rate_course": "linear", "horizon": 4.0},
    "bfloat16": {"precision": "bfloat16"},
}


def trained(steps: int = 5, **changes: Any) -> Trainer:
    return Trainer(Settings(**{**BASE, "dataset": pictures(), **changes})).fit(steps=steps, progress=False)


def same(one: Trainer, other: Trainer) -> bool:
    mine, theirs = one.state(), other.state()
    return mine.keys() == theirs.keys() and all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("steps", [3, 5, 6])  # three: a round ends; five: an epoch ends
@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_run_is_the_run_that_was_not_interrupted(kind: str, steps: int, tmp_path: Path) -> None:
    whole = trained(steps, **KINDS[kind])
    restored = Trainer.restore(whole.save(tmp_path / "run"))
    assert same(whole, restored)
    assert restored.settings == whole.settings
    for _ in range(8):
        whole.step()
        restored.step()
    assert same(whole, restored)
    assert (restored.steps, restored.epochs, restored.course()) == (whole.steps, whole.epochs, whole.course())
    report, again = whole.evaluate().to_dict(), restored.evaluate().to_dict()
    assert str({**report, "seconds": 0}) == str({**again, "seconds": 0})  # as text, because nan is not nan


def test_variants_are_restored_too(tmp_path: Path) -> None:
    base = Settings(**BASE, dataset=pictures())
    together = Trainer.variants([base, base.replace(seed=3, threshold=2.0)]).fit(steps=4, progress=False)
    restored = Trainer.restore(together.save(tmp_path / "two.json"))
    assert restored.all_settings == together.all_settings
    for trainer in (together, restored):
        trainer.fit(steps=4, progress=False)
    assert same(together, restored)


def test_a_run_whose_settings_changed_is_restored(tmp_path: Path) -> None:
    trainer = trained(4)
    trainer.apply(trainer.settings.replace(layers=(8, 6, 7), learning_rate=0.01, batch_size=7, goodness="mean"))
    trainer.fit(steps=3, progress=False)
    restored = Trainer.restore(trainer.save(tmp_path / "run"))
    for each in (trainer, restored):
        each.fit(steps=4, progress=False)
    assert same(trainer, restored)
    assert restored.steps == 11


def test_what_lies_on_disk(tmp_path: Path) -> None:
    trainer = trained()
    path = trainer.save(tmp_path / "new" / "run")
    assert path == tmp_path / "new" / "run.json"
    head = json.loads(path.read_text())
    files = sorted(each.name for each in path.parent.iterdir())
    assert files == sorted(["run.json", head["tensors"]])
    assert hashlib.sha256((path.parent / head["tensors"]).read_bytes()).hexdigest() == head["sha256"]
    assert head["manifest"]["seed"] == 0
    assert head["manifest"]["dataset"]["fingerprint"] == trainer.plan.dataset.fingerprint
    assert {"settings", "versions", "device", "threads", "precision"} <= set(head["manifest"])
    assert Settings.from_dict(head["manifest"]["settings"]) == trainer.settings


def test_nothing_is_pickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise AssertionError("pickled")

    for owner, names in (
        (pickle, ("load", "loads", "dump", "dumps", "Unpickler", "Pickler")),
        (torch, ("load", "save")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, refuse)
    trainer = trained()
    assert same(Trainer.restore(trainer.save(tmp_path / "run")), trainer)


def refused(path: Path, said: str = "checkpoint") -> None:
    """Restoring ends in a CheckpointError, and no file is touched."""
    before = {each: each.read_bytes() for each in path.parent.iterdir()}
    with pytest.raises(CheckpointError, match=said):
        Trainer.restore(path)
    assert {each: each.read_bytes() for each in path.parent.iterdir()} == before


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return trained().save(tmp_path / "run")


def tensors_of(path: Path) -> Path:
    return path.parent / json.loads(path.read_text())["tensors"]


def test_truncated_files_are_refused(saved: Path) -> None:
    whole, tensors = saved.read_bytes(), tensors_of(saved).read_bytes()
    for share in (0.0, 0.3, 0.9, 0.999):
        saved.write_bytes(whole[: int(share * len(whole))])
        refused(saved)
    saved.write_bytes(whole)
    place = tensors_of(saved)
    for share in (0.0, 0.001, 0.5, 0.999):
        place.write_bytes(tensors[: int(share * len(tensors))])
        refused(saved, "SHA-256")
    place.write_bytes(tensors + b"\0")
    refused(saved, "SHA-256")


def test_a_flipped_bit_is_found_wherever_it_is(saved: Path) -> None:
    rng = np.random.default_rng(0)
    place = tensors_of(saved)
    tensors, head = place.read_bytes(), saved.read_bytes()
    for byte in rng.integers(0, len(tensors), 40):
        altered = bytearray(tensors)
        altered[byte] ^= 1 << int(rng.integers(0, 8))
        place.write_bytes(altered)
        refused(saved, "SHA-256")
    place.write_bytes(tensors)
    found = 0
    for byte in rng.integers(0, len(head), 150):
        altered = bytearray(head)
        altered[byte] ^= 1 << int(rng.integers(0, 8))
        saved.write_bytes(altered)
        try:
            json_same = json.loads(altered) == json.loads(head)
        except ValueError:
            json_same = False
        if not json_same:  # one blank for another says the same
            refused(saved)
            found += 1
    assert found > 100


def test_missing_files_are_refused(saved: Path, tmp_path: Path) -> None:
    tensors_of(saved).unlink()
    refused(saved, "cannot be read")
    with pytest.raises(CheckpointError, match="cannot be read"):
        Trainer.restore(tmp_path / "nothing")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(CheckpointError, match="is a folder"):
        Trainer.restore(tmp_path / "folder.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"3", b'{"format": "ffexplore checkpoint 2"}', b"\x80\x04]\x94.", b"\xff\xfe", b"[" * 200_000],
)  # fmt: skip
def test_foreign_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize(
    "name", ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", None, 3, "run.pt", "x\0.safetensors"]
)
def test_only_a_plain_name_beside_the_file_is_read(name: Any, saved: Path) -> None:
    secret = saved.parent.parent / "secret.safetensors"
    secret.write_bytes(tensors_of(saved).read_bytes())
    edit(saved, tensors=name)
    refused(saved, "tensor file is named|cannot be read")
    secret.unlink()


def edit(path: Path, **changes: Any) -> None:
    """Alter a head as somebody would who knows that it carries its own digest."""
    head = json.loads(path.read_text()) | changes
    head["head_sha256"] = _digest_of_head(head)
    path.write_text(json.dumps(head))


def test_an_edited_json_is_refused(saved: Path) -> None:
    text = saved.read_text()
    assert '"learning_rate": 0.002' in text
    saved.write_text(text.replace('"learning_rate": 0.002', '"learning_rate": 0.003'))
    refused(saved, "is altered")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variants": []}, "does not fit"),
        ({"variants": None}, "does not fit"),
        ({"variants": [3]}, "does not fit"),
        ({"variants": [{"layers": [8, 6, 5], "goodness": "from_afar"}]}, "ffexplore.goodness.register"),
        ({"variants": [{"layers": [8, 6], "dataset": "digits", "label_encoding": "appended"}]}, "does not fit"),
        ({"variants": [{"dataset": {"name": "mine", "fingerprint": "0"}}]}, "not at hand"),
        ({"counters": {}}, "does not fit"),
        ({"counters": None}, "does not fit"),
        ({"counters": {"steps": "many", "seconds": 0, "progress": 0, "epochs_before": 0, "kept_for": None}}, "not fit"),
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"sha256": None}, "SHA-256"),
    ],
)
def test_heads_that_do_not_fit_are_refused(changes: dict[str, Any], said: str, saved: Path) -> None:
    edit(saved, **changes)
    refused(saved, said)


@pytest.mark.parametrize("what", ["missing", "shape", "dtype", "not safetensors"])
def test_tensors_that_do_not_fit_are_refused(what: str, saved: Path) -> None:
    trainer = Trainer.restore(saved)
    state = {name: value.clone() for name, value in trainer.state().items()}
    if what == "missing":
        del state["layer.1.flat"]
    elif what == "shape":
        state["layer.1.flat"] = state["layer.1.flat"][:, :-1].contiguous()
    elif what == "dtype":
        state["layer.1.flat"] = state["layer.1.flat"].double()
    content = b"not tensors at all" if what == "not safetensors" else pack(state)
    tensors_of(saved).write_bytes(content)
    edit(saved, sha256=hashlib.sha256(content).hexdigest())
    refused(saved, "does not fit")


def test_a_function_that_is_not_registered_is_named(tmp_path: Path, register: Callable[..., Any]) -> None:
    register(ff.goodness, "of_my_own", lambda activity: activity.square().mean(-1))
    path = trained(goodness="of_my_own").save(tmp_path / "run")
    assert Trainer.restore(path).settings.goodness.name == "of_my_own"
    del ff.goodness._entries["of_my_own"]
    refused(path, r"Unknown goodness 'of_my_own'.*register\('of_my_own'\)")


def test_saving_again_leaves_one_checkpoint(tmp_path: Path) -> None:
    trainer = trained()
    trainer.save(tmp_path / "run")
    trainer.step()
    trainer.save(tmp_path / "run.json")
    trainer.save(tmp_path / "run")
    assert len(list(tmp_path.iterdir())) == 2
    assert same(Trainer.restore(tmp_path / "run"), trainer)


def test_a_failed_save_leaves_the_former_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trained()
    former = Trainer.restore(trainer.save(tmp_path / "run"))
    trainer.step()
    replaced = Path.replace

    def full(self: Path, target: Any) -> Any:
        if str(target).endswith(".json"):
            raise OSError("no space left on device")
        return replaced(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(CheckpointError, match="could not be written: no space left"):
            trainer.save(tmp_path / "run")
    assert same(Trainer.restore(tmp_path / "run"), former)
    assert not list(tmp_path.glob(".*"))


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"cannot be .*run\.json: .*file is a file; name a folder there"):
        trained().save(tmp_path / "file" / "run")


@pytest.mark.parametrize("name", ["run", "run.json"])
@pytest.mark.parametrize("folder", ["run", "run.json"])
def test_a_folder_is_no_place_for_a_checkpoint(folder: str, name: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    if folder == name or name == "run":
        with pytest.raises(CheckpointError, match=r"is a folder; name a file in it, as in .*run\.json"):
            trained().save(tmp_path / name)
        with pytest.raises(CheckpointError, match="is a folder; name a file in it"):
            Trainer.restore(tmp_path / name)
        assert [each.name for each in tmp_path.iterdir()] == [folder]
    else:
        assert Trainer.restore(trained().save(tmp_path / name)).steps == 5


def test_a_path_that_ends_as_a_folder_does_is_no_file_beside_it(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"runs is a folder; name a file in it, as in .*runs.run\.json"):
        trained().save(f"{tmp_path / 'runs'}{os.sep}")
    assert list(tmp_path.iterdir()) == []


def test_a_leading_tilde_is_the_home_of_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert trained().save("~/runs/one") == tmp_path / "runs" / "one.json"
    assert Trainer.restore("~/runs/one").steps == 5


@pytest.mark.parametrize("path", ["", ".", ".."])
def test_the_working_folder_is_no_place_for_a_checkpoint(path: str) -> None:
    with pytest.raises(CheckpointError, match="is a folder"):
        trained().save(path)


def test_a_checkpoint_that_lies_beside_a_folder_of_its_name_is_still_read(saved: Path) -> None:
    saved.with_suffix("").mkdir()
    assert Trainer.restore(saved.with_suffix("")).steps == 5


def test_saving_over_a_copied_head_spares_the_tensors_of_the_first(tmp_path: Path) -> None:
    trainer = trained()
    path = trainer.save(tmp_path / "run")
    (tmp_path / "copy.json").write_bytes(path.read_bytes())
    assert same(Trainer.restore(tmp_path / "copy"), trainer)
    trainer.step()
    trainer.save(tmp_path / "copy")
    assert Trainer.restore(path).steps == 5
    assert Trainer.restore(tmp_path / "copy").steps == 6


def test_a_function_whose_code_has_changed_is_told(tmp_path: Path, register: Callable[..., Any]) -> None:
    def square(activity: torch.Tensor) -> torch.Tensor:
        return activity.square().mean(-1)

    def same_square(activity: torch.Tensor) -> torch.Tensor:
        # laid out in another way
        return activity.square().mean(
            -1,
        )

    def cube(activity: torch.Tensor) -> torch.Tensor:
        return activity.pow(3).mean(-1)

    register(ff.goodness, "mine", square)
    path = trained(2, goodness="mine").save(tmp_path / "run.json")
    assert json.loads(path.read_text())["manifest"]["own_functions"].keys() == {"goodness 'mine'"}
    register(ff.goodness, "mine", same_square)
    Trainer.restore(path)
    register(ff.goodness, "mine", cube)
    with pytest.warns(UserWarning, match=r"run\.json was written with .* The goodness 'mine' has other code than then"):
        Trainer.restore(path)


def power(exponent: float) -> Callable[..., torch.Tensor]:
    return lambda activity: activity.pow(exponent).mean(-1)


def raised(exponent: float, activity: torch.Tensor) -> torch.Tensor:
    return activity.pow(exponent).mean(-1)


def weighted(weights: object, power: float) -> Callable[..., torch.Tensor]:
    return lambda activity: activity.pow(power).mean(-1) if weights is not None else activity.sum(-1)


@pytest.mark.parametrize(
    ("then", "same", "now"),
    [
        (power(2), power(2), power(3)),
        (partial(raised, 2), partial(raised, 2), partial(raised, 3)),
        (
            lambda activity, *, power=2.0: activity.pow(power).mean(-1),
            lambda activity, *, power=2.0: activity.pow(power).mean(-1),
            lambda activity, *, power=3.0: activity.pow(power).mean(-1),
        ),
        (weighted(torch.zeros(1), 2), weighted(torch.zeros(2), 2), weighted(torch.zeros(1), 3)),
    ],
    ids=["closure", "partial", "default", "object"],
)
def test_the_numbers_that_a_function_holds_are_part_of_its_mark(
    then: Callable[..., Any],
    same: Callable[..., Any],
    now: Callable[..., Any],
    tmp_path: Path,
    register: Callable[..., Any],
) -> None:
    register(ff.goodness, "mine", then)
    path = trained(2, goodness="mine").save(tmp_path / "run.json")
    register(ff.goodness, "mine", same)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer.restore(path)
    register(ff.goodness, "mine", now)
    with pytest.warns(UserWarning, match=r"The goodness 'mine' has other code than then"):
        Trainer.restore(path)


def test_what_was_registered_anew_while_it_trained_is_told_of_what_it_trained_with(
    tmp_path: Path, register: Callable[..., Any]
) -> None:
    register(ff.goodness, "mine", power(2))
    trainer = trained(2, goodness="mine")
    register(ff.goodness, "mine", power(3))
    path = trainer.save(tmp_path / "run.json")
    with pytest.warns(UserWarning, match=r"The goodness 'mine' has other code than then"):
        Trainer.restore(path)
    trainer.apply(trainer.settings.replace(learning_rate=0.001))  # takes the new one up
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer.restore(trainer.save(tmp_path / "run.json"))


def test_code_is_marked_alike_in_every_process(register: Callable[..., Any]) -> None:
    def picky(activity: torch.Tensor) -> torch.Tensor:
        return activity.mean(-1) if "b" in {"a", "b", "c"} else activity.sum(-1)

    assert "{'a', 'b', 'c'}" in _plain(picky.__code__)


def test_data_that_has_changed_under_its_name_is_told(tmp_path: Path, register: Callable[..., Any]) -> None:
    register(ff.datasets, "mine", lambda: pictures(), summary="pictures")
    path = trained(2, dataset="mine").save(tmp_path / "run.json")
    Trainer.restore(path)
    register(ff.datasets, "mine", lambda: pictures(seed=1), summary="others")
    with pytest.warns(UserWarning, match=r"The dataset 'mine' holds other data than then"):
        Trainer.restore(path)
