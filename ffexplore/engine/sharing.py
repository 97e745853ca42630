"""What settings are outside of Python: JSON, and the short string that people hand on."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from ffexplore.engine.fields import Field
from ffexplore.errors import SettingsError, unknown_name

SHARE_PREFIX = "ff1."
PANEL = "panel"  #: what a share string keeps the looks of a panel under, beside the fields of Settings
MOST_BYTES = 1 << 20  #: an unpacked share string is never longer

# Where the catalogue of a field has another name in the shop window.
SHOP_WINDOW = {
    "label_encoding": "label_encodings",
    "activation": "activations",
    "black_box": "black_boxes",
    "normalization": "normalizations",
    "initialization": "initializations",
    "schedule": "schedules",
    "objective": "objectives",
    "inference": "inferences",
    "rate_course": "rate_courses",
    "optimizer": "optimizers",
}


def pack(values: Mapping[str, Any]) -> str:
    """A short string of letters, digits, ``-`` and ``_`` from what JSON can say."""
    packed = zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 9)
    return SHARE_PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpack(text: str) -> dict[str, Any]:
    """What ``pack`` was given.

    Raises
    ------
    SettingsError
        When the string is cut, altered or of another version.
    """
    if not isinstance(text, str):
        raise SettingsError(f"A share string is a string that begins with {SHARE_PREFIX!r}; this is {text!r}.")
    text = text.strip()
    if not text.startswith(SHARE_PREFIX):
        raise SettingsError(f"A share string begins with {SHARE_PREFIX!r}; this one begins with {text[:8]!r}.")
    try:
        packed = base64.urlsafe_b64decode(text[len(SHARE_PREFIX) :] + "===")
        decoder = zlib.decompressobj()
        values = json.loads(decoder.decompress(packed, MOST_BYTES))
        if not decoder.eof or decoder.unused_data:
            raise ValueError("it has another length")
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        raise SettingsError(f"The share string is cut or altered ({error}); copy the whole of it.") from None
    return fields_of(values)


def fields_of(values: Any) -> dict[str, Any]:
    """A JSON object as a dictionary of its own.

    Raises
    ------
    SettingsError
        When it is something else.
    """
    if not isinstance(values, dict):
        raise SettingsError(f"Settings are a JSON object of fields, not {type(values).__name__}.")
    return dict(values)


def read_json(text: str) -> Any:
    """What a line of JSON says.

    Raises
    ------
    SettingsError
        When it is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # of a number with thousands of digits Python makes no int
        raise SettingsError(f"This is not JSON of settings: {error}.") from None


def check_registered(specs: Mapping[str, Field], values: Mapping[str, Any]) -> None:
    """Refuse names that no catalogue here has, and say what to register first.

    Raises
    ------
    SettingsError
        Naming the field, the name and the decorator.
    """
    for name, spec in specs.items():
        if spec.registry is None or name not in values:
            continue
        value = values[name]
        for item in value if isinstance(value, list) else [value]:
            wanted = item["name"] if isinstance(item, dict) and "name" in item else str(item).partition("(")[0]
            if wanted not in spec.registry:
                raise SettingsError(
                    unknown_name(name, wanted, spec.registry.names())
                    + f" If it is a function of somebody's own, run its cell (@ffexplore.{SHOP_WINDOW.get(name, name)}"
                    f".register({wanted!r})) first."
                )
