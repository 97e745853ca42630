"""The speed at which runners start."""

from __future__ import annotations

import pytest

import ffexplore as ff


@pytest.mark.parametrize(("text", "speed"), [("10", 10.0), (" 0.5 ", 0.5), ("", None), ("  ", None)])
def test_the_environment_says_how_fast_a_runner_starts(monkeypatch, text, speed):
    monkeypatch.setenv("FFEXPLORE_SPEED", text)
    runner = ff.Runner(dataset="moons", label_encoding="appended", layers=(4,))
    assert runner.speed == speed
    runner.speed = None
    assert runner.speed is None


def test_without_it_training_is_as_fast_as_can_be(monkeypatch):
    monkeypatch.delenv("FFEXPLORE_SPEED", raising=False)
    assert ff.Runner(dataset="moons", label_encoding="appended", layers=(4,)).speed is None


@pytest.mark.parametrize("text", ["fast", "0", "-3", "nan", "inf", "10 steps"])
def test_what_is_no_speed_is_refused_with_the_name_of_the_variable(monkeypatch, text):
    monkeypatch.setenv("FFEXPLORE_SPEED", text)
    with pytest.raises(ff.SettingsError, match=f"FFEXPLORE_SPEED is '{text}'; it must be a number of steps per second"):
        ff.Runner(dataset="moons", label_encoding="appended", layers=(4,))
