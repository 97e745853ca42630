"""``ffexplore train``: train one network from the command line and print how good it is."""

from __future__ import annotations

import argparse
import ast
import json
import math
import re
import sys
import time
from collections.abc import Sequence
from typing import Any

from ffexplore.errors import SettingsError, UnsuitedError

DEFAULT_SECONDS = 20.0
OUTSIDE = re.compile(r",(?![^(]*\))")  # commas that stand in no brackets


def train_command(options: argparse.Namespace) -> int:
    """Train one network and print its report."""
    from ffexplore import Settings, Trainer
    from ffexplore.engine.checkpoint import place_of
    from ffexplore.engine.suitability import suiting

    if options.save is not None:
        place_of(options.save)  # a place that cannot be is refused before anything is learned
    settings = Settings.preset(options.preset, **chosen_fields(options))
    try:
        trainer = Trainer(settings)
    except UnsuitedError as error:
        changes = suiting(settings, error.data)
        if not changes:
            raise
        words = " ".join(f"--set {name}={value}" for name, value in changes.items())
        raise SettingsError(f"{error} With {error.data.name!r} goes {words}") from None

    lengths = {name: value for name in ("seconds", "epochs", "steps") if (value := getattr(options, name)) is not None}
    ((unit, amount),) = (lengths or {"seconds": DEFAULT_SECONDS}).items()
    begin = time.perf_counter()
    trainer.fit(**{unit: amount}, progress=not options.quiet)
    seconds = time.perf_counter() - begin
    done = {"seconds": seconds, "epochs": trainer.epochs, "steps": trainer.steps}[unit]
    if done < amount - 1e-9:  # an interrupt is a normal way to end: what was learned so far is measured and saved
        print("Stopped early; this is how far it got.", file=sys.stderr)
    if options.save is not None:
        print(f"Saved {trainer.save(options.save)}, with the file of its tensors beside it.", file=sys.stderr)
    report = trainer.evaluate()
    if options.json:
        head = {"preset": options.preset, "fit_seconds": round(seconds, 3)}
        print(json.dumps(finite(head | report.to_dict() | {"settings": trainer.settings.to_dict()}), indent=2))
    else:
        print_report(report)
    return 0


def chosen_fields(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that the options of ``train`` name.

    Raises
    ------
    SettingsError
        When one of them is given twice, as different values.
    """
    given = [(f"--set {text}", *read_field(text)) for text in options.fields]
    given += [
        (f"--{name} {value}", name, value)
        for name in ("dataset", "seed")
        if (value := getattr(options, name)) is not None
    ]
    words: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for word, name, value in given:
        if name in fields and fields[name] != value:
            raise SettingsError(f"{name} is given twice, by {words[name]!r} and {word!r}; leave one of them out.")
        words[name], fields[name] = word, value
    return fields


def as_a_setting(options: argparse.Namespace, unknown: Sequence[str]) -> str:
    """How to give what was taken for an option of ``train`` and is a setting; empty where there is no such."""
    from ffexplore import Settings

    names = (word[2:].partition("=")[0].replace("-", "_") for word in unknown if word.startswith("--"))
    setting = next((name for name in names if name in Settings.fields()), None)
    is_train = getattr(options, "command", None) is train_command
    return f" (a setting is changed by --set, as in --set {setting}=...)" if is_train and setting else ""


def read_field(text: str) -> tuple[str, Any]:
    """Read ``field=value``; a value is a number, True, False, None or else a word, or several with commas between.

    Raises
    ------
    SettingsError
        When the equals sign or the name is missing.
    """
    name, equals, raw = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise SettingsError(f"--set was given {text!r}; write it as field=value, as in --set threshold=2.")
    value, several = read_value(raw), OUTSIDE.split(raw)
    return name, [read_value(each.strip()) for each in several] if value is raw and len(several) > 1 else value


def read_value(text: str) -> Any:
    """Read a number, a list, True, False or None; anything else is a word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def finite(value: Any) -> Any:
    """Replace what JSON cannot say (nan, infinity) by None, and arrays by lists, all the way down."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_report(report: Any) -> None:
    """Print the figures of a report in words and percent."""
    print(f"{'test accuracy':<16}{percent(report.accuracy)}   goodness per label")
    print(f"{'':<16}{percent(report.readout_accuracy)}   one-pass read-out")
    for number, auc in enumerate(report.auc):
        alone, together = report.layer_accuracy[number], report.cumulative_accuracy[number]
        dead = f"   {report.dead[number]} dead units" if report.dead[number] else ""
        beside = f"with those below {percent(together)}   AUC {auc:.3f}{dead}"
        print(f"{f'layer {number + 1} alone':<16}{percent(alone)}   {beside}")


def percent(share: float | None) -> str:
    """Write a share in [0, 1] as a percentage, and one that is not known as a dash."""
    return "      –" if share is None or math.isnan(share) else f"{100 * share:5.2f} %"
