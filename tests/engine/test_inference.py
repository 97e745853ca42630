"""How a class is read from the goodness of every label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.network import Network, Stage
from ffexplore.engine.parts import Part
from tests.engine.sets import pictures


def test_the_vote_by_loops() -> None:
    goodness = torch.randn(4, 2, 300, 5)
    found = ff.inferences["vote"].function(goodness).argmax(-1)
    for variant in range(2):
        for row in range(300):
            votes = Counter(int(goodness[layer, variant, row].argmax()) for layer in range(4))
            most = [label for label, count in votes.items() if count == max(votes.values())]
            expected = max(most, key=lambda label: float(goodness[:, variant, row, label].sum()))
            assert int(found[variant, row]) == expected


def test_a_tie_of_all_is_no_accident() -> None:
    goodness = torch.tensor([[3.0, 0.0, 1.0], [0.0, 1.0, 0.0]]).view(2, 1, 1, 3)
    assert ff.inferences["vote"].function(goodness).argmax().item() == 0
    assert bool(torch.isfinite(ff.inferences["vote"].function(goodness * 0)).all())


def test_the_last_layer() -> None:
    goodness = torch.randn(3, 1, 5, 4)
    last = ff.inferences["goodness"].function(goodness, layers="last")
    assert torch.equal(last, goodness[2])
    assert Settings(inference="goodness(layers=last)").inference.values == {"layers": "last"}


@pytest.mark.parametrize("inference", ["vote", "goodness(layers=last)", "goodness", "readout"])
def test_report_and_prediction_use_the_chosen_inference(inference: str) -> None:
    settings = Settings(dataset=pictures(), layers=(8, 7, 6), inference=inference, batch_size=10, device="cpu")
    trainer = Trainer(settings).fit(steps=20, progress=False)
    report = trainer.evaluate()
    split = settings.dataset.test
    right = float((trainer.predict(split.x) == split.y).mean())
    assert right == pytest.approx(report.readout_accuracy if inference == "readout" else report.accuracy)
    if inference == "goodness(layers=last)":
        assert report.accuracy == report.layer_accuracy[-1]


def test_a_persons_inference_is_used(register: Callable[..., Any]) -> None:
    def least(layer_goodness: Tensor) -> Tensor:
        return -layer_goodness.sum(0)

    register(ff.inferences, "least", least, summary="the label with the least goodness")
    base = Settings(dataset=pictures(), layers=(8,), batch_size=10, device="cpu")
    trainer = Trainer(base).fit(steps=20, progress=False)
    before = trainer.evaluate().accuracy
    best = trainer.predict(base.dataset.test.x)
    trainer.apply(base.replace(inference="least"))
    assert not np.any(trainer.predict(base.dataset.test.x) == best)
    assert trainer.evaluate().accuracy <= 1 - before


def test_scores_are_taken_in_chunks_that_suit_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Trainer(Settings(dataset=pictures(), device="cpu", layers=(9, 8))).network
    images = network.inputs.rows(torch.arange(20))
    walked: list[int] = []
    usual = Network.walk

    def walk(self: Network, parts: list[Part], *given: Any, **named: Any) -> Iterator[Stage]:
        walked.append(max(part.rows for part in parts))
        return usual(self, parts, *given, **named)

    monkeypatch.setattr(Network, "walk", walk)
    monkeypatch.setattr("ffexplore.engine.network.ROWS", 12)
    monkeypatch.setattr("ffexplore.engine.network.CHUNK", 5 * 9 * network.inputs.classes)
    on_cpu, _ = network.score(images)
    assert walked == [5, 5, 2, 12, 5, 3, 8]  # the candidates, then the neutral label for the read-out
    walked.clear()
    monkeypatch.setattr(Network, "is_on_gpu", True)
    on_gpu, _ = network.score(images)
    assert set(walked) == {20}
    torch.testing.assert_close(on_gpu, on_cpu)
    assert torch.equal(images, network.inputs.rows(torch.arange(20)))
