"""Joins the hand-written ES modules of the board into the one module that anywidget takes."""

from __future__ import annotations

import re
from importlib import resources

#: In the order of their imports; the last one holds the default export.
MODULES = (
    "dom", "numbers", "frame", "tip", "asked", "threshold", "picture", "histograms", "curves", "gallery", "fields",
    "verdict", "candidates", "confusion", "pad", "draw", "contour", "landscape", "switches", "board",
)  # fmt: skip

_IMPORT = re.compile(r'^import [^;]*? from "\./\w+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:class|function|const) (\w+))", re.MULTILINE)


def board_script() -> str:
    """Return the modules of ``ui/static`` as one; each keeps a scope of its own and hands out what it exports."""
    *parts, board = (_IMPORT.sub("", _read(f"{name}.js")) for name in MODULES)
    return "\n".join([*map(_scoped, parts), board])


def board_style() -> str:
    """Return the style sheet of the board."""
    return _read("board.css")


def _scoped(source: str) -> str:
    names = ", ".join(_EXPORT.findall(source))
    return f"const {{ {names} }} = (() => {{\n{_EXPORT.sub('', source)}\nreturn {{ {names} }};\n}})();"


def _read(name: str) -> str:
    return (resources.files("ffexplore.ui") / "static" / name).read_text(encoding="utf-8")
