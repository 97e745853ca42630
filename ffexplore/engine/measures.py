"""What is measured on goodness: separation, overlap, histograms and their range."""

from __future__ import annotations

import torch
from torch import Tensor

from ffexplore.engine.order import in_order

BINS = 64


def auc(positive: Tensor, negative: Tensor) -> Tensor:
    """Probability that a positive has more goodness than a negative, ties counting one half.

    The area under the ROC curve (Mann-Whitney statistic). A layer that is constant has 0.5, one with a goodness that is
    nan has nan.

    Parameters
    ----------
    positive, negative
        Goodness (..., P) and (..., N).

    Returns
    -------
    Tensor
        (...), float64 on the CPU.
    """
    ordered, values = in_order(negative), in_order(positive)  # a search for one after the other is quick
    below = torch.searchsorted(ordered, values, right=False) + torch.searchsorted(ordered, values, right=True)
    share = below.cpu().double().mean(-1) / (2 * negative.shape[-1])  # an Apple GPU has no float64
    unknown = values[..., -1].isnan() | ordered[..., -1].isnan()  # which sort last
    return share.masked_fill_(unknown.cpu(), float("nan"))


def histogram(values: Tensor, low: Tensor, high: Tensor, bins: int = BINS) -> Tensor:
    """Counts in equal bins from low to high, (..., N) and (...) -> (..., bins).

    Values outside count in the outermost, those that are nan nowhere.
    """
    width = (high - low).clamp(min=1e-30).unsqueeze(-1)
    place = ((values - low.unsqueeze(-1)) / width * bins).nan_to_num(0.0, bins, 0.0).long().clamp_(0, bins - 1)
    counts = torch.zeros(*values.shape[:-1], bins, dtype=torch.int64, device=values.device)
    return counts.scatter_add_(-1, place, (values == values).long()).int()


def overlap(positive: Tensor, negative: Tensor) -> Tensor:
    """Area that two histograms share, 0 (apart) to 1 (the same); counts (..., bins) -> (...)."""
    shares = [
        counts.cpu().double() / counts.cpu().sum(-1, keepdim=True).clamp(min=1) for counts in (positive, negative)
    ]
    return torch.minimum(*shares).sum(-1)


def goodness_range(positive: Tensor, negative: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor]:
    """A range that shows nearly all goodness and the threshold: (..., N) twice and (...) -> low, high (...).

    From the 0.5 to the 99.5 % quantile of both sides together, stretched to the threshold where that is no
    further away than the spread of the goodness, or where there is none, as in a layer that is dead; with a margin of
    5 % on each side.
    """
    both = torch.cat([positive, negative], -1).nan_to_num(0.0, 0.0, 0.0)
    last = both.shape[-1] - 1
    ends = 1 + round(0.005 * last)  # so few that finding them is quicker than to sort
    low, high = (both.topk(ends, largest=largest).values[..., -1] for largest in (False, True))
    spread = (high - low).clamp(min=1e-6)
    near = (threshold > low - spread) & (threshold < high + spread)
    near |= (high - low <= 1e-6 * (1 + high.abs())) & threshold.isfinite()
    low = torch.where(near, torch.minimum(low, threshold), low)
    high = torch.where(near, torch.maximum(high, threshold), high)
    margin = 0.05 * (high - low) + 1e-6 * (1 + high.abs())
    # Goodness that cannot be negative starts at zero: an axis that begins there is easier to read.
    start = torch.where((low >= 0) & (low - margin < 0.25 * high), torch.zeros_like(low), low - margin)
    return start, high + margin


def steady_range(new: tuple[Tensor, Tensor], old: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
    """Keep the old range while the new one fits in it and fills at least half of it, so that axes do not jump."""
    if old is None or old[0].shape != new[0].shape:
        return new
    (low, high), (old_low, old_high) = new, old
    fits = (low >= old_low) & (high <= old_high) & ((high - low) > 0.5 * (old_high - old_low))
    # A range that has to change is taken a little wider than needed, so that it need not change again at once.
    slack = 0.15 * (high - low)
    grown_high = high + slack
    grown_low = torch.where(low == 0, low, low - slack)
    return torch.where(fits, old_low, grown_low), torch.where(fits, old_high, grown_high)


def calibration(probability: Tensor, truth: Tensor, bins: int = 10) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How well probabilities keep what they say: in each bin the mean probability beside the share that came true.

    Parameters
    ----------
    probability
        Of each statement (..., N), in [0, 1].
    truth
        Whether it was true (N,), as 0 and 1.
    bins
        Equal bins from 0 to 1; 1 belongs to the last.

    Returns
    -------
    tuple
        Counts (..., bins) int64, mean probability and share of true ones (..., bins) float64, nan in empty bins, and
        the expected calibration error (...): the mean distance of the two, each bin by its count (Guo et al. 2017).
    """
    p = probability.cpu().double()
    place = (p * bins).nan_to_num(0.0).long().clamp_(0, bins - 1)
    sums = torch.zeros(3, *p.shape[:-1], bins, dtype=torch.float64)
    for total, values in zip(sums, (torch.ones_like(p), p, truth.cpu().double().expand_as(p)), strict=True):
        total.scatter_add_(-1, place, values)
    counts, predicted, observed = sums[0], sums[1] / sums[0], sums[2] / sums[0]
    gap = (sums[1] - sums[2]).abs().sum(-1) / p.shape[-1]
    return counts.long(), predicted, observed, gap
