"""Whether two groups of runs can be told apart, each of a few seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from numbers import Real

from ffexplore.errors import SettingsError

# Of Student's distribution, the quantile that 2.5 % lie above, by degrees of freedom.
QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


def differ(ones: Iterable[float], others: Iterable[float]) -> bool | None:
    """Whether the means of two groups of runs can be told apart, by Welch's t-test at 5 %.

    Of twenty pairs of groups that are alike about one is told apart all the same.

    Parameters
    ----------
    ones, others
        A figure of each run, such as the accuracy of each seed: a list, or an array or Tensor of shape (N,). The groups
        may be of different size and spread.

    Returns
    -------
    bool or None
        None where a group has a single run, so that nothing is known of its spread.

    Raises
    ------
    SettingsError
        When a group is empty or holds anything but finite numbers.

    References
    ----------
    B. L. Welch 1947, The generalization of "Student's" problem when several different population variances are
    involved, Biometrika 34.

    Examples
    --------
    >>> import ffexplore as ff
    >>> ff.differ([0.953, 0.955, 0.954], [0.961, 0.963, 0.960])
    True
    >>> ff.differ([0.953, 0.955, 0.954], [0.951, 0.958, 0.956])
    False
    """
    groups = _figures("ones", ones), _figures("others", others)
    if min(map(len, groups)) < 2:
        return None
    parts = [statistics.variance(each) / len(each) for each in groups]
    one, other = map(statistics.fmean, groups)
    if not sum(parts):
        return one != other
    freedom = sum(parts) ** 2 / sum(part**2 / (len(each) - 1) for part, each in zip(parts, groups, strict=True))
    return abs(one - other) / math.sqrt(sum(parts)) > _quantile(freedom)


def _figures(name: str, given: object) -> list[float]:
    """A group of runs as plain numbers."""
    wanted = "one number for each run, as in [report.accuracy for report in trainer.evaluate_variants()]"
    listed = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(listed, Iterable) or isinstance(listed, str | bytes | Mapping):
        raise SettingsError(f"{name} is {given!r}; it must be {wanted}.")
    found = [each.item() if getattr(each, "shape", None) == () else each for each in listed]
    wrong = [each for each in found if not isinstance(each, Real) or not math.isfinite(each)]
    if wrong:
        lost = " Leave out a run that diverged, and say so." if isinstance(wrong[0], Real) else ""
        raise SettingsError(f"{name} holds {wrong[0]!r}; it must be {wanted}, each of them finite.{lost}")
    if not found:
        raise SettingsError(f"{name} is empty; it must be {wanted}.")
    return list(map(float, found))


def _quantile(freedom: float) -> float:
    """Of Student's distribution with so many degrees of freedom; between whole ones its logarithm follows 1/freedom."""
    below = max(1, int(freedom))
    if below >= len(QUANTILES):
        return 1.96 + 2.4 / freedom  # within half a percent
    share = (1 / below - 1 / freedom) / (1 / below - 1 / (below + 1))
    return float(QUANTILES[below - 1] ** (1 - share) * QUANTILES[below] ** share)
