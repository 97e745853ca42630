"""``ffexplore reproduce``: run experiments and write the page of their results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import ffexplore.reproduce.catalogue  # noqa: F401  fills the registry
from ffexplore.errors import FFExploreError
from ffexplore.paths import file_in_the_way
from ffexplore.reproduce.experiment import configurations, experiments
from ffexplore.reproduce.page import text
from ffexplore.reproduce.pictures import pictures
from ffexplore.reproduce.results import collect
from ffexplore.reproduce.rows import counted
from ffexplore.reproduce.session import Budget, Order, Reasons, carry_out, order
from ffexplore.reproduce.store import Store, write

NOTHING_RUN = 1  # what a shell is told where nothing that was asked for could be run


def reproduce_command(options: argparse.Namespace) -> int:
    """Run what is asked for and not there yet, and write ``results.md`` and ``results.json``."""
    if (file := file_in_the_way(options.docs)) is not None:
        raise FFExploreError(f"--docs is {options.docs}, but {file} is a file; name a folder.")
    if options.names and options.all:
        raise FFExploreError(f"--all is every experiment; leave it out, or the names: {', '.join(options.names)}.")
    names = tuple(dict.fromkeys(options.names)) or tuple(experiments.names())
    asked = order(names, options.docs / "results", options.seeds, Budget.read(options.budget))
    if options.list:
        print_list(names)
        return 0
    if not (options.names or options.all or options.only_report):
        print_list(names)
        raise FFExploreError(
            "nothing was run. Name experiments, as in 'ffexplore reproduce hinton', or give --all for every one that "
            f"the budget allows: about {_hours(asked):.1f} hours on one core, as planned, less what is there already."
        )
    reasons: Reasons = {}
    try:
        if not options.only_report:
            reasons = carry_out(asked, options.jobs)
    finally:  # also after Ctrl-C: what is finished is on the page
        for (name, configuration), reason in reasons.items():
            print(f"not run: {name}, {configuration}: {reason}")
        try:
            write_page(options.docs, reasons)
        except OSError as error:
            raise FFExploreError(f"--docs is {options.docs}, which cannot be written: {error.strerror}.") from error
    return NOTHING_RUN if len(reasons) == len(asked.planned) else 0


def _hours(asked: Order) -> float:
    """How long everything takes that is asked for and that the budget allows, as planned."""
    minutes = [asked.minutes(configuration) for _, configuration in asked.planned]
    return min(sum(each for each in minutes if each <= asked.budget.minutes) / 60, asked.budget.seconds / 3600)


def write_page(docs: Path, reasons: Reasons) -> None:
    """Write ``results.json`` from the records of all experiments, and ``results.md`` and its pictures from that."""
    results = collect(experiments.names(), Store(docs / "results"), reasons)
    write(docs / "results.json", results)
    kept = json.loads((docs / "results.json").read_text(encoding="utf-8"))
    (docs / "results.md").write_text(text(kept), encoding="utf-8", newline="\n")
    drawn = pictures(kept)
    for name, picture in drawn.items():
        (docs / "results").mkdir(exist_ok=True)
        (docs / "results" / name).write_text(picture, encoding="utf-8", newline="\n")
    for old in set((docs / "results").glob("*.svg")) - {docs / "results" / name for name in drawn}:
        old.unlink()
    print(f"Wrote {docs / 'results.md'} and {docs / 'results.json'}.")


def print_list(names: tuple[str, ...]) -> None:
    """Print experiments with their configurations, and about how long each takes on one core."""
    for name in names:
        print(f"{name}: {experiments[name].summary}")
        for one in configurations(name):
            gpu = ", wants a GPU" if one.gpu else ""
            length = f"{one.seconds:g} s, alone on the machine" if one.epochs is None else counted(one.epochs, "epoch")
            seeds, minutes = counted(one.seeds, "seed"), one.planned_minutes()
            print(f"  {one.name:<30} {length}, {seeds}, about {minutes:.0f} min in all{gpu}")
