"""Products of float32 by oneDNN, on processors that MKL serves badly.

Torch takes them by MKL, which knows the AVX-512 instructions of Intel's processors alone: on others that have them it
reaches less than half of the speed. oneDNN knows them, but torch goes by it only while products may be rounded to
bfloat16 (``torch.backends.mkldnn.matmul.fp32_precision``). A processor without tiles (AMX) gains nothing by that, and
oneDNN does not do it there; that is tried before it is relied on.

The permission is one for the whole process, and ``torch.get_float32_matmul_precision`` refuses to answer as long as it
stands, so that it is given for one product at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

from ffexplore.held import Held

LARGE = 2_500_000  # multiplications of a product from which on oneDNN is the quicker one


def _permit() -> Callable[[], None]:
    """Let torch go by oneDNN; returns what undoes it."""
    mkldnn: Any = torch.backends.mkldnn  # whose stubs do not know it
    setting = mkldnn.matmul
    former = setting.fp32_precision
    setting.fp32_precision = "bf16"

    def undo() -> None:
        setting.fp32_precision = former

    return undo


_permission = Held(_permit)
_nothing = nullcontext()


@lru_cache(maxsize=1)
def serves() -> bool:
    """Whether products of float32 on this processor are to be taken by oneDNN; they are as exact."""
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    is_left_out = str(known.get("cpu_name", "")).startswith("AMD") and bool(known.get("avx512_f"))
    if not (is_left_out and torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()):
        return False
    if not hasattr(torch.backends.mkldnn, "matmul"):
        return False
    # bfloat16 would make ones of them all
    factors = torch.linspace(1.0, 1.0015, 256 * 256).view(256, 256)
    with _permission:
        product = torch.mm(factors, factors)
    return torch.allclose(product.double(), factors.double() @ factors.double(), rtol=1e-5, atol=0)


def chosen(multiplications: int, device: torch.device) -> AbstractContextManager[None]:
    """Within it, products of float32 that are so large each go by what is quicker on the device."""
    return _permission if device.type == "cpu" and multiplications >= LARGE and serves() else _nothing


def called(function: Callable[..., Tensor], *tensors: Tensor, out: Tensor | None = None) -> Tensor:
    """``function(*tensors, out=out)`` by oneDNN; one call to whoever records what torch is asked for."""
    if has_torch_function(tensors):
        result: Tensor = handle_torch_function(called, tensors, function, *tensors, out=out)
        return result
    with _permission:
        return function(*tensors, out=out)
