"""A run as a script: its first settings, and every change at the step at which it was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ffexplore.data import Dataset
from ffexplore.engine.device import resolve_device
from ffexplore.engine.manifest import version_of
from ffexplore.engine.own_functions import own_functions
from ffexplore.engine.settings import Settings
from ffexplore.live.changes import differing
from ffexplore.live.journal import Beginning, Journal
from ffexplore.registry import Choice

TRAIN = '''
def train_to(step):
    """Train until so many batches were seen."""
    while trainer.steps < step:
        trainer.step()
'''


def as_python(journal: Journal, steps: int, threads: int) -> str:
    """Write the script that repeats a run; on a CPU, with as many threads, it gives the same numbers bit for bit.

    Parameters
    ----------
    journal
        What was changed, and when.
    steps
        How many steps the run has made.
    threads
        How many threads torch used.

    Returns
    -------
    str
        Python, ready to be run.
    """
    beginning, notes = journal.beginning, journal.notes
    if beginning is None:
        beginning = Beginning(Settings())
    parts = [_head(), *_remarks(journal, beginning), *_threads(beginning.settings, threads)]
    parts += ["", *_trainer(beginning), "", TRAIN, ""]
    present, reached = beginning.settings, beginning.step
    for step, settings, passes, _ in notes:
        fields = differing(present, settings)
        if step > reached:
            parts.append(f"train_to({step})")
            reached = step
        if fields:
            parts.append(f"trainer.apply(trainer.settings.replace({_arguments(settings, fields)}))")
        if passes:
            parts.append(f"trainer.fit_readout(epochs={passes})")
        present = settings
    if steps > reached:
        parts.append(f"train_to({steps})")
    return "\n".join([*parts, "print(trainer.evaluate())", ""])


def _head() -> str:
    versions = f"ffexplore {version_of('ffexplore')}, torch {torch.__version__}"
    return f'"""A run with every change at its step ({versions})."""\n\nimport ffexplore as ff'


def _remarks(journal: Journal, beginning: Beginning) -> Iterator[str]:
    """What the script cannot carry and a person has to bring along."""
    everything = [beginning.settings, *(note.settings for note in journal.notes)]
    for name in sorted({name for settings in everything for name, _ in own_functions(settings)}):
        yield f"# Your own {name} must be registered first: run its cell."
    for name in dict.fromkeys(each.dataset.name for each in everything if isinstance(each.dataset, Dataset)):
        yield f"# Your own data {name!r} must be made first (ff.Dataset.from_arrays, from_csv or from_folder)"
        yield "# and handed to ff.Settings once; it is known by its fingerprint."
    if beginning.step and beginning.path is None:
        yield f"# The first {beginning.step} steps were made elsewhere and are not in this script."
    if not journal.is_complete:
        yield "# There were very many changes: the oldest were put together, and the numbers will be a little other."


def _threads(settings: Settings, threads: int) -> Iterator[str]:
    if resolve_device(settings.device).type == "cpu":
        yield "import torch"
        yield ""
        yield f"torch.set_num_threads({threads})  # the last digits depend on it"


def _trainer(beginning: Beginning) -> Iterator[str]:
    if beginning.path is not None:
        yield f"trainer = ff.Trainer.restore({str(beginning.path)!r})"
        yield f"assert trainer.steps == {beginning.step}, 'the checkpoint was written over since the run began with it'"
        return
    default = Settings()
    fields = differing(default, beginning.settings)
    yield "settings = ff.Settings("
    yield from (f"    {name}={literal(getattr(beginning.settings, name))}," for name in fields)
    yield ")"
    yield "trainer = ff.Trainer(settings)"


def _arguments(settings: Settings, fields: list[str]) -> str:
    return ", ".join(f"{name}={literal(getattr(settings, name))}" for name in fields)


def literal(value: Any) -> str:
    """The value of a field as Python that gives the same value again."""
    if isinstance(value, Dataset):
        return repr({"name": value.name, "fingerprint": value.fingerprint})
    if isinstance(value, Choice):
        params = ", ".join(f"{key}={each!r}" for key, each in value.params)
        return repr(f"{value.name}({params})" if params else value.name)
    if isinstance(value, tuple):
        return "(" + "".join(f"{literal(item)}, " for item in value).rstrip(" ") + ")"
    return repr(value)
