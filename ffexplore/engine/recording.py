"""Calls of torch that are recorded once and played again, without the Python that stood around them.

A step of small layers is some forty calls of a few microseconds, and as much time goes into finding out which calls
those are. That does not depend on the numbers: what was found out once becomes a function of nothing but the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Played = Callable[..., tuple[Tensor | None, ...]]

# What tells something of a tensor that does not depend on its numbers.
_OF_THE_SHAPE = {"dim", "size", "stride", "numel", "nelement", "__len__", "is_contiguous", "is_floating_point", "type"}
_WRITTEN_OUT = (bool, int, str, type(None), type(Ellipsis))


class RecordingError(Exception):
    """Why calls cannot be recorded."""


class Recorder(TorchFunctionMode):
    """Writes down every call of torch made while it is entered, as ``with Recorder(inputs) as recorder:``.

    What it sees happen happens as usual. Tensors that are neither inputs nor results are taken to be those of every
    later time, too: weights, buffers, constants.

    Parameters
    ----------
    inputs
        The tensors that will be others when the calls are played, of the same shapes.

    Attributes
    ----------
    obstacle
        Why the calls cannot be played again, or "". A decision that hangs on a number is one, and so is a look at the
        memory of an input by a way that is not among the inputs.
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.obstacle = ""
        self._inputs = [f"x{number}" for number in range(len(inputs))]
        self._names = {id(each): name for each, name in zip(inputs, self._inputs, strict=True)}
        self._kept: list[object] = list(inputs)  # so that nothing else comes by the id of what has a name
        self._changing = {_memory(each) for each in inputs}
        self._lasting: dict[str, Any] = {}
        self._lines: list[str] = []

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Make the call, and write it down."""
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        results = list(result) if isinstance(result, (tuple, list)) and len(result) else [result]
        if getattr(function, "__name__", "") == "__setitem__":  # gives None, and writes into what it is given first
            results = [args[0]]
        if all(isinstance(each, Tensor) for each in results):
            self._write(function, args, kwargs, results, isinstance(result, Tensor))
        elif not _is_of_the_shape(function, result):
            self.obstacle = self.obstacle or f"{getattr(function, '__name__', function)} gives no tensor"
        return result

    def played(self, outputs: Sequence[Tensor | None]) -> Played:
        """The calls as a function of the inputs that returns what now are ``outputs``.

        Raises
        ------
        RecordingError
            When there is one.
        """
        ends = "".join(f"{self._shown(each)}, " for each in outputs)
        if self.obstacle:
            raise RecordingError(self.obstacle)
        body = "\n    ".join([*self._lines, f"return ({ends})"])
        named: dict[str, Any] = dict(self._lasting)
        exec(f"def played({', '.join(self._inputs)}):\n    {body}", named)
        played: Played = named.pop("played")  # else it would hold on to itself, and to all these tensors
        return played

    def _write(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], results: list[Any], one: bool
    ) -> None:
        shown = [self._shown(each) for each in args]
        shown += [f"{name}={self._shown(each)}" for name, each in kwargs.items()]
        if self._is_lasting_view(args, kwargs, results):
            return  # it will be found among what lasts
        line = f"{self._last(function)}({', '.join(shown)})"
        if any(id(each) not in self._names for each in results):  # else it wrote into what is there
            names = ["_" if id(each) in self._names else self._name(each, f"t{len(self._names)}") for each in results]
            line = f"{names[0] if one else '(' + ', '.join(names) + ',)'} = {line}"
        self._lines.append(line)

    def _is_lasting_view(self, args: Sequence[Any], kwargs: dict[str, Any], results: list[Tensor]) -> bool:
        """Whether the results are but other views of memory that lasts, as of a buffer."""
        given = [each for each in (*args, *kwargs.values()) if isinstance(each, Tensor)]
        lasting = {_memory(each) for each in given if self._names[id(each)] in self._lasting}
        if len(lasting) < len({_memory(each) for each in given}) or any(id(each) in self._names for each in results):
            return False
        return bool(given) and all(_memory(each) in lasting for each in results)

    def _shown(self, value: Any) -> str:
        """A value as it stands in a call."""
        if isinstance(value, Tensor):
            return self._names.get(id(value)) or self._last(value)
        if isinstance(value, _WRITTEN_OUT):
            return "..." if value is Ellipsis else repr(value)
        if type(value) in (list, tuple):
            shown = "".join(f"{self._shown(each)}, " for each in value)
            return f"[{shown}]" if isinstance(value, list) else f"({shown})"
        if isinstance(value, slice):
            return f"slice({self._shown(value.start)}, {self._shown(value.stop)}, {self._shown(value.step)})"
        return self._last(value)

    def _last(self, value: Any) -> str:
        """The name of something that will be the same the next time."""
        if isinstance(value, Tensor) and _memory(value) in self._changing:
            self.obstacle = self.obstacle or "a tensor that is no input lies where the inputs lie"
        if id(value) not in self._names:
            name = self._name(value, f"c{len(self._names)}")
            self._lasting[name] = value
        return self._names[id(value)]

    def _name(self, value: object, name: str) -> str:
        self._kept.append(value)
        self._names[id(value)] = name
        return name


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _is_of_the_shape(function: Callable[..., Any], result: object) -> bool:
    """Whether a call tells only what a tensor is like, which is the same for all tensors of its shape."""
    name = getattr(function, "__name__", "")
    return name in _OF_THE_SHAPE or (name == "__get__" and not isinstance(result, (torch.Tensor, torch.UntypedStorage)))
