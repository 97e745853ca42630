"""The command line: ``ffexplore lab``, ``train``, ``reproduce`` and ``datasets``."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ffexplore import __version__
from ffexplore.cli_train import DEFAULT_SECONDS, as_a_setting, train_command
from ffexplore.errors import FFExploreError
from ffexplore.lab import (
    DEFAULT_FOLDER,
    FIRST_NOTEBOOK,
    choose_notebook,
    lab_arguments,
    open_lab,
    packaged_notebooks,
    place_notebooks,
)

INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C ...
UNHEARD = 141  # ... and for one whose reader has gone, as in `ffexplore datasets | head -1`


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        The words after ``ffexplore``; taken from the command line if None.

    Returns
    -------
    int
        0 when all went well, 2 after a mistake that ffexplore explains on stderr, 130 after Ctrl-C, 141 when nobody
        reads what it prints.
    """
    parser = make_parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{as_a_setting(options, unknown)}")
    try:
        code = int(options.command(options))
        sys.stdout.flush()  # here, where it can still be caught that nobody reads
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        return UNHEARD
    except FFExploreError as error:
        print(f"ffexplore: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ffexplore: interrupted.", file=sys.stderr)
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="ffexplore", description="See the Forward-Forward algorithm learn, and change it while it does."
    )
    parser.add_argument("--version", action="version", version=f"ffexplore {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="open the notebooks in JupyterLab")
    lab.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=DEFAULT_FOLDER,
        help="where the notebooks are put (default: %(default)s)",
    )
    lab.add_argument(
        "--notebook", default=FIRST_NOTEBOOK, metavar="NAME", help="the one to open (default: %(default)s)"
    )
    lab.add_argument("--port", type=int, help="port to listen on (default: a free one from 8888 on)")
    lab.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    lab.add_argument(
        "--dry-run", action="store_true", help="put the notebooks there and print the command, start nothing"
    )
    lab.set_defaults(command=lab_command)

    train = commands.add_parser("train", help="train one network and print how good it is on the test split")
    train.add_argument("--preset", default="classroom", help="recipe to start from (default: %(default)s)")
    train.add_argument("--dataset", help="name of a dataset, see 'ffexplore datasets' (default: the preset's)")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=positive(float), help=f"train this long (default: {DEFAULT_SECONDS:g})")
    length.add_argument("--epochs", type=positive(float), help="or this many passes over the training data")
    length.add_argument("--steps", type=positive(int), help="or this many batches")
    train.add_argument("--seed", type=int, help="seed of everything random (default: the preset's)")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="fields",
        help="change a setting, as in --set threshold=2 or --set layers=500,500; may be repeated",
    )
    train.add_argument("--save", metavar="PATH", help="save the trained network as a checkpoint")
    train.add_argument("--json", action="store_true", help="print the report as JSON, and nothing else, on stdout")
    train.add_argument("--quiet", action="store_true", help="show no progress bar")
    train.set_defaults(command=train_command)

    reproduce = commands.add_parser("reproduce", help="run experiments over several seeds and write a page of results")
    reproduce.add_argument("names", nargs="*", metavar="NAME", help="experiments to run, see --list")
    reproduce.add_argument("--all", action="store_true", help="run every experiment; takes many hours")
    reproduce.add_argument("--seeds", type=positive(int), help="at most this many seeds (default: what each wants)")
    reproduce.add_argument(
        "--budget",
        default="small",
        metavar="SECONDS|small|full",
        help="time for all, or small (nothing that takes over ten minutes) or full (default: %(default)s)",
    )
    reproduce.add_argument(
        "--jobs", type=positive(int), default=1, help="processes of one thread each (default: one, with every thread)"
    )
    reproduce.add_argument("--list", action="store_true", help="list the experiments and run none")
    reproduce.add_argument("--only-report", action="store_true", help="write the page from the runs that are there")
    reproduce.add_argument(
        "--docs",
        type=Path,
        default=Path("docs"),
        metavar="FOLDER",
        help="where results are kept (default: %(default)s)",
    )
    reproduce.set_defaults(command=reproduce_command)

    datasets = commands.add_parser("datasets", help="list the datasets by name")
    datasets.set_defaults(command=datasets_command)
    return parser


def positive(kind: type[int] | type[float]) -> Any:
    """Make an argparse type that takes numbers above zero only."""

    def convert(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
        return value

    convert.__name__ = "number" if kind is float else "whole number"
    return convert


def lab_command(options: argparse.Namespace) -> int:
    """Put the notebooks into a folder and open JupyterLab on one of them."""
    lab_arguments(options.folder, port=options.port)  # a wrong port is refused before anything is copied
    copied, kept = place_notebooks(options.folder)
    notebook = choose_notebook(options.folder, options.notebook)
    arguments = lab_arguments(notebook, port=options.port, browser=not options.no_browser)
    if copied:
        print(f"Put {len(copied)} notebooks into {options.folder}.")
    if kept and not options.folder.samefile(packaged_notebooks()):
        print(f"Left the {len(kept)} notebooks as they are in {options.folder}; name another folder for fresh copies.")
    if options.dry_run:
        print("jupyter lab", *arguments)
        return 0
    open_lab(arguments)
    return 0


def reproduce_command(options: argparse.Namespace) -> int:
    """Run experiments; what was finished before is not run again."""
    from ffexplore.reproduce import command

    return command.reproduce_command(options)


def datasets_command(options: argparse.Namespace) -> int:
    """List the datasets: name, size, whether it has to be fetched, and what it shows."""
    from ffexplore.data import datasets

    rows = [
        (entry.name, entry.size, "offline" if entry.offline else "fetched on first use", entry.summary)
        for entry in datasets
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, summary in rows:
        print(*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), summary, sep="  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
