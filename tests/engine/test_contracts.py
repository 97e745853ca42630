"""What every entry of every catalogue keeps to; a new entry is under test as soon as it is registered."""

from __future__ import annotations

import inspect
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.labels import with_inverses
from ffexplore.engine.negatives import Batch
from ffexplore.engine.objectives import Evidence
from ffexplore.engine.rng import stream
from ffexplore.registry import Entry, Param, Registry
from tests.engine.sets import pictures, table

CATALOGUES: dict[str, Registry[Any]] = {
    "goodness": ff.goodness,
    "objectives": ff.objectives,
    "negatives": ff.negatives,
    "label_encodings": ff.label_encodings,
    "normalizations": ff.normalizations,
    "activations": ff.activations,
    "initializations": ff.initializations,
    "inferences": ff.inferences,
    "optimizers": ff.optimizers,
    "rate_courses": ff.rate_courses,
    "schedules": ff.schedules,
    "black_boxes": ff.black_boxes,
    "presets": ff.presets,
    "datasets": ff.datasets,
}
ALL = [pytest.param(entry, id=f"{name}-{entry.name}") for name, entries in CATALOGUES.items() for entry in entries]


def each(registry: Registry[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", list(registry), ids=lambda entry: entry.name)


def defaults(entry: Entry) -> dict[str, Any]:
    return {name: param.default for name, param in entry.params.items()}


@pytest.mark.parametrize("entry", ALL)
def test_every_entry_says_what_it_is_and_where_it_is_from(entry: Entry) -> None:
    assert entry.summary.strip()
    assert entry.summary.endswith(".")
    assert "\n" not in entry.summary
    assert entry.source.strip()
    assert entry.name == entry.name.lower()


@pytest.mark.parametrize("entry", ALL)
def test_every_keyword_is_a_parameter_with_meaning_and_a_default_in_range(entry: Entry) -> None:
    keywords = [
        name
        for name, argument in inspect.signature(entry.function).parameters.items()
        if argument.kind is argument.KEYWORD_ONLY and argument.default is not argument.empty
    ]
    assert sorted(keywords) == sorted(entry.params)
    for name, param in entry.params.items():
        assert isinstance(param, Param)
        assert param.meaning, f"{name} of {entry.name} has no meaning"
        assert param.check(name, param.default) == param.default
        assert type(param.check(name, param.default)) is type(param.default)
        number = not isinstance(param.default, bool | str)
        if number:
            assert param.low is not None
            assert param.high is not None
            for outside in (param.low - 1, param.high + 1, math.nan, math.inf, "many", None):
                with pytest.raises(ff.SettingsError, match=f"{name} is"):
                    param.check(name, outside)


@pytest.mark.parametrize("registry", CATALOGUES.values(), ids=CATALOGUES.keys())
def test_every_catalogue_finds_its_entries_and_suggests_the_nearest(registry: Registry[Any]) -> None:
    names = registry.names()
    assert names == [entry.name for entry in registry]
    assert len(names) == len(set(names)) == len(registry) > 0
    for name in names:
        assert name in registry
        assert registry[name].name == name
        assert registry.choice(str(registry.choice(name))) == registry.choice(name)
    with pytest.raises(ff.SettingsError, match=f"Did you mean '{names[0]}'"):
        registry[names[0] + "x"]
    assert 3 not in registry


INPUTS = ["usual", "any sign", "zeros", "large", "one unit", "batch of one"]


def activities(kind: str, variants: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    units, rows = (1 if kind == "one unit" else 6), (1 if kind == "batch of one" else 5)
    h = torch.rand(variants, 2, rows, units, generator=generator)
    return {"any sign": h - 0.5, "zeros": h * 0, "large": h * 1e4}.get(kind, h)


def check_state(entry: Any, h: Tensor) -> None:
    """An entry with tensors of its own has them for each variant and changes them in training alone."""
    state = entry.init(h.shape[-1], 10, [stream(0), stream(1)])
    assert bool(state) == ("init" in entry.traits)
    assert all(len(value) == 2 and bool(torch.isfinite(value).all()) for value in state.values())
    kept = {key: value.clone() for key, value in state.items()}
    g = entry(h, defaults(entry), state)
    assert all(torch.equal(value, kept[key]) for key, value in state.items())
    torch.testing.assert_close(entry(h[:, :, :1], defaults(entry), state)[:, :, 0], g[:, :, 0])  # no neighbours
    for _ in range(2):
        g = entry(h, defaults(entry), state, train=True)
        assert bool(torch.isfinite(g).all())
        assert all(bool(torch.isfinite(value).all()) for value in state.values())
    alone = {key: value[1:].clone() for key, value in kept.items()}
    for _ in range(2):
        assert entry(h[1:], defaults(entry), alone, train=True).shape == g[1:].shape
    for key, value in alone.items():  # variants do not see each other
        torch.testing.assert_close(value, state[key][1:])


@pytest.mark.parametrize("kind", INPUTS)
@each(ff.goodness)
def test_goodness(entry: Any, kind: str) -> None:
    h = activities(kind, variants=2)
    kept = h.clone()
    state = entry.init(h.shape[-1], 10, [stream(0), stream(1)]) if entry.per_class else None
    g = entry(h, defaults(entry), state)
    assert g.shape == ((*h.shape[:-1], 10) if entry.per_class else h.shape[:-1])
    assert g.dtype == h.dtype
    assert g.device == h.device
    assert bool(torch.isfinite(g).all())
    assert torch.equal(h, kept)
    assert torch.equal(g, entry(h.clone(), defaults(entry), state))
    for variant in range(2):  # variants and sides do not see each other
        for side in range(2):
            own = None if state is None else {key: value[variant : variant + 1] for key, value in state.items()}
            alone = entry(h[variant : variant + 1, side : side + 1], defaults(entry), own)
            torch.testing.assert_close(alone[0, 0], g[variant, side])
    if not entry.coupled:  # nor do samples
        torch.testing.assert_close(entry(h[:, :, :1], defaults(entry), state)[:, :, 0], g[:, :, 0])
    check_state(entry, h)
    if "vjp" in entry.traits:
        dh = entry.derivative(h.clone(), g, torch.ones_like(g), defaults(entry))
        assert dh.shape == h.shape
        assert dh.dtype == h.dtype
        assert bool(torch.isfinite(dh).all())
    leaf = h.clone().requires_grad_()
    learned = {name: state[name].requires_grad_() for name in entry.learned} if state is not None else {}
    dh, *others = torch.autograd.grad(entry(leaf, defaults(entry), state).sum(), (leaf, *learned.values()))
    assert all(bool(torch.isfinite(other).all()) for other in others)
    assert bool(torch.isfinite(dh).all()) or (kind == "zeros" and "vjp" in entry.traits)
    natural = entry.natural_threshold(h.shape[-1])
    assert natural is None or math.isfinite(natural)
    if entry.per_class and "init" in entry.traits:
        with pytest.raises(ff.SettingsError, match="give the state that init makes"):
            entry(h, defaults(entry))


@pytest.mark.parametrize("kind", ["usual", "zeros", "large", "batch of one"])
@each(ff.objectives)
def test_objective(entry: Any, kind: str) -> None:
    rows = 1 if kind == "batch of one" else 5
    scale = {"zeros": 0.0, "large": 1e4}.get(kind, 1.0)
    positive, negative = (scale * torch.randn(3, rows) for _ in range(2))
    kept = positive.clone(), negative.clone()
    context, scores = scale * torch.randn(3, 2, rows), scale * torch.randn(3, rows, 4)
    evidence = Evidence(positive, negative, torch.ones(3, 1), torch.full((3, 1), 2.0), context, scores)
    evidence.labels = torch.randint(0, 4, (3, rows))

    def asked() -> tuple[Tensor, ...]:
        if "classes" not in entry.needs:
            return entry.loss_and_slope(evidence, defaults(entry))
        loss, slopes = entry.gradients(evidence, entry.looked_at, defaults(entry))
        return loss, *slopes

    loss, *slopes = asked()
    wanted = [scores if name == "scores" else positive for name in entry.looked_at]
    if "classes" not in entry.needs:
        wanted = [positive, positive]
    for value, like in zip((loss, *slopes), (positive, *wanted), strict=True):
        assert value.shape == like.shape
        assert value.dtype == positive.dtype
        assert value.device == positive.device
        assert bool(torch.isfinite(value).all())
    assert torch.equal(positive, kept[0])
    assert torch.equal(negative, kept[1])
    assert all(torch.equal(one, other) for one, other in zip((loss, *slopes), asked(), strict=True))
    assert entry.needs <= {"pairs", "theta", "context", "classes"}
    assert entry.needs & {"pairs", "classes"}
    assert entry.listens_to in ("all", "earlier")


def a_batch(rows: int, data: ff.Dataset) -> Batch:
    x = torch.from_numpy(np.array(data.train.x).reshape(len(data.train), -1)).float()
    x = x / 255 if data.kind == "images" else x
    y = torch.from_numpy(np.array(data.train.y))
    index = torch.arange(rows)
    return Batch(
        index=index, labels=y[index], classes=data.classes, image_shape=data.shape, count=len(y),
        all_labels=y,
        fetch=lambda rows: x[rows],
        scores=lambda what: torch.linspace(-2, 3, data.classes).expand(rows, -1),
        bank=lambda name, make: make(stream(0, "bank", name)),
    )  # fmt: skip


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize(
    "data", [pictures(), pictures(2), pictures(26, (7, 9, 3), 104), table()], ids=["4", "2", "26 in colour", "table"]
)
@each(ff.negatives)
def test_negatives(entry: Any, data: ff.Dataset, rows: int) -> None:
    if data.kind == "table" and "pictures" in entry.needs:
        with pytest.raises(ff.SettingsError, match="the data is a table"):
            Trainer(Settings(dataset=data, label_encoding="appended", negatives=entry.name, layers=(4,)))
        return
    batch = a_batch(rows, data)
    kept = batch.index.clone(), batch.labels.clone(), batch.images.clone()
    drawn = entry.draw(batch, stream(3), defaults(entry))
    if entry.lasting:  # what is kept for an epoch is whole numbers; pictures are made of them batch by batch
        assert all(value.dtype == torch.int64 and value.ndim == 1 for value in drawn.values())
    assert set(drawn) & {"labels", "images", "partners", "seeds"}
    again = entry.draw(batch, stream(3), defaults(entry))
    assert all(torch.equal(value, again[name]) for name, value in drawn.items())
    if entry.changes != "image":
        assert drawn["labels"].shape == (rows,)
        assert drawn["labels"].dtype == torch.int64
        first = data.classes + 1 if entry.inverse else 0
        assert first <= int(drawn["labels"].min()) <= int(drawn["labels"].max()) < first + data.classes
        if entry.traits.get("always_wrong"):
            codes = with_inverses(ff.label_encodings["appended"].table(data.classes, {"strength": 1.0}))
            assert not bool(codes[drawn["labels"]].gather(1, batch.labels[:, None]).any())
    if entry.changes != "label":
        images, labels = entry.make(batch, drawn, defaults(entry))
        assert images.shape == (rows, data.features)
        assert images.dtype == torch.float32
        assert bool(torch.isfinite(images).all())
        assert torch.equal(images, entry.make(batch, drawn, defaults(entry))[0])
        if entry.changes == "image":
            assert torch.equal(labels, batch.labels)
    for before, after in zip(kept, (batch.index, batch.labels, batch.images), strict=True):
        assert torch.equal(before, after)
    assert entry.changes in ("label", "image", "both")
    assert isinstance(entry.traits.get("paired"), bool)


@pytest.mark.parametrize("classes", [2, 10, 26])
@each(ff.label_encodings)
def test_label_encoding(entry: Any, classes: int) -> None:
    codes = entry.table(classes, defaults(entry))
    assert codes.shape[0] == classes + 1
    assert codes.dtype == torch.float32
    assert bool(torch.isfinite(codes).all())
    assert torch.equal(codes, entry.table(classes, defaults(entry)))
    assert codes.shape[1] % classes == 0 or not entry.replaces
    if codes.shape[1]:
        assert len(codes.unique(dim=0)) == (classes + 1 if entry.tells else 1)
        torch.testing.assert_close(codes[-1], codes[:-1].mean(0))  # the neutral label prefers none


@pytest.mark.parametrize("kind", INPUTS)
@each(ff.normalizations)
def test_normalization(entry: Any, kind: str) -> None:
    h = activities(kind, variants=2)
    kept = h.clone()
    out = entry(h, defaults(entry))
    assert out.shape == h.shape
    assert out.dtype == h.dtype
    assert bool(torch.isfinite(out).all())
    assert torch.equal(h, kept)
    assert torch.equal(out, entry(h, defaults(entry)))
    state = entry.init(h.shape[-1], 2, h.device)
    assert (state is not None) == entry.has_state
    alone = out if state is None else entry(h, defaults(entry), None, state)
    torch.testing.assert_close(entry(h[:, :, :1], defaults(entry), None, state), alone[:, :, :1])  # no neighbours
    if state is not None:
        assert bool(torch.isfinite(entry(h, defaults(entry), None, state, True)).all())
        assert all(bool(torch.isfinite(value).all()) for value in state.values())
    torch.testing.assert_close(out, entry.function(h, **defaults(entry)))
    place = torch.empty_like(h)
    assert entry(h, defaults(entry), out=place) is place
    assert torch.equal(place, out)
    out.add_(1)
    assert torch.equal(h, kept)  # a result of its own


@pytest.mark.parametrize("kind", ["usual", "zeros", "large", "one unit", "batch of one"])
@each(ff.activations)
def test_activation(entry: Any, kind: str) -> None:
    z = activities(kind) - 0.5 * activities(kind).amax()
    h = entry.function(z.clone())
    delta = entry.backward(torch.ones_like(h), h.clone())
    for value in (h, delta):
        assert value.shape == z.shape
        assert value.dtype == z.dtype
        assert bool(torch.isfinite(value).all())
    assert torch.equal(h, entry.function(z.clone()))
    if entry.by_sign:
        assert torch.equal(entry.backward(torch.ones_like(h), h * 7), delta)


@each(ff.initializations)
def test_initialization(entry: Any) -> None:
    weight, bias = entry.function(400, 300, stream(0), **defaults(entry))
    assert weight.shape == (300, 400) or weight.shape == (400, 300)
    assert bias.shape == (300,)
    assert weight.dtype == bias.dtype == torch.float32
    again = entry.function(400, 300, stream(0), **defaults(entry))
    assert torch.equal(weight, again[0])
    assert torch.equal(bias, again[1])
    assert not torch.equal(weight, entry.function(400, 300, stream(1), **defaults(entry))[0])
    expected = {"normal": 1 / 20, "torch_linear": 1 / 20 / math.sqrt(3), "glorot_uniform": math.sqrt(2 / 700)}
    if entry.name in expected:
        assert float(weight.std()) == pytest.approx(expected[entry.name], rel=0.01)
        assert abs(float(weight.mean())) < 0.001
        assert bool(bias.any()) == (entry.name == "torch_linear")
    for inputs, units in ((1, 1), (1, 5), (5, 1)):
        assert bool(torch.isfinite(entry.function(inputs, units, stream(0), **defaults(entry))[0]).all())


@each(ff.optimizers)
def test_optimizer(entry: Any) -> None:
    flat = torch.randn(3, 10)
    kept, gradient = flat.clone(), torch.randn(3, 10)
    kept_gradient = gradient.clone()
    optimizer = entry.function(flat, **defaults(entry))
    optimizer.step(flat, gradient, [0.0, 0.1, 0.1], 0.9)
    assert torch.equal(gradient, kept_gradient)
    assert torch.equal(flat[0], kept[0])  # a rate of zero
    moved = (flat - kept)[1:]
    assert bool(torch.isfinite(flat).all())
    assert bool((moved.sign() == -gradient[1:].sign()).all())  # the first step goes downhill
    assert all(isinstance(value, Tensor) for value in optimizer.state.values())
    before = flat.clone()
    for _ in range(3):
        optimizer.step(flat, torch.zeros_like(flat), [0.0] * 3, 0.9)
    assert torch.equal(flat, before)
    other = kept.clone()
    twin = entry.function(other, **defaults(entry))
    twin.step(other, gradient, [0.0, 0.1, 0.1], 0.9)
    assert torch.equal(other, before)


@each(ff.rate_courses)
def test_rate_course(entry: Any) -> None:
    factors = [entry.function(step / 100, **defaults(entry)) for step in range(101)]
    assert factors[0] == pytest.approx(1.0)
    assert all(0 <= factor <= 1 for factor in factors)
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(factors))


@pytest.mark.parametrize("depth", [1, 2, 5])
@each(ff.schedules)
def test_schedule(entry: Any, depth: int) -> None:
    seen: set[int] = set()
    params = {name: min(2, value) for name, value in defaults(entry).items()}
    for step in range(40):
        blocks = entry.function(step, depth, **params)
        assert blocks == entry.function(step, depth, **params)
        layers = [layer for block in blocks for layer in block]
        assert layers
        lasts = [block[-1] for block in blocks]
        assert len(lasts) == len(set(lasts))  # no objective counts twice
        assert all(block == list(range(block[0], block[-1] + 1)) for block in blocks)
        if not entry.traits.get("crosses"):
            assert all(len(block) == 1 for block in blocks)  # nothing crosses a layer's border
        assert set(layers) <= set(range(depth))
        seen |= set(layers)
    assert seen == set(range(depth))


@pytest.mark.parametrize("kind", INPUTS)
@each(ff.black_boxes)
def test_black_box(entry: Any, kind: str) -> None:
    h = activities(kind, variants=2)
    kept = h.clone()
    chance = torch.rand(2, *h.shape[2:], generator=stream(1)) if entry.tosses else None
    out = entry(h, defaults(entry), chance)
    assert out.shape == h.shape
    assert out.dtype == torch.float32
    assert out.device == h.device
    assert bool(torch.isfinite(out).all())
    assert torch.equal(h, kept)
    assert torch.equal(out, entry(h, defaults(entry), chance))
    for variant in range(2):  # variants, sides and samples do not see each other
        drawn = None if chance is None else chance[variant : variant + 1, :1]
        alone = entry(h[variant : variant + 1, 1:, :1], defaults(entry), drawn)
        torch.testing.assert_close(alone[0, 0, 0], out[variant, 1, 0])
    leaf = h.clone().requires_grad_()
    assert not entry(leaf, defaults(entry), chance).requires_grad  # torch sees nothing of it


@each(ff.inferences)
def test_inference(entry: Any) -> None:
    wants = next(iter(inspect.signature(entry.function).parameters))
    given = torch.randn(3, 2, 5, 4) if wants in ("layer_goodness", "nearness") else torch.randn(2, 5, 4)
    kept = given.clone()
    scores = entry.function(given, **defaults(entry))
    assert scores.shape == (2, 5, 4)
    assert bool(torch.isfinite(scores).all())
    assert torch.equal(given, kept)


FIELD_OF = {
    "goodness": "goodness", "objectives": "objective", "negatives": "negatives", "label_encodings": "label_encoding",
    "normalizations": "normalization", "activations": "activation", "initializations": "initialization",
    "inferences": "inference", "optimizers": "optimizer", "rate_courses": "rate_course", "schedules": "schedule",
    "black_boxes": "black_box",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "name"),
    [
        pytest.param(FIELD_OF[catalogue], entry.name, id=f"{FIELD_OF[catalogue]}-{entry.name}")
        for catalogue, entries in CATALOGUES.items()
        if catalogue in FIELD_OF
        for entry in entries
    ],
)
def test_every_entry_trains_saves_and_shares(field: str, name: str) -> None:
    changes: dict[str, Any] = {field: name}
    if field == "label_encoding" and not ff.label_encodings[name].tells:
        changes["negatives"] = "hybrid_images"
    if field == "goodness" and ff.goodness[name].per_class:
        changes["label_encoding"] = "none"
    if field == "objective" and "classes" in ff.objectives[name].needs:
        changes |= {"goodness": "projection", "label_encoding": "none"}
    if (field, name) == ("label_encoding", "pixel_block"):
        changes[field] = "pixel_block(size=1)"  # as many as are blank in these pictures
    settings = Settings(dataset=pictures(), layers=(7, 6), batch_size=10, device="cpu", **changes)
    assert Settings.from_share(settings.share()) == settings
    trainer = Trainer(settings).fit(steps=6, progress=False)
    report = trainer.evaluate()
    assert all(bool(torch.isfinite(layer.parameters.flat).all()) for layer in trainer.network.layers)
    assert 0 <= report.readout_accuracy <= 1
    assert all(0 <= value <= 1 for value in report.auc)
    assert len(trainer.predict(settings.dataset.test.x)) == len(settings.dataset.test)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("name", ff.negatives.names())
def test_every_generator_works_on_a_gpu(name: str) -> None:
    trainer = Trainer(Settings(dataset=pictures(), layers=(7, 6), negatives=name, device="cuda", dropout=0.1))
    trainer.fit(steps=3, progress=False)
    assert all(layer.parameters.flat.is_cuda for layer in trainer.network.layers)
    assert 0 <= trainer.evaluate().accuracy <= 1
