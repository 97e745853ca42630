"""One step of two layers, worked on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from ffexplore import Dataset, Settings, Trainer
from ffexplore.data.dataset import Split
from tests.engine.reference import weights_of


def test_two_layers_worked_by_hand(next_label: str) -> None:
    """Rows A (x = 0, class 0) and B (x = 1, class 1); the input is (x, label 0, label 1).

    Layer 1 has units with weights (1, 2, 0) and (0, 0, 1), biases 0; goodness is the mean square, the objective
    max(0, 2 − (g⁺ − g⁻)), the rate ½:

        |    | input     | h      | g    | pair's loss | dL/dg | δ = dL/dg · h  |
        | A⁺ | (0, 1, 0) | (2, 0) | 2    | 0.5         | −½    | (−1, 0)        |
        | A⁻ | (0, 0, 1) | (0, 1) | 0.5  |             | +½    | (0, ½)         |
        | B⁺ | (1, 0, 1) | (1, 1) | 1    | 5.5         | −½    | (−½, −½)       |
        | B⁻ | (1, 1, 0) | (3, 0) | 4.5  |             | +½    | (1½, 0)        |

    Unit 1: −(0,1,0) − ½(1,0,1) + 1½(1,1,0) = (1, ½, −½); unit 2: ½(0,0,1) − ½(1,0,1) = (−½, 0, 0); biases 0, 0.

    Layer 2 sees h as it was before that change. Weights (1, −1), bias ½, rate 0.1:

        |    | z    | h   | g     | pair's loss | dL/dg | δ = dL/dg · 2h |
        | A⁺ | 2.5  | 2.5 | 6.25  | 0           | 0     | 0              |
        | A⁻ | −0.5 | 0   | 0     |             | 0     | 0              |
        | B⁺ | 0.5  | 0.5 | 0.25  | 14          | −½    | −½             |
        | B⁻ | 3.5  | 3.5 | 12.25 |             | +½    | 3½             |

    Weights: −½(1,1) + 3½(3,0) = (10, −½); bias 3.
    """
    rows = Split(np.array([[0.0], [1.0]], np.float32), np.array([0, 1]))
    settings = Settings(
        dataset=Dataset("two rows", rows, rows, rows, ("a", "b")), layers=(2, 1), batch_size="full",
        label_encoding="appended", negatives=next_label, normalization="none", objective="hinge(margin=2)",
        optimizer="sgd", momentum=0.0, learning_rate=(0.5, 0.1), readout_rate=0, device="cpu",
    )  # fmt: skip
    trainer = Trainer(settings)
    first, second = (layer.parameters for layer in trainer.network.layers)
    first.weight.copy_(torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]]).T)
    first.bias.zero_()
    second.weight.copy_(torch.tensor([[1.0, -1.0]]).T)
    second.bias.fill_(0.5)
    first.changed()
    second.changed()
    trainer.step()
    weight, bias = weights_of(trainer, 0)
    assert weight.tolist() == [[0.5, 1.75, 0.25], [0.25, 0.0, 1.0]]
    assert bias.tolist() == [0.0, 0.0]
    weight, bias = weights_of(trainer, 1)
    assert weight[0].tolist() == pytest.approx([0.0, -0.95])
    assert bias.tolist() == pytest.approx([0.2])
    assert [float(layer.take_loss()) for layer in trainer.network.layers] == [3.0, 7.0]


def test_a_persons_goodness_and_objective_learn_like_the_built_in_ones(register: Callable[..., Any]) -> None:
    """Registered without a closed form, over a batch and nothing more: the same weights to rounding."""
    import ffexplore as ff
    from tests.engine.reference import flat_weights
    from tests.engine.sets import pictures

    register(ff.goodness, "own_goodness", lambda activity: activity.square().mean(-1))
    register(ff.objectives, "own_objective", lambda positive, negative, theta: (
        torch.log1p((theta - positive).exp()) + torch.log1p((negative - theta).exp())
    ))  # fmt: skip
    common: dict[str, Any] = {"dataset": pictures(), "layers": (8, 6), "batch_size": 8, "device": "cpu"}
    own = Trainer(Settings(goodness="own_goodness", objective="own_objective", **common))
    ours = Trainer(Settings(goodness="mean_square", objective="logistic", threshold=1.0, **common))
    for trainer in (own, ours):
        trainer.fit(steps=4, progress=False)
    for one, other in zip(flat_weights(own), flat_weights(ours), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
