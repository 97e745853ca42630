"""Write constraints.txt: an exact pin of everything that ffexplore and its extras need, as this environment has it."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

HEADER = """\
# The tested set: exact versions of everything the project and its extras need, direct and indirect.
# Written by `make pins`; used as `pip install -c constraints.txt -e ".[test]"`.
# A pin that needs a newer Python than the project does is marked; there pip picks the version itself.
"""


def closure(name: str, extras: frozenset[str]) -> dict[str, Distribution]:
    """Collect the installed distributions that a requirement leads to, by canonical name."""
    found: dict[str, Distribution] = {}
    todo, seen = [(name, extras)], set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[canonicalize_name(name)] = dist = distribution(name)
        except PackageNotFoundError:
            continue  # an optional build of torch asks for parts that a CPU build lacks
        for text in dist.requires or ():
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                todo.append((need.name, frozenset(need.extras)))
    return found


def pin(dist: Distribution, oldest: Version) -> str:
    """Give one line of the file, with a marker where the version does not run on the oldest Python."""
    line = f"{dist.name}=={Version(dist.version).public}"
    needs = re.sub(r"\s", "", (dist.metadata.get_all("Requires-Python") or [""])[0])
    if oldest in SpecifierSet(needs):
        return line
    lowest = max(re.findall(r">=?(3[\d.]*)", needs), key=Version)
    return f'{line} ; python_full_version >= "{lowest}"'


def main() -> None:
    """Write the file beside pyproject.toml."""
    project = distribution("ffexplore")
    requires = project.metadata["Requires-Python"]
    oldest = Version(re.findall(r">=(3[\d.]*)", requires)[0] + ".0")
    found = closure("ffexplore", frozenset(project.metadata.get_all("Provides-Extra") or ()))
    del found["ffexplore"]
    lines = [pin(dist, oldest) for _, dist in sorted(found.items())]
    Path("constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
