"""Whether two means over a few seeds can be told apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

# Of Student's distribution, the quantile that 2.5 % lie above, by degrees of freedom.
QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


def differ(one: Sequence[float], other: Sequence[float]) -> bool | None:
    """Whether the means of two samples differ, by Welch's t-test at 5 %; None where one has fewer than two values."""
    if min(len(one), len(other)) < 2:
        return None
    parts = [statistics.variance(each) / len(each) for each in (one, other)]
    apart = abs(statistics.fmean(one) - statistics.fmean(other))
    if not sum(parts):
        return apart > 0
    freedom = sum(parts) ** 2 / sum(part**2 / (len(each) - 1) for part, each in zip(parts, (one, other), strict=True))
    return apart / math.sqrt(sum(parts)) > _quantile(freedom)


def _quantile(freedom: float) -> float:
    """Of Student's distribution with so many degrees of freedom; between whole ones its logarithm follows 1/freedom."""
    below = max(1, int(freedom))
    if below >= len(QUANTILES):
        return 1.96 + 2.4 / freedom  # within half a percent
    share = (1 / below - 1 / freedom) / (1 / below - 1 / (below + 1))
    return float(QUANTILES[below - 1] ** (1 - share) * QUANTILES[below] ** share)
