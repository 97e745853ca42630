"""Every goodness as plain Python loops over the units of a sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ffexplore as ff
from ffexplore.engine.goodness import Goodness

Row = list[float]


def squares(h: Row) -> float:
    return sum(x * x for x in h)


def total(h: Row) -> float:
    return sum(abs(x) for x in h)


def entropy(weights: Row) -> float:
    return -sum(w * math.log(w) for w in weights if w > 0)


def softmax(h: Row) -> Row:
    powers = [math.exp(x - max(h)) for x in h]
    return [power / sum(powers) for power in powers]


def by_size(h: Row) -> Row:
    return sorted((abs(x) for x in h), reverse=True)


def kurtosis(h: Row) -> float:
    middle = sum(h) / len(h)
    second = sum((x - middle) ** 2 for x in h) / len(h)
    return sum((x - middle) ** 4 for x in h) / len(h) / second**2 - 3 if second else -3.0


def variance(h: Row) -> float:
    return sum((x - sum(h) / len(h)) ** 2 for x in h) / len(h)


def entmax_weights(h: Row, alpha: float) -> Row:
    """Weights [(α − 1)h − τ]₊^(1/(α−1)) with τ found by halving an interval two hundred times."""
    low, high = (alpha - 1) * max(h) - 1, (alpha - 1) * max(h)

    def weights(tau: float) -> Row:
        return [max(0.0, (alpha - 1) * x - tau) ** (1 / (alpha - 1)) for x in h]

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(weights(middle)) >= 1 else (low, middle)
    return weights(low)


def halves(h: Row) -> tuple[float, float]:
    first = math.ceil(len(h) / 2)
    return squares(h[:first]) / first, squares(h[first:]) / max(1, len(h) - first)


def dot(one: Row, other: Row) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def group_mean(h: Row, c: int, classes: int) -> float:
    mine = [x * x for unit, x in enumerate(h) if unit * classes // len(h) == c]
    return sum(mine) / max(1, len(mine))


def whole(number: float) -> int:
    return math.floor(number + 0.5)


def huber(x: float, bend: float) -> float:
    return x * x / 2 if abs(x) <= bend else bend * (abs(x) - bend / 2)


def trimmed(h: Row, trim: float) -> float:
    out = min(whole(trim * len(h)), (len(h) - 1) // 2)
    return squares(by_size(h)[out : len(h) - out])


# One sample's units, and the parameters -> its goodness.
ALONE: dict[str, Callable[..., float]] = {
    "mean_square": lambda h: squares(h) / len(h),
    "sum_of_squares": squares,
    "minus_sum_of_squares": lambda h: -squares(h),
    "l2_norm": lambda h: math.sqrt(squares(h)),
    "mean": lambda h: sum(h) / len(h),
    "log_energy": lambda h: math.log(squares(h)),
    "sum": sum,
    "lp_norm": lambda h, p: sum(abs(x) ** p for x in h) ** (1 / p),
    "max": max,
    "top_k": lambda h, share: squares(by_size(h)[: max(1, whole(share * len(h)))]),
    "trimmed": trimmed,
    "entmax": lambda h, alpha: sum(w * x * x for w, x in zip(entmax_weights(h, alpha), h, strict=True)),
    "burstiness": kurtosis,
    "sparse": lambda h, penalty: squares(h) - penalty * total(h),
    "huber": lambda h, penalty, bend: squares(h) - penalty * sum(huber(x, bend) for x in h),
    "oja": lambda h, penalty: squares(h) - penalty * sum(x**4 for x in h),
    "game_theoretic": lambda h, weight: squares(h) + weight * sum(x * x * abs(x) / total(h) for x in h),
    "entropy_weighted": lambda h, weight: squares(h) * (1 + weight * entropy(softmax(h)) / math.log(max(2, len(h)))),
    "fractal": lambda h, weight: (
        squares(h) * (1 + weight * entropy([abs(x) / total(h) for x in h]) / math.log(max(2, len(h))))
    ),
    "polarised": lambda h: halves(h)[0] - halves(h)[1],
    "polarised_ratio": lambda h: halves(h)[0] / sum(halves(h)),
}
# The same for those that look across the batch; they are also told the mean energy and what is expected of the units.
TOGETHER: dict[str, Callable[..., float]] = {
    "decorrelation": lambda h, mean, expected, weight, rate: squares(h) + weight * mean * variance(h),
    "energy_margin": lambda h, mean, expected, weight, temperature, rate: (
        squares(h) - weight * mean * math.log(sum(math.exp((x - max(h)) / temperature) for x in h))
    ),
    "predictive_coding": lambda h, mean, expected, weight, rate: (
        squares(h) - weight * mean * min(10.0, squares([x - e for x, e in zip(h, expected, strict=True)]) / squares(h))
    ),
}
# The same for scores of classes: a sample's units, the number of the class, the tensors of the entry as rows by class.
SCORES: dict[str, Callable[..., float]] = {
    "class_groups": lambda h, c, own: group_mean(h, c, len(own["share"])),
    "projection": lambda h, c, own: dot(h, own["matrix"][c]),
    "cosine": lambda h, c, own, temperature: (
        dot(h, own["prototypes"][c]) / math.sqrt(squares(h) * squares(own["prototypes"][c])) / temperature
    ),
    "centroids": lambda h, c, own, temperature: (
        -sum((x * math.sqrt(len(h) / squares(h)) - m) ** 2 for x, m in zip(h, own["centroids"][c], strict=True))
        / len(h)
        / temperature
    ),
}
OTHER_PARAMS: dict[str, dict[str, Any]] = {
    "lp_norm": {"p": 1.0}, "top_k": {"share": 0.5}, "trimmed": {"trim": 0.3}, "entmax": {"alpha": 1.2},
    "sparse": {"penalty": 2.0}, "huber": {"penalty": 0.5, "bend": 0.4}, "oja": {"penalty": 0.2},
    "game_theoretic": {"weight": 2.0}, "entropy_weighted": {"weight": 3.0}, "fractal": {"weight": 3.0},
    "decorrelation": {"weight": 0.7, "rate": 0.4}, "energy_margin": {"weight": 0.5, "temperature": 0.3, "rate": 0.4},
    "predictive_coding": {"weight": 0.5, "rate": 0.4},
    "cosine": {"temperature": 0.7}, "centroids": {"temperature": 2.0},
}  # fmt: skip
ALL_CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in ff.goodness.names()] + list(OTHER_PARAMS.items())
CASES = [case for case in ALL_CASES if case[0] not in SCORES]
COUPLED = [entry.name for entry in ff.goodness if entry.coupled]


def complete(entry: Goodness, params: dict[str, Any]) -> dict[str, Any]:
    return {name: param.default for name, param in entry.params.items()} | params


def column_means(rows: list[Row]) -> Row:
    return [sum(column) / len(column) for column in zip(*rows, strict=True)]
