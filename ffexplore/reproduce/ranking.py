"""What a ranking allows to be said: which configurations are told apart over the seeds, and how orders agree."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from ffexplore.engine.welch import differ
from ffexplore.reproduce.figures import figure
from ffexplore.reproduce.rows import Row, line, mean, published, published_number, ranked, value, values

SHARE = 0.05  # of tests that tell apart what is alike
LEVEL = "5 %"
WORDS = ("better", "worse", "not told apart", "too few seeds to tell")
FEWEST = 3  # rows in two orders before their agreement is worth a number


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's: that of the ranks, where equal values share the mean of theirs; nan where one is constant."""
    a, b = ranks(one), ranks(other)
    if len(set(a)) < 2 or len(set(b)) < 2:
        return math.nan
    return statistics.correlation(a, b)


def ranks(numbers: Sequence[float]) -> list[float]:
    """The rank of each number, from 1 for the smallest."""
    ordered = sorted(numbers)
    return [ordered.index(each) + (ordered.count(each) + 1) / 2 for each in numbers]


def said(experiment: dict[str, Any], others: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What can be said of a ranking, a paragraph each; nothing of one that was not run."""
    name, rows = experiment["ranked"], ranked(experiment)
    if len(rows) < 2:
        return
    yield from _beside(experiment, rows, name)
    yield from _uncertain(rows, name)
    if "auc_2" in rows[0]["figures"] and len(rows) >= FEWEST:
        both = [row for row in rows if values(row, "auc_2")]
        agreed = rank_correlation([mean(row, name) for row in both], [mean(row, "auc_2") for row in both])
        yield (
            f"Rank correlation of the {figure(name).title} with the {figure('auc_2').title}, over {len(both)} "
            f"configurations: {signed(agreed)}. (−1: what separates early is best in the end.)\n"
        )
    yield from _agreement(experiment, others, rows)
    yield from _published_order(rows, name)


def told(experiment: dict[str, Any]) -> dict[str, str]:
    """Of each configuration of a ranking what the test says of it beside the baseline: one of ``WORDS``."""
    rows, name = ranked(experiment), experiment["ranked"]
    chosen = next((row for row in rows if row["configuration"] == experiment["baseline"]), None)
    if chosen is None:
        return {}
    found = {}
    for row in rows:
        if row is not chosen:
            apart = differ(values(chosen, name), values(row, name))
            is_better = mean(row, name) < mean(chosen, name)
            found[row["configuration"]] = WORDS[3 if apart is None else 2 if not apart else 0 if is_better else 1]
    return found


def _beside(experiment: dict[str, Any], rows: list[Row], name: str) -> Iterator[str]:
    """Which rows are told from the baseline, and from the best."""
    beside, baseline = told(experiment), experiment["baseline"]
    if beside:
        groups = {word: [row for row in rows if beside.get(row["configuration"]) == word] for word in WORDS}
        chosen = next(row for row in rows if row["configuration"] == baseline)
        yield (
            f"Beside `{baseline}` ({value(chosen, name)}), by Welch's t-test over the seeds at {LEVEL}: "
            + "; ".join(f"**{word}** ({len(group)}): {_names(group)}" for word, group in groups.items() if group)
            + f".{_by_chance(len(beside) - len(groups[WORDS[3]]))}\n"
        )
    best = rows[0]
    close = [row for row in rows[1:] if differ(values(best, name), values(row, name)) is False]
    if len(values(best, name)) > 1:
        alike = f"{'are' if len(close) > 1 else 'is'} {_names(close)}" if close else "is none"
        yield (
            f"Not to be told from the best, `{best['configuration']}`, by the same test {alike}. A wide spread hides a "
            "difference; more seeds would tell more apart.\n"
        )


def _by_chance(tests: int) -> str:
    """A reminder of what so many tests find where there is nothing; empty while that is less than one."""
    expected = round(SHARE * tests)
    if not expected:
        return ""
    return f" Of {tests} such tests about {expected} would tell apart what is alike, by chance alone."


def _uncertain(rows: list[Row], name: str) -> Iterator[str]:
    """What the spread over the seeds does not hold: that all of them meet the same test images."""
    counts = {row["test_rows"] for row in rows if "test_rows" in row}
    if name != "test_error" or len(counts) != 1:
        return
    (count,) = counts
    middle = mean(rows[len(rows) // 2], name)
    error = 100 * math.sqrt(middle / 100 * (1 - middle / 100) / count)
    yield (
        f"The ± is over seeds alone. All runs meet the same {count} test images: on others an error of {middle:.1f} % "
        f"would come out about {error:.1f} points higher or lower, for all of them alike.\n"
    )


def _agreement(experiment: dict[str, Any], others: Sequence[dict[str, Any]], rows: list[Row]) -> Iterator[str]:
    """How the order agrees with that of the experiments that this one is like."""
    for other in others:
        if other["name"] != experiment["like"]:
            continue
        theirs = {row["configuration"]: mean(row, other["ranked"]) for row in ranked(other)}
        shared = [row for row in rows if row["configuration"] in theirs]
        if len(shared) >= FEWEST:
            ours = [mean(row, experiment["ranked"]) for row in shared]
            agreed = rank_correlation(ours, [theirs[row["configuration"]] for row in shared])
            yield (
                f"Rank correlation with `{other['name']}`, over the {len(shared)} configurations that both have: "
                f"{signed(agreed)}.\n"
            )


def published_agreement(rows: list[Row], name: str) -> float:
    """Rank correlation of our figures with the published ones; nan where fewer than three rows have both."""
    known = _published_rows(rows, name)
    if len(known) < FEWEST:
        return math.nan
    return rank_correlation([mean(row, name) for row in known], [published_number(row, name) for row in known])


def _published_rows(rows: list[Row], name: str) -> list[Row]:
    """The rows that have a figure of ours and a published one, in the published order."""
    known = [row for row in rows if values(row, name) and not math.isnan(published_number(row, name))]
    return sorted(known, key=lambda row: published_number(row, name))


def _published_order(rows: list[Row], name: str) -> Iterator[str]:
    """Our order beside the published one, where figures of several configurations were published."""
    known = _published_rows(rows, name)
    if len(known) < FEWEST:
        return
    agreed = published_agreement(rows, name)
    yield f"In the published order, which the ranks of ours follow with a correlation of {signed(agreed)}:\n"
    yield line(["published place", "configuration", "published", "ours [%]", "our place among these"])
    yield line(["---"] * 5)
    places = ranks([mean(row, name) for row in known])
    for number, (row, place) in enumerate(zip(known, places, strict=True), 1):
        yield line([str(number), f"`{row['configuration']}`", published(row, name), value(row, name), f"{place:g}"])
    yield ""


def _names(rows: list[Row]) -> str:
    return ", ".join(f"`{row['configuration']}`" for row in rows)


def signed(number: float) -> str:
    """A correlation as it is written."""
    return f"{number:.2f}".replace("-", "−")
