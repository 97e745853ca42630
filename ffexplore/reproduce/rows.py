"""What a row of the results says: means and spreads over the seeds, aims and whether they are met."""

from __future__ import annotations

import math
import re
import statistics
from typing import Any

from ffexplore.engine.welch import differ
from ffexplore.reproduce.figures import figure

Row = dict[str, Any]
UNSURE = ", by less than these seeds can tell"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def values(row: Row, name: str) -> list[float]:
    """The figure of every run that came to an end."""
    found = [run["figures"].get(name) for run in row["runs"] if "diverged" not in run]
    return [value for value in found if value is not None]


def mean(row: Row, name: str, missing: float = math.nan) -> float:
    """The mean of a figure over the seeds."""
    found = values(row, name)
    return statistics.fmean(found) if found else missing


def value(row: Row, name: str) -> str:
    """Mean ± standard deviation; a figure that does not exist is a dash."""
    found = values(row, name)
    if not found:
        return "–"
    digits = figure(name).digits
    spread = f" ± {statistics.stdev(found):.{digits}f}" if len(found) > 1 else ""
    return f"{statistics.fmean(found):.{digits}f}{spread}"


def ranked(experiment: dict[str, Any]) -> list[Row]:
    """The rows of a ranking that have its figure, the best first."""
    name = experiment["ranked"]
    return sorted((row for row in experiment["rows"] if values(row, name)), key=lambda row: mean(row, name))


def title(name: str) -> str:
    """The name of a figure with its unit."""
    unit = figure(name).unit
    return figure(name).title + (f" [{unit}]" if unit else "")


def published(row: Row, name: str = "") -> str:
    """What was published, with the source; of one figure, if one is named."""
    aims = [aim for aim in row["aims"] if "published" in aim and name in ("", aim["figure"])]
    return "<br>".join(dict.fromkeys(f"{aim['published']} ({aim['source']})" for aim in aims))


def published_number(row: Row, name: str) -> float:
    """The number of what was published of a figure; nan where nothing was."""
    said = [aim["published"] for aim in row["aims"] if "published" in aim and aim["figure"] == name]
    found = NUMBER.search(said[0]) if said else None
    return float(found.group()) if found else math.nan


def bound(aim: dict[str, Any]) -> str:
    """What an aim asks of its figure, in words; empty when it only quotes."""
    low, high, unit = aim.get("low"), aim.get("high"), figure(aim["figure"]).unit
    unit = f" {unit}" if unit else ""
    if "than" in aim:
        return f"below that of `{aim['than']}`"
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}{unit}"
    if high is not None:
        return f"at most {high:g}{unit}"
    return f"at least {low:g}{unit}" if low is not None else ""


def verdict(aim: dict[str, Any], row: Row, rows: list[Row]) -> str:
    """Whether the mean over the seeds meets an aim; runs that diverged have no figure, and are told."""
    lost = diverged(row)
    return _judged(aim, row, rows) + (f", but {lost} of {len(row['runs'])} diverged" if lost else "")


def diverged(row: Row) -> int:
    """How many of a row's runs diverged."""
    return sum("diverged" in run for run in row["runs"])


def _judged(aim: dict[str, Any], row: Row, rows: list[Row]) -> str:
    ours = mean(row, aim["figure"])
    if math.isnan(ours):
        return "not known"
    if "than" in aim:
        other = next(values(each, aim["figure"]) for each in rows if each["configuration"] == aim["than"])
        if not other:
            return "not known"
        met = ours < statistics.fmean(other)
        is_sure = differ(values(row, aim["figure"]), other)
        return _said(met) + ("" if is_sure or not met else UNSURE)
    return _said(aim.get("low", -math.inf) <= ours <= aim.get("high", math.inf))


def _said(met: bool) -> str:
    return "reached" if met else "**not reached**"


def counted(number: float, noun: str) -> str:
    """A rounded number of things, as in "1 seed" and "3 seeds"."""
    return f"{number:.0f} {noun}" + ("" if round(number) == 1 else "s")


def line(cells: list[str]) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
