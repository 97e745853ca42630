"""A step as a CUDA graph. Where there is no CUDA device a recording stands in for the graph: all but the launch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor

from ffexplore import Settings, Trainer, goodness
from ffexplore.engine import repeats
from ffexplore.engine.recording import Played, Recorder, RecordingError
from ffexplore.engine.repeats import Repeats
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

CASES: dict[str, dict[str, Any]] = {
    "logistic": {},
    "hard labels": {"negatives": "hard_label", "readout_rate": 0.0},
    "read-out asked": {"negatives": "readout_label", "label_encoding": "overlay(strength=3)"},
    "shifts": {"shift": 1},
    "pictures": {"negatives": "hybrid_images"},
    "swish, label above": {"objective": "swish_symba", "label_layers": "all"},
    "layer norm": {"normalization": "layer_norm"},
    "rotation": {"schedule": "rotation(turn=3)"},
    "sgd": {"optimizer": "sgd"},
}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


class Results(Recorder):
    """Remembers every tensor that a call gave."""

    def __init__(self) -> None:
        super().__init__([])
        self.tensors: list[Tensor] = []

    def __torch_function__(self, *given: Any) -> Any:
        result = super().__torch_function__(*given)
        self.tensors += [each for each in (result if isinstance(result, tuple) else [result]) if type(each) is Tensor]
        return result


class StandIn:
    """A graph whose calls are a recording, which writes where they wrote when it was made.

    They are made while it is captured, too, which those of a real one are not.
    """

    made = 0
    replays = 0
    fails = ""
    spoils: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        StandIn.made += 1
        self.played: Played | None = None
        self.results: list[Tensor] = []

    def replay(self) -> None:
        assert self.played is not None
        StandIn.replays += 1
        for there, result in zip(self.results, self.played(), strict=True):
            assert result is not None
            there.copy_(result)
        StandIn.spoils()

    @contextmanager
    def capture(self, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        if self.fails:
            raise RuntimeError(self.fails)
        with Results() as recorder:
            yield
        self.results = recorder.tensors
        self.played = recorder.played(self.results)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    for name, value in {"made": 0, "replays": 0, "fails": "", "spoils": staticmethod(lambda: None)}.items():
        monkeypatch.setattr(StandIn, name, value)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", StandIn)
    monkeypatch.setattr(torch.cuda, "graph", StandIn.capture)
    monkeypatch.setattr(repeats, "_is_on_gpu", lambda network: True)
    monkeypatch.setattr(repeats, "PATIENCE_ON_GPU", 1)
    return StandIn


def _trainer(**changes: Any) -> Trainer:
    base: dict[str, Any] = {"layers": (9, 8, 7), "batch_size": 10, "device": "cpu", "learning_rate": 0.01}
    return Trainer(Settings(**{**base, "dataset": pictures(), **changes}))


def _fit(**changes: Any) -> Trainer:
    return _trainer(**changes).fit(steps=60, progress=False)


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_captured_steps_are_the_steps_themselves(
    changes: dict[str, Any], stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    captured = _fit(**changes)
    assert captured.manifest()["step"] == "captured in a CUDA graph"
    assert stand_in.replays > 40
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    usual = _fit(**changes)
    assert usual.manifest()["step"] == "call by call"
    for mine, others in zip(flat_weights(captured), flat_weights(usual), strict=True):
        torch.testing.assert_close(mine, others, rtol=1e-5, atol=1e-6)
    for layer, other in zip(captured.network.layers, usual.network.layers, strict=True):
        torch.testing.assert_close(layer.take_loss(), other.take_loss(), rtol=1e-5, atol=1e-6, equal_nan=True)


def test_what_cannot_be_captured_learns_call_by_call_and_says_why(
    stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "fails", "operation not permitted when stream is capturing\nmore of it")
    trainer = _fit()
    assert trainer.manifest()["step"] == "call by call: operation not permitted when stream is capturing"
    assert (stand_in.made, stand_in.replays) == (1, 0)
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    usual = _fit()
    for mine, others in zip(flat_weights(trainer), flat_weights(usual), strict=True):
        assert torch.equal(mine, others)


def test_a_graph_that_comes_to_another_gradient_is_not_used(
    stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = _trainer()
    gradient = trainer.network.layers[1].parameters.gradient.flat
    monkeypatch.setattr(stand_in, "spoils", staticmethod(lambda: gradient.add_(0.1)))
    trainer.fit(steps=60, progress=False)
    assert "another gradient" in trainer.manifest()["step"]
    assert stand_in.replays == 1
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    for mine, others in zip(flat_weights(trainer), flat_weights(_fit()), strict=True):
        assert torch.equal(mine, others)


@pytest.mark.parametrize(
    "changes",
    [{"goodness": "class_groups", "label_encoding": "none"}, {"black_box": "quantizer"}, {"threshold_rate": 0.1}],
    ids=["scores of classes", "black box", "learned threshold"],
)
def test_what_keeps_more_than_tensors_is_not_tried(changes: dict[str, Any], stand_in: type[StandIn]) -> None:
    fits = {"objective": "class_cross_entropy"} if "goodness" in changes else {}
    assert _fit(**changes, **fits).manifest()["step"] == "call by call"
    assert stand_in.made == 0


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture from the second batch of a kind on."""
    monkeypatch.setattr(repeats, "PATIENCE_ON_GPU", 1)


@needs_cuda
@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "changes",
    [*CASES.values(), {"goodness": "top_k(k=3)"}, {"dropout": 0.3, "peer_normalization": 0.1}],
    ids=[*CASES, "goodness by autograd", "chance and peers"],
)
def test_on_a_gpu_captured_steps_are_the_steps_themselves(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    captured = _fit(**changes, device="cuda")
    assert captured.manifest()["step"] == "captured in a CUDA graph"
    monkeypatch.setattr(Repeats, "serves", lambda *given: False)
    usual = _fit(**changes, device="cuda")
    for mine, others in zip(flat_weights(captured), flat_weights(usual), strict=True):
        torch.testing.assert_close(mine, others, rtol=1e-3, atol=1e-4)


@needs_cuda
@pytest.mark.usefixtures("soon")
def test_on_a_gpu_a_persons_own_goodness_is_captured_where_it_looks_at_no_number(register: Callable[..., Any]) -> None:
    def plain(activity: Tensor) -> Tensor:
        """Mean square."""
        return activity.square().mean(-1)

    def looking(activity: Tensor) -> Tensor:
        """Mean square, after a look."""
        return activity.square().mean(-1) * (1.0 if float(activity.sum()) > -1 else 0.5)

    register(goodness, "plain", plain)
    register(goodness, "looking", looking)
    assert _fit(goodness="plain", device="cuda").manifest()["step"] == "captured in a CUDA graph"
    trainer = _fit(goodness="looking", device="cuda")
    assert trainer.manifest()["step"].startswith("call by call: ")
    assert trainer.evaluate("validation").accuracy > 0.5


def test_an_obstacle_says_what_stands_in_the_way() -> None:
    x = torch.ones(2)
    with Recorder([x]) as recorder:
        (x * 2).tolist()
    with pytest.raises(RecordingError, match="tolist gives no tensor"):
        recorder.played([])
