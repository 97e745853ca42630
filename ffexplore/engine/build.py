"""From settings to a network: what is built, what is kept, and how the layers are set up."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ffexplore.engine.activations import Activation, activations
from ffexplore.engine.black_box import PlacedBox, black_boxes
from ffexplore.engine.goodness import goodness
from ffexplore.engine.inference import layer_numbers
from ffexplore.engine.initialize import initializations
from ffexplore.engine.inputs import Inputs
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.layers import PEER_START, Layer
from ffexplore.engine.learned import Learned, Threshold
from ffexplore.engine.lockstep import distinct_seeds
from ffexplore.engine.negatives import negatives
from ffexplore.engine.network import Network
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.objectives import objectives
from ffexplore.engine.pairs import Pairs
from ffexplore.engine.parameters import Parameters
from ffexplore.engine.plan import Plan
from ffexplore.engine.readout import Readout
from ffexplore.engine.rng import stream
from ffexplore.engine.rules import Rule
from ffexplore.engine.settings import Settings, natural_threshold
from ffexplore.engine.updates import lay_gradients


def build(plan: Plan, variants: Sequence[Settings], former: Network | None = None) -> Network:
    """Build the network of a plan; layers of ``former`` whose shapes stay keep weights and optimizer state."""
    settings = variants[0]
    normalization = normalizations[settings.normalization.name]
    inputs = former.inputs if former is not None else None
    asked = settings.label_encoding, settings.label_layers, settings.normalization, settings.input_scaling
    if inputs is None or inputs.made_for != asked:
        inputs = Inputs(
            plan.dataset,
            label_encodings[settings.label_encoding.name],
            settings.label_encoding.values,
            *normalization.of_input(settings.normalization.values),
            settings.input_scaling,
            plan.device,
            plan.half,
            inputs,
            settings.label_layers == "all",
        )
        inputs.made_for = asked
    layers = []
    for number, (sources, units) in enumerate(zip(plan.sources, plan.units, strict=True)):
        kept = former.layers[number] if former is not None and number < len(former.layers) else None
        if kept is not None and (kept.parameters.sources, kept.units) == (dict(sources), units):
            kept.activation = activations[settings.activation.name]
            layers.append(kept)
        else:
            layers.append(_new_layer(number, dict(sources), units, plan, variants))
    readout = make_readout(plan, settings, len(variants), None if former is None else former.readout)
    box = _place_box(settings, distinct_seeds(variants), former)
    groups = lay_gradients(layers)
    return Network(inputs, layers, normalization, settings.normalization.values, groups, readout, box)


def _place_box(settings: Settings, seeds: Sequence[int], former: Network | None) -> PlacedBox | None:
    """The black box of the settings, going on with the random numbers of a former one; None where there is none."""
    choice = settings.black_box
    if choice.name == "none":
        return None
    box = PlacedBox(black_boxes[choice.name], choice.values, settings.black_box_after - 1, seeds)
    if former is not None and former.black_box is not None:
        box.streams = former.black_box.streams
    return box


def make_readout(plan: Plan, settings: Settings, variants: int, former: Readout | None) -> Readout | None:
    """The read-out of a plan, ``former`` where it fits; None where it is switched off."""
    if settings.readout_rate == 0:
        return None
    layers = layer_numbers(settings.readout_layers, len(plan.units), "readout_layers")
    wanted = plan.units, plan.dataset.classes, layers
    if former is not None and (former.widths, former.classes, former.layers) == wanted:
        return former
    return Readout(plan.units, plan.dataset.classes, variants, plan.device, layers)


def _new_layer(
    number: int,
    sources: dict[str, tuple[int, int]],
    units: int,
    plan: Plan,
    variants: Sequence[Settings],
) -> Layer:
    """A layer with fresh weights, drawn on the CPU so that every device starts alike."""
    settings = variants[0]
    initialize = initializations[settings.initialization.name].function
    params = settings.initialization.values
    inputs = max(last for _, last in sources.values())
    drawn = [initialize(inputs, units, stream(each.seed, "weights", number), **params) for each in variants]
    weight = torch.stack([pair[0].t() for pair in drawn]).to(plan.device)
    bias = torch.stack([pair[1] for pair in drawn]).to(plan.device)
    parameters = Parameters(sources, weight, bias, plan.half)
    parameters.set_optimizer(settings.optimizer.name, settings.optimizer.values)
    return Layer(number, parameters, activations[settings.activation.name])


def configure(network: Network, variants: Sequence[Settings]) -> None:
    """Set every layer up for the present settings; changes no weight."""
    settings = variants[0]
    if settings.optimizer.values.get("shared_count"):
        count = network.layers[0].parameters.optimizer.state["count"]
        for layer in network.layers:
            layer.parameters.optimizer.state["count"] = count
    for number, layer in enumerate(network.layers):
        device = layer.theta.device
        former = layer.rules
        layer.follow(_rules(variants, number, layer.activation))
        if [(rule.rows, rule.goodness) for rule in layer.rules] != [(rule.rows, rule.goodness) for rule in former]:
            layer.states = [
                _state(rule, variants, number, layer.units, network.inputs.classes, device) for rule in layer.rules
            ]
            for rule, state in zip(layer.rules, layer.states, strict=True):
                _let_learn(rule, state, settings)
        else:
            for rule, old in zip(layer.rules, former, strict=True):
                rule.learned = old.learned
        _set_threshold(layer, variants)
        if layer.usual_for is not network.normalization:
            layer.usual_for = network.normalization
            layer.usual = network.normalization.init(layer.units, len(variants), device)
        scales = [[float(each.logit_scale)] for each in variants]
        layer.scale = None if all(scale == [1.0] for scale in scales) else torch.tensor(scales, device=device)
        for rule, state in zip(layer.rules, layer.states, strict=True):
            rule.state, rule.threshold, rule.theta = state, layer.threshold, layer.theta[rule.rows].unsqueeze(-1)
            rule.scale = None if layer.scale is None else layer.scale[rule.rows].unsqueeze(-1)
        layer.decays = [each.weight_decay for each in variants]
        layer.momentum = settings.momentum
        layer.dropout = tuple(each.dropout for each in variants)
        pulls = [[each.peer_normalization] for each in variants]
        layer.peer = torch.tensor(pulls, device=device) if any(pull for (pull,) in pulls) else None


def begin_means_anew(network: Network, variants: Sequence[Settings]) -> None:
    """Give the running means of layers that met a value that is not finite their first values; others stay."""
    for number, layer in enumerate(network.layers):
        device = layer.theta.device
        kept = [{"": layer.peer_mean}, layer.usual or {}, *layer.states]
        first = [
            {"": torch.full_like(layer.peer_mean, PEER_START)},
            network.normalization.init(layer.units, len(variants), device) or {},
            *(_state(rule, variants, number, layer.units, network.inputs.classes, device) for rule in layer.rules),
        ]
        for means, fresh in zip(kept, first, strict=True):
            for name, value in means.items():
                value.copy_(torch.where(value.isfinite(), value, fresh[name]))


def _state(
    rule: Rule, variants: Sequence[Settings], number: int, units: int, classes: int, device: torch.device
) -> dict[str, torch.Tensor]:
    """What the goodness of a rule learns or keeps, (variants of the rule, ...); drawn for each as it would be alone."""
    streams = [stream(each.seed, "goodness", number) for each in variants[rule.rows]]
    return {name: value.to(device) for name, value in rule.goodness.init(units, classes, streams).items()}


def _let_learn(rule: Rule, state: dict[str, torch.Tensor], settings: Settings) -> None:
    """Give the learned tensors of a goodness an optimizer; in the state they are views of what it changes."""
    if rule.goodness.learned:
        rule.learned = Learned({name: state[name] for name in rule.goodness.learned})
        rule.learned.set_optimizer(settings.optimizer.name, settings.optimizer.values)
        state |= rule.learned.tensors


def _set_threshold(layer: Layer, variants: Sequence[Settings]) -> None:
    """Set the thresholds; those that learn go on from where they are unless others are asked for."""
    device, settings = layer.theta.device, variants[0]
    theta = torch.tensor([[each.thresholds()[layer.number]] for each in variants], device=device)
    factors = [each.threshold_rate for each in variants]
    if not any(factors):
        layer.theta, layer.threshold = theta, None
        return
    choices = [each.per_layer("goodness")[layer.number] for each in variants]
    unit = torch.tensor([[max(abs(natural_threshold(choice, layer.units)), 1.0)] for choice in choices], device=device)
    former = layer.threshold
    if former is not None and torch.equal(former.start, theta) and torch.equal(former.unit, unit):
        former.factors = factors
    else:
        layer.threshold = Threshold(theta, unit, factors)
        layer.threshold.set_optimizer(settings.optimizer.name, settings.optimizer.values)
        layer.theta = layer.threshold.theta


def _rules(variants: Sequence[Settings], number: int, activation: Activation) -> list[Rule]:
    """Goodness and objective of the variants; neighbours that agree are taken together."""
    rules: list[Rule] = []
    last = None
    for variant, settings in enumerate(variants):
        chosen = settings.per_layer("goodness")[number], settings.per_layer("objective")[number]
        if chosen == last:
            rules[-1].rows = slice(rules[-1].rows.start, variant + 1)
            continue
        measure, aim = last = chosen
        rules.append(
            Rule(
                slice(variant, variant + 1),
                goodness[measure.name],
                measure.values,
                objectives[aim.name],
                aim.values,
                activation,
            )
        )
    return rules


def make_pairs(
    network: Network,
    variants: Sequence[Settings],
    split: str = "train",
    seeds: list[int] | None = None,
    to_learn: bool = False,
) -> Pairs:
    """The generator of both sides for a split, with the refresh rule of the settings on training data.

    Sides ``to_learn`` from have no negatives where no objective looks at them.
    """
    settings = variants[0]
    natural = [
        [
            natural_threshold(choice, width)
            for choice, width in zip(each.per_layer("goodness"), each.layers, strict=True)
        ]
        for each in variants
    ]
    return Pairs(
        network,
        [(negatives[each.negatives.name], each.negatives.values) for each in variants],
        settings.negatives_refresh if split == "train" else "batch",
        [each.seed for each in variants] if seeds is None else seeds,
        natural,
        split,
        wanted=not to_learn or any(compares_sides(each) for each in variants),
    )


def compares_sides(settings: Settings) -> bool:
    """Whether the objective of a layer looks at negatives; one that compares classes does not."""
    return any("pairs" in objectives[aim.name].needs for aim in settings.per_layer("objective"))
