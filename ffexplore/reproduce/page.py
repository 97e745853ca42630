"""The page of results, written from the results alone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from typing import Any

from ffexplore.reproduce.figures import figure

Row = dict[str, Any]

HEAD = """# Results

Written by `ffexplore reproduce` from `results.json`; do not edit by hand. Every figure is that of runs whose records
lie beside this page, in `results/EXPERIMENT/CONFIGURATION.seed-N.json`, with all settings. Errors are shares of MNIST's
10 000 test images unless a column says otherwise; figures are the mean over the seeds ± the standard deviation.
Settings are chosen on validation data; the test data is read once, at the end of a run. Time is that of the training of
one run, without the looks at validation data; *load* is the number of processes that wanted a core before it began (the
most of all seeds): where it is above that of an idle machine, the run took longer than it would have alone.
"""


def text(results: dict[str, Any]) -> str:
    """The whole page as Markdown."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: dict[str, Any]) -> Iterator[str]:
    yield HEAD
    for experiment in results["experiments"]:
        yield from _experiment(experiment)
    yield "## Machines\n"
    for number, machine in enumerate(results["machines"]):
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        yield (
            f"- **{_letter(number)}**: {machine['processor']}, {machine['cores']} cores, {machine['threads']} "
            f"thread{'s' if machine['threads'] != 1 else ''}, {machine['precision']}; {versions}"
        )
    if not results["machines"]:
        yield "None yet: nothing was run."


def _experiment(experiment: dict[str, Any]) -> Iterator[str]:
    """One experiment: what it shows, a table of what was run, a list of what was not."""
    yield f"## {experiment['name']}\n"
    yield f"{experiment['shows']}" + (f" Source: {experiment['source']}." if experiment["source"] else "") + "\n"
    rows = experiment["rows"]
    run = [row for row in rows if row["runs"]]
    if ranked := experiment["ranked"]:
        run.sort(key=lambda row: _mean(row, ranked, math.inf))
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
        f"`{row['configuration']}`" + (f" ({len(row['runs'])} of {row['seeds']} seeds)" if row["runs"] else "")
        for row in rows
    ]
    minutes = sum(row["minutes_left"] for row in rows)
    time = f"{minutes:.0f} minutes" if minutes < 100 else f"{minutes / 60:.0f} hours"
    return f"- Not run, {why} About {time} on one core, as planned: {', '.join(named)}."


def _table(run: list[Row], rows: list[Row]) -> Iterator[str]:
    """The rows that were run; a column that would be empty is left out."""
    names = list(dict.fromkeys(name for row in run for name in row["figures"]))
    columns = ["configuration", "network", "length", "seeds", "time", "machine", *(_title(name) for name in names)]
    optional = {"chosen on validation": _chosen, "published": _published, "aim": lambda row: _aims(row, rows)}
    more = {title: cell for title, cell in optional.items() if any(cell(row) for row in run)}
    yield _line([*columns, *more])
    yield _line(["---"] * (len(columns) + len(more)))
    for row in run:
        cells = [f"`{row['configuration']}`", row["network"], _length(row), _seeds(row), _time(row), _machines(row)]
        yield _line([*cells, *(_value(row, name) for name in names), *(cell(row) for cell in more.values())])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _title(name: str) -> str:
    unit = figure(name).unit
    return figure(name).title + (f" [{unit}]" if unit else "")


def _values(row: Row, name: str) -> list[float]:
    """The figure of every run that came to an end."""
    found = [run["figures"].get(name) for run in row["runs"] if "diverged" not in run]
    return [value for value in found if value is not None]


def _mean(row: Row, name: str, missing: float = math.nan) -> float:
    values = _values(row, name)
    return statistics.fmean(values) if values else missing


def _value(row: Row, name: str) -> str:
    """Mean ± standard deviation; a figure that was not asked for or does not exist is a dash."""
    if name not in row["figures"] or not (values := _values(row, name)):
        return "–"
    digits = figure(name).digits
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.{digits}f}{spread}"


def _length(row: Row) -> str:
    length = row["length"]
    if "epochs" in length:
        fitted = ", then the read-out fitted" if "readout_passes" in length else ""
        return f"{length['epochs']:g} epochs{fitted}"
    epochs = statistics.fmean(run["epochs"] for run in row["runs"])
    return f"{length['seconds']:g} s ({epochs:.1f} epochs)"


def _seeds(row: Row) -> str:
    diverged = sum("diverged" in run for run in row["runs"])
    return f"{len(row['runs'])}" + (f", {diverged} diverged" if diverged else "")


def _time(row: Row) -> str:
    seconds = statistics.fmean(run["seconds"] for run in row["runs"])
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _machines(row: Row) -> str:
    """The letters of the machines, and how busy they were before the runs: the times hang on it."""
    letters = ", ".join(sorted({_letter(run["machine"]) for run in row["runs"]}))
    loads = [run["load"] for run in row["runs"] if run["load"] is not None]
    return letters + (f", load {max(loads):.1f}" if loads else "")


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number)


def _chosen(row: Row) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in (row.get("chosen") or {}).items()
    )


def _published(row: Row) -> str:
    said = [f"{aim['published']} ({aim['source']})" for aim in row["aims"] if "published" in aim]
    return "<br>".join(dict.fromkeys(said))


def _aims(row: Row, rows: list[Row]) -> str:
    return "<br>".join(f"{wanted(aim)}: {verdict(aim, row, rows)}" for aim in row["aims"] if wanted(aim))


def wanted(aim: dict[str, Any]) -> str:
    """What an aim asks for, in words; empty when it only quotes."""
    low, high, unit = aim.get("low"), aim.get("high"), figure(aim["figure"]).unit
    unit = f" {unit}" if unit else ""
    if "than" in aim:
        bound = f"below that of `{aim['than']}`"
    elif low is not None and high is not None:
        bound = f"from {low:g} to {high:g}{unit}"
    elif high is not None:
        bound = f"at most {high:g}{unit}"
    elif low is not None:
        bound = f"at least {low:g}{unit}"
    else:
        return ""
    return f"{figure(aim['figure']).title} {bound}"


def verdict(aim: dict[str, Any], row: Row, rows: list[Row]) -> str:
    """Whether the mean over the seeds meets an aim."""
    mean = _mean(row, aim["figure"])
    if math.isnan(mean):
        return "not known"
    if "than" in aim:
        other = next(_mean(each, aim["figure"]) for each in rows if each["configuration"] == aim["than"])
        return "not known" if math.isnan(other) else _said(mean < other)
    return _said(aim.get("low", -math.inf) <= mean <= aim.get("high", math.inf))


def _said(met: bool) -> str:
    return "reached" if met else "**not reached**"
