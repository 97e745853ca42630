"""What a step shares and keeps: buffers, changes of small layers at once, parts of an epoch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine import epoch, inputs, updates
from ffexplore.engine.energy import energy
from ffexplore.engine.epoch import EpochSides
from ffexplore.engine.parts import Part
from tests.engine.reference import flat_weights
from tests.engine.sets import pictures

BASE: dict[str, Any] = {"layers": (9, 8, 7, 6), "batch_size": 10, "device": "cpu", "readout_rate": 0.0}


def trainer(**changes: Any) -> Trainer:
    return Trainer(Settings(**{**BASE, "dataset": pictures(), **changes}))


def three(**changes: Any) -> list[Settings]:
    """Variants that go through the data in orders of their own."""
    settings = trainer(**changes).settings
    return [settings.replace(seed=seed) for seed in range(3)]


class Largest(TorchDispatchMode):
    """Notes the largest tensor that an operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {each.untyped_storage().data_ptr() for each in args if isinstance(each, Tensor)}
        given |= {each.untyped_storage().data_ptr() for each in (kwargs or {}).values() if isinstance(each, Tensor)}
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.untyped_storage().data_ptr() not in given:
            self.numbers = max(self.numbers, result.numel())
        return result


def test_a_step_makes_no_tensor_of_the_size_of_an_activity() -> None:
    """What it makes anew has a number for each input or bias at most: goodness, slopes and the like."""
    each = trainer(layers=(32, 32, 32))
    each.fit(steps=4, progress=False)  # every buffer is there, and the short batch at the end has had its turn
    each.batches.position, seen = 0, Largest()
    each.step()
    with seen:
        each.step()
    assert 0 < seen.numbers <= 3 * 32 < 2 * 10 * 32


