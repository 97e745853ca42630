"""The twin trained by backpropagation, against plain torch in float64, and what it refuses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore.engine.backprop import BackpropTwin
from ffexplore.engine.footprint import Footprint
from ffexplore.errors import DivergedError, SettingsError
from tests.engine.sets import pictures, table


def settings(**changes: Any) -> ff.Settings:
    """Three small layers on pictures whose first values are blank."""
    chosen: dict[str, Any] = {"dataset": pictures(), "layers": (12, 9, 7), "batch_size": "full"} | changes
    return ff.Settings(**chosen)


def normalized(h: Tensor, how: str) -> Tensor:
    """The normalizations as their names say, row by row."""
    if how == "none":
        return h
    if how == "layer_norm":
        centred = h - h.mean(1, keepdim=True)
        return centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    power = h.square().sum(1, keepdim=True)
    return h / ((power / h.shape[1]) if how == "rms" else power).sqrt()


def by_hand(twin: BackpropTwin, steps: int, how: str, optimizer: Callable[[list[Tensor]], Any]) -> list[Tensor]:
    """The weights after some full batches by torch's modules and optimizers, in float64."""
    data = twin.settings.dataset
    x = torch.from_numpy(np.array(data.train.x, np.float64).reshape(len(data.train), -1))
    x = x / 255 if data.train.x.dtype == np.uint8 else x
    y = torch.tensor(data.train.y, dtype=torch.int64)
    sizes = [x.shape[1], *twin.settings.layers, data.classes]
    modules = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in itertools.pairwise(sizes)]
    for number, module in enumerate(modules):
        weight, bias = twin.weights(number)
        module.weight.data.copy_(weight.t())
        module.bias.data.copy_(bias)
    chosen = optimizer([value for module in modules for value in module.parameters()])
    for _ in range(steps):
        h = normalized(x, how)
        for module in modules[:-1]:
            h = normalized(torch.relu(module(h)), how)
        chosen.zero_grad()
        torch.nn.functional.cross_entropy(modules[-1](h), y).backward()
        chosen.step()
    return [module.weight.detach().t() for module in modules]


@pytest.mark.parametrize("how", ["rms", "unit", "layer_norm", "none"])
def test_it_trains_as_plain_torch_does_in_float64(how: str) -> None:
    twin = BackpropTwin(settings(normalization=how, learning_rate=1e-3, momentum=0.8))
    expected = by_hand(twin, 8, how, lambda values: torch.optim.Adam(values, lr=1e-3, betas=(0.8, 0.999)))
    before = twin.weights(0)[0]
    twin.fit(steps=8, progress=False)
    assert not torch.allclose(twin.weights(0)[0], before, atol=1e-3)
    for number, weight in enumerate(expected):
        torch.testing.assert_close(twin.weights(number)[0].double(), weight, rtol=1e-4, atol=1e-5)


def test_a_stated_horizon_gives_the_rates_of_a_fit_as_long() -> None:
    by_fit = BackpropTwin(settings(rate_course="linear")).fit(epochs=3, progress=False)
    stated = BackpropTwin(settings(rate_course="linear", horizon=3.0)).fit(epochs=3, progress=False)
    steady = BackpropTwin(settings()).fit(epochs=3, progress=False)
    for number in range(3):
        assert torch.equal(by_fit.weights(number)[0], stated.weights(number)[0])
    assert not torch.equal(by_fit.weights(0)[0], steady.weights(0)[0])


def test_other_optimizers_and_decay_are_those_of_the_settings() -> None:
    twin = BackpropTwin(settings(optimizer="sgd", learning_rate=0.05, weight_decay=0.0))
    expected = by_hand(twin, 8, "rms", lambda values: torch.optim.SGD(values, lr=0.05, momentum=0.9))
    twin.fit(steps=8, progress=False)
    for number, weight in enumerate(expected):
        torch.testing.assert_close(twin.weights(number)[0].double(), weight, rtol=1e-4, atol=1e-5)
    shrinking = BackpropTwin(settings(optimizer="smoothed", learning_rate=0.05, weight_decay=10.0))
    length = shrinking.weights(1)[0].norm()
    shrinking.fit(steps=20, progress=False)
    assert shrinking.weights(1)[0].norm() < 0.5 * length


