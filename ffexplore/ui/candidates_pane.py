"""The pane of candidate labels, kernel side: one validation input and what the network says of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ffexplore.engine.judged import Examiner
from ffexplore.engine.training import Trainer
from ffexplore.engine.verdict import Verdict, judge, moment_of
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.frames import Arrays

Kind = str | tuple[int, int]  #: "all", "mistakes", or (right class, chosen class)

LABELS = 20  #: rows of candidate labels shown at most
VALUES = 12  #: values of a table's row shown at most


@dataclass(frozen=True, eq=False)
class Candidate:
    """One validation input with what the network says of it."""

    verdict: Verdict
    input: NDArray[Any]  #: (height, width, channels) uint8, or the values of a table's row
    right: int  #: its class
    row: int  #: where it stands in the validation split
    total: int  #: inputs of the split
    kind: Kind  #: which inputs are walked through
    of_kind: int  #: how many of those there are, among the judged ones
    place: int  #: of this input among them, from 0; -1 where it is none of them (any more)
    names: tuple[str, ...]  #: of the classes


class CandidatesPane(AskedPane[Candidate]):
    """One validation input, its candidate labels and their goodness in each layer.

    Parameters
    ----------
    examiner
        Finds the mistakes; shared with the confusion matrix, so that both tell the same.
    """

    interval = 0.25

    def __init__(self, examiner: Examiner) -> None:
        super().__init__()
        self._examiner = examiner
        self._lock = threading.Lock()
        self._steps = 0  # to go, since the last look
        self._wanted: Kind | None = None
        self._kind: Kind = "all"
        self._row = 0
        self._seen: object = None

    @property
    def has_more(self) -> bool:
        """Whether mistakes may lie in a part of the split that was not looked at yet."""
        return self._kind != "all" and self._examiner.has_more

    def hear(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Go ``steps`` inputs on, or walk through other ones: ``which`` is a `Kind`."""
        with self._lock:
            self._steps += int(content.get("steps", 0))
            if "which" in content:
                kind = content["which"]
                self._wanted = kind if kind in ("all", "mistakes") else (int(kind[0]), int(kind[1]))

    def look(self, trainer: Trainer, at_rest: bool) -> Candidate | None:
        """Judge the input at hand, or the next one of its kind."""
        inputs = trainer.network.inputs
        total = len(inputs.y["validation"])
        with self._lock:
            steps, self._steps = self._steps, 0
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._kind = wanted
        if self._row >= total or not self._exists(self._kind, inputs.classes):  # other data
            self._row, self._kind = 0, "all"
        rows = self._rows(trainer, at_rest, total)
        self._row = walked(self._row, rows, steps, stay=wanted is None)
        now = moment_of(trainer), self._row, self._kind, len(rows)
        if now == self._seen:
            return None
        index = torch.tensor([self._row], device=inputs.table.device)
        verdict = judge(trainer, inputs.rows(index, "validation"))
        self._seen = now
        data = trainer.plan.dataset
        place = int(np.searchsorted(rows, self._row))
        is_one = place < len(rows) and rows[place] == self._row
        return Candidate(
            verdict=verdict,
            input=data.validation.x[self._row],
            right=int(data.validation.y[self._row]),
            row=self._row,
            total=total,
            kind=self._kind,
            of_kind=len(rows),
            place=place if is_one else -1,
            names=data.class_names,
        )

    def _rows(self, trainer: Trainer, at_rest: bool, total: int) -> NDArray[np.int64]:
        if self._kind == "all":
            return np.arange(total)
        judged = self._examiner.look(trainer, at_rest)
        return judged.rows(None if isinstance(self._kind, str) else self._kind)

    @staticmethod
    def _exists(kind: Kind, classes: int) -> bool:
        return isinstance(kind, str) or 0 <= min(kind) <= max(kind) < classes

    def pack_answer(self, answer: Candidate, arrays: Arrays) -> dict[str, Any]:
        """Pack the input, the verdict and the place in the walk."""
        packed = pack_verdict(answer.verdict, answer.names, answer.right, arrays)
        packed |= {
            "row": answer.row,
            "total": answer.total,
            "kind": answer.kind if isinstance(answer.kind, str) else [answer.names[each] for each in answer.kind],
            "of_kind": answer.of_kind,
            "place": answer.place,
            "right_name": answer.names[answer.right],
        }
        if answer.input.ndim == 3:
            packed["arrays"]["image"] = arrays.add(answer.input)
        else:
            packed["values"] = [float(value) for value in answer.input[:VALUES]]
            packed["features"] = len(answer.input)
        return packed


def walked(row: int, rows: NDArray[np.int64], steps: int, *, stay: bool) -> int:
    """The row that lies so many steps on among ``rows``, around the end; ``stay`` where it is, without steps."""
    if not len(rows):
        return row
    if not steps:
        if stay or row in rows:
            return row
        steps = 1
    # From between two rows the first step goes to the neighbour in its direction.
    place = np.searchsorted(rows, row, side="right") - 1 if steps > 0 else np.searchsorted(rows, row)
    return int(rows[(place + steps) % len(rows)])


def pack_verdict(verdict: Verdict, names: Sequence[str], right: int, arrays: Arrays) -> dict[str, Any]:
    """Pack what the network says of one input; of very many labels those with the highest scores, and the right one."""
    labels = np.arange(len(names))
    if len(labels) > LABELS:
        best = np.argsort(-verdict.scores[0], kind="stable")[:LABELS]
        labels = np.sort(best if right < 0 or right in best else np.append(best[:-1], right))
    return {
        "labels": labels.tolist(),
        "names": [names[label] for label in labels.tolist()],
        "classes": len(names),
        "chosen": int(verdict.chosen[0]),
        "right": right,
        "basis": verdict.basis,
        "counted": verdict.counted.tolist(),
        "arrays": {
            "goodness": arrays.add(verdict.goodness[:, 0, labels]),
            "scores": arrays.add(verdict.scores[0, labels]),
        },
    }
