"""The pictures of the page of results, drawn from the results: a ranking with its spreads, and curves."""

from __future__ import annotations

import statistics
from typing import Any

from ffexplore.reproduce import svg
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.ranking import WORDS, told
from ffexplore.reproduce.rows import mean, ranked, title, values
from ffexplore.reproduce.series import series

WIDTH = 680
LINE = 18  # pixels of a row in a ranking
LEFT, RIGHT, TOP, BOTTOM = 160, 110, 12, 44
HEIGHT = 340  # of curves
LABELS = 190  # pixels beside curves, for their names


def pictures(results: dict[str, Any]) -> dict[str, str]:
    """The SVG files of a page by name, one for each experiment that has enough to be drawn."""
    drawn = {experiment["name"]: picture_of(experiment) for experiment in results["experiments"]}
    return {f"{name}.svg": drawing for name, drawing in drawn.items() if drawing}


def picture_of(experiment: dict[str, Any]) -> str:
    """The picture of an experiment; empty where there is none, or too little to be drawn."""
    if experiment["ranked"]:
        return ranking(experiment) if len(ranked(experiment)) > 1 else ""
    return curves(experiment) if series(experiment)[0] else ""


def ranking(experiment: dict[str, Any]) -> str:
    """A point for the mean of each row and a ring for every run, the best on top; colours show what is told apart."""
    shown, rows, beside = experiment["ranked"], ranked(experiment), told(experiment)
    height = TOP + LINE * len(rows) + BOTTOM + (20 if beside else 0)
    floor, digits = TOP + LINE * len(rows), figure(shown).digits
    along = svg.axis([each for row in rows for each in values(row, shown)], LEFT, WIDTH - RIGHT)
    parts = []
    for tick in along.ticks():
        x = along.place(tick)
        parts += [svg.path([(x, TOP), (x, floor)], svg.FAINT), svg.text(x, floor + 16, f"{tick:g}", "middle")]
    parts.append(svg.text((LEFT + WIDTH - RIGHT) / 2, floor + 36, f"{title(shown)}: mean, and every seed", "middle"))
    for number, row in enumerate(rows):
        y, found = TOP + LINE * (number + 0.5), values(row, shown)
        word, spots = beside.get(row["configuration"], ""), [along.place(each) for each in found]
        colour = _colour(word)
        parts.append(svg.text(LEFT - 8, y + 4, row["configuration"], "end"))
        parts.append(svg.path([(min(spots), y), (max(spots), y)], colour, 2))
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="none" stroke="{colour}"/>' for x in spots]
        parts.append(_mark(along.place(mean(row, shown)), y, word))
        spread = f" ± {statistics.stdev(found):.{digits}f}" if len(found) > 1 else ""
        parts.append(svg.text(WIDTH - RIGHT + 10, y + 4, f"{mean(row, shown):.{digits}f}{spread}"))
    x = float(LEFT)
    for word in (word for word in WORDS if word in beside.values()):
        said = f"{word} than {experiment['baseline']}" if word in WORDS[:2] else word
        parts += [_mark(x, height - 14, word), svg.text(x + 8, height - 10, said)]
        x += 40 + 6.5 * len(said)
    return svg.picture(WIDTH, height, f"{experiment['name']}: {title(shown)}, the best on top", parts)


def _colour(word: str) -> str:
    """Blue for what is better than the baseline, orange for what is worse, grey for the rest."""
    return {WORDS[0]: svg.COLOURS[0], WORDS[1]: svg.COLOURS[1]}.get(word, "#888")


def _mark(x: float, y: float, word: str) -> str:
    """A point that says the same by its colour and, for what is worse, by its shape."""
    return svg.mark(x, y, WORDS.index(word)) if word in WORDS[:2] else svg.dot(x, y, _colour(word))


def curves(experiment: dict[str, Any]) -> str:
    """A line with points for each series over the place of its rows, the name at its right end."""
    found, shown = series(experiment)
    xs = sorted({x for points in found.values() for x, _ in points})
    across = svg.axis(xs, 56, WIDTH - LABELS)
    up = svg.axis([mean(row, shown) for points in found.values() for _, row in points], HEIGHT - BOTTOM, 28)
    parts = [
        svg.text(8, 16, title(shown)),
        svg.text((56 + WIDTH - LABELS) / 2, HEIGHT - 8, experiment["over"], "middle"),
    ]
    for tick in up.ticks():
        y = up.place(tick)
        parts += [svg.path([(56, y), (WIDTH - LABELS, y)], svg.FAINT), svg.text(50, y + 4, f"{tick:g}", "end")]
    parts += [svg.text(across.place(x), HEIGHT - BOTTOM + 16, f"{x:g}", "middle") for x in xs]
    ends = []
    for number, (curve, points) in enumerate(found.items()):
        spots = [(across.place(x), up.place(mean(row, shown))) for x, row in points]
        parts.append(svg.path(spots, svg.COLOURS[number % len(svg.COLOURS)], 2))
        parts += [svg.mark(x, y, number) for x, y in spots]
        ends.append((spots[-1][1], curve, number))
    for y, (_, curve, number) in zip(_apart([end[0] for end in sorted(ends)]), sorted(ends), strict=True):
        parts.append(svg.mark(WIDTH - LABELS + 12, y, number))
        parts.append(svg.text(WIDTH - LABELS + 22, y + 4, curve, colour=svg.COLOURS[number % len(svg.COLOURS)]))
    return svg.picture(WIDTH, HEIGHT, f"{experiment['name']}: {title(shown)} over {experiment['over']}", parts)


def _apart(places: list[float], least: float = 18.0) -> list[float]:
    """Places from top to bottom, moved so far apart that names there do not cover each other."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    over = max(0.0, moved[-1] - (HEIGHT - BOTTOM)) if moved else 0.0
    return [place - over for place in moved]
