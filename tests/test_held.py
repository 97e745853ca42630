"""What several threads hold at once."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from ffexplore.held import Held


class Counted:
    """Something that is taken and given back."""

    def __init__(self) -> None:
        self.taken, self.given = 0, 0

    def take(self) -> object:
        self.taken += 1
        return self.give

    def give(self) -> None:
        self.given += 1

    @property
    def is_held(self) -> bool:
        return self.taken == self.given + 1


def test_the_last_who_leaves_gives_it_back() -> None:
    counted = Counted()
    held = Held(counted.take)  # type: ignore[arg-type]
    with held:
        assert counted.is_held
        with held:
            assert (counted.taken, counted.given) == (1, 0)
        assert counted.is_held
    assert (counted.taken, counted.given) == (1, 1)


def test_what_raises_gives_it_back() -> None:
    counted = Counted()
    with pytest.raises(ValueError, match="on the way"), Held(counted.take):  # type: ignore[arg-type]
        raise ValueError("on the way")
    assert counted.given == 1


def test_threads_that_overlap_hold_it_throughout() -> None:
    counted, seen, together = Counted(), [], Barrier(4)
    held = Held(counted.take)  # type: ignore[arg-type]

    def hold() -> None:
        together.wait()
        for _ in range(2000):
            with held:
                seen.append(counted.is_held)

    threads = [Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8000
    assert all(seen)
    assert counted.taken == counted.given >= 1
