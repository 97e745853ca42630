"""Write the repository's address into every file that names it: `make address REPOSITORY=owner/name`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

#: Where the address stands; pyproject.toml, the first, is the one that is asked for it.
FILES = ("pyproject.toml", "README.md", "CITATION.cff", "docs/places.md")
PREFIX = r"(?:https://github\.com/|https://mybinder\.org/v2/gh/)"
NAME = r"[A-Za-z0-9][\w.-]*/[\w.-]*\w"
PLACEHOLDER = "OWNER/REPOSITORY"

#: A remark of the README that is true only while the placeholder stands.
REMARK = re.compile(r"^.*<!-- until the address is set -->\n\n?", re.M)


def address(folder: Path) -> str:
    """Read the present ``owner/name`` from pyproject.toml."""
    found = re.search(rf'^Repository = "https://github\.com/({NAME})"$', (folder / FILES[0]).read_text("utf-8"), re.M)
    if found is None:
        raise ValueError('pyproject.toml has no line Repository = "https://github.com/owner/name" in [project.urls]')
    return found[1]


def write(folder: Path, new: str) -> list[str]:
    """Replace the present address by `new` in all files; returns the names of those that changed."""
    if not re.fullmatch(NAME, new):
        raise ValueError(f"REPOSITORY is {new!r}; it must be owner/name, as in github.com/owner/name")
    old = re.compile(rf"({PREFIX}){re.escape(address(folder))}(?![\w.-])")
    changed = []
    for name in FILES:
        before = (folder / name).read_text("utf-8")
        after = old.sub(rf"\g<1>{new}", before)
        if new != PLACEHOLDER:
            after = REMARK.sub("", after)
        if after != before:
            (folder / name).write_text(after, "utf-8")
            changed.append(name)
    return changed


def main() -> None:
    """Ask for the address on the command line and say which files changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", help="owner/name")
    try:
        changed = write(Path.cwd(), parser.parse_args().repository)
    except ValueError as error:
        parser.error(str(error))
    print("changed:", ", ".join(changed) or "nothing, this is the address already")


if __name__ == "__main__":
    main()
