"""The runs of a kernel: one of them trains at a time, and their threads end with the interpreter."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable

from ffexplore.live.worker import Worker

_workers: weakref.WeakSet[Worker] = weakref.WeakSet()
_active: weakref.ref[Worker] | None = None
_active_lock = threading.Lock()


def enter(worker: Worker, owner: object) -> None:
    """Count a run among those of the kernel; its thread ends when the owner is collected."""
    _workers.add(worker)
    weakref.finalize(owner, _abandon, worker).atexit = False


def claim(worker: Worker, message: str, begin: Callable[[], None]) -> None:
    """Make a run the one that trains; the one that trained before is paused, and shows the message.

    ``begin``, which has it train, is called before another run can be made the one.
    """
    global _active
    with _active_lock:
        former = _active() if _active is not None else None
        _active = weakref.ref(worker)
        if former is not None and former is not worker:
            with former.mail.lock:
                if former.status == "running" or former.mail.will_train:
                    pause(former, message)
        begin()


def pause(worker: Worker, message: str = "") -> None:
    """Stop training after the present batch, and show a message; steps that are queued are dropped."""
    with worker.mail.lock:
        if not worker.has_ended:
            worker.mail.halt(message)
        if worker.status == "running":
            worker.status = "paused"


def _abandon(worker: Worker) -> None:
    # No lock here: this may run in the middle of anything, in any thread, when a runner is collected.
    worker.is_abandoned = True


@atexit.register
def _end_all() -> None:
    """End the threads before the interpreter takes away what they stand on."""
    workers = list(_workers)
    for worker in workers:
        worker.is_abandoned = True
    for worker in workers:
        if worker.thread is not None:
            worker.mail.wake()
            worker.thread.join(2.0)
