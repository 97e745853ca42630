"""The presets that follow other people's code, against that code's algorithm written out plainly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import ffexplore as ff
from ffexplore import Dataset, Settings, Trainer
from ffexplore.engine.negatives import Batch
from tests.engine.reference import weights_of

CLASSES = 4
Array = NDArray[np.float64]


def digits_like() -> Dataset:
    """60 pictures of 6×5 whose first four pixels are blank and whose brightest is 255, each of another brightness."""
    rng = np.random.default_rng(5)
    y = np.arange(60) % CLASSES
    x = (rng.random((CLASSES, 30)) > 0.5)[y] * 0.7 + 0.25 * rng.random((60, 30))
    x[:, :CLASSES] = 0
    x[::2, -1] = 1.0
    return Dataset.from_arrays(x.reshape(60, 6, 5), y, validation_fraction=0.15, test_fraction=0.15)


def spied(register: Callable[..., Any], name: str, needs: tuple[str, ...]) -> tuple[str, list[tuple[Tensor, Tensor]]]:
    """Negatives of that name whose rows and labels are kept."""
    drawn: list[tuple[Tensor, Tensor]] = []

    def spy(batch: Batch, rng: torch.Generator) -> Tensor:
        labels = ff.negatives[name].draw(batch, rng)["labels"]
        drawn.append((batch.index, labels))
        return labels

    register(ff.negatives, "spied", spy, changes="label", needs=needs)
    drawn.clear()  # of the trial at registration
    return "spied", drawn


def train_arrays(trainer: Trainer) -> tuple[Array, NDArray[np.int64]]:
    data = trainer.plan.dataset.train
    return np.asarray(data.x, np.float64).reshape(len(data), -1) / 255, np.asarray(data.y)


def same_weights(trainer: Trainer, layers: list[tuple[Tensor, Tensor]], tolerance: float) -> None:
    for number, (weight, bias) in enumerate(layers):
        found_weight, found_bias = weights_of(trainer, number)
        torch.testing.assert_close(found_weight, weight.detach(), atol=tolerance, rtol=0)
        torch.testing.assert_close(found_bias, bias.detach(), atol=tolerance, rtol=0)


def direction(x: Tensor) -> Tensor:
    return x / (x.norm(2, 1, keepdim=True) + 1e-4)


def both_sides_loss(g_positive: Tensor, g_negative: Tensor, threshold: float) -> Tensor:
    return torch.log(1 + torch.exp(torch.cat([-g_positive + threshold, g_negative - threshold]))).mean()


def test_pezeshki(register: Callable[..., Any]) -> None:
    """Layer after layer on the full batch, with one permutation of the labels; threshold 2, Adam 0.03."""
    steps = 12
    name, drawn = spied(register, "permuted_labels", ("labels",))
    settings = Settings.preset(
        "pezeshki",
        dataset=digits_like(),
        layers=(9, 7),
        negatives=name,
        schedule=f"greedy(steps={steps})",
        device="cpu",
    )
    trainer = Trainer(settings)
    layers = [tuple(part.requires_grad_() for part in weights_of(trainer, number)) for number in range(2)]
    trainer.fit(steps=2 * steps, progress=False)
    assert len(drawn) == 1

    pixels, y = train_arrays(trainer)
    x = torch.from_numpy((pixels - pixels.mean()) / pixels.std(ddof=1))

    def overlay(labels: Tensor) -> Tensor:
        x_ = x.clone()
        x_[:, :CLASSES] *= 0.0
        x_[range(len(x)), labels] = x.max()
        return x_

    h_positive, h_negative = overlay(torch.tensor(y)), overlay(drawn[0][1])
    for weight, bias in layers:

        def forward(x: Tensor, weight: Tensor = weight, bias: Tensor = bias) -> Tensor:
            return torch.relu(direction(x) @ weight.T + bias)

        optimizer = torch.optim.Adam([weight, bias], lr=0.03)
        for _ in range(steps):
            g_positive, g_negative = forward(h_positive).pow(2).mean(1), forward(h_negative).pow(2).mean(1)
            optimizer.zero_grad()
            both_sides_loss(g_positive, g_negative, 2.0).backward()
            optimizer.step()
        h_positive, h_negative = forward(h_positive).detach(), forward(h_negative).detach()
    same_weights(trainer, layers, 1e-4)  # type: ignore[arg-type]


def test_keras(register: Callable[..., Any]) -> None:
    """Turns of some steps a layer, labels shuffled each round, one count of Adam for all layers; threshold 1.5."""
    turn, rounds = 4, 3
    name, drawn = spied(register, "permuted_labels", ("labels",))
    settings = Settings.preset(
        "keras", dataset=digits_like(), layers=(9, 7), negatives=name, schedule=f"rotation(turn={turn})", device="cpu"
    )
    trainer = Trainer(settings)
    layers = [tuple(part.requires_grad_() for part in weights_of(trainer, number)) for number in range(2)]
    trainer.fit(steps=2 * turn * rounds, progress=False)
    assert len(drawn) == rounds

    pixels, y = train_arrays(trainer)
    x = torch.from_numpy(pixels)

    def overlay(labels: Tensor) -> Tensor:
        rows = []
        for row, label in zip(x, labels.tolist(), strict=True):
            code = torch.zeros(CLASSES, dtype=torch.float64)
            code[label] = row.max()
            rows.append(torch.cat([code, row[CLASSES:]]))
        return torch.stack(rows)

    iterations = 0
    moments = [[(torch.zeros_like(part), torch.zeros_like(part)) for part in layer] for layer in layers]
    for _, labels in drawn:
        h_positive, h_negative = overlay(torch.tensor(y)), overlay(labels)
        for layer, moment in zip(layers, moments, strict=True):
            weight, bias = layer

            def call(x: Tensor, weight: Tensor = weight, bias: Tensor = bias) -> Tensor:
                return torch.relu(direction(x) @ weight.T + bias)

            for _ in range(turn):
                loss = both_sides_loss(call(h_positive).pow(2).mean(1), call(h_negative).pow(2).mean(1), 1.5)
                gradients = torch.autograd.grad(loss, layer)
                iterations += 1
                rate = 0.03 * np.sqrt(1 - 0.999**iterations) / (1 - 0.9**iterations)
                with torch.no_grad():
                    for part, (m, v), gradient in zip(layer, moment, gradients, strict=True):
                        m += (gradient - m) * (1 - 0.9)
                        v += (gradient * gradient - v) * (1 - 0.999)
                        part -= rate * m / (v.sqrt() + 1e-7)
            h_positive, h_negative = call(h_positive).detach(), call(h_negative).detach()
    same_weights(trainer, layers, 1e-4)  # type: ignore[arg-type]


def logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def rows_to_rms_one(x: Array) -> Array:
    return x / (1e-20 + np.sqrt((x * x).mean(1, keepdims=True)))


@pytest.mark.parametrize("seed", [0, 1])
def test_hinton(seed: int, register: Callable[..., Any]) -> None:
    """Gradients without the factor 2, ascent, ε 0.01, decay 0.001, λ 0.03, as the MATLAB code has them."""
    name, drawn = spied(register, "readout_label", ("labels", "readout"))
    settings = Settings.preset(
        "hinton", dataset=digits_like(), layers=(9, 8, 7), negatives=name, batch_size=10, device="cpu", seed=seed
    )
    assert settings.replace(negatives="readout_label") == Settings.preset(
        "hinton", dataset=settings.dataset, layers=(9, 8, 7), batch_size=10, device="cpu", seed=seed
    )
    trainer = Trainer(settings)
    layers = [tuple(part.numpy().T.copy() for part in weights_of(trainer, number)) for number in range(3)]
    steps = 12
    trainer.fit(steps=steps, progress=False)
    assert len(drawn) == steps

    x, y = train_arrays(trainer)
    smoothed = [(np.zeros_like(weight), np.zeros_like(bias)) for weight, bias in layers]
    mean_states = [np.full(weight.shape[1], 0.5) for weight, _ in layers]

    def overlay(rows: NDArray[np.int64], labels: NDArray[np.int64]) -> Array:
        data = x[rows].copy()
        data[:, :CLASSES] = 0
        data[range(len(rows)), labels] = 1
        return rows_to_rms_one(data)

    for step, (index, labels) in enumerate(drawn):
        rows, count = index.numpy(), len(index)
        assert not (labels.numpy() == y[rows]).any()
        gain = 1.0 if step < steps / 2 else 2 * (1 - step / steps)
        below = overlay(rows, y[rows]), overlay(rows, labels.numpy())
        for number, (weight, bias) in enumerate(layers):
            states = [np.maximum(0, each @ weight + bias) for each in below]
            probability = [logistic((each**2).sum(1, keepdims=True) - weight.shape[1]) for each in states]
            mean_states[number] = 0.9 * mean_states[number] + 0.1 * states[0].mean(0)
            better = [(1 - probability[0]) * states[0], -probability[1] * states[1]]
            better[0] = better[0] + 0.03 * (mean_states[number].mean() - mean_states[number])
            ascent = (
                sum(each.T @ each_better for each, each_better in zip(below, better, strict=True)) / count,
                sum(each_better.sum(0) for each_better in better) / count,
            )
            for kept, new in zip(smoothed[number], ascent, strict=True):
                kept *= 0.9
                kept += 0.1 * new
            below = tuple(map(rows_to_rms_one, states))  # type: ignore[assignment]
            weight += 0.01 * gain * (smoothed[number][0] - 0.001 * weight)
            bias += 0.01 * gain * smoothed[number][1]
    same_weights(trainer, [(torch.tensor(weight.T), torch.tensor(bias)) for weight, bias in layers], 1e-5)


@pytest.mark.parametrize("name", ff.presets.names())
def test_every_preset_trains(name: str) -> None:
    widths = (16, 12) if name != "hinton" else (16, 12, 12)
    trainer = Trainer(Settings.preset(name, dataset=digits_like(), layers=widths, device="cpu"))
    trainer.fit(steps=5, progress=False)
    report = trainer.evaluate()
    labelled = trainer.settings.label_encoding.name != "none"
    assert 0 <= (report.accuracy if labelled else report.readout_accuracy) <= 1
    assert len(report.auc) == len(widths)
    assert all(bool(torch.isfinite(layer.parameters.flat).all()) for layer in trainer.network.layers)
