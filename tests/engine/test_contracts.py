"""What every function of an activity or a goodness keeps to; a new entry is under test as soon as it is registered."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.engine.activations import Activation
from ffexplore.engine.normalize import Normalization
from ffexplore.engine.objectives import Evidence
from ffexplore.engine.rng import stream
from tests.engine.catalogues import DTYPES, INPUTS, SCALES, activities, defaults, each, held


def check_state(entry: Any, h: Tensor) -> None:
    """An entry with tensors of its own has them for each variant and changes them in training alone."""
    state = entry.init(h.shape[-1], 10, [stream(0), stream(1)])
    assert bool(state) == ("init" in entry.traits)
    again = entry.init(h.shape[-1], 10, [stream(0), stream(0)])
    assert all(torch.equal(again[key][row], value[0]) for key, value in state.items() for row in (0, 1))
    assert all(torch.equal(state[key][0], state[key][1]) == (key not in entry.learned) for key in state)
    assert all(len(value) == 2 and bool(torch.isfinite(value).all()) for value in state.values())
    kept = {key: value.clone() for key, value in state.items()}
    g = entry(h, defaults(entry), state)
    assert all(torch.equal(value, kept[key]) for key, value in state.items())
    torch.testing.assert_close(entry(h[:, :, :1], defaults(entry), state)[:, :, 0], g[:, :, 0])  # no neighbours
    for _ in range(2):
        g = entry(h, defaults(entry), state, train=True)
        assert bool(torch.isfinite(g).all())
        assert all(bool(torch.isfinite(value).all()) for value in state.values())
    alone = {key: value[1:].clone() for key, value in kept.items()}
    for _ in range(2):
        assert entry(h[1:], defaults(entry), alone, train=True).shape == g[1:].shape
    for key, value in alone.items():  # variants do not see each other
        torch.testing.assert_close(value, state[key][1:])


@pytest.mark.parametrize("kind", INPUTS)
@each(ff.goodness)
def test_goodness(entry: Any, kind: str) -> None:
    h = activities(kind, variants=2)
    state = entry.init(h.shape[-1], 10, [stream(0), stream(1)]) if entry.per_class else None
    shape = (*h.shape[:-1], 10) if entry.per_class else h.shape[:-1]
    g = held(lambda: entry(h, defaults(entry), state), h, *(state or {}).values(), shape=shape)
    for variant in range(2):  # variants and sides do not see each other
        for side in range(2):
            own = None if state is None else {key: value[variant : variant + 1] for key, value in state.items()}
            alone = entry(h[variant : variant + 1, side : side + 1], defaults(entry), own)
            torch.testing.assert_close(alone[0, 0], g[variant, side])
    if not entry.coupled:  # nor do samples
        torch.testing.assert_close(entry(h[:, :, :1], defaults(entry), state)[:, :, 0], g[:, :, 0])
    check_state(entry, h)
    if "vjp" in entry.traits:
        held(lambda: entry.derivative(h.clone(), g, torch.ones_like(g), defaults(entry)), h, g)
    leaf = h.clone().requires_grad_()
    learned = {name: state[name].requires_grad_() for name in entry.learned} if state is not None else {}
    dh, *others = torch.autograd.grad(entry(leaf, defaults(entry), state).sum(), (leaf, *learned.values()))
    assert all(bool(torch.isfinite(other).all()) for other in others)
    assert bool(torch.isfinite(dh).all()) or (kind == "zeros" and "vjp" in entry.traits)
    natural = entry.natural_threshold(h.shape[-1])
    assert natural is None or math.isfinite(natural)
    if entry.per_class and "init" in entry.traits:
        with pytest.raises(ff.SettingsError, match="give the state that init makes"):
            entry(h, defaults(entry))


@pytest.mark.parametrize("kind", ["usual", "zeros", "large", "batch of one"])
@each(ff.objectives)
def test_objective(entry: Any, kind: str) -> None:
    rows = 1 if kind == "batch of one" else 5
    scale = SCALES.get(kind, 1.0)
    positive, negative = (scale * torch.randn(3, rows) for _ in range(2))
    kept = positive.clone(), negative.clone()
    context, scores = scale * torch.randn(3, 2, rows), scale * torch.randn(3, rows, 4)
    evidence = Evidence(positive, negative, torch.ones(3, 1), torch.full((3, 1), 2.0), context, scores)
    evidence.labels = torch.randint(0, 4, (3, rows))

    def asked() -> tuple[Tensor, ...]:
        if "classes" not in entry.needs:
            sides, scale = torch.stack([positive, negative], 1), torch.full((3, 1, 1), 2.0)
            slope = entry.slope(sides, torch.ones(3, 1, 1), scale, context, defaults(entry))
            return entry(evidence, defaults(entry)), *slope.unbind(1)
        loss, slopes = entry.gradients(evidence, entry.looked_at, defaults(entry))
        return loss, *slopes

    loss, *slopes = asked()
    wanted = [scores if name == "scores" else positive for name in entry.looked_at]
    if "classes" not in entry.needs:
        wanted = [positive, positive]
    for value, like in zip((loss, *slopes), (positive, *wanted), strict=True):
        assert value.shape == like.shape
        assert value.dtype == positive.dtype
        assert value.device == positive.device
        assert bool(torch.isfinite(value).all())
    assert torch.equal(positive, kept[0])
    assert torch.equal(negative, kept[1])
    assert all(torch.equal(one, other) for one, other in zip((loss, *slopes), asked(), strict=True))
    assert entry.needs <= {"pairs", "theta", "context", "classes"}
    assert entry.needs & {"pairs", "classes"}
    assert entry.listens_to in ("all", "earlier")


@pytest.mark.parametrize("kind", INPUTS)
@each(ff.normalizations)
def test_normalization(entry: Any, kind: str) -> None:
    h = activities(kind, variants=2)
    kept = h.clone()
    out = held(lambda: entry(h, defaults(entry)), h)
    state = entry.init(h.shape[-1], 2, h.device)
    assert (state is not None) == entry.has_state
    alone = out if state is None else entry(h, defaults(entry), None, state)
    torch.testing.assert_close(entry(h[:, :, :1], defaults(entry), None, state), alone[:, :, :1])  # no neighbours
    if state is not None:
        assert bool(torch.isfinite(entry(h, defaults(entry), None, state, True)).all())
        assert all(bool(torch.isfinite(value).all()) for value in state.values())
    torch.testing.assert_close(out, entry.function(h, **defaults(entry)))
    place = torch.empty_like(h)
    assert entry(h, defaults(entry), out=place) is place
    assert torch.equal(place, out)
    out.add_(1)
    assert torch.equal(h, kept)  # a result of its own


@pytest.mark.parametrize("kind", ["usual", "zeros", "large", "one unit", "batch of one"])
@each(ff.activations)
def test_activation(entry: Any, kind: str) -> None:
    z = activities(kind) - 0.5 * activities(kind).amax()
    h = held(lambda: entry.function(z.clone()), z)
    delta = held(lambda: entry.backward(torch.ones_like(h), h.clone()), h)
    if entry.by_sign:
        assert torch.equal(entry.backward(torch.ones_like(h), h * 7), delta)
    kept = z.clone()
    up = held(lambda: entry.up(z if entry.goes_apart else z.clone()), z)
    assert torch.equal(z, kept)
    assert entry.goes_apart or torch.equal(up, h)
    held(lambda: entry.up_backward(torch.ones_like(up), up.clone()), up)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "entry",
    [*ff.goodness, *ff.normalizations, *ff.activations],
    ids=lambda each: f"{type(each).__name__}-{each.name}",
)
def test_what_comes_out_has_the_precision_of_what_went_in(entry: Any, dtype: torch.dtype) -> None:
    h = activities("usual", variants=2).to(dtype)
    if isinstance(entry, Activation):
        held(lambda: entry.function(h.clone()), h)
        held(lambda: entry.backward(torch.ones_like(h), h.clone()), h)
    elif isinstance(entry, Normalization):
        held(lambda: entry(h, defaults(entry)), h)
    else:
        state = entry.init(h.shape[-1], 10, [stream(0), stream(1)])
        shape = (*h.shape[:-1], 10) if entry.per_class else h.shape[:-1]
        held(lambda: entry(h, defaults(entry), state), h, shape=shape)
        if not entry.per_class:
            held(lambda: entry(h, defaults(entry)), h, shape=shape)


@pytest.mark.parametrize("kind", INPUTS)
@each(ff.black_boxes)
def test_black_box(entry: Any, kind: str) -> None:
    h = activities(kind, variants=2)
    chance = torch.rand(2, *h.shape[2:], generator=stream(1)) if entry.tosses else None
    out = held(lambda: entry(h, defaults(entry), chance), *([h] if chance is None else [h, chance]))
    for variant in range(2):  # variants, sides and samples do not see each other
        drawn = None if chance is None else chance[variant : variant + 1, :1]
        alone = entry(h[variant : variant + 1, 1:, :1], defaults(entry), drawn)
        torch.testing.assert_close(alone[0, 0, 0], out[variant, 1, 0])
    leaf = h.clone().requires_grad_()
    assert not entry(leaf, defaults(entry), chance).requires_grad  # torch sees nothing of it
