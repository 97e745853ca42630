"""Configurations that stand along a curve, as a threshold does: the curves, and what can be said of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.rows import Row, mean, value, values

Series = dict[str, list[tuple[float, Row]]]


def series(experiment: dict[str, Any]) -> tuple[Series, str]:
    """The rows of each curve that have been run, by their place along it; and the figure that is shown.

    There are none where fewer than two places have been run.
    """
    shown = experiment["rows"][0]["figures"][0] if experiment["rows"] else ""
    found: Series = {}
    for row in experiment["rows"]:
        if "place" in row and values(row, shown):
            curve, place = row["place"]
            found.setdefault(curve, []).append((float(place), row))
    places = {place for points in found.values() for place, _ in points}
    if len(places) < 2:
        return {}, shown
    return {curve: sorted(points, key=lambda point: point[0]) for curve, points in found.items()}, shown


def said(experiment: dict[str, Any]) -> Iterator[str]:
    """Where each curve is lowest, and how far it rises; nothing where there are no curves."""
    found, shown = series(experiment)
    if not found:
        return
    lines = []
    for curve, points in found.items():
        place, best = min(points, key=lambda point: mean(point[1], shown))
        worst = max(points, key=lambda point: mean(point[1], shown))[1]
        lines.append(f"*{curve}* {value(best, shown)} at {place:g}, at worst {value(worst, shown)}")
    unit = f" [{figure(shown).unit}]" if figure(shown).unit else ""
    yield f"Lowest {figure(shown).title}{unit} over the {experiment['over']}: {'; '.join(lines)}.\n"
