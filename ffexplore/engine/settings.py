"""Settings: the whole state that a person can choose, in one frozen value."""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ffexplore.data import Dataset, load
from ffexplore.engine.compatibility import complaints
from ffexplore.engine.fields import Field, plain
from ffexplore.engine.goodness import goodness
from ffexplore.engine.inference import layer_numbers
from ffexplore.engine.own_data import check_dataset
from ffexplore.engine.settable import Settable
from ffexplore.engine.sharing import PANEL, check_registered, fields_of, pack, read_json, unpack
from ffexplore.errors import SettingsError, unknown_name
from ffexplore.registry import Choice


@dataclass(frozen=True)
class Settings(Settable):
    """Everything a person can choose; each value is checked, alone and together with the others.

    A catalogue entry is given by name, by name with parameters as in ``"swish_symba(alpha=4)"``, or as a
    ``Choice``. Fields marked per layer take one value for all layers or a sequence with one for each. What each
    field means, its range and its unit are in ``Settings.field(name)``.

    Raises
    ------
    SettingsError
        When a value is unknown, out of range, or does not go with another.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "dataset", check_dataset(self.dataset))
        for name, spec in Settings.fields().items():
            value = getattr(self, name)
            if name == "layers" and isinstance(value, Real):
                value = (value,)
            if name != "dataset":
                value = spec.check(name, value)
                # a number that is no Real, such as a tensor of one, is a single layer, too
                object.__setattr__(self, name, (value,) if name == "layers" and isinstance(value, int) else value)
        self._check_together()

    def _check_together(self) -> None:
        depth = len(self.layers)
        for name, spec in Settings.fields().items():
            value = getattr(self, name)
            if spec.per_layer and isinstance(value, tuple) and len(value) != depth:
                raise SettingsError(
                    f"{name} has {len(value)} values for {depth} layers; give one value, or one for each layer."
                )
        if "layers" in self.inference.values:
            layer_numbers(str(self.inference.values["layers"]), depth)
        layer_numbers(self.readout_layers, depth, "readout_layers")
        for refusal in complaints(self):
            raise SettingsError(refusal.sentence)

    @classmethod
    def fields(cls) -> dict[str, Field]:
        """What each field means, by name, in the order of the fields."""
        return _fields()

    @classmethod
    def field(cls, name: str) -> Field:
        """What one field means.

        Raises
        ------
        SettingsError
            When there is no such field; names the nearest.
        """
        specs = cls.fields()
        if not isinstance(name, str) or name not in specs:
            raise SettingsError(unknown_name("setting", name, specs))
        return specs[name]

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Settings:
        """The settings of a preset, with any field changed.

        Raises
        ------
        SettingsError
            When the preset or a field is unknown, or a value is out of range.
        """
        from ffexplore.engine.presets import presets

        return cls(**{**presets[name].function(), **_known(changes)})

    def replace(self, **changes: Any) -> Settings:
        """The same settings with some fields changed, judged together.

        Raises
        ------
        SettingsError
            When a field is unknown or the new values do not go together.
        """
        return dataclasses.replace(self, **_known(changes))

    def per_layer(self, name: str) -> tuple[Any, ...]:
        """The value of a field for each layer."""
        value = getattr(self, name)
        if isinstance(value, tuple):
            return value
        return (value,) * len(self.layers)

    def thresholds(self) -> tuple[float, ...]:
        """The threshold of each layer, where it starts if it learns; if none is given, the natural one."""
        given = self.per_layer("threshold")
        return tuple(
            float(natural_threshold(choice, width) if value is None else width if value == "width" else value)
            for value, choice, width in zip(given, self.per_layer("goodness"), self.layers, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON has them; own data stands as its fingerprint."""
        values = {item.name: plain(getattr(self, item.name)) for item in dataclasses.fields(self)}
        if isinstance(self.dataset, Dataset):
            values["dataset"] = {"name": self.dataset.name, "fingerprint": self.dataset.fingerprint}
        return values

    def to_json(self) -> str:
        """The settings as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Settings from what ``to_dict`` gives; missing fields have their defaults.

        Raises
        ------
        SettingsError
            When a name is not registered here (it says what to register first), or data is not at hand.
        """
        values = fields_of(values)
        check_registered(cls.fields(), values)
        return cls(**_known(values))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Settings from what ``to_json`` gives."""
        return cls.from_dict(read_json(text))

    def share(self) -> str:
        """A short string that restores the settings; holds what differs from the defaults."""
        return pack(self.unusual())

    def unusual(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON has it."""
        default = Settings().to_dict()
        return {name: value for name, value in self.to_dict().items() if value != default[name]}

    @classmethod
    def from_share(cls, text: str) -> Settings:
        """Settings from a share string, be it of Settings or of a panel.

        Raises
        ------
        SettingsError
            When the string is cut, altered, of another version, or names what is not registered here.
        """
        values = unpack(text)
        values.pop(PANEL, None)
        return cls.from_dict(values)


@functools.cache  # asked for some hundred times with every change
def _fields() -> dict[str, Field]:
    return {item.name: item.metadata["field"] for item in dataclasses.fields(Settings)}


def _known(changes: dict[str, Any]) -> dict[str, Any]:
    for name in changes:
        Settings.field(name)
    return changes


_from_fields = Settings.__init__


@functools.wraps(_from_fields)
def _init(self: Settings, *values: Any, **fields: Any) -> None:
    # A dataclass answers a misspelled field with a TypeError that does not say which one was meant.
    _from_fields(self, *values, **_known(fields))


Settings.__init__ = _init  # type: ignore[method-assign]


def natural_threshold(choice: Choice, width: int) -> float:
    """The natural threshold of a goodness at a width; 1 where the goodness states none."""
    natural = goodness[choice.name].natural_threshold(width, choice.values)
    return 1.0 if natural is None else natural


def check_settings(value: object) -> None:
    """Raise SettingsError, which says what to give, unless a value is Settings."""
    if not isinstance(value, Settings):
        raise SettingsError(f"settings is {value!r}; give Settings, as in Settings.preset('fast').")


def dataset_of(settings: Settings) -> Dataset:
    """The data that settings name, loaded; raises DatasetError where it is not to be had."""
    return settings.dataset if isinstance(settings.dataset, Dataset) else load(settings.dataset)