def test_it_starts_with_the_weights_and_the_batches_of_the_trainer() -> None:
    chosen = settings(batch_size=8, seed=5)
    twin, trainer = BackpropTwin(chosen), ff.Trainer(chosen)
    for number in range(3):
        for mine, theirs in zip(twin.weights(number), trainer.weights(number), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
    assert [twin.batches.next().tolist() for _ in range(9)] == [trainer.batches.next().tolist() for _ in range(9)]


def test_the_same_seed_gives_the_same_numbers_with_shifts_and_dropout() -> None:
    chosen = settings(batch_size=8, shift=1, dropout=0.3)
    twins = [BackpropTwin(each).fit(steps=12, progress=False) for each in (chosen, chosen, chosen.replace(seed=1))]
    first, again, other = (twin.weights(0)[0] for twin in twins)
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns_digits(precision: str) -> None:
    chosen = ff.Settings(dataset="digits", label_encoding="appended", layers=(64, 64), precision=precision)
    twin = BackpropTwin(chosen).fit(epochs=20, progress=False)
    report = twin.evaluate()
    assert report.accuracy > 0.95
    test = twin.inputs.dataset.test
    assert report.accuracy == pytest.approx(float((twin.predict(test.x) == test.y).mean()))
    assert report.to_dict()["steps"] == twin.steps > 0
    assert twin.steps_per_second == twin.steps / twin.seconds
    assert twin.accuracy("test", 50) == pytest.approx(float((twin.predict(test.x[:50]) == test.y[:50]).mean()))


def test_a_table_will_do() -> None:
    twin = BackpropTwin(ff.Settings(dataset=table(), label_encoding="appended", layers=(16,), learning_rate=0.01))
    assert twin.fit(epochs=60, progress=False).evaluate("validation").accuracy > 0.8
    with pytest.raises(SettingsError, match="split is 'tset'; allowed: train, validation, test"):
        twin.evaluate("tset")


def test_a_silent_row_leaves_the_gradient_finite() -> None:
    twin = BackpropTwin(settings(layers=(3, 3)))
    with torch.no_grad():
        twin.layers[0].bias.fill_(-100.0)
    twin.fit(steps=3, progress=False)
    assert all(torch.isfinite(twin.weights(number)[0]).all() for number in range(3))


def test_batch_normalization_goes_by_running_means_at_inference() -> None:
    twin = BackpropTwin(settings(normalization="batch_norm")).fit(steps=40, progress=False)
    images = twin.settings.dataset.test.x
    assert [int(twin.predict(image)[0]) for image in images] == twin.predict(images).tolist()


def test_it_refuses_what_has_no_derivative(register: Callable[..., Any]) -> None:
    def backward(delta: Tensor, h: Tensor) -> Tensor:
        return delta

    entries = {
        "two_valued": (lambda z: z.sign(), "zero everywhere"),
        "cut_off": (lambda z: (z > 0).float(), "knows no derivative"),
        "in_numpy": (lambda z: torch.from_numpy(np.maximum(z.numpy(), 0)), "torch says"),
    }
    for name, (function, reason) in entries.items():
        register(ff.activations, name, function, backward=backward, summary="not differentiable")
        with pytest.raises(SettingsError, match="Backpropagation cannot train this network") as error:
            BackpropTwin(settings(activation=name))
        assert f"the activation {name!r} stands in the way" in str(error.value)
        assert reason in str(error.value)


def test_dead_units_are_not_taken_for_a_cut() -> None:
    chosen = settings(layers=(12, 1))
    for seed in range(8):  # in some of them the only unit of layer 2 is silent on every row
        assert BackpropTwin(chosen.replace(seed=seed)).steps == 0


def test_what_overflows_leaves_the_weights_alone() -> None:
    twin = BackpropTwin(settings())
    with torch.no_grad():
        twin.layers[3].weight.mul_(1e38)
    before = [twin.weights(number)[0] for number in range(4)]
    with pytest.raises(DivergedError, match="Lower learning_rate"):
        twin.fit(steps=3, progress=False)
    assert all(torch.equal(twin.weights(number)[0], weight) for number, weight in enumerate(before))


def test_changed_settings_are_taken_up_where_the_network_stays() -> None:
    twin = BackpropTwin(settings())
    assert twin.apply(settings(dataset=twin.settings.dataset, learning_rate=0.0, threshold=3.0))
    before = twin.weights(2)[0]
    twin.step()
    assert torch.equal(before, twin.weights(2)[0])
    assert not twin.apply(twin.settings.replace(layers=(12, 9)))
    assert twin.settings.layers == (12, 9, 7)


def test_a_footprint_counts_each_storage_once_and_forgets_it_when_it_goes() -> None:
    weights = [torch.randn(100, 100, requires_grad=True) for _ in range(4)]
    x, found, kept = torch.randn(50, 100), Footprint(), []

    def forward() -> None:
        h = x
        for weight in weights:
            h = torch.nn.functional.linear(h, weight).relu_()
        kept.append(h.sum())
        found.note()

    found.watch(forward)
    activities, loss = 4 * 50 * 100 * 4, 4
    assert found.live == found.held == activities + loss  # in place: a layer keeps one tensor
    found.watch(lambda: kept[0].backward())
    gradients = 4 * 100 * 100 * 4
    assert found.live == gradients + loss
    assert found.peak >= found.held
    kept.clear()
    for weight in weights:
        weight.grad = None
    assert found.live == 0
