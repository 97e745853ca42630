"""Open the notebooks that come with ffexplore: copy them where a person may edit them, then start JupyterLab."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ffexplore.errors import FFExploreError, unknown_name

FIRST_NOTEBOOK = "00_explore.ipynb"
DEFAULT_FOLDER = Path("ffexplore-notebooks")


def packaged_notebooks() -> Path:
    """Find the folder of the notebooks that belong to this installation.

    Returns
    -------
    Path
        ``ffexplore/notebooks`` of an installed wheel, or ``notebooks`` beside the package in a checkout.

    Raises
    ------
    FFExploreError
        When the installation holds no notebooks.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST_NOTEBOOK).is_file():
            return folder
    raise FFExploreError(f"This installation of ffexplore holds no {FIRST_NOTEBOOK}; install it anew.")


def place_notebooks(folder: Path) -> tuple[list[str], list[str]]:
    """Copy the notebooks into a folder, and leave alone every file that is there already.

    Parameters
    ----------
    folder
        Where to put them; made if missing.

    Returns
    -------
    copied, kept : list of str
        Names of the notebooks that were copied, and of those that stayed as they were.

    Raises
    ------
    FFExploreError
        When the folder cannot be made or written to.
    """
    source = packaged_notebooks()
    copied: list[str] = []
    kept: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(source.glob("*.ipynb")):
            target = folder / notebook.name
            if target.exists():
                kept.append(notebook.name)
            else:
                shutil.copyfile(notebook, target)
                copied.append(notebook.name)
    except OSError as error:
        reason = error.strerror or error
        raise FFExploreError(f"The notebooks cannot be put into {str(folder)!r}: {reason}.") from error
    return copied, kept


def lab_arguments(notebook: Path, *, port: int | None = None, browser: bool = True) -> list[str]:
    """Make the arguments with which JupyterLab opens a notebook.

    Parameters
    ----------
    notebook
        The notebook to open; its folder becomes the root of the file browser.
    port
        Port to listen on, 1 to 65535; None lets JupyterLab find a free one from 8888 on.
    browser
        Whether to open a browser window.

    Returns
    -------
    list of str
        What would follow ``jupyter lab`` on the command line.

    Raises
    ------
    FFExploreError
        When the port is out of range.
    """
    if port is not None and not 1 <= port <= 65535:
        raise FFExploreError(f"port is {port}; it must be a whole number from 1 to 65535.")
    # the address that is printed is that of the notebook, too
    arguments = [str(notebook.resolve()), f"--LabApp.default_url=/lab/tree/{quote(notebook.name)}"]
    if port is not None:
        arguments.append(f"--port={port}")
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # in a container everybody is root; the token still guards the page
    return arguments


def open_lab(arguments: Sequence[str]) -> None:
    """Start JupyterLab in this process and return when the person has stopped it.

    Parameters
    ----------
    arguments
        As :func:`lab_arguments` makes them.
    """
    from jupyterlab.labapp import LabApp

    # Below it, labconfig holds settings of JupyterLab that a person's own go before: it asks about no news.
    own = [str(Path(__file__).resolve().parent), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(own)
    LabApp.launch_instance(argv=list(arguments))


def choose_notebook(folder: Path, name: str) -> Path:
    """Find a notebook by its file name, with or without ``.ipynb``, or by the number that it begins with.

    Raises
    ------
    FFExploreError
        When the folder has no such notebook; names the nearest.
    """
    names = sorted(path.name for path in folder.glob("*.ipynb"))
    numbered = [each for each in names if each.startswith(f"{name}_")]
    wanted = numbered[0] if len(numbered) == 1 else name if name.endswith(".ipynb") else f"{name}.ipynb"
    if wanted not in names:
        raise FFExploreError(unknown_name("notebook", wanted, names))
    return folder / wanted
