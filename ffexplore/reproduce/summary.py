"""The table at the top of the page of results: what was asked or published, what we have, and whether it is reached."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.ranking import published_agreement, signed
from ffexplore.reproduce.rows import UNSURE, Row, bound, line, mean, published, value, values, verdict

MOST = 4  # configurations with the same aim that have lines of their own
COLUMNS = ["experiment", "configuration", "figure", "published", "asked", "ours", "seeds", "result"]
WORDS = """## Summary

*Asked* is what this project set itself; *published* figures are of the sources named, often of other networks. What
was not run has no result here, and the sections below say why.
"""


def summary(results: dict[str, Any]) -> Iterator[str]:
    """A line for each figure that is held against something, and for each experiment that only shows something."""
    yield WORDS
    yield line(COLUMNS)
    yield line(["---"] * len(COLUMNS))
    for experiment in results["experiments"]:
        link = f"[{experiment['name']}](#{experiment['name']})"
        lines = list(_lines(experiment))
        for number, (configuration, *cells) in enumerate(lines):
            is_same = number > 0 and lines[number - 1][0] == configuration
            yield line([link if number == 0 else "", "" if is_same else configuration, *cells])
    yield ""


def _lines(experiment: dict[str, Any]) -> Iterator[list[str]]:
    rows: list[Row] = experiment["rows"]
    judged = list(dict.fromkeys(aim["figure"] for row in rows for aim in row["aims"] if bound(aim)))
    if len(rows) <= MOST:
        for row in rows:
            own = list(dict.fromkeys(aim["figure"] for aim in row["aims"])) or judged[:1] or row["figures"][:1]
            yield from (_judged(row, name, rows) for name in own)
    elif judged:
        yield from (_counted(rows, name) for name in judged)
    else:
        yield _shown(experiment)


def _asked(row: Row, name: str) -> list[dict[str, Any]]:
    return [aim for aim in row["aims"] if aim["figure"] == name and bound(aim)]


def _judged(row: Row, name: str, rows: list[Row]) -> list[str]:
    """One figure of one configuration."""
    aims, unit = _asked(row, name), figure(name).unit
    ours = value(row, name)
    said = "<br>".join(verdict(aim, row, rows) for aim in aims) or "no aim"
    return [
        f"`{row['configuration']}`",
        figure(name).title,
        published(row, name),
        "<br>".join(bound(aim) for aim in aims),
        f"{ours} {unit}".strip() if values(row, name) else "–",
        f"{len(row['runs'])} of {row['seeds']}",
        said if row["runs"] else f"not run: {row['why'].rstrip('.')}",
    ]


def _counted(rows: list[Row], name: str) -> list[str]:
    """The same aim of many configurations, counted."""
    aims = [(row, aim) for row in rows for aim in _asked(row, name)]
    said = [verdict(aim, row, rows) for row, aim in aims]
    reached, unsure = said.count("reached"), sum(words.endswith(UNSURE) for words in said)
    run = sum(bool(values(row, name)) for row, _ in aims)
    told = f"{reached} of {run} reached" + (f", {unsure} more{UNSURE[1:]}" if unsure else "") if run else "not run"
    bounds = "<br>".join(dict.fromkeys(bound(aim) for _, aim in aims))
    held = [row for row in rows if _asked(row, name)]
    return [_run_of(held), figure(name).title, "", bounds, _range(held, name), _seeds(held), told]


def _shown(experiment: dict[str, Any]) -> list[str]:
    """An experiment that is held against nothing: how much of it there is, and between what its figures lie."""
    rows: list[Row] = experiment["rows"]
    name = experiment["ranked"] or rows[0]["figures"][0]
    quoted = sum(bool(published(row, name)) for row in rows)
    agreed = published_agreement(rows, name)
    said = "no aim" if any(row["runs"] for row in rows) else "not run"
    if not math.isnan(agreed):
        said = f"order as published: rank correlation {signed(agreed)}"
    before = f"of {quoted} of them" if quoted else ""
    return [_run_of(rows), figure(name).title, before, "", _range(rows, name), _seeds(rows), said]


def _run_of(rows: list[Row]) -> str:
    return f"{sum(bool(row['runs']) for row in rows)} of {len(rows)} run"


def _range(rows: list[Row], name: str) -> str:
    """From the smallest to the largest mean."""
    means = [mean(row, name) for row in rows if values(row, name)]
    if not means:
        return "–"
    digits, unit = figure(name).digits, figure(name).unit
    ends = dict.fromkeys(f"{end:.{digits}f}" for end in (min(means), max(means)))
    return f"{' to '.join(ends)} {unit}".strip()


def _seeds(rows: list[Row]) -> str:
    return f"{sum(len(row['runs']) for row in rows)} of {sum(row['seeds'] for row in rows)} runs"
