"""All results as one value, from the records of the runs: what the page is written from."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

from ffexplore.engine.settings import Settings
from ffexplore.errors import FFExploreError
from ffexplore.registry import Entry
from ffexplore.reproduce.experiment import Aim, Configuration, configurations, experiments
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.session import Reasons, reported
from ffexplore.reproduce.store import Store, read

FORMAT = "ffexplore results 1"
NOT_YET, WANTS_GPU = "not asked for yet.", "wants a GPU."
TRAITS = ("ranked", "baseline", "like", "over")  # of an experiment, for the page; see ``experiment``
MACHINE = ("processor", "cores", "threads", "precision")  # what makes two machines the same; the load does not


def collect(names: Sequence[str], store: Store, reasons: Reasons) -> dict[str, Any]:
    """The results of experiments, as JSON has them.

    Parameters
    ----------
    names
        Experiments, in the order of the page.
    store
        Where the records are.
    reasons
        Why something was not run, where that was found out just now.

    Returns
    -------
    dict
        Experiments with their rows, each with its runs; and the machines they were made on.
    """
    machines: list[dict[str, Any]] = []
    found = []
    for name in names:
        entry = experiments[name]
        found.append(
            {
                "name": name,
                "shows": entry.summary,
                "notes": _notes(entry),
                "source": entry.source,
                **{trait: entry.traits.get(trait, "") for trait in TRAITS},
                "rows": [_row(name, one, store, machines, reasons) for one in configurations(name)],
            }
        )
    return {"format": FORMAT, "experiments": found, "machines": machines}


def _notes(entry: Entry) -> str:
    """What the docstring of an experiment says below its first line; empty where that is all."""
    return "\n".join((inspect.getdoc(entry.function) or "").splitlines()[1:]).strip()


def _row(
    name: str, configuration: Configuration, store: Store, machines: list[dict[str, Any]], reasons: Reasons
) -> dict[str, Any]:
    why, runs = reasons.get((name, configuration.name), ""), []
    try:
        runs = reported(name, configuration, store, configuration.seeds)
    except FFExploreError as error:
        why = str(error)
    records = [record for run in runs if (record := store.finished(run)) is not None]
    row: dict[str, Any] = {
        "configuration": configuration.name,
        "seeds": configuration.seeds,
        "figures": list(configuration.figures),
        "aims": [_aim(aim) for aim in configuration.aims],
        "runs": [_run(configuration, record, machines) for record in records],
    }
    if configuration.grid and (kept := read(store.tuning(name, configuration))):
        row["chosen"] = kept["chosen"]
    if records:
        row |= {key: records[0][key] for key in ("network", "length")}
        if counts := {record["test"]["rows"] for record in records if "test" in record}:
            row["test_rows"] = max(counts)
    if configuration.place:
        row["place"] = list(configuration.place)
    if left := configuration.seeds - len(records):
        trials = 0.0 if records else configuration.planned_minutes(0)
        row["minutes_left"] = round(trials + left * configuration.minutes, 2)
        row["why"] = why or (WANTS_GPU if configuration.gpu else NOT_YET)
    return row


def _run(configuration: Configuration, record: dict[str, Any], machines: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page needs of one run."""
    machine = {key: record["machine"][key] for key in MACHINE} | {"versions": record["versions"]}
    if machine not in machines:
        machines.append(machine)
    wanted = {*configuration.figures, *(aim.figure for aim in configuration.aims)}
    values = {name: figure(name).read(record) for name in sorted(wanted)}
    run = {
        **{key: record[key] for key in ("seed", "seconds", "epochs")},
        "machine": machines.index(machine),
        "load": record["machine"]["load"],
        "figures": {name: None if math.isnan(value) else round(value, 6) for name, value in values.items()},
        "settings": Settings.from_dict(record["settings"]).share(),
    }
    return run | ({"diverged": record["diverged"]} if "diverged" in record else {})


def _aim(aim: Aim) -> dict[str, Any]:
    return {key: value for key, value in vars(aim).items() if value not in (None, "")}
