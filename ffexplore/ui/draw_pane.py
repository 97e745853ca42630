"""The drawing pad, kernel side: a drawing made like the data's pictures, and what the network says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffexplore.data import Dataset
from ffexplore.data.drawing import drawn_image, has_bright_ground
from ffexplore.engine.training import Trainer
from ffexplore.engine.verdict import Verdict, judge, moment_of
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.candidates_pane import pack_verdict
from ffexplore.ui.frames import Arrays

PAD = (16, 512)  #: fewest and most pixels of a drawing's side


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the network says of a drawing."""

    dataset: str
    names: tuple[str, ...]
    is_table: bool
    image: NDArray[np.uint8] | None = None  #: (height, width, channels) as the network gets it; None: nothing drawn
    verdict: Verdict | None = None
    sample: int = -1  #: row of the validation split that was laid on the pad; -1 for a drawing
    right: int = -1  #: the class of the sample
    is_bright: bool = False  #: whether the ground is brighter than the ink
    author: str = ""  #: the view it was drawn in, which has it on its pad


class DrawPane(AskedPane[Drawn]):
    """A pad whose drawing is made like the data's pictures and judged while it is drawn."""

    interval = 0.25

    def __init__(self) -> None:
        super().__init__()
        self._drawing: NDArray[np.uint8] | None = None
        self._sample: tuple[int, int] | None = None  # class, and which of its images
        self._seen: object = None
        self._changes = 0
        self._author = ""

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take a ``drawing`` (its side in pixels; they come as bytes), a ``sample`` of a class, or that all is clear.

        Raises
        ------
        ValueError
            When the drawing has not as many bytes as pixels.
        """
        drawing = sample = None
        if "drawing" in content:
            side = int(content["drawing"])
            pixels = np.frombuffer(buffers[0], np.uint8)
            if not PAD[0] <= side <= PAD[1] or len(pixels) != side * side:
                raise ValueError(f"a drawing of {side}×{side} pixels came with {len(pixels)} bytes")
            drawing = pixels.reshape(side, side).copy() if pixels.any() else None
        elif "sample" in content:
            label = int(content["sample"])
            former = self._sample
            sample = label, former[1] + 1 if former is not None and former[0] == label else 0
        self._author = str(content.get("view", ""))
        self._drawing, self._sample, self._changes = drawing, sample, self._changes + 1

    def look(self, trainer: Trainer, at_rest: bool) -> Drawn | None:
        """Judge what lies on the pad."""
        now = moment_of(trainer), self._changes  # first: what is drawn from here on is judged at the next look
        if now == self._seen:
            return None
        answer = self._judged(trainer, trainer.plan.dataset, self._drawing, self._sample)
        self._seen = now  # not where that failed, so that it can be tried again
        return answer

    def _judged(
        self, trainer: Trainer, data: Dataset, drawing: NDArray[np.uint8] | None, sample: tuple[int, int] | None
    ) -> Drawn:
        answer = Drawn(data.name, data.class_names, data.kind == "table", author=self._author)
        if answer.is_table:
            return answer
        row = right = -1
        if sample is not None and sample[0] < data.classes:
            rows = np.flatnonzero(data.validation.y == sample[0])
            row, right = int(rows[sample[1] % len(rows)]), sample[0]
            image = data.validation.x[row]
        elif drawing is not None:
            image = drawn_image(drawing, data)
        else:
            return answer
        verdict = judge(trainer, trainer.network.inputs.given(image[None]))
        return dataclasses.replace(
            answer, image=image, verdict=verdict, sample=row, right=right, is_bright=has_bright_ground(data)
        )

    def pack_answer(self, answer: Drawn, arrays: Arrays) -> dict[str, Any]:
        """Pack the picture as the network gets it, and the verdict."""
        if answer.is_table:
            return {"words": f"{answer.dataset} has rows of numbers, so there is nothing to draw."}
        packed: dict[str, Any] = {
            "all_names": list(answer.names),
            "sample": answer.sample,
            "author": answer.author,
            "arrays": {},
        }
        if answer.verdict is not None and answer.image is not None:
            packed |= pack_verdict(answer.verdict, answer.names, answer.right, arrays)
            packed["is_bright"] = answer.is_bright
            packed["arrays"]["image"] = arrays.add(answer.image)
        return packed
