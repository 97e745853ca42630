"""The status line: what is sent at once, and what waits."""

from __future__ import annotations

import numpy as np
import torch

from ffexplore import Settings
from ffexplore.engine.repeats import CAPTURED
from ffexplore.ui.status import StatusLine, figures
from tests.ui.synthetic import snapshot


def test_figures_are_sent_now_and_then_and_a_new_accuracy_at_once(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("ffexplore.ui.status.time.monotonic", lambda: now[0])
    line = StatusLine()

    def shown(step, accuracy, seconds):
        now[0] += seconds
        line.show("running", "", snapshot(step, accuracy=np.full(1, accuracy, np.float32)))
        return line.facts[0], line.facts[-1]

    assert shown(10, 0.5, 0) == ("step 10", "accuracy 50.0 %")
    assert shown(20, 0.5, 0.1) == ("step 10", "accuracy 50.0 %")
    assert shown(30, 0.75, 0.1) == ("step 30", "accuracy 75.0 %")
    assert shown(40, 0.75, 0.1) == ("step 30", "accuracy 75.0 %")
    assert shown(50, 0.75, 0.2) == ("step 50", "accuracy 75.0 %")


def test_an_accuracy_of_long_ago_says_of_which_step_it_is():
    def told(step, read):
        return figures(snapshot(step, accuracy=np.full(1, 0.5, np.float32), accuracy_step=read))[-1]

    assert told(1000, -1) == told(1000, 1000) == told(1000, 900) == "accuracy 50.0 %"
    assert told(12_000, 4_000) == "accuracy 50.0 % at step 4\N{NARROW NO-BREAK SPACE}000"


READ = [Settings(inference="readout")]


def test_of_variants_the_best_by_the_inference_of_each():
    shares = {
        "accuracy": np.array([0.5, 0.9], np.float32),
        "readout_accuracy": np.array([0.6, 0.7], np.float32),
    }
    moment = snapshot(10, variants=2, **shares)
    assert figures(moment, [Settings(), *READ])[-2:] == ["2 variants", "best accuracy 70.0 %"]
    assert figures(moment, READ)[-1] == "best accuracy 90.0 %"  # those of the variants are not known yet


def test_the_accuracy_is_of_what_decides():
    shares = {"accuracy": np.full(1, 0.5, np.float32), "readout_accuracy": np.full(1, 0.75, np.float32)}
    assert figures(snapshot(10, **shares))[-1] == "accuracy 50.0 %"
    assert figures(snapshot(10, **shares), READ)[-1] == "accuracy of the read-out 75.0 %"
    nobody = np.full(1, np.nan, np.float32)
    assert figures(snapshot(10, **{**shares, "accuracy": nobody}))[-1] == "accuracy of the read-out 75.0 %"
    assert figures(snapshot(10, **{**shares, "readout_accuracy": nobody}), READ)[-1] == "accuracy 50.0 %"
    line = StatusLine()
    for inference, told in (("goodness", "accuracy 50.0 %"), ("readout", "accuracy of the read-out 75.0 %")):
        line.tell_place(Settings(inference=inference, device="cpu"))
        line.show("paused", "", snapshot(10, **shares))
        assert line.facts[-1] == told


def test_on_a_gpu_the_place_says_how_steps_are_taken_and_on_a_cpu_it_does_not(monkeypatch):
    line = StatusLine()
    line.tell_place(Settings(device="cpu", precision="float32"), 2, "recorded")
    assert (line.place, line.manner) == ("CPU · float32 · 2 threads", "")
    monkeypatch.setattr("ffexplore.ui.status.resolve_device", lambda name: torch.device("cuda"))
    settings = Settings(precision="float32")
    line.tell_place(settings)
    assert (line.place, line.manner) == ("CUDA · float32", "")
    for manner, short in {
        "call by call": "call by call",
        CAPTURED: "graph",
        "call by call: not permitted": "call by call",
        f"{CAPTURED}, other batches call by call: not permitted": "graph",
    }.items():
        line.tell_place(settings, 2, manner)
        assert line.place == f"CUDA · float32 · {short}"
        assert line.manner.startswith(f"Steps: {manner}. ")
