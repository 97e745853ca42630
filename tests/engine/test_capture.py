"""A step as a CUDA graph. Where there is no CUDA device a recording stands in for the graph: all but the launch."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from ffexplore import Settings, Trainer, goodness
from ffexplore.engine import capture, constants, repeats
from ffexplore.engine.capture import Standing
from ffexplore.engine.negatives import entry as negatives_entry
from ffexplore.engine.network import Network
from ffexplore.engine.objectives import entry
from ffexplore.engine.parts import Part
from ffexplore.engine.recording import Played, Recorder, RecordingError
from ffexplore.engine.repeats import Learn, Repeats
from ffexplore.engine.stepping import Stepper
from ffexplore.engine.whole_step import WholeStep
from ffexplore.errors import DivergedError
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

# On a GPU and on a CPU alike, so that settings that are none do not wait for a GPU to be found out.
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
    "closed derivative": {"goodness": "top_k(share=0.3)"},
    "goodness by autograd": {"goodness": "entropy_weighted"},
    "chance and peers": {"dropout": 0.3, "peer_normalization": 0.1},
    "goodness with running means": {"goodness": "predictive_coding"},
    "batch norm": {"normalization": "batch_norm"},
}
# What only a whole step as one graph takes in, or is other there.
WHOLE: dict[str, dict[str, Any]] = {
    **CASES,
    "layers that collaborate": {"objective": "collaboration"},
    "gradient across layers": {"schedule": "overlapping"},
    "scores of classes": {"goodness": "class_groups", "label_encoding": "none", "objective": "class_cross_entropy"},
    "turned": {"rotation": 10, "zoom": 0.1},
    "bent": {"elastic": 1},
    "mistaken labels": {"negatives": "permuted_labels", "negatives_refresh": "once"},
    "kept for an epoch": {"negatives": "same_class", "negatives_refresh": "epoch"},
    "every kind of rate": {"learning_rate": (0.01, 0.02, 0.01), "rate_course": "cosine", "weight_decay": 0.01},
    "smoothed, read-out rarely": {"optimizer": "smoothed", "readout_interval": 3, "weight_decay": 0.02},
    "bfloat16": {"precision": "bfloat16"},
    "other pictures": {"negatives": "other_image"},
}
CANNOT = "operation not permitted when stream is capturing"
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


class Results(Recorder):
    """Remembers every tensor that a call gave; whether derivatives are taken is recorded, too."""

    def __init__(self) -> None:
        super().__init__([])
        self.tensors: list[Tensor] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch._C._set_grad_enabled:
            self._lines.append(f"{self._last(function)}({args[0]})")
            return function(*args)
        if getattr(function, "__name__", "").startswith("_fused_"):  # they give nothing, and write into what they get
            kwargs = kwargs or {}
            function(*args, **kwargs)
            self._write(function, args, kwargs, args[0], False)
            return None
        result = super().__torch_function__(function, types, args, kwargs)
        if function in (torch.tensor, torch.nonzero, torch.bincount):  # a copy from the host, or a wait for it
            self.obstacle = self.obstacle or CANNOT
        self.tensors += [each for each in (result if isinstance(result, tuple) else [result]) if type(each) is Tensor]
        return result


class StandIn:
    """A graph whose calls are a recording, which writes where they wrote when it was made.

    They are made while it is captured, too, which those of a real one are not.
    """

    made = 0
    replays = 0
    within = 0  #: captures that are under way
    is_stuck = False  #: whether a capture failed, and none has ended well since
    given_back: ClassVar[list[str]] = []  #: calls by which a failed capture gives memory back
    spoils: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        StandIn.made += 1
        self.played: Played | None = None
        self.results: list[Tensor] = []

    def register_generator_state(self, generator: torch.Generator) -> None:
        assert generator.device.type == "cpu"

    def replay(self) -> None:
        assert self.played is not None
        StandIn.replays += 1
        for there, result in zip(self.results, self.played(), strict=True):
            assert result is not None
            if 0 not in there.stride():  # else it is a view of another one, in which a number stands in many places
                there.copy_(result)
        StandIn.spoils()

    def reset(self) -> None:
        self.played = None


class Capture:
    """Captures as ``torch.cuda.graph`` does: where the end fails, the thread is left on the stream."""

    streams = threading.local()

    def __init__(self, graph: StandIn, pool: Any = None, stream: str = "", *, capture_error_mode: str) -> None:
        assert capture_error_mode == "thread_local"
        self.graph, self.stream, self.recorder = graph, stream, Results()

    def __enter__(self) -> None:
        assert not StandIn.within
        StandIn.within += 1
        self.former, Capture.streams.current = current_stream(), self.stream
        self.recorder.__enter__()

    def __exit__(self, kind: type | None, *of_the_error: Any) -> None:
        self.recorder.__exit__(kind, *of_the_error)
        StandIn.within -= 1
        StandIn.is_stuck = kind is not None
        if kind is not None:
            raise RuntimeError("operation failed due to a previous error during capture")
        self.graph.results = self.recorder.tensors
        self.graph.played = self.recorder.played(self.graph.results)
        Capture.streams.current = self.former


class Mark:
    """An event that has happened as soon as it is recorded."""

    def record(self) -> None: ...

    def synchronize(self) -> None: ...


def current_stream() -> str:
    return str(getattr(Capture.streams, "current", "the default one"))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[StandIn]]:
    fresh = {"made": 0, "replays": 0, "within": 0, "is_stuck": False, "given_back": []}
    for name, value in {**fresh, "spoils": staticmethod(lambda: None)}.items():
        monkeypatch.setattr(StandIn, name, value)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", StandIn)
    monkeypatch.setattr(torch.cuda, "graph", Capture)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: "a side stream")
    monkeypatch.setattr(torch.cuda, "current_stream", current_stream)
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: setattr(Capture.streams, "current", stream))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    for name in ("endAllocateToPool", "releasePool"):
        monkeypatch.setattr(torch._C, f"_cuda_{name}", lambda *given, name=name: StandIn.given_back.append(name))
    monkeypatch.setattr(capture, "_failed", [])
    monkeypatch.setattr(torch.cuda, "Event", Mark)
    monkeypatch.setattr(negatives_entry, "_is_captured", lambda like: StandIn.within > 0)
    monkeypatch.setattr(Network, "is_on_gpu", True)
    monkeypatch.setattr(repeats, "PATIENCE_ON_GPU", 1)
    capture._side_stream.cache_clear()
    yield StandIn
    capture._side_stream.cache_clear()


def _trainer(**changes: Any) -> Trainer:
    base: dict[str, Any] = {"layers": (9, 8, 7), "batch_size": 10, "device": "cpu", "learning_rate": 0.01}
    return Trainer(Settings(**{**base, "dataset": pictures(), **changes}))


def _fit(**changes: Any) -> Trainer:
    return _trainer(**changes).fit(steps=60, progress=False)


@pytest.fixture
def in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture what lets layers learn, and not whole steps."""
    monkeypatch.setattr(WholeStep, "serves", lambda *given: False)


