"""The page of results, written from the results alone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from typing import Any

from ffexplore.reproduce import ranking, series
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.pictures import picture_of
from ffexplore.reproduce.rows import Row, bound, counted, diverged, line, mean, published, title, value, verdict
from ffexplore.reproduce.summary import summary

HEAD = """# Results

Written by `ffexplore reproduce` from `results.json`; do not edit by hand. Every figure is that of runs whose records
lie beside this page, in `results/EXPERIMENT/CONFIGURATION.seed-N.json`, with all settings. Errors are shares of MNIST's
10 000 test images unless a column says otherwise; figures are the mean over the seeds ± the standard deviation.
Settings are chosen on validation data; the test data is read once, at the end of a run. Time is that of the training of
one run, without the looks at validation data; where runs were made on several machines, one time for each, in the order
of their letters. *load* is the number of processes that wanted a core before it began (the
most of all seeds): where it is above that of an idle machine, the run took longer than it would have alone. That holds
for a GPU, too, which several runs may share.
"""


def text(results: dict[str, Any]) -> str:
    """The whole page as Markdown."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: dict[str, Any]) -> Iterator[str]:
    yield HEAD
    yield from summary(results)
    for experiment in results["experiments"]:
        yield from _experiment(experiment, results["experiments"])
    yield "## Machines\n"
    for number, machine in enumerate(results["machines"]):
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        yield (
            f"- **{_letter(number)}**: {machine['processor']}, {counted(machine['cores'], 'core')}, "
            f"{counted(machine['threads'], 'thread')}, {machine['precision']}; {versions}"
        )
    if not results["machines"]:
        yield "None yet: nothing was run."


def _experiment(experiment: dict[str, Any], others: list[dict[str, Any]]) -> Iterator[str]:
    """One experiment: what it shows, a picture, what can be said, a table of what was run, a list of what was not."""
    yield f"## {experiment['name']}\n"
    yield f"{experiment['shows']}" + (f" Source: {experiment['source']}." if experiment["source"] else "") + "\n"
    rows = experiment["rows"]
    run = [row for row in rows if row["runs"]]
    if notes := experiment.get("notes"):
        yield f"{notes}\n"
    if picture_of(experiment):
        yield f"![{experiment['name']}: the table below as a picture](results/{experiment['name']}.svg)\n"
    if ranked := experiment["ranked"]:
        run.sort(key=lambda row: mean(row, ranked, math.inf))
        yield from ranking.said(experiment, others)
    else:
        yield from series.said(experiment)
    if run:
        yield from _table(run, rows)
        yield ""
    missing = [row for row in rows if "why" in row]
    for why in dict.fromkeys(row["why"] for row in missing):
        yield _missing([row for row in missing if row["why"] == why], why)
    if missing:
        yield ""


def _missing(rows: list[Row], why: str) -> str:
    """What was not run, or not with every seed, for one reason."""
    named = [
        f"`{row['configuration']}`" + (f" ({row['seeds'] - done} of {row['seeds']} seeds)" if done else "")
        for row in rows
        for done in [len(row["runs"])]
    ]
    minutes = sum(row["minutes_left"] for row in rows)
    time = counted(minutes, "minute") if minutes < 100 else counted(minutes / 60, "hour")
    return f"- Not run, {why} About {time} on one core, as planned: {', '.join(named)}."


def _table(run: list[Row], rows: list[Row]) -> Iterator[str]:
    """The rows that were run; a column that would be empty is left out."""
    names = list(dict.fromkeys(name for row in run for name in row["figures"]))
    columns = ["configuration", "network", "length", "seeds", "time", "machine", *(title(name) for name in names)]
    optional = {"chosen on validation": _chosen, "published": published, "aim": lambda row: _aims(row, rows)}
    more = {column: cell for column, cell in optional.items() if any(cell(row) for row in run)}
    yield line([*columns, *more])
    yield line(["---"] * (len(columns) + len(more)))
    for row in run:
        cells = [f"`{row['configuration']}`", row["network"], _length(row), _seeds(row), _time(row), _machines(row)]
        yield line([*cells, *(_figure(row, name) for name in names), *(cell(row) for cell in more.values())])


def _figure(row: Row, name: str) -> str:
    """A figure that was not asked of a row is a dash, though it may be known."""
    return value(row, name) if name in row["figures"] else "–"


def _length(row: Row) -> str:
    length = row["length"]
    if "epochs" in length:
        fitted = ", then the read-out fitted" if "readout_passes" in length else ""
        if "readout_copies" in length:
            fitted += f" to {length['readout_copies']:g} copies of each picture"
        return f"{length['epochs']:g} epochs{fitted}"
    epochs = statistics.fmean(run["epochs"] for run in row["runs"])
    return f"{length['seconds']:g} s ({epochs:.1f} epochs)"


def _seeds(row: Row) -> str:
    lost = diverged(row)
    return f"{len(row['runs'])}" + (f", {lost} diverged" if lost else "")


def _time(row: Row) -> str:
    """Of one run, on each of the machines."""
    machines = sorted({run["machine"] for run in row["runs"]})
    means = [statistics.fmean(run["seconds"] for run in row["runs"] if run["machine"] == each) for each in machines]
    times = [_duration(seconds) for seconds in means]
    return ", ".join(dict.fromkeys(times) if len(set(times)) == 1 else times)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _machines(row: Row) -> str:
    """The letters of the machines, and how busy they were before the runs: the times hang on it."""
    letters = ", ".join(_letter(number) for number in sorted({run["machine"] for run in row["runs"]}))
    loads = [run["load"] for run in row["runs"] if run["load"] is not None]
    return letters + (f", load {max(loads):.1f}" if loads else "")


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number)


def _chosen(row: Row) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in (row.get("chosen") or {}).items()
    )


def _aims(row: Row, rows: list[Row]) -> str:
    asked = [(f"{figure(aim['figure']).title} {bound(aim)}", aim) for aim in row["aims"] if bound(aim)]
    return "<br>".join(f"{words}: {verdict(aim, row, rows)}" for words, aim in asked)
