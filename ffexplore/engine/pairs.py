"""Positive and negative sides of a batch: draws, how long they last, and what the two sides share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ffexplore.engine.augment import Jittered
from ffexplore.engine.inputs import Prepared
from ffexplore.engine.negatives import Batch, Draw, Negatives, check_negatives
from ffexplore.engine.network import Network
from ffexplore.engine.pair_scores import PairScores
from ffexplore.engine.parts import Part
from ffexplore.engine.rng import Streams, stream


class Pairs:
    """Makes the first layer's parts of both sides from rows of the data.

    Parameters
    ----------
    network
        The network, asked for scores where the generator wants them.
    choices
        The negatives of each variant, and their parameters; those of all may differ in what they change.
    refresh
        "batch", "round" (of the schedule), "epoch" or "once".
    seeds
        The seed of each variant.
    natural
        Natural threshold of each layer, of each variant; the unit in which scores are given.
    split
        The split whose rows are paired.
    wanted
        Whether anybody looks at negatives; if not, none are drawn, and the negative side is the positive one.

    Raises
    ------
    SettingsError
        When the data cannot give the negatives of a variant.
    """

    def __init__(
        self,
        network: Network,
        choices: Sequence[tuple[Negatives, dict[str, Any]]],
        refresh: str,
        seeds: list[int],
        natural: Sequence[Sequence[float]],
        split: str = "train",
        wanted: bool = True,
    ) -> None:
        self.split, self.wanted = split, wanted
        self.network, self.inputs = network, network.inputs
        for generator, _ in choices:
            check_negatives(self.inputs.dataset.kind, generator)
        self.scores = PairScores(network, natural, split)  #: what generators are told that ask the network
        self.seeds, self.device = seeds, self.inputs.table.device
        variants = len(choices)
        is_one = all(choice == choices[0] for choice in choices)
        if len(set(seeds)) == 1:
            # variants of one seed share a draw, unless it depends on what each of them says
            asked = not is_one or choices[0][0].needs & {"scores", "readout"}
            seeds = seeds[:1] * (variants if asked else 1)
        self.choices = list(choices[: len(seeds)])
        # In an epoch each row comes once: whether its draw is made then or with all the others makes no difference.
        at_once = [refresh == "batch" and generator.by_row and split == "train" for generator, _ in self.choices]
        self.refresh = "epoch" if any(at_once) else refresh
        self._lasts = [each or refresh != "batch" for each in at_once]
        self.lasts = all(self._lasts)  #: whether no draw is of one batch alone
        self.changes_image = any(generator.changes != "label" for generator, _ in self.choices)
        self._inverse = any(generator.inverse for generator, _ in self.choices)
        self._beside = self.choices[0][0].beside
        self._streams = Streams(seeds, "negatives", device=self.device)
        self.banks: dict[str, Tensor] = {}  #: what was made once and is kept, such as masks
        self.kept: Draw = {}
        self.kept_for: object = None
        self.labels = torch.empty(1, 2, 0, dtype=torch.int64)  #: (K', 2, B) of the sides that were assembled last

    def go_on(self, former: Pairs, keep: bool) -> None:
        """Go on with the random numbers of a former generator and, where ``keep``, with its draws."""
        if self.seeds == former.seeds:
            self._streams = former._streams
        if keep:
            self.kept, self.kept_for, self.banks = former.kept, former.kept_for, former.banks

    def part_ways(self, variants: int) -> None:
        """Draw for each of so many variants apart from now on, although all would draw the same."""
        if len(self.choices) == 1:
            self.choices, self._lasts = self.choices * variants, self._lasts * variants
            streams = Streams(self.seeds[:1] * variants, "negatives", device=self.device)
            own = self._streams.state()["generator.0"]
            streams.load({f"generator.{number}": own for number in range(variants)})
            self._streams = streams

    @property
    def walked(self) -> int:
        """How many sides go through the network: one where layers score the classes of an input that both share."""
        return 1 if self.network.per_class and not (self.wanted and self.changes_image) else 2

    def sides(
        self,
        index: Tensor,
        raw: Tensor | None,
        prepared: Prepared,
        period: object,
        jitter: Jittered | None = None,
    ) -> list[Part]:
        """Parts of both sides of a batch.

        Parameters
        ----------
        index
            Rows (K', B) of the split.
        raw
            Their inputs (K', 1, B, features) as the positive side is to have them; None for those of the data.
        prepared
            The same, ready for labels.
        period
            Changes when lasting negatives are to be drawn anew.
        jitter
            How those inputs were jittered, for images that a negative takes from other rows; None where they were not.
        """
        return self.assemble(index, raw, prepared, *self.negatives(index, raw, prepared, period, jitter))

    def negatives(
        self,
        index: Tensor,
        raw: Tensor | None,
        prepared: Prepared,
        period: object,
        jitter: Jittered | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Labels (K', B) of the negative side and its images (K', B, features), None where it shares the image.

        The parameters are those of ``sides``.
        """
        if not self.wanted:
            return self.inputs.y[self.split][index].expand(len(self.choices), -1), None
        scores = self.scores.of_batch(prepared)
        if self.changes_image:
            raw = self._raw(index, raw)
        wrong, made = [], []
        for variant, (generator, params) in enumerate(self.choices):
            own = images = None if raw is None else raw[min(variant, len(raw) - 1), 0]
            if own is not None and not generator.is_ours:
                images = own.clone()  # what somebody else wrote may write into them; the positive side has them, too
            batch = self._batch(index[min(variant, len(index) - 1)], scores, variant, images, jitter)
            draw = self._draw(batch, variant, period)
            if generator.changes == "label":
                wrong.append(draw["labels"])
                if own is not None and self.changes_image:  # another variant does; this one keeps its own
                    made.append(own)
            else:
                pictures, labels = generator.make(batch, draw, params)
                wrong.append(labels)
                made.append(pictures)
        return torch.stack(wrong), torch.stack(made) if made else None

    def assemble(
        self, index: Tensor, raw: Tensor | None, prepared: Prepared, wrong: Tensor, images: Tensor | None
    ) -> list[Part]:
        """Parts of both sides from what ``negatives`` gave."""
        inputs, inverse = self.inputs, self._inverse
        labels = inputs.y[self.split][index].expand(len(wrong), -1)
        both = self.labels = torch.stack([labels, wrong], 1)
        if images is not None and self._beside:
            own = inputs.parts(prepared, labels.unsqueeze(1))
            other = inputs.parts(inputs.prepare(images.unsqueeze(1).clone()), wrong.unsqueeze(1), inverse)
            return [_side_by_side(*each) for each in zip(own, other, strict=True)]
        if images is not None:
            negative = images.unsqueeze(1)
            prepared = inputs.prepare(torch.cat([self._raw(index, raw).expand_as(negative), negative], 1))
        return inputs.parts(prepared, both, inverse)

    def seen(self, index: Tensor, raw: Tensor | None, images: Tensor | None) -> Tensor | None:
        """The images that ``negatives`` gave as a person is to see them: of two side by side, the mean."""
        if images is None or not self._beside:
            return images
        return (self._raw(index, raw)[:, 0] + images) / 2

    def _raw(self, index: Tensor, raw: Tensor | None) -> Tensor:
        return self.inputs.rows(index, self.split).unsqueeze(1) if raw is None else raw

    def rewind(self, *purpose: object) -> None:
        """Begin every stream of random numbers anew, the same for each variant."""
        self._streams = Streams([0] * len(self._streams), *purpose, device=self.device)

    def renew(self, period: object) -> None:
        """Draw what lasts for a period, where that was not done."""
        if self.wanted:
            for variant in range(len(self.choices)):
                if self._lasts[variant]:
                    self._renew(variant, period)

    def _renew(self, variant: int, period: object) -> None:
        generator, params = self.choices[variant]
        key = f"{variant}."
        if self.kept_for != period or not any(name.startswith(key) for name in self.kept):
            if self.kept_for != period:
                self.kept = {}
            self.kept_for = period
            whole = torch.arange(len(self.inputs.y[self.split]), device=self.device)
            everything = self._batch(whole, self.scores.of_split, variant)
            drawn = generator.draw(everything, self._streams[variant], params)
            self.kept |= {key + name: value for name, value in drawn.items()}

    def _draw(self, batch: Batch, variant: int, period: object) -> Draw:
        if not self._lasts[variant]:
            generator, params = self.choices[variant]
            return generator.draw(batch, self._streams[variant], params)
        self._renew(variant, period)
        key = f"{variant}."
        return {name[len(key) :]: value[batch.index] for name, value in self.kept.items() if name.startswith(key)}

    @property
    def chance(self) -> list[torch.Generator]:
        """What is drawn from."""
        return self._streams.generators

    def _batch(
        self,
        index: Tensor,
        scores: Callable[[str], Tensor],
        variant: int,
        images: Tensor | None = None,
        jitter: Jittered | None = None,
    ) -> Batch:
        inputs = self.inputs

        def asked(what: str) -> Tensor:
            self.choices[variant][0].check_scores(what)
            return scores(what)[variant]

        def jittered(images: Tensor) -> Tensor:
            return images if jitter is None else jitter(images[None, None], Streams.of(self._streams[variant]))[0, 0]

        labels = inputs.y[self.split]
        return Batch(
            index=index,
            labels=labels[index],
            classes=inputs.classes,
            image_shape=inputs.dataset.shape,
            count=len(labels),
            all_labels=labels if self.choices[variant][0].is_ours else labels.clone(),  # who knows what they write to
            fetch=lambda rows: inputs.rows(rows, self.split),
            scores=asked,
            bank=self._bank,
            given=images,
            jitter=jittered,
        )

    def _bank(self, name: str, make: Callable[[torch.Generator], Tensor]) -> Tensor:
        """Something made once from a fixed seed and kept, such as masks; not part of a run's random numbers."""
        if name not in self.banks:
            self.banks[name] = make(stream(0, "bank", name)).to(self.device)
        return self.banks[name]

    def state(self) -> dict[str, Tensor]:
        """What is needed to go on with the same negatives."""
        return {**self._streams.state(), **{f"kept.{key}": value for key, value in self.kept.items()}}

    def load(self, state: dict[str, Tensor], kept_for: object) -> None:
        """Go on where ``state`` was taken; ``kept_for`` is the period its draws were made in."""
        self._streams.load(state)
        self.kept = {key[5:]: value.to(self.device) for key, value in state.items() if key.startswith("kept.")}
        self.kept_for = kept_for


def _side_by_side(own: Part, other: Part) -> Part:
    """Both sides of a source where the positive is an input beside itself and the negative one beside another.

    The two inputs, each (K', 1, B, n), meet the same weights, so that the layer sees their sum; it is halved, which
    leaves the positive as it is.
    """
    first, second = torch.broadcast_tensors(own.scaled(), other.scaled())
    return Part(own.source, torch.cat([first, torch.lerp(first, second, 0.5)], 1))
