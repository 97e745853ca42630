"""Imports run one way, and importing ffexplore stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# A module may import from its own area and from those further up this list; what is not named here sits at the top.
RANKS = {
    "errors": 0,
    "held": 0,
    "paths": 0,
    "params": 1,
    "choice": 1,
    "registry": 1,
    "data": 2,
    "engine": 3,
    "live": 4,
    "plots": 5,
    "ui": 6,
}
TOP = 7

# What each area may import from outside while it is being imported; functions may import more when they are called.
OUTSIDE = {
    "errors": set(),
    "held": set(),
    "paths": set(),
    "params": set(),
    "choice": set(),
    "registry": set(),
    "data": {"numpy"},
    "engine": {"numpy", "torch", "safetensors", "tqdm"},
    "live": {"numpy", "torch"},
    "plots": {"numpy", "plotly"},
}
WIDGETS = {"ipywidgets", "traitlets", "anywidget", "IPython"}
THREADS = {"threading", "queue", "concurrent", "asyncio", "multiprocessing"}
LAZY = ("plotly", "ipywidgets", "anywidget", "torchvision", "sklearn", "mlxtend", "pandas", "IPython", "matplotlib")

PACKAGE = Path(__file__).resolve().parents[2] / "ffexplore"
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Dotted name of a module file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def area_of(module: str) -> str:
    """The part of the name that says which area a module belongs to; empty for the shop window."""
    return [*module.split("."), ""][1]


def for_types_only(node: ast.AST) -> bool:
    """Whether a node is an ``if TYPE_CHECKING:`` block."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imports(tree: ast.AST, module: str, is_package: bool, *, lazy: bool) -> Iterator[str]:
    """Dotted names that a module imports; with ``lazy`` also inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if is_package else module.split(".")[:-1]
            base = base[: len(base) - node.level + 1] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif for_types_only(node):
            continue
        elif lazy or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports(node, module, is_package, lazy=lazy)


def imported_by(path: Path, *, lazy: bool) -> set[str]:
    """All that one file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return set(imports(tree, name_of(path), path.name == "__init__.py", lazy=lazy))


def test_there_are_modules_to_look_at() -> None:
    assert {"ffexplore.errors", "ffexplore.registry", "ffexplore.engine"} <= set(map(name_of, MODULES))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    area = area_of(name_of(path))
    rank = RANKS.get(area, TOP)
    ours = {name for name in imported_by(path, lazy=True) if name.split(".")[0] == "ffexplore"}
    wrong = {name for name in ours if area_of(name) != area and rank < TOP and RANKS.get(area_of(name), TOP) > rank}
    assert not wrong, f"{name_of(path)} ({area or 'top'}) must not import {sorted(wrong)}"


@pytest.mark.parametrize("path", [path for path in MODULES if area_of(name_of(path)) in OUTSIDE], ids=name_of)
def test_an_area_imports_only_its_own_tools(path: Path) -> None:
    allowed = OUTSIDE[area_of(name_of(path))] | set(sys.stdlib_module_names) | {"ffexplore"}
    foreign = {name for name in imported_by(path, lazy=False) if name.split(".")[0] not in allowed}
    assert not foreign, f"{name_of(path)} imports {sorted(foreign)} at once; import inside the function that needs it"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_ui_knows_widgets(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported_by(path, lazy=True)}
    assert area_of(name_of(path)) == "ui" or not roots & WIDGETS


@pytest.mark.parametrize("path", [path for path in MODULES if area_of(name_of(path)) == "engine"], ids=name_of)
def test_the_engine_knows_no_thread(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported_by(path, lazy=True)} & THREADS


def test_relative_and_absolute_imports_are_read_alike() -> None:
    source = "from . import a\nfrom ..data import b\nimport ffexplore.ui.c\ndef f():\n    from ffexplore import d\n"
    found = set(imports(ast.parse(source), "ffexplore.engine.layers", False, lazy=True))
    assert found == {"ffexplore.engine.a", "ffexplore.data.b", "ffexplore.ui.c", "ffexplore.d"}
    assert "ffexplore.d" not in set(imports(ast.parse(source), "ffexplore.engine.layers", False, lazy=False))


@pytest.mark.parametrize("module", ["ffexplore", "ffexplore.cli", "ffexplore.lab"])
def test_import_stays_light(module: str, repository: Path) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.argv[1:]) & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code, *LAZY], capture_output=True, text=True, cwd=repository, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [], f"importing {module} pulls these in"
