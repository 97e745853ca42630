"""The summary, the rankings and the pictures of the page: what they say of results that are made up."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ffexplore.reproduce import ranking, series, svg
from ffexplore.reproduce.page import text
from ffexplore.reproduce.pictures import picture_of, pictures
from ffexplore.reproduce.summary import summary

SVG = "{http://www.w3.org/2000/svg}"


def row(name: str, *errors: float, aims: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A row of the results with these errors, one a seed, of three that are wanted."""
    runs = [
        {
            "seed": seed, "seconds": 1, "epochs": 1, "machine": 0, "load": None,
            "figures": {"test_error": error, "auc_2": 1 - error / 100},
        }
        for seed, error in enumerate(errors)
    ]  # fmt: skip
    made: dict[str, Any] = {
        "configuration": name, "seeds": 3, "figures": ["test_error", "auc_2"], "aims": aims or [], "runs": runs,
    }  # fmt: skip
    if runs:
        made |= {"network": "1-1", "length": {"epochs": 1}, "test_rows": 1000}
    if len(runs) < 3:
        made |= {"why": "not asked for yet.", "minutes_left": 1.0}
    return made | more


def experiment(*rows: dict[str, Any], name: str = "x", **more: Any) -> dict[str, Any]:
    traits = {"ranked": "", "baseline": "", "like": "", "over": ""}
    return {"name": name, "shows": "x", "source": "", **traits, "rows": list(rows), **more}


def page(*experiments: dict[str, Any]) -> str:
    return text({"experiments": list(experiments), "machines": []})


def test_rank_correlation_is_that_of_scipy() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        one, other = (rng.integers(0, 6, 9).tolist() for _ in range(2))
        assert ranking.rank_correlation(one, other) == pytest.approx(float(stats.spearmanr(one, other).statistic))
    assert ranking.ranks([3.0, 1.0, 3.0]) == [2.5, 1.0, 2.5]
    assert np.isnan(ranking.rank_correlation([1, 1, 1], [1, 2, 3]))


def zoo(name: str = "zoo", **more: Any) -> dict[str, Any]:
    return experiment(
        row("middle", 5.0, 5.1, 5.2), row("best", 1.0, 1.1, 1.2), row("near", 5.2, 5.0, 5.3), row("once", 7.0),
        row("worst", 9.0, 9.1, 9.2), row("none"), name=name, ranked="test_error", baseline="middle", **more,
    )  # fmt: skip


def test_a_ranking_says_what_is_told_apart() -> None:
    said = page(zoo())
    assert "Beside `middle` (5.10 ± 0.10), by Welch's t-test over the seeds at 5 %: **better** (1): `best`; " in said
    assert "**worse** (1): `worst`; **not told apart** (1): `near`; **too few seeds to tell** (1): `once`." in said
    assert "Not to be told from the best, `best`, by the same test is none." in said
    assert (
        "All runs meet the same 1000 test images: on others an error of 5.2 % would come out about 0.7 points" in said
    )
    assert "with the AUC of layer 1 after 2 epochs, over 5 configurations: −1.00." in said
    assert said.index("| `best`") < said.index("| `middle`") < said.index("| `worst`")
    assert (
        "- Not run, not asked for yet. About 2 minutes on one core, as planned: `once` (2 of 3 seeds), `none`." in said
    )


def test_a_ranking_of_many_says_what_chance_alone_would_tell_apart() -> None:
    rows = [row(f"r{number}", 5.0, 5.1 + number / 100, 5.2) for number in range(41)]
    said = page(experiment(*rows, ranked="test_error", baseline="r0"))
    assert "Of 40 such tests about 2 would tell apart what is alike, by chance alone." in said
    assert "such tests" not in page(zoo())


def test_two_rankings_are_compared_where_both_have_been_run() -> None:
    said = page(zoo(like="other"), zoo("other"))
    assert "Rank correlation with `other`, over the 5 configurations that both have: 1.00." in said
    assert "Rank correlation with" not in page(
        zoo(like="other"), experiment(row("best"), name="other", ranked="test_error")
    )


def test_the_published_order_stands_beside_ours() -> None:
    def quoted(name: str, said: str, *errors: float) -> dict[str, Any]:
        return row(name, *errors, aims=[{"figure": "test_error", "published": said, "source": "them"}])

    rows = [quoted("b", "9.5 %", 2.0, 2.1), quoted("a", "5.5 %", 1.0), quoted("c", "70 %", 1.5), row("d", 0.5)]
    said = page(experiment(*rows, ranked="test_error", baseline="a"))
    assert "In the published order, which the ranks of ours follow with a correlation of 0.50:" in said
    assert "| 2 | `b` | 9.5 % (them) | 2.05 ± 0.07 | 3 |" in said
    assert "In the published order" not in page(experiment(*rows[:2], ranked="test_error", baseline="a"))


def lines_of(*experiments: dict[str, Any]) -> list[list[str]]:
    rows = [each for each in summary({"experiments": list(experiments)}) if each.startswith("|")]
    return [[cell.strip() for cell in each.strip("|").split("|")] for each in rows[2:]]


def test_the_summary_has_a_line_for_each_aim_of_a_few_configurations() -> None:
    aims: list[dict[str, Any]] = [
        {"figure": "test_error", "high": 2.0, "published": "2.2 %", "source": "them"},
        {"figure": "test_error", "than": "plain"},
        {"figure": "auc_2", "low": 0.9},
    ]
    found = lines_of(experiment(row("plain", 1.0), row("new", 1.5, 1.7, aims=aims), row("later", aims=aims[:1])))
    assert found == [
        ["[x](#x)", "`plain`", "test error", "", "", "1.00 %", "1 of 3", "no aim"],
        ["", "`new`", "test error", "2.2 % (them)", "at most 2 %<br>below that of `plain`", "1.60 ± 0.14 %", "2 of 3",
         "reached<br>**not reached**"],
        ["", "", "AUC of layer 1 after 2 epochs", "", "at least 0.9", "0.984 ± 0.001", "2 of 3", "reached"],
        ["", "`later`", "test error", "2.2 % (them)", "at most 2 %", "–", "0 of 3", "not run: not asked for yet"],
    ]  # fmt: skip


