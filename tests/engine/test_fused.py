"""Steps of optimizers that ask nothing of the host, and the notes on what was not finite."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ffexplore.engine import optimize
from ffexplore.engine.optimize import FusedStep, make_optimizer
from ffexplore.engine.watch import Watch
from tests.engine.sets import DEVICES

SIZES = (700, 31, 1)


def _same(count: int, name: str, device: str) -> list[tuple[Tensor, Any]]:
    flats = [torch.randn(1, size).to(device) for size in SIZES[:count]]
    return [(flat, make_optimizer(name, {}, flat)) for flat in flats]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("share", [1, 1 << 16], ids=["whole", "in pieces"])
@pytest.mark.parametrize("momentum", [0.9, 0.0])
@pytest.mark.parametrize("name", optimize.optimizers.names())
def test_fused_steps_are_the_steps_themselves(
    name: str, momentum: float, share: int, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimize, "SHARE", share)
    usual = _same(3, name, device)
    fused = [(flat.clone(), make_optimizer(name, {}, flat)) for flat, _ in usual]
    rate, no = torch.tensor(0.01, device=device), torch.zeros((), device=device)
    for _ in range(5):
        gradients = [torch.randn_like(flat) for flat, _ in usual]
        for (flat, optimizer), gradient in zip(usual, gradients, strict=True):
            optimizer.step(flat, gradient, [0.01], momentum)
        step = FusedStep([flat for flat, _ in fused], gradients, rate, momentum, no)
        fused[0][1].fused([optimizer for _, optimizer in fused], step)
    for (flat, optimizer), (wanted, other) in zip(fused, usual, strict=True):
        torch.testing.assert_close(flat, wanted, rtol=1e-5, atol=1e-6)
        for key, value in optimizer.state.items():
            torch.testing.assert_close(value, other.state[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", optimize.optimizers.names())
def test_who_is_spared_takes_no_step_whatever_the_gradient(name: str, device: str) -> None:
    ((flat, optimizer),) = _same(1, name, device)
    before = [value.clone() for value in (flat, *optimizer.state.values())]
    gradient = torch.full_like(flat, math.nan)
    rate, yes = torch.tensor(0.01, device=device), torch.ones((), device=device)
    optimizer.fused([optimizer], FusedStep([flat], [gradient], rate, 0.9, yes))
    for value, wanted in zip((flat, *optimizer.state.values()), before, strict=True):
        assert torch.equal(value, wanted)


def test_pieces_are_no_more_than_a_launch_takes() -> None:
    for sizes in ((3,), (50, 7, 900), (12_345, 1, 1, 1, 60_000), (9_000_000,)):
        flats = [torch.empty(1, size) for size in sizes]
        step = FusedStep(flats, flats, torch.ones(()), 0.9, torch.zeros(()))
        for kept in (1, 2):
            pieces = step.pieces([flats] * kept)
            assert len(pieces) == 2 + kept
            assert sum(map(len, pieces[0])) <= optimize.TENSORS[2 + kept]
            assert [sum(map(torch.numel, each)) for each in pieces[0]] == list(sizes)
    assert len(step.pieces([flats])[0][0]) == 1  # large enough to keep all processors busy as it is


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_watch_tells_what_was_not_finite_first_and_how_long_ago(bad: float, device: str) -> None:
    watch = Watch(["one", "two", "three"], torch.device(device))
    fine = torch.tensor([1.0, -1e38], device=device)
    spared = []
    for number in range(1, 6):
        watch.begin()
        third = torch.tensor([bad if number in (3, 5) else 0.0], device=device)
        spared.append(bool(watch.see(2, third)))
        others = fine if number < 4 else torch.tensor([bad, 1.0], device=device)
        spared.append(bool(watch.see(0, others)))
        watch.tell()
        if device == "cuda":
            torch.cuda.synchronize()
        assert watch.has_found == (number >= 3)
    assert spared == [False] * 4 + [True] * 6
    assert watch.finding() == ("three", 3)
    watch.clear()
    assert not watch.has_found
    watch.begin()
    assert not bool(watch.see(0, fine))