@pytest.fixture
def usually(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trainer]:
    """Trains call by call."""

    def fit(**changes: Any) -> Trainer:
        with monkeypatch.context() as patched:
            patched.setattr(WholeStep, "serves", lambda *given: False)
            patched.setattr(Repeats, "serves", lambda *given: False)
            trainer = _fit(**changes)
        assert trainer.manifest()["step"] == "call by call"
        return trainer

    return fit


@pytest.mark.parametrize(
    ("is_whole", "changes"),
    [pytest.param(True, changes, id=f"whole, {name}") for name, changes in WHOLE.items()]
    + [pytest.param(False, changes, id=f"up to the update, {name}") for name, changes in CASES.items()],
)
def test_captured_steps_are_the_steps_themselves(
    is_whole: bool,
    changes: dict[str, Any],
    stand_in: type[StandIn],
    usually: Callable[..., Trainer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_whole:
        monkeypatch.setattr(WholeStep, "serves", lambda *given: False)
    trainer = _fit(**changes)
    assert trainer.manifest()["step"] == "captured in a CUDA graph"
    assert stand_in.replays > 40
    assert not stand_in.given_back
    _compare_runs(trainer, usually(**changes))


def _compare_runs(captured: Trainer, usual: Trainer) -> None:
    for mine, others in zip(flat_weights(captured), flat_weights(usual), strict=True):
        torch.testing.assert_close(mine, others, rtol=1e-5, atol=1e-6)
    for layer, other in zip(captured.network.layers, usual.network.layers, strict=True):
        torch.testing.assert_close(layer.take_loss(), other.take_loss(), rtol=1e-5, atol=1e-6, equal_nan=True)
        torch.testing.assert_close(layer.peer_mean, other.peer_mean, rtol=1e-5, atol=1e-6)


def _compare_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every batch learned call by call, too, from the same weights, and what both come to compared.

    Weights of two runs would part on a GPU, where the last digits of a gradient may choose another negative.
    """
    in_part, whole = Repeats.__call__, WholeStep.__call__

    def learn_both_ways(self: Repeats, learn: Learn, parts: list[Part], rows: int) -> None:
        def standing() -> Standing:
            return Standing(self._network, self._learners, self._chance)

        before = standing()
        in_part(self, learn, parts, rows)
        after = standing()
        before.restore()
        learn(parts)
        _compare(after, standing())
        after.restore()

    def step_both_ways(self: WholeStep, step: Any, index: Tensor, rates: Any, factor: float, reads: bool) -> bool:
        before = self.standing()
        if not whole(self, step, index, rates, factor, reads):
            return False
        self.settle()
        after = self.standing()
        before.restore()
        self.take(step, index, rates)
        self.settle()
        _compare(after, self.standing())
        after.restore()
        return True

    monkeypatch.setattr(Repeats, "__call__", learn_both_ways)
    monkeypatch.setattr(WholeStep, "__call__", step_both_ways)


def _compare(one: Standing, other: Standing) -> None:
    assert all(bool(value.any()) for _, value in one._results)
    assert one.is_met()
    for (_, value), (_, wanted) in zip(one._moved, other._moved, strict=True):
        torch.testing.assert_close(value, wanted, rtol=1e-3, atol=1e-5, equal_nan=True)
    for (layer, learned, loss, count), (_, *others) in zip(one._counts, other._counts, strict=True):
        assert (learned, loss is None, count) == (others[0], others[1] is None, others[2]), layer.number
        if loss is not None:
            torch.testing.assert_close(loss, others[1], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("case", ["logistic", "chance and peers", "goodness with running means"])
def test_each_captured_step_comes_to_what_its_calls_come_to(
    case: str, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    _compare_each_step(monkeypatch)
    assert _fit(**CASES[case]).manifest()["step"] == "captured in a CUDA graph"
    trainer = _fit(**CASES[case])
    for moved in (trainer.network.layers[1].parameters.flat, trainer.network.layers[1].parameters.gradient.flat):
        monkeypatch.setattr(stand_in, "spoils", staticmethod(lambda moved=moved: moved.add_(0.1)))
        with pytest.raises(AssertionError):
            trainer.fit(steps=1, progress=False)


@pytest.mark.usefixtures("in_part")
@pytest.mark.parametrize("case", ["logistic", "chance and peers", "goodness with running means"])
def test_each_captured_batch_has_the_gradients_of_its_calls(
    case: str, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    _compare_each_step(monkeypatch)
    assert _fit(**CASES[case]).manifest()["step"] == "captured in a CUDA graph"
    trainer = _fit(**CASES[case])
    gradient = trainer.network.layers[1].parameters.gradient.flat
    monkeypatch.setattr(stand_in, "spoils", staticmethod(lambda: gradient.add_(0.1)))
    with pytest.raises(AssertionError):
        trainer.fit(steps=1, progress=False)


def _in_trouble(trainer: Trainer) -> Trainer:
    """A weight of the second layer is not finite from the third step on."""
    trainer.fit(steps=40, progress=False)
    weight, steps = trainer.network.layers[1].parameters.flat, 0
    usual = trainer.stepper.step

    def step(number: int, progress: float, epochs: float) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            trainer.stepper.settle()
            weight[0, 0] = float("nan")
        usual(number, progress, epochs)

    trainer.stepper.step = step  # type: ignore[method-assign]
    return trainer


def test_a_number_that_is_not_finite_is_told_with_its_step_and_changes_no_weight(
    stand_in: type[StandIn], usually: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = _in_trouble(_trainer())
    with pytest.raises(DivergedError, match=r"At step 42 layer 2 met a (loss|gradient) that is not finite") as told:
        trainer.fit(steps=20, progress=False)
    assert trainer.steps == 42
    assert "Weights are not finite since an earlier step: lower learning_rate (now 0.01)" in str(told.value)
    weights = [layer.parameters.flat.clone() for layer in trainer.network.layers]
    with pytest.raises(DivergedError, match="At step 42"):
        trainer.step()
    for layer, weight in zip(trainer.network.layers, weights, strict=True):
        torch.testing.assert_close(layer.parameters.flat, weight, rtol=0, atol=0, equal_nan=True)
    trainer.network.layers[1].parameters.flat[0, 0] = 0.1
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 45
    assert all(bool(layer.parameters.flat.isfinite().all()) for layer in trainer.network.layers)
    assert all(bool(torch.isfinite(layer.take_loss()).all()) for layer in trainer.network.layers)


@pytest.fixture
def looking(register: Callable[..., Any], stand_in: type[StandIn]) -> dict[str, int]:
    """Settings' goodness that looks at a number, which a capture does not bear; from the graph ``first`` on."""
    found = {"first": 1}

    def look(activity: Tensor) -> Tensor:
        """Mean square, after a look."""
        if stand_in.within and stand_in.made >= found["first"]:
            raise RuntimeError(f"{CANNOT}\nmore of it")
        return activity.square().mean(-1)

    register(goodness, "looking", look, batched=True)
    return found


@pytest.mark.usefixtures("looking")
def test_what_cannot_be_captured_learns_call_by_call_and_says_why(
    stand_in: type[StandIn], usually: Callable[..., Trainer]
) -> None:
    changes: dict[str, Any] = {"goodness": "looking", "dropout": 0.3}
    trainer = _fit(**changes)
    assert trainer.manifest()["step"] == f"call by call: {CANNOT}"
    assert stand_in.replays == 0
    assert current_stream() == "the default one"
    assert not stand_in.is_stuck
    assert stand_in.given_back == ["endAllocateToPool", "releasePool"] * 2  # of a whole step, and of its learning
    for mine, others in zip(flat_weights(trainer), flat_weights(usually(**changes)), strict=True):
        torch.testing.assert_close(mine, others, rtol=1e-5, atol=1e-6)


def test_where_some_batches_are_captured_and_others_cannot_be_both_is_said(looking: dict[str, int]) -> None:
    looking["first"] = 3
    told = _fit(goodness="looking").manifest()["step"]
    assert told == f"captured in a CUDA graph, other batches call by call: {CANNOT}"


def test_a_graph_holds_the_constants_that_it_reads(stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be let go otherwise when many others are asked for, and the graph would read what lies there then."""
    read: list[Tensor] = []

    def noted(*given: Any) -> Tensor:
        found = made(*given)
        if stand_in.within:
            read.append(found)
        return found

    made = constants.constants
    monkeypatch.setattr(constants, "constants", noted)
    monkeypatch.setattr(entry, "constants", noted)
    trainer = _fit(objective="swish_symba", layers=(9, 8))
    assert trainer.manifest()["step"] == "captured in a CUDA graph"
    held = {id(each) for one in gc.get_objects() if type(one) is capture.Captured for each in one._held[0]}
    assert len({id(each) for each in read}) > 3
    assert {id(each) for each in read} <= held


def test_constants_are_made_once_and_not_kept_without_end() -> None:
    like = torch.zeros(2, dtype=torch.float64)
    one = constants.constant(2.5, like)
    assert one is constants.constant(2.5, like)
    assert (one.dtype, one.shape, float(one)) == (torch.float64, (), 2.5)
    assert constants.constant(2.5, like.float()).dtype == torch.float32
    pair = entry.by_side(like.dtype, like.device, -3.0, 4.0)
    assert pair is entry.by_side(like.dtype, like.device, -3.0, 4.0)
    assert pair.tolist() == [[[-3.0], [4.0]]]
    for number in range(2 * constants.MOST):
        constants.constant(number + 0.25, like)
    assert len(constants.kept_constants()) <= constants.MOST
    assert float(constants.constant(2.5, like)) == 2.5


@pytest.mark.parametrize("whole", [True, False])
def test_with_a_stepper_its_graphs_go_at_once(
    whole: bool, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not whole:
        monkeypatch.setattr(WholeStep, "serves", lambda *given: False)
    gc.collect()
    trainer = _fit()
    former: list[weakref.ref[Any]] = [weakref.ref(trainer.stepper)]
    former += [weakref.ref(each) for each in gc.get_objects() if type(each) is stand_in and each.played]
    gc.disable()
    try:
        trainer.apply(trainer.settings.replace(threshold=2.0))
        assert len(former) > 2
        assert [each() for each in former] == [None] * len(former)
    finally:
        gc.enable()


def test_a_graph_that_comes_to_other_numbers_is_not_used(
    stand_in: type[StandIn], usually: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = _trainer()
    gradients = [layer.parameters.gradient.flat for layer in trainer.network.layers]
    monkeypatch.setattr(stand_in, "spoils", staticmethod(lambda: torch._foreach_add_(gradients, 0.1)))
    trainer.fit(steps=60, progress=False)
    assert trainer.manifest()["step"] == "call by call: launched as one, the calls come to other numbers"
    assert stand_in.replays == 2  # of a whole step, and of its learning
    for mine, others in zip(flat_weights(trainer), flat_weights(usually()), strict=True):
        torch.testing.assert_close(mine, others, rtol=1e-5, atol=1e-6)


def test_a_gradient_that_is_not_finite_is_no_fault_of_a_graph() -> None:
    trainer = _trainer()
    trainer.step()
    layers = trainer.network.layers
    gradient = layers[1].parameters.gradient.flat
    gradient[0, :2] = torch.tensor([float("nan"), float("inf")])
    then = Standing(trainer.network, layers, ())
    gradient[0, 0] = 3.0
    assert then.is_met()
    gradient[0, 2] += 1.0
    assert not then.is_met()
    gradient[0, 2] = float("nan")
    assert not then.is_met()
    then.restore()
    assert then.is_met()


@pytest.mark.parametrize(
    "changes", [{"black_box": "quantizer"}, {"threshold_rate": 0.1}], ids=["black box", "learned threshold"]
)
def test_what_keeps_more_than_tensors_is_not_tried(changes: dict[str, Any], stand_in: type[StandIn]) -> None:
    assert _fit(**changes).manifest()["step"] == "call by call"
    assert stand_in.made == 0


def test_what_an_optimizer_asks_of_the_host_is_left_out_of_the_graph(stand_in: type[StandIn]) -> None:
    trainer = _fit(optimizer="adam(early_epsilon=True)")
    lesson = trainer.stepper._lesson
    assert lesson is not None
    assert lesson.whole is None
    assert trainer.manifest()["step"] == "captured in a CUDA graph"
    assert stand_in.replays > 40


def test_a_whole_step_that_cannot_be_captured_is_so_up_to_the_update(
    stand_in: type[StandIn], usually: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any) -> None:
        if stand_in.within:
            raise RuntimeError(CANNOT)
        usual(*given)

    usual = Stepper._teach_readout
    monkeypatch.setattr(Stepper, "_teach_readout", refuse)
    in_part = f"captured in a CUDA graph up to the update: {CANNOT}"
    assert _fit(readout_interval=1).manifest()["step"] == in_part
    trainer = _fit()
    assert trainer.manifest()["step"] == f"captured in a CUDA graph, other batches {in_part}"
    _compare_runs(trainer, usually())


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture from the second batch of a kind on."""
    monkeypatch.setattr(repeats, "PATIENCE_ON_GPU", 1)


@needs_cuda
@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("changes", WHOLE.values(), ids=WHOLE)
def test_on_a_gpu_each_captured_step_comes_to_what_its_calls_come_to(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _compare_each_step(monkeypatch)
    trainer = _fit(**changes, device="cuda")
    assert trainer.manifest()["step"] == "captured in a CUDA graph"
    assert trainer.stepper._lesson is not None
    assert trainer.stepper._lesson.whole is not None


@needs_cuda
def test_on_a_gpu_a_number_that_is_not_finite_is_told_with_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "PATIENCE_ON_GPU", 1)
    trainer = _in_trouble(_trainer(device="cuda"))
    with pytest.raises(DivergedError, match=r"At step 42 layer 2 met a (loss|gradient) that is not finite"):
        trainer.fit(steps=20, progress=False)
    assert trainer.steps == 42
    trainer.network.layers[1].parameters.flat[0, 0] = 0.1
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 45
    assert all(bool(layer.parameters.flat.isfinite().all()) for layer in trainer.network.layers)


@needs_cuda
@pytest.mark.usefixtures("soon", "in_part")
@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_on_a_gpu_each_captured_batch_has_the_gradients_of_its_calls(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _compare_each_step(monkeypatch)
    assert _fit(**changes, device="cuda").manifest()["step"] == "captured in a CUDA graph"


@needs_cuda
@pytest.mark.usefixtures("soon")
def test_on_a_gpu_a_persons_own_goodness_is_captured_where_it_looks_at_no_number(register: Callable[..., Any]) -> None:
    def plain(activity: Tensor) -> Tensor:
        """Mean square."""
        return activity.square().mean(-1)

    def looking(activity: Tensor) -> Tensor:
        """Mean square, after a look that is a decision."""
        return activity[activity.sum(-1) > -1].square().mean(-1)

    register(goodness, "plain", plain)
    register(goodness, "looking", looking)
    assert _fit(goodness="plain", device="cuda").manifest()["step"] == "captured in a CUDA graph"
    trainer = _fit(goodness="looking", dropout=0.3, device="cuda")
    told = trainer.manifest()["step"]
    assert told.startswith("call by call: ")
    assert "previous error" not in told
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert torch.rand(3, device="cuda").isfinite().all()
    assert trainer.evaluate("validation").accuracy > 0.5
    assert _fit(goodness="plain", dropout=0.3, device="cuda").manifest()["step"] == "captured in a CUDA graph"


def test_an_obstacle_says_what_stands_in_the_way() -> None:
    x = torch.ones(2)
    with Recorder([x]) as recorder:
        (x * 2).tolist()
    with pytest.raises(RecordingError, match="tolist gives no tensor"):
        recorder.played([])