def test_the_summary_counts_what_many_configurations_are_held_against() -> None:
    aim: list[dict[str, Any]] = [{"figure": "test_error", "high": 2.0}]
    rows = [row(str(number), float(number), aims=aim) for number in range(1, 5)] + [row("none", aims=aim)]
    said = ["4 of 5 run", "test error", "", "at most 2 %", "1.00 to 4.00 %", "4 of 15 runs", "2 of 4 reached"]
    assert lines_of(experiment(*rows)) == [["[x](#x)", *said]]
    (nothing,) = lines_of(experiment(*[row(str(number), aims=aim) for number in range(5)]))
    assert nothing[5:] == ["–", "0 of 15 runs", "not run"]
    (shown,) = lines_of(experiment(*[row(str(number), 3.0) for number in range(5)]))
    assert shown[5:] == ["3.00 %", "5 of 15 runs", "no aim"]


def along(*curves: tuple[str, dict[float, float]]) -> dict[str, Any]:
    rows = [
        row(f"{name}-{place}", error, error + 0.2, place=[name, place])
        for name, points in curves
        for place, error in points.items()
    ]
    return experiment(row("elsewhere", 1.0), *rows, row("missing", place=["one", 9.0]), over="θ")


def test_curves_are_drawn_of_what_was_run() -> None:
    found = along(("one", {0.5: 4.0, 1.0: 2.0, 2.0: 8.0}), ("other", {1.0: 4.0, 2.0: 4.0}))
    root = ET.fromstring(picture_of(found))
    words = [each.text for each in root.iter(f"{SVG}text")]
    assert {"one", "other", "θ", "0.5", "1", "2", "test error [%]"} <= set(words)
    assert "9" not in words
    points = [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in root.iter(f"{SVG}circle")][:3]
    across = [x for x, _ in points]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2)  # equal ratios are equal steps
    assert points[1][1] > points[0][1] > points[2][1]
    assert "[%] over the θ: *one* 2.10 ± 0.14 at 1, at worst 8.10 ± 0.14; *other* 4.10 ± 0.14 at 1" in page(found)
    assert list(series.said(along(("one", {1.0: 2.0})))) == []


def test_a_ranking_is_drawn_with_every_seed() -> None:
    drawn = picture_of(zoo())
    root = ET.fromstring(drawn)
    rings = [each for each in root.iter(f"{SVG}circle") if each.attrib["fill"] == "none"]
    assert len(rings) == 3 + 3 + 3 + 1 + 3
    words = [each.text or "" for each in root.iter(f"{SVG}text")]
    names = [word for word in words if word in ("best", "middle", "near", "once", "worst", "none")]
    assert names == ["best", "middle", "near", "once", "worst"]
    assert "better than middle" in words
    assert "5.10 ± 0.10" in words


def circles(drawing: str, fill: str | None = None) -> list[tuple[float, float]]:
    every = ET.fromstring(drawing).iter(f"{SVG}circle")
    return [
        (float(each.attrib["cx"]), float(each.attrib["cy"])) for each in every if fill in (None, each.attrib["fill"])
    ]


def test_a_ranking_with_an_error_of_zero_is_drawn() -> None:
    perfect = experiment(row("perfect", 0.0, 0.0, 0.0), row("good", 0.0, 0.1, 0.2), row("poor", 4.0, 5.0),
                         ranked="test_error", baseline="poor")  # fmt: skip
    across = [x for x, _ in circles(picture_of(perfect), "none")]
    assert len(across) == 3 + 3 + 2
    assert across[:4] == [min(across)] * 4  # at the beginning of the axis
    assert across[4] < across[5] < across[6] < across[7]
    for nothing in (experiment(row("a", 0.0), row("b", 0.0, 0.0), ranked="test_error"), zoo()):
        assert picture_of(nothing).endswith("</svg>\n")


def test_curves_with_a_value_of_zero_are_drawn() -> None:
    found = experiment(row("a", 0.0, place=["one", 0.5]), row("b", 2.0, place=["one", 1.0]), over="θ")
    (_, first), (_, second) = circles(picture_of(found))[:2]
    assert first > second  # zero lies below
    at_zero = experiment(row("a", 3.0, place=["one", 0.0]), row("b", 2.0, place=["one", 1.0]), over="θ")
    (first, _), (second, _) = circles(picture_of(at_zero))[:2]
    assert first < second


def test_zero_lies_at_the_beginning_of_an_axis() -> None:
    along = svg.axis([0.0, 0.5, 2.0], 100, 300)
    assert along.place(0.0) == along.place(along.low) == 100
    assert 100 < along.place(0.5) < along.place(2.0) < 300
    assert along.place(1e9) == 300
    assert svg.axis([0.0, 0.0], 0, 1).place(0.0) == 0


def test_what_has_too_little_has_no_picture() -> None:
    bare = [experiment(row("a", 1.0), ranked="test_error"), experiment(row("a", 1.0)), along(("one", {1.0: 2.0}))]
    assert pictures({"experiments": [each | {"name": str(n)} for n, each in enumerate(bare)]}) == {}
    assert "![" not in page(*bare)
    assert "![zoo: the table below as a picture](results/zoo.svg)" in page(zoo())
