"""What negatives are, how often they are drawn, and that chance is what it says it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ffexplore as ff
from ffexplore import Settings, Trainer
from ffexplore.engine.labels import all_but, with_inverses
from ffexplore.engine.masks import blurred_masks
from ffexplore.engine.negatives import Batch, other_label, sample_wrong
from ffexplore.engine.probe import Probe
from ffexplore.engine.rng import stream
from tests.engine.sets import pictures

CLASSES = 5


def batch(rows: int = 4000, scores: Callable[[str], Tensor] | None = None) -> Batch:
    """Pictures of 4×5 in five classes; the number of a picture is its own index."""
    x = torch.rand(rows, 20, generator=torch.Generator().manual_seed(1))
    index = torch.randperm(rows)
    return Batch(
        index=index, labels=index % CLASSES, classes=CLASSES, image_shape=(4, 5, 1), count=rows,
        all_labels=torch.arange(rows) % CLASSES,
        fetch=lambda rows: x[rows],
        scores=scores or (lambda what: torch.randn(rows, CLASSES, generator=torch.Generator().manual_seed(3))),
        bank=lambda name, make: make(torch.Generator().manual_seed(2)),
    )  # fmt: skip


def chi_square(counts: Tensor, expected: Tensor) -> float:
    return float(((counts - expected) ** 2 / expected).sum())


LABELS = [entry.name for entry in ff.negatives if entry.changes == "label"]


@pytest.mark.parametrize("name", [name for name in LABELS if ff.negatives[name].traits["always_wrong"]])
def test_wrong_labels_are_never_right(name: str) -> None:
    given = batch(40_000)
    for seed in range(5):
        drawn = ff.negatives[name].draw(given, stream(seed, "test"))["labels"]
        assert not bool((drawn == given.labels).any())


@pytest.mark.parametrize("temperature", [0.0, 100.0])
def test_hard_labels_are_wrong_even_where_the_network_is_sure_of_the_right_one(temperature: float) -> None:
    given = batch(scores=lambda what: 1e4 * torch.nn.functional.one_hot(given.labels, CLASSES).float())
    drawn = ff.negatives["hard_label"].draw(given, stream(0), {"temperature": temperature})["labels"]
    assert not bool((drawn == given.labels).any())


def test_permuted_labels_are_the_same_labels_and_right_one_time_in_five() -> None:
    given = batch(20_000)
    drawn = ff.negatives["permuted_labels"].draw(given, stream(0))["labels"]
    assert torch.equal(drawn.bincount(), given.labels.bincount())
    right = float((drawn == given.labels).double().mean())
    assert right == pytest.approx(1 / CLASSES, abs=4 * np.sqrt(0.16 / 20_000))


def test_uniform_labels_are_uniform_over_the_wrong_ones() -> None:
    labels = torch.full((40_000,), 2)
    counts = other_label(labels, CLASSES, stream(0)).bincount(minlength=CLASSES).double()
    assert counts[2] == 0
    expected = torch.full((4,), 10_000.0, dtype=torch.float64)
    assert chi_square(counts[[0, 1, 3, 4]], expected) < 16.3  # the 99.9 % quantile of χ² with 3 degrees of freedom


@pytest.mark.parametrize("name", ["hard_label", "readout_label"])
def test_hard_labels_follow_the_softmax_without_the_true_class(name: str) -> None:
    rows, temperature = 40_000, 1.5
    logits = torch.tensor([0.2, -0.5, 1.0, 0.6, -1.0])
    asked: list[str] = []

    def scores(what: str) -> Tensor:
        asked.append(what)
        return logits.expand(rows, CLASSES)

    given = batch(rows, scores)
    given.labels = torch.full((rows,), 2)
    drawn = ff.negatives[name].draw(given, stream(0), {"temperature": temperature})["labels"]
    counts = drawn.bincount(minlength=CLASSES).double()
    weights = (temperature * logits).double().exp()
    weights[2] = 0
    assert counts[2] == 0
    kept = [0, 1, 3, 4]
    assert chi_square(counts[kept], (rows * weights / weights.sum())[kept]) < 16.3
    assert asked == ["first" if name == "hard_label" else "readout"]


def test_hard_labels_of_all_layers_ask_for_all_layers() -> None:
    asked: list[str] = []
    given = batch(10, lambda what: asked.append(what) or torch.zeros(10, CLASSES))  # type: ignore[func-returns-value]
    ff.negatives["hard_label"].draw(given, stream(0), {"layers": "all"})
    assert asked == ["all"]


def test_two_classes_leave_one_wrong_label() -> None:
    labels = torch.tensor([0, 1, 1, 0])
    assert other_label(labels, 2, stream(0)).tolist() == [1, 0, 0, 1]
    assert sample_wrong(torch.randn(4, 2), labels, stream(0)).tolist() == [1, 0, 0, 1]


def test_scores_are_the_goodness_of_every_label_in_natural_units(register: Callable[..., Any]) -> None:
    """What a generator is told of a batch, against ten passes by hand."""
    heard: dict[str, Tensor] = {}
    rows: list[Tensor] = []

    def curious(batch: Batch, rng: torch.Generator) -> Tensor:
        for what in ("first", "all", "readout"):
            heard[what] = batch.scores(what).clone()
        rows.append(batch.index)
        return (batch.labels + 1) % batch.classes

    register(ff.negatives, "curious", curious, changes="label", needs=("labels", "scores", "readout"))
    settings = Settings(
        dataset=pictures(), negatives="curious", layers=(8, 6), goodness=("sum_of_squares", "mean_square"), batch_size=8
    )
    trainer = Trainer(settings)
    trainer.step()
    fresh = Trainer(settings)
    x = fresh.network.inputs.rows(rows[0])
    goodness, _ = fresh.network.score(x)
    first, second = goodness[:, 0]
    torch.testing.assert_close(heard["first"], first / 8, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(heard["all"], first / 8 + second, rtol=1e-5, atol=1e-6)
    assert heard["readout"].shape == (8, 4)


def test_hybrid_images_take_every_pixel_from_one_of_two_images() -> None:
    given = batch(300)
    entry = ff.negatives["hybrid_images"]
    drawn = entry.draw(given, stream(0), {"blur": 3})
    images, labels = entry.make(given, drawn, {"blur": 3})
    own, other = given.images, given.fetch(drawn["partners"])
    from_own, from_other = torch.isclose(images, own), torch.isclose(images, other)
    assert bool((from_own | from_other).all())
    assert not bool((drawn["partners"] == given.index).any())
    assert 0.4 < float(from_own.double().mean()) < 0.6
    assert torch.equal(labels, given.labels)
    again, _ = entry.make(given, drawn, {"blur": 3})
    assert torch.equal(images, again)


def test_hybrid_images_mix_whole_pixels_of_three_channels() -> None:
    given = batch(50)
    given.image_shape = (2, 3, 3)
    x = torch.arange(50.0)[:, None].expand(50, 18)
    given.fetch = lambda rows: x[rows]
    images, _ = ff.negatives["hybrid_images"].make(
        given, ff.negatives["hybrid_images"].draw(given, stream(0)), {"blur": 1}
    )
    pixels = images.view(50, 6, 3)
    assert torch.equal(pixels, pixels[..., :1].expand_as(pixels))


def test_masks_are_blurred_bits_cut_at_one_half() -> None:
    """Against loops over pixels, from the same bits."""
    count, height, width, blur = 3, 7, 6, 2
    found = blurred_masks(count, height, width, blur, torch.Generator().manual_seed(4))
    bits = torch.randint(0, 2, (count, 1, height, width), generator=torch.Generator().manual_seed(4)).double().numpy()
    for number in range(count):
        image = bits[number, 0]
        for _ in range(blur):
            padded = np.pad(image, 1, mode="edge")
            image = np.array(
                [
                    [
                        sum(
                            (2 - abs(i)) * (2 - abs(j)) / 16 * padded[row + 1 + i, column + 1 + j]
                            for i in (-1, 0, 1)
                            for j in (-1, 0, 1)
                        )
                        for column in range(width)
                    ]
                    for row in range(height)
                ]
            )
        assert np.array_equal(found[number].view(height, width).numpy(), (image > 0.5).astype(np.float32))


def test_more_blur_makes_larger_patches() -> None:
    def borders(blur: int) -> float:
        mask = blurred_masks(50, 28, 28, blur, stream(0)).view(50, 28, 28)
        return float((mask[:, 1:] != mask[:, :-1]).double().mean())

    assert borders(1) > borders(4) > borders(12)


def test_noise_lies_in_the_range_of_the_data() -> None:
    given = batch(500)
    entry = ff.negatives["noise"]
    images, _ = entry.make(given, entry.draw(given, stream(0)))
    assert images.shape == given.images.shape
    low, high = given.images.aminmax(dim=0)
    assert bool(((images >= low) & (images <= high)).all())
    assert float(images.std()) > 0.2
    assert len(images.unique(dim=0)) > 450  # of 1024 kept pictures, each turned in one of 20 ways


def drawn_labels(refresh: str, steps: int, register: Callable[..., Any], schedule: str = "simultaneous") -> list[int]:
    """The steps before which the generator was asked anew."""
    calls: list[int] = []

    def watched(batch: Batch, rng: torch.Generator) -> Tensor:
        calls.append(trainer.steps)
        whole = refresh != "batch"
        assert len(batch.index) == (batch.count if whole else len(batch.index))
        return other_label(batch.labels, batch.classes, rng)

    register(ff.negatives, "watched", watched, changes="label", needs=("labels",))
    settings = Settings(
        dataset=pictures(), negatives="watched", negatives_refresh=refresh, layers=(5, 5, 5), batch_size=14,
        schedule=schedule,
    )  # fmt: skip
    trainer = Trainer(settings)
    assert len(trainer.plan.dataset.train) == 42  # three batches an epoch
    for _ in range(steps):
        trainer.step()
    return calls


@pytest.mark.parametrize(
    ("refresh", "schedule", "expected"),
    [
        ("batch", "simultaneous", list(range(10))),
        ("epoch", "simultaneous", [0, 3, 6, 9]),
        ("once", "simultaneous", [0]),
        ("round", "rotation(turn=1)", [0, 3, 6, 9]),
        ("round", "rotation(turn=2)", [0, 6]),
    ],
)
def test_refresh(refresh: str, schedule: str, expected: list[int], register: Callable[..., Any]) -> None:
    assert drawn_labels(refresh, 10, register, schedule) == expected


def test_lasting_negatives_belong_to_the_row_and_last(register: Callable[..., Any]) -> None:
    settings = Settings(dataset=pictures(), negatives_refresh="once", layers=(5,), batch_size=14)
    trainer = Trainer(settings)
    trainer.step()
    kept = trainer.pairs.kept["0.labels"].clone()
    assert not bool((kept == trainer.network.inputs.y["train"]).any())
    trainer.fit(steps=7, progress=False)
    assert torch.equal(trainer.pairs.kept["0.labels"], kept)


@pytest.mark.parametrize(
    ("function", "traits", "said"),
    [
        (lambda batch, rng: 3, {"changes": "label"}, "returned int; a Tensor is expected"),
        (lambda batch, rng: batch.labels[:2], {"changes": "label"}, "not one row for each sample"),
        (lambda batch, rng: batch.labels + 9, {"changes": "label"}, "labels outside 0 to 3"),
        (
            lambda batch, rng: batch.images[:, :3],
            {"changes": "image"},
            r"images of shape \(8, 3\), not \(8, 30\)",
        ),
        (lambda batch, rng: {"labels": batch.labels}, {"changes": "both"}, "were to change images and returned none"),
    ],
)
def test_what_a_persons_generator_does_wrong_is_said(
    function: Callable[..., Any], traits: dict[str, Any], said: str, register: Callable[..., Any]
) -> None:
    register(ff.negatives, "wrong", function, **traits)
    trainer = Trainer(Settings(dataset=pictures(), negatives="wrong", layers=(5,), batch_size=8))
    with pytest.raises(ff.SettingsError, match=said):
        trainer.step()


def test_a_persons_generator_may_change_label_and_image(register: Callable[..., Any]) -> None:
    register(
        ff.negatives,
        "both",
        lambda batch, rng: {"labels": (batch.labels + 1) % batch.classes, "images": 1 - batch.images},
        changes="both",
    )
    trainer = Trainer(Settings(dataset=pictures(), negatives="both", layers=(5,), batch_size=8))
    trainer.fit(steps=3, progress=False)
    assert trainer.steps == 3


def drawn_by(name: str, given: Batch, seed: int = 0, **params: Any) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    entry = ff.negatives[name]
    values = {key: param.default for key, param in entry.params.items()} | params
    draw = entry.draw(given, stream(seed), values)
    return draw, *entry.make(given, draw, values)


def test_the_hardest_label_is_the_wrong_one_with_the_most_goodness() -> None:
    scores = torch.randn(300, CLASSES)
    given = batch(300, lambda what: scores)
    drawn = ff.negatives["hardest_label"].draw(given, stream(0))["labels"]
    for row, (label, found) in enumerate(zip(given.labels.tolist(), drawn.tolist(), strict=True)):
        wrong = [each for each in range(CLASSES) if each != label]
        assert found == max(wrong, key=lambda each: float(scores[row, each]))


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_labels_follow_the_square_root_of_their_goodness(temperature: float) -> None:
    rows = 40_000
    scores = torch.tensor([4.0, 1.0, 9.0, 0.25, -3.0])
    given = batch(rows, lambda what: scores.expand(rows, CLASSES))
    given.labels = torch.full((rows,), 2)
    drawn = ff.negatives["sqrt_goodness_label"].draw(given, stream(0), {"temperature": temperature})["labels"]
    counts = drawn.bincount(minlength=CLASSES).double()
    assert counts[2] == 0
    assert counts[4] < rows * 1e-3  # goodness below zero counts as none
    weights = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64) ** temperature
    expected = rows * weights / weights.sum()
    assert chi_square(counts[[0, 1, 3]], expected) < 13.8  # the 99.9 % quantile of χ² with 2 degrees of freedom


@pytest.mark.parametrize("sizes", [[30, 5, 1, 40, 12], [0, 7, 0, 3, 1]])
def test_partners_by_class(sizes: list[int]) -> None:
    """The image of another class, and another image of the same class, each of them alike."""
    every = torch.repeat_interleave(torch.arange(CLASSES), torch.tensor(sizes))
    every = every[torch.randperm(len(every))]
    count = len(every)
    x = torch.rand(count, 20)
    repeats = 600
    index = torch.arange(count).repeat(repeats)
    kept: dict[str, Tensor] = {}

    def bank(name: str, make: Callable[[torch.Generator], Tensor]) -> Tensor:
        if name not in kept:
            kept[name] = make(stream(0))
        return kept[name]

    given = Batch(
        index=index, labels=every[index], classes=CLASSES, image_shape=(4, 5, 1), count=count, all_labels=every,
        fetch=lambda rows: x[rows], scores=lambda what: torch.zeros(len(index), CLASSES), bank=bank,
    )  # fmt: skip
    draw, images, labels = drawn_by("other_image", given)
    assert torch.equal(labels, given.labels)
    assert torch.equal(images, x[draw["partners"]])
    assert not bool((every[draw["partners"]] == labels).any())
    row = int((every == every.bincount().argmax()).nonzero()[0, 0])
    seen = draw["partners"].view(repeats, count)[:, row].bincount(minlength=count).double()
    others = every != every[row]
    assert chi_square(seen[others], torch.full((int(others.sum()),), repeats / float(others.sum()))) < 100

    draw, images, labels = drawn_by("same_class", given)
    assert not bool((labels == given.labels).any())
    assert torch.equal(images, x[draw["partners"]])
    assert torch.equal(every[draw["partners"]], given.labels)
    alone = torch.tensor(sizes)[given.labels] == 1
    assert torch.equal(draw["partners"] == given.index, alone)
    seen = draw["partners"].view(repeats, count)[:, row].bincount(minlength=count).double()
    same = (every == every[row]) & (torch.arange(count) != row)
    assert chi_square(seen[same], torch.full((int(same.sum()),), repeats / float(same.sum()))) < 100


def test_mixed_images_are_sums_of_two() -> None:
    given = batch(50)
    draw, images, labels = drawn_by("mix_up", given, share=0.3)
    torch.testing.assert_close(images, 0.7 * given.images + 0.3 * given.fetch(draw["partners"]))
    assert torch.equal(labels, given.labels)
    assert not bool((draw["partners"] == given.index).any())


def test_masked_images_have_holes() -> None:
    given = batch(2000)
    _, images, _ = drawn_by("masked", given, share=0.25)
    blank = given.fetch(torch.arange(2000)).amin(0)
    holes = images != given.images
    assert torch.equal(images[holes], blank.expand_as(images)[holes])
    assert float(holes.double().mean()) == pytest.approx(0.25, abs=0.02)


def test_shuffled_images_have_the_same_pixels() -> None:
    given = batch(300)
    given.image_shape = (2, 5, 2)
    _, images, _ = drawn_by("pixel_shuffle", given)

    def pixels(row: Tensor) -> list[tuple[float, ...]]:
        return [tuple(pixel) for pixel in row.view(10, 2).tolist()]

    for before, after in zip(given.images, images, strict=True):
        assert sorted(pixels(before)) == sorted(pixels(after))
    assert float((images == given.images).double().mean()) < 0.2


def test_turned_and_mirrored_images() -> None:
    x = torch.rand(400, 27)
    given = batch(400)
    given.image_shape, given.fetch = (3, 3, 3), lambda rows: x[rows]
    draw, images, _ = drawn_by("rotated", given)
    for before, after, number in zip(given.images.numpy(), images.numpy(), draw["seeds"].tolist(), strict=True):
        turned = np.rot90(before.reshape(3, 3, 3), 1 + number % 3)
        assert np.array_equal(turned, after.reshape(3, 3, 3))
    draw, images, _ = drawn_by("flipped", given)
    for before, after, number in zip(given.images.numpy(), images.numpy(), draw["seeds"].tolist(), strict=True):
        mirrored = before.reshape(3, 3, 3)[:, ::-1] if number == 0 else before.reshape(3, 3, 3)[::-1]
        assert np.array_equal(mirrored, after.reshape(3, 3, 3))
    assert set(draw["seeds"].tolist()) == {0, 1}
    oblong = batch(40)
    _, images, _ = drawn_by("rotated", oblong)
    assert torch.equal(images, oblong.images.flip(1))  # one channel: upside down is back to front


def test_every_label_but_one_is_the_sum_of_the_others() -> None:
    table = torch.rand(CLASSES + 1, 7)
    codes = with_inverses(table)
    assert torch.equal(codes[: CLASSES + 1], table)
    for label in range(CLASSES):
        others = sum(table[other] for other in range(CLASSES) if other != label)
        torch.testing.assert_close(codes[all_but(torch.tensor(label), CLASSES)], others)
    given = batch(300)
    drawn = ff.negatives["inverse_label"].draw(given, stream(0))["labels"]
    assert torch.equal(drawn, all_but(given.labels, CLASSES))


def test_the_inverse_label_is_shown_as_what_it_leaves_out() -> None:
    reading = Probe(Trainer(Settings(dataset=pictures(), negatives="inverse_label", layers=(5,)))).measure()
    assert np.array_equal(reading.labels[1], -2 - reading.labels[0])
    assert set(reading.labels[0].tolist()) <= set(range(4))
    code = reading.images[1, 0].ravel()[:4]
    assert code.tolist() == [0 if place == reading.labels[0, 0] else 255 for place in range(4)]


def test_a_self_contrastive_pair_is_shown_as_its_mean() -> None:
    trainer = Trainer(Settings(dataset=pictures(), negatives="self_contrastive", label_encoding="none", layers=(5,)))
    reading = Probe(trainer).measure()
    own, mean = reading.images.astype(np.int64)
    everything = trainer.network.inputs.rows(torch.arange(9), "validation").numpy().reshape(9, -1) * 255
    other = (2 * mean - own).reshape(len(own), -1)
    away = np.abs(other[:, None] - everything[None]).max(2)
    assert (away.min(1) <= 1.5).all(), "what is left after the image itself is another image of the split"
    assert not bool(np.abs(mean - own).max((1, 2, 3)).min() == 0)


@pytest.mark.parametrize("refresh", ["epoch", "once"])
@pytest.mark.parametrize("name", [entry.name for entry in ff.negatives if entry.changes != "label"])
def test_lasting_pictures_are_kept_as_numbers(name: str, refresh: str) -> None:
    settings = Settings(
        dataset=pictures(), negatives=name, negatives_refresh=refresh, layers=(5,), batch_size=14, shift=1, device="cpu"
    )
    trainer = Trainer(settings)
    trainer.step()
    kept = {key: value.clone() for key, value in trainer.pairs.kept.items()}
    assert kept
    assert all(value.shape == (42,) and value.dtype == torch.int64 for value in kept.values())
    trainer.fit(steps=4, progress=False)
    same = all(torch.equal(value, trainer.pairs.kept[key]) for key, value in kept.items())
    assert same == (refresh == "once")


@pytest.mark.parametrize("name", ["other_image", "same_class", "uniform_label"])
def test_negatives_that_go_by_the_label_want_one_written(name: str) -> None:
    with pytest.raises(ff.SettingsError, match=f"negatives is '{name}', which .* the label, but label_encoding"):
        Settings(negatives=name, label_encoding="none")
