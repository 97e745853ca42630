"""What a runner publishes, for TensorBoard."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

from ffexplore.errors import FFExploreError
from ffexplore.live.history import BY_LAYER, BY_VARIANT
from ffexplore.live.runner import Runner
from ffexplore.live.snapshot import Snapshot
from ffexplore.paths import home_for_tilde


def write_tensorboard(runner: Runner, folder: str | os.PathLike[str]) -> Callable[[], None]:
    """Write every snapshot of a runner into a folder for TensorBoard, from now on.

    Parameters
    ----------
    runner
        What is written down; its history is not.
    folder
        Where; ``tensorboard --logdir FOLDER`` shows it.

    Returns
    -------
    callable
        Ends it and closes the file.

    Raises
    ------
    FFExploreError
        When TensorBoard is not installed, or the folder cannot be made.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise FFExploreError("TensorBoard is not installed here: pip install tensorboard.") from None
    try:
        writer = SummaryWriter(str(home_for_tilde(folder)))
    except OSError as error:
        raise FFExploreError(f"Nothing can be written into the folder {folder}: {error.strerror or error}.") from error

    def write(snapshot: Snapshot) -> None:
        for tag, value in scalars(snapshot):
            writer.add_scalar(tag, value, snapshot.step)
        for text in snapshot.changes:
            writer.add_text("changes", text, snapshot.step)

    forget = runner.observe(write)

    def end() -> None:
        forget()
        writer.close()

    return end


def scalars(snapshot: Snapshot) -> list[tuple[str, float]]:
    """The finite measures of a moment, each with its tag: ``auc/layer_1``, and ``variant_1/`` before it if several."""
    found: list[tuple[str, float]] = []
    variants, layers = snapshot.auc.shape
    for variant in range(variants):
        head = f"variant_{variant + 1}/" if variants > 1 else ""
        found += [(f"{head}{name}", float(getattr(snapshot, name)[variant])) for name in BY_VARIANT]
        for name in BY_LAYER:
            values = getattr(snapshot, name)[variant]
            found += [(f"{head}{name}/layer_{layer + 1}", float(values[layer])) for layer in range(layers)]
    return [(tag, value) for tag, value in found if math.isfinite(value)]
