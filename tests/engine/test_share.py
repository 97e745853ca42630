"""Settings as JSON and as share strings: any settings survive; what is cut, altered or foreign is told from them."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib
from typing import Any

import pytest

from ffexplore import Choice, Settings, SettingsError
from ffexplore.engine.fields import Field
from ffexplore.engine.sharing import pack, unpack

FIELDS = Settings.fields()


def a_number(spec: Field, rng: random.Random) -> float | int:
    assert spec.low is not None
    assert spec.high is not None
    value = rng.uniform(spec.low, min(spec.high, spec.low + 10 ** rng.uniform(-2, 5)))
    return int(value) if spec.whole else value


def a_choice(spec: Field, rng: random.Random) -> Choice:
    assert spec.registry is not None
    entry = rng.choice(list(spec.registry))
    params: dict[str, Any] = {}
    for name, param in entry.params.items():
        if param.choices:
            params[name] = rng.choice(param.choices)
        elif isinstance(param.default, bool):
            params[name] = rng.random() < 0.5
        elif isinstance(param.default, str):
            params[name] = param.default
        else:
            low = 0.0 if param.low is None else param.low
            value = rng.uniform(low, low + 10 if param.high is None else min(param.high, low + 1000))
            params[name] = int(value) if isinstance(param.default, int) else value
    return Choice(entry.name, tuple(sorted(params.items())))


def at_random(rng: random.Random) -> Settings:
    """Settings drawn field by field; drawn again where they do not go together."""
    while True:
        values: dict[str, Any] = {}
        depth = rng.randint(1, 4)
        for name, spec in FIELDS.items():
            if rng.random() < 0.3 and name != "layers":
                continue

            def one(spec: Field = spec) -> Any:
                if spec.registry is not None:
                    return a_choice(spec, rng)
                if spec.choices and (spec.low is None or rng.random() < 0.3):
                    return rng.choice(spec.choices)
                return a_number(spec, rng)

            if name == "dataset":
                values[name] = rng.choice(["digits", "mnist-5k", "moons", "rings(noise=0.2)"])
            elif name == "layers" or (spec.per_layer and rng.random() < 0.5):
                values[name] = tuple(one() for _ in range(depth))
            elif spec.optional and rng.random() < 0.3:
                values[name] = None
            else:
                values[name] = one()
        try:
            return Settings(**values)
        except SettingsError as error:
            if not any(words in str(error) for words in (", but ", "some layers score", "black_box")):
                raise  # not a matter of going together


@pytest.mark.parametrize("seed", range(60))
def test_any_settings_survive_json_and_sharing(seed: int) -> None:
    settings = at_random(random.Random(seed))
    assert Settings.from_json(settings.to_json()) == settings
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    shared = settings.share()
    assert Settings.from_share(shared) == settings
    assert Settings.from_share(f"  {shared}\n") == settings
    assert re.fullmatch(r"ff1\.[A-Za-z0-9_-]*", shared)
    assert settings.replace() == settings


def test_the_share_string_of_the_defaults_is_short() -> None:
    assert len(Settings().share()) < 20
    assert len(Settings.preset("hinton").share()) < 400


@pytest.mark.parametrize("seed", range(5))
def test_cut_and_altered_share_strings_are_told_from_whole_ones(seed: int) -> None:
    rng = random.Random(seed)
    settings = at_random(rng)
    text = settings.share()
    for end in range(len(text)):
        with pytest.raises(SettingsError, match="share string"):
            Settings.from_share(text[:end])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for _ in range(100):
        place = rng.randrange(4, len(text))
        altered = text[:place] + rng.choice(letters) + text[place + 1 :]
        packed_bytes = [base64.urlsafe_b64decode(each[4:] + "===") for each in (text, altered)]
        if packed_bytes[0] == packed_bytes[1]:  # the last letter may hold bits that say nothing
            continue
        with pytest.raises(SettingsError, match="share string"):
            Settings.from_share(altered)


def packed(values: Any) -> str:
    return "ff1." + base64.urlsafe_b64encode(zlib.compress(json.dumps(values).encode())).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with 'ff1.'"),
        ("ff2.abcd", "begins with 'ff1.'; this one begins with 'ff2.abcd'"),
        ("ff1.", "cut or altered"),
        ("ff1.é", "cut or altered"),
        ("ff1." + base64.urlsafe_b64encode(zlib.compress(b"[" * 200_000)).decode(), "cut or altered"),
        ("ff1." + base64.urlsafe_b64encode(zlib.compress(b" " * (5 << 20))).decode(), "cut or altered"),
        (packed({}) + "AAAA", "cut or altered"),
        (packed([1, 2]), "JSON object of fields, not list"),
        (packed({"goodness": "from_afar"}), r"run its cell \(@ffexplore.goodness.register\('from_afar'\)\) first"),
        (packed({"objective": "from_afar"}), r"@ffexplore.objectives.register\('from_afar'\)"),
        (packed({"goodness": {"name": ["a"]}}), "goodness"),
        (packed({"goodness": {"name": "mean", "params": 3}}), "params of the goodness 'mean'"),
        (packed({"goodness": [["mean"], 3]}), "goodness"),
        (packed({"layers": {"a": 1}}), "layers is"),
        (packed({"dataset": {"name": "digits"}}), "dataset"),
        (packed({"dataset": {"name": "mine", "fingerprint": ["x"]}}), "not at hand"),
        (packed({"seed": None}), "seed is None"),
        (packed({"seed": 10**400}), "seed is 1000"),
    ],
)  # fmt: skip
def test_what_does_not_come_from_share_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_share(text)


@pytest.mark.parametrize("given", [None, 3, b"ff1.abcd"])
def test_what_is_no_string_is_no_share_string(given: Any) -> None:
    with pytest.raises(SettingsError, match=rf"is a string that begins with 'ff1\.'; this is {given!r}"):
        Settings.from_share(given)


def test_what_is_not_json_is_refused() -> None:
    for text in ("", "{", "[" * 200_000, "3", '"a"', "null"):
        with pytest.raises(SettingsError, match="JSON"):
            Settings.from_json(text)


def test_settings_are_read_from_a_string_that_also_keeps_a_panel() -> None:
    values = {"seed": 5, "panel": {"task": "Look."}}
    assert unpack(pack(values)) == values
    assert Settings.from_share(pack(values)) == Settings(seed=5)
