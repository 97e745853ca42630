"""Joins hand-written ES modules into the one module that anywidget takes."""

from __future__ import annotations

import re
from importlib import resources

#: In the order of their imports; the last one holds the default export.
MODULES = (
    "dom", "numbers", "frame", "tip", "toggles", "asked", "threshold", "picture", "bars", "row", "histograms", "chart",
    "marks", "timeline", "curves", "gallery", "fields", "verdict", "candidates", "confusion", "pad", "draw", "contour",
    "landscape", "diagnostics", "backprop", "card", "compare", "switches", "board",
)  # fmt: skip

_IMPORT = re.compile(r'^import [^;]*? from "\./\w+\.js";\n', re.MULTILINE)
_COMMENT = re.compile(r"^ *//.*\n|^ +", re.MULTILINE)  # and indentation: for those who read the files, not for a page
_EXPORT = re.compile(r"^export (?=(?:class|function|const) (\w+))", re.MULTILINE)


def board_script() -> str:
    """Return the modules of ``ui/static`` as one; each keeps a scope of its own and hands out what it exports."""
    return joined(*MODULES)


def joined(*modules: str, folder: str = "") -> str:
    """Return modules of one folder below ``ui/static`` as one; the last one holds the default export.

    Parameters
    ----------
    *modules
        Their names without the ending, in the order of their imports.
    folder
        Where they are; empty for ``ui/static`` itself.
    """
    *parts, last = (_IMPORT.sub("", bare(f"{name}.js", folder)) for name in modules)
    return "\n".join([*map(_scoped, parts), last])


def board_style() -> str:
    """Return the style sheet of the board."""
    return read_static("board.css")


def _scoped(source: str) -> str:
    names = ", ".join(_EXPORT.findall(source))
    return f"const {{ {names} }} = (() => {{\n{_EXPORT.sub('', source)}\nreturn {{ {names} }};\n}})();"


def bare(name: str, folder: str = "") -> str:
    """Return a script of ``ui/static`` without comments and indentation."""
    return _COMMENT.sub("", read_static(name, folder))


def read_static(name: str, folder: str = "") -> str:
    """Return the text of a file of ``ui/static``."""
    place = resources.files("ffexplore.ui") / "static"
    return (place / folder / name if folder else place / name).read_text(encoding="utf-8")
