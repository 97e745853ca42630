"""The number of torch threads is chosen by measurement, and given back at rest."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from ffexplore.live import threads as module
from ffexplore.live.threads import ROUNDS, TRIAL, ThreadChoice


class Torch:
    """Stands in for torch: remembers how many threads are set."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.history = [threads]

    def get_num_threads(self) -> int:
        return self.threads

    def set_num_threads(self, threads: int) -> None:
        self.threads = threads
        self.history.append(threads)


class Clock:
    """Time that passes as told."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


def trainer(torch: Torch, clock: Clock, seconds: dict[int, float], units: tuple[int, ...] = (8,)) -> Any:
    """A trainer whose steps take as long as the number of threads makes them."""

    def step() -> None:
        clock.now += seconds[torch.threads]

    plan = SimpleNamespace(units=units, half=False, device=SimpleNamespace(type="cpu"))
    return SimpleNamespace(plan=plan, batches=SimpleNamespace(size=4), step=step)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> tuple[Torch, Clock]:
    torch, clock = Torch(2), Clock()
    monkeypatch.setattr(module, "torch", torch)
    monkeypatch.setattr(module, "time", clock)
    return torch, clock


@pytest.mark.parametrize(("seconds", "best"), [({1: 1.0, 2: 3.0}, 1), ({1: 3.0, 2: 2.0}, 2)])
def test_the_quicker_number_is_taken(world: tuple[Torch, Clock], seconds: dict[int, float], best: int) -> None:
    torch, clock = world
    choice, small = ThreadChoice(), trainer(torch, clock, seconds)
    for _ in range(2 * ROUNDS * TRIAL + 5):
        choice.step(small)
    assert choice.count == torch.threads == best
    choice.release()
    assert torch.threads == 2
    choice.step(small)
    assert torch.threads == best


def test_another_network_is_measured_anew(world: tuple[Torch, Clock]) -> None:
    torch, clock = world
    choice = ThreadChoice()
    for seconds, units, best in (({1: 1.0, 2: 2.0}, (8,), 1), ({1: 2.0, 2: 1.0}, (800,), 2)):
        network = trainer(torch, clock, seconds, units)
        for _ in range(2 * ROUNDS * TRIAL + 1):
            choice.step(network)
        assert choice.count == best


def test_one_thread_leaves_nothing_to_choose(world: tuple[Torch, Clock]) -> None:
    torch, clock = world
    torch.threads = 1
    choice = ThreadChoice()
    torch.history.clear()
    for _ in range(5):
        choice.step(trainer(torch, clock, {1: 1.0}))
    assert set(torch.history) <= {1}
    assert choice.count == 1


def test_on_a_gpu_one_trainer_of_the_process_steps_at_a_time() -> None:
    within, most = [], []

    def step() -> None:
        within.append(1)
        most.append(len(within))
        time.sleep(0.05)
        within.pop()

    plan = SimpleNamespace(units=(8,), half=False, device=SimpleNamespace(type="cuda"))
    each: Any = SimpleNamespace(plan=plan, batches=SimpleNamespace(size=4), step=step)
    threads = [threading.Thread(target=ThreadChoice().step, args=(each,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]
