"""The pane of the confusion matrix, kernel side."""

from __future__ import annotations

from typing import Any

from ffexplore.engine.judged import Examiner, Judged
from ffexplore.engine.training import Trainer
from ffexplore.ui.asked_pane import AskedPane
from ffexplore.ui.frames import Arrays

CLASSES = 30  #: rows at most


class ConfusionPane(AskedPane[Judged]):
    """How often inputs of one class are taken for another."""

    interval = 1.0

    def __init__(self, examiner: Examiner) -> None:
        super().__init__()
        self._examiner = examiner

    @property
    def has_more(self) -> bool:
        """Whether a part of the split was not judged yet."""
        return self._examiner.has_more

    def look(self, trainer: Trainer, at_rest: bool) -> Judged | None:
        """Judge the next part of the split."""
        judged = self._examiner.look(trainer, at_rest)
        return None if judged is self.answer else judged

    def pack_answer(self, answer: Judged, arrays: Arrays) -> dict[str, Any]:
        """Pack the counts, a row for each right class."""
        if len(answer.names) > CLASSES:
            many = f"{answer.dataset} has {len(answer.names)} classes"
            return {"words": f"{many}; a matrix of more than {CLASSES} rows could not be read."}
        return {
            "names": list(answer.names),
            "judged": len(answer.labels),
            "total": answer.total,
            "of_step": answer.step,
            "arrays": {"counts": arrays.add(answer.counts)},
        }
