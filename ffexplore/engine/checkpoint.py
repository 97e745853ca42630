"""Checkpoints: tensors as safetensors, the rest as JSON; written atomically, verified when read, never unpickled.

A checkpoint at ``run.json`` is two files: ``run.json`` with settings, counters and manifest, and beside it the
tensors, named by their own SHA-256. The JSON is replaced last, so a checkpoint is always the old one or the new.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as pack_tensors
from torch import Tensor

from ffexplore.engine.manifest import become_other
from ffexplore.engine.settings import Settings
from ffexplore.errors import CheckpointError, DatasetError, SettingsError
from ffexplore.paths import Written, file_in_the_way, home_for_tilde, is_a_folder, is_folder

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained
    from ffexplore.engine.training import Trainer

FORMAT = "ffexplore checkpoint 1"


def place_of(path: Written) -> Path:
    """The JSON file of the checkpoint at a path, which may lack the ending; ``~`` is the person's home.

    Raises
    ------
    CheckpointError
        When there is a folder, or a file where a folder would have to be.
    """
    head = _head(path)
    for each in (path, head):
        if is_folder(each):
            raise CheckpointError(is_a_folder(home_for_tilde(each), "run.json"))
    if (file := file_in_the_way(head.parent)) is not None:
        raise CheckpointError(f"The checkpoint cannot be {head}: {file} is a file; name a folder there.")
    return head


def _head(path: Written) -> Path:
    file = home_for_tilde(path)
    return file if file.suffix == ".json" else file.parent / f"{file.name}.json"


def save(trainer: Trained, given: Written) -> Path:
    """Write a checkpoint and return the path of its JSON file; tensors of a former one there are removed.

    Raises
    ------
    CheckpointError
        When it cannot be written, or the path is that of a folder; a former checkpoint is as it was.
    """
    path = place_of(given)
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in trainer.state().items()}
    packed = pack_tensors(tensors)
    digest = hashlib.sha256(packed).hexdigest()
    file = f"{path.stem}.{digest[:16]}.safetensors"
    head = {
        "format": FORMAT,
        "tensors": file,
        "sha256": digest,
        "variants": [each.to_dict() for each in trainer.all_settings],
        "counters": trainer.counters(),
        "manifest": trainer.manifest(),
    }
    head["head_sha256"] = _digest_of_head(head)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        former = _former_tensors(path)
        _replace(path.with_name(file), packed)
        _replace(path, json.dumps(head, indent=1, ensure_ascii=False).encode())
        # a copied JSON names the tensors of another checkpoint: those stay
        if former is not None and former.name != file and former.name.startswith(f"{path.stem}."):
            former.unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointError(f"The checkpoint {path} could not be written: {error}.") from error
    return path


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _digest_of_head(head: dict[str, Any]) -> str:
    """SHA-256 of what the JSON file says beside this digest, however it is laid out."""
    said = {key: value for key, value in head.items() if key != "head_sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _former_tensors(path: Path) -> Path | None:
    """The tensor file of the checkpoint that is at ``path``, if one is."""
    try:
        return _tensor_path(path, json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError, CheckpointError):
        return None


def _tensor_path(path: Path, head: Any) -> Path:
    """The tensor file a head names; only a plain name beside the JSON file is taken."""
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not an ffexplore checkpoint of a known version.")
    name = head.get("tensors")
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
        raise CheckpointError(f"The checkpoint {path} is altered: its tensor file is named {name!r}.")
    return path.with_name(name)


def read(given: Written) -> tuple[list[Settings], dict[str, Any], dict[str, Tensor], dict[str, Any]]:
    """Read and verify a checkpoint: settings of each variant, counters, tensors, manifest.

    Raises
    ------
    CheckpointError
        When a file is missing, truncated, altered or foreign, or settings name what is not at hand here.
    """
    path = _head(given)
    try:
        head = json.loads(path.read_bytes())
        tensor_path = _tensor_path(path, head)
        packed = tensor_path.read_bytes()
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, OSError):
            place_of(given)
        raise CheckpointError(f"The checkpoint {path} cannot be read: {error}.") from error
    if head.get("head_sha256") != _digest_of_head(head):
        raise CheckpointError(f"The checkpoint {path} is altered: what the file says has another SHA-256.")
    if hashlib.sha256(packed).hexdigest() != head.get("sha256"):
        raise CheckpointError(f"The checkpoint {path} is altered or truncated: {tensor_path.name} has another SHA-256.")
    try:
        tensors = load_tensors(packed)
        variants = [Settings.from_dict(each) for each in head["variants"]]
        counters, manifest = dict(head["counters"]), dict(head["manifest"])
    except (SafetensorError, KeyError, TypeError, ValueError, SettingsError) as error:
        raise CheckpointError(f"The checkpoint {path} does not fit: {error}") from error
    return variants, counters, tensors, manifest


def restore(kind: type[Trainer], path: Written) -> tuple[Trainer, list[str]]:
    """Make a trainer that goes on where a checkpoint was written; and say what has become other since then."""
    variants, counters, tensors, manifest = read(path)
    try:
        trainer = kind.variants(variants)
        present = trainer.state()
        lasting = {name for name in present if not name.startswith("pairs.kept.")}
        missing = lasting - set(tensors)
        if missing:
            raise CheckpointError(f"The checkpoint {path} does not fit: it lacks {sorted(missing)[0]}.")
        for name in lasting:  # lasting negatives are not there in a new trainer
            if present[name].shape != tensors[name].shape or present[name].dtype != tensors[name].dtype:
                raise CheckpointError(f"The checkpoint {path} does not fit: {name} has another shape or type.")
        trainer.load_state(tensors, counters)
        return trainer, become_other(manifest, trainer)
    except (SettingsError, DatasetError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"The checkpoint {path} does not fit: {error}") from error
