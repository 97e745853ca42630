"""The read-out fitted after training: a softmax regression on frozen activities, taken to its minimum."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot
from tqdm.auto import tqdm

from ffexplore.engine import onednn
from ffexplore.engine.augment import Jitter, jitters
from ffexplore.engine.fitting import amount_above_zero, is_number
from ffexplore.engine.products import project
from ffexplore.engine.readout import Readout
from ffexplore.errors import DivergedError, SettingsError

if TYPE_CHECKING:
    from ffexplore.engine.trained import Trained

ROWS = 2048  # rows whose activities are taken at once
KEPT_BYTES = 2 << 30  # activities up to this size are kept; of larger data they are taken anew in each pass
MOST_PASSES = 500
MOST_RELATED = 5000  # inputs up to which it is looked at how they go together
HISTORY = 10  # pairs of steps from which L-BFGS knows the curvature

Chunks = Callable[[], Iterator[tuple[Tensor, Tensor]]]


class _EnoughError(Exception):
    """The passes are used up, or somebody said that it is over."""


def _never() -> bool:
    return False


def fit_readout(
    trainer: Trained,
    *,
    epochs: float | None = None,
    seconds: float | None = None,
    layers: str | None = None,
    decay: float | None = None,
    copies: int = 1,
    progress: bool = True,
    is_over: Callable[[], bool] = _never,
    kept_bytes: int = KEPT_BYTES,
) -> int:
    """Fit the read-out of each variant; see ``Trainer.fit_readout``.

    ``is_over`` is asked before each pass but the first whether to stop; activities up to ``kept_bytes`` are kept.

    Returns
    -------
    int
        The most passes that a variant took.
    """
    if epochs is not None and seconds is not None:
        raise SettingsError("fit_readout takes epochs or seconds, not both; leave both out to go on to the minimum.")
    passes = MOST_PASSES if epochs is None else max(1, round(amount_above_zero("epochs", epochs)))
    until = float("inf") if seconds is None else time.perf_counter() + amount_above_zero("seconds", seconds)
    if decay is None:
        decay = trainer.settings.readout_decay
    elif not is_number(decay) or not 0 <= decay < float("inf"):
        raise SettingsError(f"decay is {decay!r}; it must be 0 or more.")
    _check_copies(trainer, copies)
    readout = trainer.choose_readout_layers(trainer.settings.readout_layers if layers is None else layers)
    chunks = _activities(trainer, readout, copies, kept_bytes)
    most = 0

    def is_enough() -> bool:
        return time.perf_counter() >= until or is_over()

    for variant in range(readout.parameters.variants):
        bar: Any = tqdm(unit=" passes", leave=False) if progress else nullcontext()
        with bar as shown:
            found = minimum(_of(variant, chunks), readout.size, readout.classes, decay, passes, is_enough, shown)
        weight, bias, done = found
        if not done:  # interrupted within the first pass: what was there is better
            continue
        most = max(most, done)
        readout.parameters.weight[variant].copy_(weight)
        readout.parameters.bias[variant].copy_(bias)
    readout.parameters.set_optimizer("smoothed", {})  # what it learned beside the layers was on the way elsewhere
    readout.parameters.changed()
    trainer.renew_stepper()
    return most


def _check_copies(trainer: Trained, copies: int) -> None:
    if isinstance(copies, bool) or not isinstance(copies, int) or copies < 1:
        raise SettingsError(f"copies is {copies!r}; it must be a whole number of 1 or more.")
    if copies > 1 and not jitters(trainer.settings):
        raise SettingsError(
            f"copies is {copies}, but pictures stay as they are, so that all of them would be the same; set shift, "
            "rotation, zoom or elastic above 0, or copies to 1."
        )


def _activities(trainer: Trained, readout: Readout, copies: int, kept_bytes: int) -> Chunks:
    """What the read-out sees of the training data, in chunks (K, rows, size) with their labels (rows,).

    The first copy of a picture stays where it is; the others are moved, each time in the same way.
    """
    network, settings = trainer.network, trainer.settings
    inputs, seeds = network.inputs, [each.seed for each in trainer.all_settings]
    labels = inputs.y["train"]
    index = torch.arange(len(labels), device=labels.device).split(ROWS)

    def taken() -> Iterator[tuple[Tensor, Tensor]]:
        jitter = Jitter(inputs.dataset.shape, seeds, labels.device)
        for copy in range(copies):
            for rows in index:
                raw = inputs.rows(rows)[None, None]
                prepared = inputs.prepare(jitter(raw, settings) if copy else raw)
                yield network.neutral(prepared)[:, 0].float(), labels[rows]

    if copies * len(labels) * readout.size * readout.parameters.variants * 4 > kept_bytes:
        return taken
    kept = list(taken())
    return lambda: iter(kept)


def _of(variant: int, chunks: Chunks) -> Chunks:
    return lambda: ((x[variant], y) for x, y in chunks())


@torch.no_grad()
def minimum(
    chunks: Chunks,
    size: int,
    classes: int,
    decay: float,
    passes: int = MOST_PASSES,
    is_over: Callable[[], bool] = _never,
    bar: Any = None,
) -> tuple[Tensor, Tensor, int]:
    """Minimise the mean cross-entropy plus half the decay times the squared weights, by L-BFGS from zero.

    Parameters
    ----------
    chunks
        Makes an iterator over the data: inputs (rows, size) float32 and labels (rows,) int64.
    size, classes
        Inputs and classes.
    decay
        Weight of the penalty; biases are spared. Above zero the minimum is the only one.
    passes
        Most passes over the data.
    is_over
        Asked before each pass but the first; true ends the search.
    bar
        A progress bar, or None.

    Returns
    -------
    tuple
        Weights (size, classes) and biases (classes,) float32, the best that were met, and the passes it took. An
        interrupt (Ctrl-C) ends the search, too.

    Raises
    ------
    DivergedError
        When the inputs are not finite.
    """
    first, _ = next(iter(chunks()))
    exact = torch.float32 if first.device.type == "mps" else torch.float64
    flat = torch.zeros(size + 1, classes, dtype=exact, device=first.device)
    best, lowest, done = flat.clone(), float("inf"), 0
    space = _Space(chunks, size, classes, decay, flat)

    def loss_and_slope() -> float:
        nonlocal lowest, done
        if done >= passes or (done and is_over()):
            raise _EnoughError
        weights, biases = space.as_given(flat)
        weight, bias = weights.float(), biases.float()
        slope, total, count = torch.zeros_like(flat), 0.0, 0
        for x, y in chunks():
            logits = project(x, weight, bias)
            total += float(cross_entropy(logits.to(exact), y, reduction="sum"))
            delta = logits.softmax(1) - one_hot(y, classes)
            slope[:-1] += project(x.t(), delta)
            slope[-1] += delta.sum(0)
            count += len(y)
        slope /= count
        slope[:-1] += decay * weights
        flat.grad = space.slope(slope)
        loss = total / count + decay / 2 * float(weights.square().sum())
        if loss != loss:
            raise DivergedError("The read-out met activities that are not finite; a layer has diverged.")
        done += 1
        if loss < lowest:
            lowest = loss
            best.copy_(flat)
        if bar is not None:
            bar.set_postfix_str(f"loss {loss:.4f}")
            bar.update()
        return loss

    search = torch.optim.LBFGS(
        [flat], max_iter=passes, max_eval=passes, history_size=HISTORY, line_search_fn="strong_wolfe",
        tolerance_grad=1e-6, tolerance_change=1e-10,
    )  # fmt: skip
    with suppress(_EnoughError, KeyboardInterrupt):
        search.step(loss_and_slope)  # type: ignore[arg-type]
    weights, biases = space.as_given(best)
    return weights.float(), biases.float(), done


class _Space:
    """Where the minimum is searched for: with inputs whose mean is zero and that go together as little as can be.

    That moves no minimum, and what was a long narrow valley is nearly round: a quarter of the passes is enough. For
    inputs that are too many only the mean is taken away.

    Parameters
    ----------
    chunks, size, classes, decay
        As for ``minimum``.
    like
        Of the type to search in, and where.
    """

    def __init__(self, chunks: Chunks, size: int, classes: int, decay: float, like: Tensor) -> None:
        count, total = 0, like.new_zeros(size)
        products = like.new_zeros(size, size, dtype=torch.float32) if size <= MOST_RELATED else None
        for x, _ in chunks():
            count, total = count + len(x), total + x.sum(0, dtype=like.dtype)
            if products is not None:
                with onednn.chosen(x.numel() * size, x.device):
                    products.addmm_(x.t(), x)
        self.mean, self.root = total / count, None
        if products is not None:
            spread = products.to(like.dtype) / count - torch.outer(self.mean, self.mean)
            # the second derivative at zero, and a little more so that a silent unit has a root, too
            spread = spread / classes + (decay + 1e-6) * torch.eye(size, dtype=like.dtype, device=like.device)
            root, failed = torch.linalg.cholesky_ex(spread)
            self.root = None if bool(failed) else root

    def as_given(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (size, classes) and biases (classes,) for the inputs as they are."""
        weights = flat[:-1]
        if self.root is not None:
            weights = torch.linalg.solve_triangular(self.root.mT, weights, upper=True)
        return weights, flat[-1] - self.mean @ weights

    def slope(self, given: Tensor) -> Tensor:
        """The derivative here from that by weights and biases as they are, (size + 1, classes)."""
        by_weights = given[:-1] - torch.outer(self.mean, given[-1])
        if self.root is not None:
            by_weights = torch.linalg.solve_triangular(self.root, by_weights, upper=False)
        return torch.cat([by_weights, given[-1:]])