@pytest.mark.parametrize("limit", [0, 150, 1 << 18])
@pytest.mark.parametrize("changes", [{}, {"optimizer": "sgd"}, {"learning_rate": (0.01, 0.02, 0.02, 0.01)}])
def test_how_many_layers_change_at_once_makes_no_difference(
    limit: int, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = trainer(**changes).fit(steps=6, progress=False)
    monkeypatch.setattr(updates, "TOGETHER", limit)
    apart = trainer(**changes)
    groups = [[layer.number for layer in group] for group in apart.network.groups]
    assert groups == {0: [[0], [1], [2], [3]], 150: [[0], [1, 2], [3]], 1 << 18: [[0, 1, 2, 3]]}[limit]
    apart.fit(steps=6, progress=False)
    for one, other in zip(flat_weights(together), flat_weights(apart), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_layers_that_change_at_once_all_stay_where_one_diverges() -> None:
    each = trainer(normalization="none", goodness="sum_of_squares")
    assert len(each.network.groups) == 1
    each.step()
    each.network.layers[2].parameters.flat.fill_(1e38)  # finite, but not what comes of it
    before = flat_weights(each)
    with pytest.raises(ff.DivergedError, match="layer 3 met a"):
        each.step()
    for one, other in zip(flat_weights(each), before, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("size", [7, 10, 3])
def test_another_batch_size_within_an_epoch_goes_on_with_the_rows_that_are_left(size: int) -> None:
    each = trainer()
    sides = EpochSides(each.pairs)
    assert EpochSides.serves(each.pairs)
    rows: list[Tensor] = []
    while sum(map(len, rows)) < len(each.plan.dataset.train):
        index = each.batches.next()
        image, label = sides.batch(each.batches, index.shape[1], 0)
        expected = each.network.inputs.prepare_rows(index).image
        assert expected is not None
        assert torch.equal(image.x, expected.x)
        assert torch.equal(image.stacks(1)[0], expected.x[0, 0])
        right = each.network.inputs.y["train"][index[0]]
        assert torch.equal(label.x[0, 0].argmax(-1), right)
        assert not bool((label.x[0, 1].argmax(-1) == right).any())
        rows.append(index[0])
        each.batches.resize(size)
    assert sorted(torch.cat(rows).tolist()) == list(range(len(each.plan.dataset.train)))


@pytest.mark.parametrize(("laid", "kept"), [(1, 1 << 20), (3000, 1 << 20), (3000, 0)])
@pytest.mark.parametrize(
    "changes", [{}, {"negatives_refresh": "once"}, {"negatives": "permuted_labels", "negatives_refresh": "epoch"}]
)
def test_how_much_is_made_at_once_makes_no_difference(
    laid: int, kept: int, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = three(**changes)
    usual = Trainer.variants(variants)
    assert EpochSides.serves(usual.pairs)
    usual.fit(epochs=3, progress=False)
    assert usual.network.inputs.kept is not None
    monkeypatch.setattr(epoch, "LAID_BYTES", laid)
    monkeypatch.setattr(inputs, "KEPT_BYTES", kept)
    few = Trainer.variants(variants).fit(epochs=3, progress=False)
    assert (few.network.inputs.kept is None) == (not kept)
    for one, other in zip(flat_weights(usual), flat_weights(few), strict=True):
        assert torch.equal(one, other)


def test_a_stretch_is_no_larger_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    prepare_rows = inputs.Inputs.prepare_rows

    def noted(self: inputs.Inputs, index: Tensor, room: Tensor | None = None) -> inputs.Prepared:
        made.append(index.numel())
        return prepare_rows(self, index, room)

    each = Trainer.variants(three())
    monkeypatch.setattr(inputs.Inputs, "prepare_rows", noted)
    row = 4 * each.network.inputs.features
    monkeypatch.setattr(epoch, "LAID_BYTES", 62 * row)  # rows of two batches of 10 for three variants
    count = len(each.plan.dataset.train)
    each.fit(epochs=1, progress=False)
    assert made[:-1] == [60] * (-(-count // 20) - 1)
    assert sum(made) == 3 * count
    made.clear()
    monkeypatch.setattr(epoch, "LAID_BYTES", 63 * row)
    each.fit(epochs=1, progress=False)
    assert made == [3 * count]  # of no more than twice as many bytes: whole


def test_full_batches_are_prepared_once_however_large_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = trainer(batch_size="full", input_scaling="standardize", negatives_refresh="once")
    usual.fit(steps=3, progress=False)
    monkeypatch.setattr(inputs, "KEPT_BYTES", 0)
    monkeypatch.setattr(epoch, "LAID_BYTES", 0)
    prepared: list[int] = []
    prepare = inputs.Inputs.prepare

    def counted(self: inputs.Inputs, raw: Tensor) -> inputs.Prepared:
        prepared.append(raw.shape[2])
        return prepare(self, raw)

    monkeypatch.setattr(inputs.Inputs, "prepare", counted)
    large = trainer(batch_size="full", input_scaling="standardize", negatives_refresh="once")
    count = len(large.plan.dataset.train)
    large.fit(steps=3, progress=False)
    assert prepared == [count]
    for one, other in zip(flat_weights(usual), flat_weights(large), strict=True):
        assert torch.equal(one, other)
    large.apply(large.settings.replace(batch_size=10))
    large.fit(steps=2, progress=False)
    assert prepared == [count, 10, 10]


def test_the_batches_of_another_epoch_lie_where_those_of_the_last_one_lay(monkeypatch: pytest.MonkeyPatch) -> None:
    each = trainer()
    sides = EpochSides(each.pairs)
    count = len(each.plan.dataset.train)

    def batches_of(epoch: int) -> list[list[Part]]:
        found = []
        while each.batches.position < count or each.batches.epoch < epoch:
            index = each.batches.next()
            found.append(sides.batch(each.batches, index.shape[1], epoch))
            expected = each.network.inputs.prepare_rows(index).image
            assert expected is not None
            assert torch.equal(found[-1][0].x, expected.x)
            assert torch.equal(found[-1][1].x[0, 0].argmax(-1), each.network.inputs.y["train"][index[0]])
        return found

    first, second = batches_of(0), batches_of(1)
    assert count % each.batches.size  # what is left makes a smaller batch
    assert all(one is other for one, other in zip(first, second, strict=True))
    monkeypatch.setattr("ffexplore.engine.epoch.COPIED_BYTES", 1)
    third = batches_of(2)
    assert not any(one is other for one, other in zip(second, third, strict=True))
    for one, other in zip(third, batches_of(3), strict=True):
        assert one[0].x.data_ptr() == other[0].x.data_ptr()  # new views of the same memory


# torch itself copies what is transposed in a stack of products in bfloat16
@pytest.mark.parametrize(("precision", "variants"), [("float32", 1), ("float32", 3), ("bfloat16", 1)])
def test_a_step_allocates_nothing_as_large_as_an_activity(precision: str, variants: int) -> None:
    settings = ff.Settings(
        dataset="digits",
        label_encoding="appended",
        layers=(96, 80, 64),
        batch_size=32,
        precision=precision,
        readout_rate=0.0,
        device="cpu",
    )
    each = Trainer.variants([settings.replace(threshold=1.0 + number) for number in range(variants)])
    each.fit(steps=60, progress=False)  # recorded by then, and within an epoch
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        each.step()
    activity = variants * 32 * 64 * 2  # of one side of the narrowest layer, in bfloat16
    largest = max(seen.events(), key=lambda event: event.self_cpu_memory_usage)
    assert largest.self_cpu_memory_usage < activity, largest.name


def test_sides_of_an_epoch_are_those_of_its_batches_after_going_back() -> None:
    """A moment that is restored within the same epoch finds its batch, though later ones were handed out already."""
    each = trainer()
    each.step()
    kept = {name: value.clone() for name, value in each.state().items()}
    counters = each.counters()
    each.fit(steps=2, progress=False)
    expected = flat_weights(each)
    each.fit(steps=1, progress=False)
    each.load_state(kept, counters)
    each.fit(steps=2, progress=False)
    assert all(torch.equal(one, other) for one, other in zip(flat_weights(each), expected, strict=True))


OF_ENERGY = [entry.name for entry in ff.goodness if entry.of_energy is not None]


@pytest.mark.parametrize("name", OF_ENERGY)
def test_goodness_from_the_energy_is_the_goodness(name: str) -> None:
    entry = ff.goodness[name]
    h = torch.rand(2, 2, 3, 5, dtype=torch.float64)
    leaf = h.clone().requires_grad_()
    g = entry(leaf)
    assert entry.of_energy is not None
    torch.testing.assert_close(entry.of_energy(energy(h), 5), g.detach())
    (expected,) = torch.autograd.grad(g.sum(), leaf)
    factor = torch.as_tensor(entry.factor(g.detach(), 5))
    torch.testing.assert_close(h * (factor.unsqueeze(-1) if factor.dim() else factor), expected)


def test_most_goodness_functions_of_the_sum_of_squares_say_so() -> None:
    assert {"mean_square", "sum_of_squares", "minus_sum_of_squares", "l2_norm", "log_energy"} <= set(OF_ENERGY)
