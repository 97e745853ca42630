"""Counts the bytes that a piece of work makes and keeps, tensor by tensor."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from ffexplore.engine.backprop import BackpropTwin
    from ffexplore.engine.training import Trainer


@dataclass
class Footprint:
    """Bytes of the tensors made while it watches; what was there before does not count.

    Attributes
    ----------
    live
        Bytes that are held now.
    held
        The largest ``live`` at the moments that ``note`` was told of.
    peak
        The largest ``live`` at any moment.
    """

    live: int = 0
    held: int = 0
    peak: int = 0
    _known: dict[int, weakref.ref[Any]] = field(default_factory=dict, repr=False)

    def note(self) -> None:
        """Tell that this is a moment between a forward pass and its gradient."""
        self.held = max(self.held, self.live)

    def watch(self, work: Callable[[], object]) -> None:
        """Do some work and count the storages it makes, each from its making until nobody holds it any more.

        Works alike on every device, with autograd and without it. Buffers inside one of torch's operations are not
        seen. The work takes longer than it does unwatched.
        """
        with _Mode(self):
            work()

    def see(self, tree: Any, *, is_new: bool) -> None:
        """Take in the tensors of a tree; those not seen before count where they are new."""
        for value in tree_leaves(tree):
            if not isinstance(value, Tensor):
                continue
            storage = value.untyped_storage()
            key, size = id(storage), storage.nbytes() if is_new else 0
            if key in self._known:
                continue
            self._known[key] = weakref.ref(storage, self._when_gone(key, size))
            self.live += size
            self.peak = max(self.peak, self.live)

    def _when_gone(self, key: int, size: int) -> Callable[[object], None]:
        def forget(_: object) -> None:
            self._known.pop(key, None)
            self.live -= size

        return forget


def footprint_of_step(trained: Trainer | BackpropTwin) -> Footprint:
    """Take one step of training and count what it holds; ``held`` is that between a forward pass and its gradient.

    For backpropagation there is one such moment a step, for Forward-Forward one in every layer. The buffers that a
    trainer keeps for its activities count as if they were made in this step.
    """
    found = Footprint()
    owner: Any = trained if hasattr(trained, "backward") else trained.network
    name = "backward" if owner is trained else "walk"
    original = getattr(owner, name)
    if owner is not trained:
        owner.scratch = owner.new_scratch()

    def backward(loss: Tensor, *rest: Any) -> None:
        found.note()
        original(loss, *rest)

    def walk(*arguments: Any, **named: Any) -> Iterator[Any]:
        way = original(*arguments, **named)
        del arguments, named  # or they would be held longer than without us
        for item in way:
            found.note()
            yield item
            del item

    setattr(owner, name, backward if owner is trained else walk)
    try:
        found.watch(getattr(trained, "step_call_by_call", trained.step))
    finally:
        delattr(owner, name)
    return found


class _Mode(TorchDispatchMode):
    """Shows a footprint what goes into every operation and what comes out of it."""

    def __init__(self, footprint: Footprint) -> None:
        super().__init__()
        self._footprint = footprint

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._footprint.see((args, kwargs), is_new=False)
        result = func(*args, **(kwargs or {}))
        self._footprint.see(result, is_new=True)
        return result
