"""The column of controls: every field of Settings, under the heading under which a person looks for it."""

from __future__ import annotations

from typing import Any

from ffexplore.data import Dataset, datasets
from ffexplore.engine.compatibility import RULED
from ffexplore.engine.idle import idle_fields
from ffexplore.engine.settings import Settings
from ffexplore.live.changes import differing
from ffexplore.ui.choice_control import ChoiceControl
from ffexplore.ui.field_control import (
    RARE,
    DatasetControl,
    FieldControl,
    NumberControl,
    Outlet,
    ReadoutControl,
    TextControl,
    WordControl,
)  # fmt: skip
from ffexplore.ui.form import Form
from ffexplore.ui.groups import GROUPS
from ffexplore.ui.looks import Looks
from ffexplore.ui.parts import Box, Heading, Toggle
from ffexplore.ui.remarks import remarks
from ffexplore.ui.rows import HIDDEN, Span
from ffexplore.ui.threshold_control import ThresholdControl

#: What a beginner turns first; the others are behind the group's "more".
USUAL = (
    "goodness", "threshold", "objective", "logit_scale", "dataset", "negatives", "label_encoding", "learning_rate",
    "optimizer", "batch_size", "layers", "activation", "normalization", "schedule", "seed",
)  # fmt: skip

RENEWS = "ffx-renews"  #: the class of a control that builds something anew

LABELS = {"negatives_refresh": "drawn anew", "peer_normalization": "peer normal."}

#: What the sliders reach; a field without one has the box alone.
SPANS = {
    "logit_scale": Span(0.1, 1000.0, logarithmic=True),
    "learning_rate": Span(1e-5, 1.0, logarithmic=True),
    "weight_decay": Span(0.0, 0.1),
    "shift": Span(0, 8, whole=True),
    "rotation": Span(0, 45),
    "zoom": Span(0, 0.5),
    "elastic": Span(0, 4),
    "inference_shift": Span(0, 4, whole=True),
    "dropout": Span(0.0, 0.9),
    "threshold_rate": Span(0.0, 10.0),
    "momentum": Span(0.0, 0.99),
    "peer_normalization": Span(0.0, 0.3),
    "readout_rate": Span(0.0, 1.0),
    "readout_decay": Span(0.0, 0.05),
    "readout_interval": Span(1, 32, whole=True),
    "black_box_after": Span(1, 8, whole=True),
}

#: A change of one of these may change what the control of another field shows.
HEEDED = {*RULED, "dataset"}

SUGGESTIONS = {
    "batch_size": ("16", "32", "64", "128", "256", "512", "1024", "full"),
    "readout_layers": Settings.field("readout_layers").choices,
}


def make_control(name: str, outlet: Outlet) -> FieldControl:
    """Make the control that suits a field."""
    spec = Settings.field(name)
    label = LABELS.get(name, name.replace("_", " "))
    if name == "dataset":
        return DatasetControl(name, label, datasets, outlet)
    if name == "threshold":
        return ThresholdControl(name, label, outlet)
    if name == "readout_rate":
        return ReadoutControl(name, label, SPANS.get(name), outlet)
    if spec.registry is not None:
        return ChoiceControl(name, label, outlet)
    if spec.choices and spec.low is None and not spec.others:
        return WordControl(name, label, outlet)
    if name == "layers" or spec.choices or spec.optional:
        return TextControl(name, label, SUGGESTIONS.get(name, ()), outlet)
    return NumberControl(name, label, SPANS.get(name), outlet)


class Controls(Form):
    """All controls in groups.

    Parameters
    ----------
    outlet
        Where what a person sets goes.
    settings
        What to show first.
    looks
        Which controls are hidden or locked.
    """

    def __init__(self, outlet: Outlet, settings: Settings, looks: Looks | None = None) -> None:
        self._outlet = outlet
        self._looks = looks or Looks()
        self._shown: tuple[Settings | None, Dataset | None] = None, None
        self._idle: dict[str, str] = {}
        self.controls: dict[str, FieldControl] = {name: make_control(name, outlet) for name in Settings.fields()}
        with outlet.guard:
            self._write(settings)
        hidden = [HIDDEN] if len(self._looks.hidden) == len(self.controls) else []
        super().__init__(*map(self._group, GROUPS), _dom_classes=["ffx-controls", *hidden])

    def __getitem__(self, name: str) -> FieldControl:
        return self.controls[name]

    @property
    def threshold(self) -> ThresholdControl:
        """The control of the threshold, which the board moves too."""
        control = self.controls["threshold"]
        assert isinstance(control, ThresholdControl)
        return control

    def _group(self, title: str) -> Box:
        """A heading and its controls; in a panel that shows a few, none of them is behind "more"."""
        group = Box()
        mine = [control for control in self.controls.values() if control.spec.group == title]
        shown = [control for control in mine if control.name not in self._looks.hidden]
        rare = [control for control in shown if control.name not in USUAL] if self._looks.has_all else []
        for control in mine:
            if control not in shown:
                control.widget.add_class(HIDDEN)
            elif control in rare:
                control.widget.add_class(RARE)
            if control.spec.renews:
                control.widget.add_class(RENEWS)
        more = [_more(group, title)] if self._looks.has_all else []
        head = Box(Heading(description=title), *more, in_line=True).add_class("ffx-head")
        group.children = (head, *(control.widget for control in mine))
        if not shown:
            group.add_class(HIDDEN)
        return group.add_class("ffx-group")

    def show(self, settings: Settings, standstill: str = "", data: Dataset | None = None) -> None:
        """Show settings in every control and grey out what has no effect or is locked; calls nobody back.

        Parameters
        ----------
        settings
            What to show.
        standstill
            Why nothing can be changed now; empty where it can.
        data
            The data, once they are loaded: choices that they rule out are marked.
        """
        with self._outlet.guard, self.holding():
            self._write(settings, standstill, data)

    def _write(self, settings: Settings, standstill: str = "", data: Dataset | None = None) -> None:
        idle = dict.fromkeys(self._looks.locked, "locked for this task.") | idle_fields(settings)
        if standstill:
            idle = dict.fromkeys(self.controls, standstill)
        wanted, remarked = self._to_be_shown(settings, data), remarks(settings)
        self._shown = settings, data
        for name, control in self.controls.items():
            if name in wanted:
                control.suit(data)
                control.remark = remarked.get(name, "")
                control.show(settings)
                control.is_touched = False
            if self._idle.get(name) != idle.get(name, ""):
                self._idle[name] = idle.get(name, "")
                control.disable(self._idle[name])

    def _to_be_shown(self, settings: Settings, data: Dataset | None) -> set[str]:
        """The controls that may have something else to show; while a threshold is dragged that is one of them."""
        former, former_data = self._shown
        if former is None or data is not former_data:
            return set(self.controls)
        changed = set(differing(former, settings))
        touched = {name for name, control in self.controls.items() if control.is_touched}
        return set(self.controls) if changed & HEEDED else changed | touched

    def close(self) -> None:
        """Stop listening to the catalogues."""
        for control in getattr(self, "controls", {}).values():
            control.close()
        super().close()


def _more(group: Box, title: str) -> Toggle:
    """A toggle that shows what is turned less often."""
    toggle = Toggle(description="more", tooltip=f"Show everything under {title}")

    def toggled(change: Any) -> None:
        (group.add_class if change["new"] else group.remove_class)("ffx-open")
        toggle.description = "less" if change["new"] else "more"

    toggle.observe(toggled, "value")
    return toggle
