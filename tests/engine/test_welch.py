"""Whether two groups of runs differ: as scipy finds, and what is no group of runs is refused."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

import ffexplore as ff
from ffexplore.engine import welch


def test_the_test_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        one = rng.normal(0.0, rng.choice([0.1, 1.0]), rng.integers(2, 12)).tolist()
        other = rng.normal(rng.choice([0.0, 0.5, 2.0]), rng.choice([0.1, 1.0]), rng.integers(2, 12)).tolist()
        p = float(stats.ttest_ind(one, other, equal_var=False).pvalue)
        if not 0.045 < p < 0.055:  # the quantiles between two degrees of freedom are on a straight line
            assert ff.differ(one, other) == (p < 0.05), (one, other, p)
            found.append(p < 0.05)
    assert 30 < sum(found) < len(found) - 30
    assert ff.differ([1.0], [1.0, 2.0]) is None
    assert ff.differ([1.0, 1.0], [1.0, 1.0]) is False
    assert ff.differ([1.0, 1.0], [2.0, 2.0]) is True


@pytest.mark.parametrize("made", [tuple, np.array, torch.tensor, iter, lambda each: map(np.float32, each)])
def test_a_group_is_whatever_holds_numbers(made: Any) -> None:
    assert ff.differ(made([1.0, 1.1, 1.2]), made([2.0, 2.1, 2.2])) is True
    assert ff.differ(made([1.0, 1.1, 1.2]), made([1.1, 1.2, 1.3])) is False


def test_a_group_may_be_a_list_of_tensors() -> None:
    group: list[Any] = [torch.tensor(1.0), torch.tensor(1.1)]
    assert ff.differ(group, [5, 5.1]) is True


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([], "others is empty; it must be one number for each run"),
        ("0.95", r"others is '0\.95'; it must be one number"),
        (0.95, r"others is 0\.95; it must be"),
        (torch.tensor(0.95), "others is tensor"),
        (None, "others is None"),
        ({"a": 1.0}, "others is {'a'"),
        (["0.95", "0.96"], r"others holds '0\.95'; .* each of them finite\.$"),
        ([0.95, None], "others holds None"),
        ([0.95, float("nan")], r"others holds nan; .* Leave out a run that diverged"),
        ([0.95, float("inf")], "others holds inf"),
        (np.ones((2, 2)), r"others holds \[1\.0, 1\.0\]"),
        ([torch.ones(2)], "others holds tensor"),
    ],
)
def test_what_is_no_group_of_runs_is_refused(wrong: Any, said: str) -> None:
    with pytest.raises(ff.SettingsError, match=said):
        ff.differ([0.95, 0.96], wrong)
    with pytest.raises(ff.SettingsError, match=said.replace("others", "ones")):
        ff.differ(wrong, [0.95, 0.96])


def test_the_example_says_what_comes_out() -> None:
    assert doctest.testmod(welch) == (0, 3)
