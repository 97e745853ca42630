"""The reference page: every setting and every entry of every catalogue, written from what these say of themselves.

``python -m ffexplore.reference`` writes ``docs/reference.md``; another path may be given, or ``-`` to print it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ffexplore.data import datasets
from ffexplore.engine.activations import activations
from ffexplore.engine.black_box import black_boxes
from ffexplore.engine.goodness import goodness
from ffexplore.engine.inference import inferences
from ffexplore.engine.initialize import initializations
from ffexplore.engine.labels import label_encodings
from ffexplore.engine.negatives import negatives
from ffexplore.engine.normalize import normalizations
from ffexplore.engine.objectives import objectives
from ffexplore.engine.optimize import optimizers
from ffexplore.engine.presets import presets
from ffexplore.engine.rates import rate_courses
from ffexplore.engine.schedule import schedules
from ffexplore.engine.settings import Settings
from ffexplore.registry import Entry, Param, Registry

PLACE = Path("docs/reference.md")
WIDTH = 256  # units of the layer for which natural thresholds are given

# Heading, catalogue, its name in the shop window, and what it is for.
CATALOGUES: tuple[tuple[str, Registry[Any], str, str], ...] = (
    ("Goodness", goodness, "goodness", "The number that says how positive a layer takes a sample to be."),
    ("Objectives", objectives, "objectives", "What a layer tries to make small, from the goodness of its two sides."),
    ("Negatives", negatives, "negatives", "How bad data is made from good."),
    ("Label encodings", label_encodings, "label_encodings", "How a class is written into the input."),
    ("Normalizations", normalizations, "normalizations", "What a layer may learn of the activity below it."),
    ("Inferences", inferences, "inferences", "How a class is read from the network."),
    ("Activations", activations, "activations", "The nonlinearity of every layer."),
    ("Black boxes", black_boxes, "black_boxes", "What may stand between two layers and stop every gradient."),
    ("Schedules", schedules, "schedules", "Which layers learn when."),
    ("Optimizers", optimizers, "optimizers", "How a gradient becomes a change of weights."),
    ("Rate courses", rate_courses, "rate_courses", "The learning rate over time."),
    ("Initializations", initializations, "initializations", "The weights a layer starts with."),
    ("Datasets", datasets, "datasets", "The data to learn from."),
    ("Presets", presets, "presets", "Settings that are known to work, or that a source states."),
)
HEAD = f"""# Reference

Every setting, and every entry of every catalogue, as the explorer's menus, `Settings` and the command line take it. A
parameter is given with the name, as in `goodness="top_k(share=0.2)"`. Written by `python -m ffexplore.reference`; do
not edit by hand.

h is the activity of a layer's d units, g a goodness, g⁺ and g⁻ that of the positive and the negative side, y the right
class, θ the threshold. With a goodness stands its natural θ in a layer of {WIDTH} units, which is the threshold when
none is chosen: about what rectified normal activities with a mean square of 1 have.
"""
SETTINGS = """## Settings

What `Settings` takes, and the explorer's controls. *Per layer*: one value, or one for each layer. *Not compared*:
what `Runner.compare` and the panel's *Compare* train side by side may differ in every setting but these. *In one step*:
the variants of `Trainer.variants` may differ in these alone.

| name | what it is | allowed | default | notes | source |
| --- | --- | --- | --- | --- | --- |"""


def text() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *_settings(), *(line for catalogue in CATALOGUES for line in _section(*catalogue))])


def _settings() -> Iterator[str]:
    """The fields of Settings: a heading and a table."""
    yield SETTINGS
    headings = {id(catalogue): title for title, catalogue, _, _ in CATALOGUES}
    headings_of = {"dataset": "Datasets"} | {
        name: headings[id(field.registry)] for name, field in Settings.fields().items() if field.registry is not None
    }
    for name, field in Settings.fields().items():
        title = headings_of.get(name)
        allowed = f"[{title.lower()}](#{title.lower().replace(' ', '-')})" if title else field.allowed()
        default = getattr(Settings(), name)
        shown = ", ".join(map(str, default)) if name == "layers" else getattr(default, "name", str(default))
        notes = [
            *(["Per layer."] if field.per_layer else []),
            *([] if field.comparable else ["Not compared."]),
            *(["In one step."] if field.lockstep else []),
            field.renews,
        ]
        cells = (f"`{name}`", field.meaning, allowed, f"`{shown}`", " ".join(filter(None, notes)), field.source)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    yield ""


def _section(title: str, catalogue: Registry[Any], name: str, meaning: str) -> Iterator[str]:
    """One catalogue: a heading and a table."""
    yield f"## {title}\n"
    yield f"{meaning} In code: `ffexplore.{name}`.{_of_your_own(catalogue)}\n"
    yield "| name | what it is | parameters | source |"
    yield "| --- | --- | --- | --- |"
    for entry in catalogue:
        summary = " ".join(filter(None, [entry.summary, _note(entry)]))
        params = "<br>".join(_param(key, param) for key, param in entry.params.items())
        yield f"| `{entry.name}` | {_cell(summary)} | {_cell(params)} | {_cell(entry.source)} |"
    yield ""


def _of_your_own(catalogue: Registry[Any]) -> str:
    """Where it is said what an entry takes and returns."""
    if catalogue in (inferences, optimizers, presets):
        return ""
    first = next(iter(catalogue))
    module = type(first).__module__ if type(first) is not Entry else first.function.__module__
    return f' One of your own: `help("{module}")`.'


def _note(entry: Entry) -> str:
    """What a person should know beside the summary."""
    if entry.name in goodness and goodness[entry.name] is entry:
        natural = goodness[entry.name].natural_threshold(WIDTH)
        across = " Looks across the batch." if goodness[entry.name].coupled else ""
        return ("" if natural is None else f"θ = {natural:.4g}.".replace("-", "−")) + across
    if entry.name in negatives and negatives[entry.name] is entry:
        changes = negatives[entry.name].changes
        return f"Changes {'image and label' if changes == 'both' else f'the {changes}'}."
    return ""


def _param(name: str, param: Param) -> str:
    """One parameter with its meaning, range and default."""
    if param.choices:
        allowed = ", ".join(param.choices)
    elif isinstance(param.default, bool):
        allowed = "True or False"
    elif isinstance(param.default, str):
        allowed = ""
    else:
        allowed = param.allowed()
    return f"`{name}` = {param.default}: {param.meaning}" + (f" ({allowed})" if allowed else "")


def _cell(words: str) -> str:
    """Text that does not end a table's cell before its time."""
    return words.replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str]) -> None:
    """Write the page to the path given, print it for ``-``."""
    place = arguments[0] if arguments else str(PLACE)
    if place == "-":
        sys.stdout.buffer.write(text().encode())
        return
    Path(place).write_text(text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
