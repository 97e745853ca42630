"""Calls of torch, recorded and played again."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ffexplore.engine.recording import Recorder, RecordingError

BUFFER, WEIGHT = torch.zeros(2, 3), torch.arange(6.0).view(2, 3) / 7


def _in_place(x: Tensor, y: Tensor) -> Tensor:
    return (x - 0.5).mul_(y).sigmoid_().add_(x, alpha=2)


def _into_a_buffer(x: Tensor, y: Tensor) -> Tensor:
    rows = BUFFER.view(3, 2)  # a view of what lasts
    torch.mul(x, WEIGHT, out=BUFFER)
    return (rows.T @ rows) * y.sum()


def _many_results(x: Tensor, y: Tensor) -> Tensor:
    first, second = x.unbind(0)
    return torch.cat([first, second, y[1, :2], y[..., 0]], -1) / x.shape[1]


def _numbers_of_all_kinds(x: Tensor, y: Tensor) -> Tensor:
    return torch.where(x > y, float("inf"), x).clamp(max=1e30).sum(dim=(0,), dtype=torch.float64)


@pytest.mark.parametrize("calls", [_in_place, _into_a_buffer, _many_results, _numbers_of_all_kinds])
def test_played_calls_do_with_other_inputs_what_the_calls_do(calls: Callable[[Tensor, Tensor], Tensor]) -> None:
    rng = torch.Generator().manual_seed(0)
    pairs = [(torch.rand(2, 3, generator=rng), torch.rand(2, 3, generator=rng)) for _ in range(4)]
    expected = [calls(x, y) for x, y in pairs]
    with Recorder(pairs[0]) as recorder:
        result = calls(*pairs[0])
    assert torch.equal(result, expected[0])
    played = recorder.played([result, None])
    for pair, wanted in zip(pairs, expected, strict=True):
        got, nothing = played(*pair)
        assert torch.equal(got, wanted)
        assert nothing is None


def test_what_lasts_is_changed_by_each_play() -> None:
    counter, x = torch.zeros(3), torch.ones(3)
    with Recorder([x]) as recorder:
        counter[:2].add_(x[:2])
    played = recorder.played([])
    played(torch.full((3,), 5.0))
    assert counter.tolist() == [6.0, 6.0, 0.0]


def test_numbers_are_drawn_anew_in_each_play() -> None:
    rng = torch.Generator().manual_seed(3)
    with Recorder([]) as recorder:
        first = torch.rand(4, generator=rng)
    again = torch.Generator().manual_seed(3)
    assert torch.equal(first, torch.rand(4, generator=again))
    (second,) = recorder.played([first])()
    assert torch.equal(second, torch.rand(4, generator=again))


@pytest.mark.parametrize(
    "look",
    [lambda x: float(x.sum()), lambda x: bool((x > 0).all()), lambda x: x.tolist(), lambda x: x.numpy(), torch.equal],
    ids=["float", "bool", "list", "numpy", "equal"],
)
def test_a_look_at_a_number_is_an_obstacle(look: Callable[..., object]) -> None:
    x = torch.ones(3)
    with Recorder([x]) as recorder:
        y = x * 2
        look(*([y, y] if look is torch.equal else [y]))
    assert recorder.obstacle
    with pytest.raises(RecordingError, match="gives no tensor"):
        recorder.played([y])


def test_a_look_at_the_shape_is_none() -> None:
    x = torch.ones(3, 4)
    with Recorder([x]) as recorder:
        y = x * (x.shape[0] + x.dim() + len(x) + x.size(1)) if x.is_floating_point() and not x.is_cuda else x
    assert not recorder.obstacle
    assert torch.equal(recorder.played([y])(x + 1)[0], (x + 1) * 12)


def test_another_view_of_an_input_is_an_obstacle() -> None:
    whole = torch.arange(8.0)
    x, hidden = whole[:4], whole[2:6]
    with Recorder([x]) as recorder:
        torch.add(x, hidden)
    assert "where the inputs lie" in recorder.obstacle


def test_what_is_played_goes_with_the_last_who_holds_it() -> None:
    x = torch.ones(2)
    with Recorder([x]) as recorder:
        y = x * 2
    played = recorder.played([y])
    gone = weakref.ref(played)
    gc.disable()
    try:
        del played
        assert gone() is None
    finally:
        gc.enable()
