"""Hidden and locked controls, the task, and the share string that carries them."""

from __future__ import annotations

import pytest

import ffexplore as ff
from ffexplore.engine.sharing import pack
from ffexplore.ui.looks import FEW, LONGEST_TASK
from ffexplore.ui.panes import USUAL_PANES
from ffexplore.ui.task import to_html


def visible(panel):
    found = set()
    for name, control in panel.controls.controls.items():
        if "ffx-hidden" not in control.widget.classes:
            found.add(name)
    return found


def headings(panel):
    return [
        group.children[0].children[0].description
        for group in panel.controls.children
        if "ffx-hidden" not in group.classes
    ]


def test_minimal_shows_a_few_and_all_shows_all(open_panel):
    assert visible(open_panel(controls="minimal")) == set(FEW)
    panel = open_panel(controls="all")
    assert visible(panel) == set(ff.Settings.fields())
    assert len(headings(panel)) == 5


def test_fields_and_groups_can_be_named(open_panel):
    panel = open_panel(controls=["threshold", "Learning", "dropout"])
    learning = {name for name, spec in ff.Settings.fields().items() if spec.group == "Learning"}
    assert visible(panel) == learning | {"threshold", "dropout"}
    assert headings(panel) == ["Goodness", "Learning", "Layers"]
    assert "ffx-rare" not in panel.controls["dropout"].widget.classes  # there is no "more" to press


def test_no_control_at_all_leaves_the_run_bar(open_panel):
    panel = open_panel(controls=[])
    assert visible(panel) == set()
    assert "ffx-hidden" in panel.controls._dom_classes


def test_what_is_locked_is_greyed_out_and_stays_whoever_turns_it(open_panel, until):
    panel = open_panel(lock=["threshold", "Layers"])
    until(lambda: panel.runner.snapshot is not None)
    before = panel.settings
    row = panel.controls["threshold"]._rows[0]
    assert row._box.disabled
    assert row.widget.tooltip.startswith("Not in use: locked for this task.")
    assert not panel.board.threshold_is_movable
    panel.controls["layers"].send((3,))
    assert panel.settings == before
    assert panel.status.message == "layers cannot be changed here: locked for this task."
    assert panel.status.tone == "warn"
    panel.bar.preset.widget.value = "keras"
    assert panel.settings.layers == (8, 6)
    assert panel.settings.negatives.name == "permuted_labels"
    assert panel.runner.update(threshold=3.0).threshold == 3.0  # whoever writes Python may


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"controls": "few"}, "controls is 'few'; it must be 'all', 'minimal' or a list of names"),
        ({"controls": ["treshold"]}, "Unknown control or group 'treshold'. Did you mean 'threshold'"),
        ({"lock": "threshold"}, "lock is 'threshold'; it must be a list of names"),
        ({"lock": ["goodnes"]}, "Did you mean"),
        ({"task": 3}, "task is '3'; it must be a text"),
        ({"task": "x" * (LONGEST_TASK + 1)}, "at most 10000 characters"),
    ],
)
def test_what_is_misspelled_is_refused(options, said):
    with pytest.raises(ff.SettingsError, match=said):
        ff.Explorer(**options)


def test_the_share_string_restores_everything(open_panel):
    panel = open_panel(controls=["threshold", "seed"], lock=["seed"], task="Look *closely*.", seed=9, threshold=2.5)
    panel.board.panes = ["gallery", "curves"]
    text = panel.share()
    for again in (open_panel(text), open_panel(share=text)):
        assert again.settings == panel.settings
        assert visible(again) == {"threshold", "seed"}
        assert again.controls["seed"].row._box.disabled
        assert again.children[0].value == "<p>Look <em>closely</em>.</p>"
        assert list(again.board.panes) == list(panel.board.panes)
        assert again.share() == text
    assert ff.Settings.from_share(text) == panel.settings


def test_what_is_given_beside_a_share_string_counts(open_panel):
    panel = open_panel(controls="minimal", task="One.")
    again = open_panel(share=panel.share(), task="Two.", threshold=4.0)
    assert again.settings.threshold == 4.0
    assert again.children[0].value == "<p>Two.</p>"
    assert visible(again) == set(FEW)


def test_a_share_string_of_settings_opens_a_panel(open_panel, halves):
    text = ff.Settings(dataset=halves, layers=(4,)).share()
    assert open_panel(text).settings == ff.Settings(dataset=halves, layers=(4,))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"panel": 3}, "JSON object, not int"),
        ({"panel": {"colour": "red"}}, "Unknown part of a panel's looks, 'colour'"),
        ({"panel": {"controls": {"a": 1}}}, "controls is {'a': 1}"),
        ({"panel": {"controls": [["a"]]}}, "controls is"),
        ({"panel": {"lock": "seed"}}, "lock is 'seed'"),
        ({"panel": {"task": ["<b>"]}}, "task is"),
        ({"panel": {"panes": ["histogram"]}}, "Did you mean 'histograms'"),
        ({"panel": {"panes": None}}, "panes is None"),
    ],
)
def test_a_share_string_of_somebody_elses_making_is_refused_in_words(values, said):
    with pytest.raises(ff.SettingsError, match=said):
        ff.Explorer(share=pack(values))


def test_settings_and_a_share_string_are_too_much():
    with pytest.raises(ff.SettingsError, match="give one of both"):
        ff.Explorer("classroom", share=ff.Settings().share())


# ---- the task


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One\ntwo\n\nthree", "<p>One<br>two</p><p>three</p>"),
        ("**bold** and *light* and `a*b*c`", "<p><strong>bold</strong> and <em>light</em> and <code>a*b*c</code></p>"),
        ("- one\n- *two*", "<ul><li>one</li><li><em>two</em></li></ul>"),
        ("1. one\n2) two", "<ol><li>one</li><li>two</li></ol>"),
        ("Do:\n- this\n- that", "<p>Do:</p><ul><li>this</li><li>that</li></ul>"),
        ("3 * 4 * 5", "<p>3 * 4 * 5</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ('`<b a="1">` **<i>**', "<p><code>&lt;b a=&quot;1&quot;&gt;</code> <strong>&lt;i&gt;</strong></p>"),
        ("", ""),
    ],
)
def test_a_little_markdown_and_nothing_else(text, expected):
    assert to_html(text) == expected


# ---- where to stop, and what is built anew


def test_it_trains_to_a_step_and_pauses(open_panel, until):
    panel = open_panel()
    until(lambda: panel.runner.snapshot is not None)
    panel.bar.stop_at.widget.value = "12"
    assert not panel.runner.is_running  # a click on Play may be what took the value out of the box
    assert panel.status.message == "Play trains up to step 12 and pauses there."
    panel.bar.play.click()
    assert panel.runner.wait(20)
    assert panel.runner.snapshot.step == 12
    assert panel.status.word == "paused"
    assert "Stopped at step 12" in panel.status.message
    for wrong in ("7", "-3", "1.5", "many"):
        panel.bar.stop_at.widget.value = wrong
        assert f"stop at is '{wrong}'; it must be a whole number above the present step, 12." in panel.status.message
        assert panel.bar.stop_at.widget.value == "12"
    panel.bar.stop_at.widget.value = ""
    assert panel.runner.stop_at is None


def test_an_epoch_by_its_button(open_panel):
    panel = open_panel()
    panel.bar.epoch.click()
    assert panel.runner.wait(20)
    assert panel.runner.snapshot.epoch == 1.0


OTHER = {
    "dataset": "digits", "seed": 5, "initialization": "glorot_uniform", "layers": (8, 7), "label_encoding": "appended",
    "optimizer": "sgd",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(ff.Settings.fields()) - {"device", "precision"}))
def test_what_builds_weights_anew_says_so_before_and_nothing_else_does(name, halves):
    spec = ff.Settings.field(name)
    settings = ff.Settings(dataset=halves, layers=(8, 6), batch_size=16, shift=0)
    if name in OTHER:
        other = OTHER[name]
    elif spec.registry is not None:
        present = getattr(settings, name).name
        fit = [
            entry for entry in spec.registry.names()
            if entry != present and accepted(settings, {name: entry})
        ]  # fmt: skip
        other = fit[0]
    elif spec.choices and spec.low is None:
        other = next(word for word in spec.choices if word != getattr(settings, name))
    else:
        other = next(value for value in (1, 0.5, 2, 64) if accepted(settings, {name: value}))
    extra = {"label_encoding": "appended"} if name == "dataset" else {}
    extra |= (
        {"negatives": "hybrid_images"} if name == "negatives_refresh" and not accepted(settings, {name: other}) else {}
    )
    trainer = ff.Trainer(settings)
    before = [trainer.weights(layer)[0] for layer in range(2)]
    trainer.apply(settings.replace(**{name: other}, **extra))
    after = [trainer.weights(layer)[0] for layer in range(2)]
    same = all(a.shape == b.shape and bool((a == b).all()) for a, b in zip(before, after, strict=True))
    says = spec.renews != "" and "all weights stay" not in spec.renews
    assert same != says


def accepted(settings, changes):
    try:
        return settings.replace(**changes) != settings and bool(ff.Trainer(settings.replace(**changes)))
    except ff.FFExploreError:
        return False


def test_the_mark_and_the_words_are_on_the_control(open_panel):
    panel = open_panel()
    for name, control in panel.controls.controls.items():
        assert ("ffx-renews" in control.widget.classes) == bool(control.spec.renews), name
        shown = control.row if hasattr(control, "row") else getattr(control, "_menu", None) or control._rows[0]
        assert control.spec.renews in shown._tip
        assert f"In Python: {name}" in shown._tip


def test_a_slide_shows_the_threshold_and_the_histograms(open_panel):
    panel = open_panel(layout="slide", task="Watch.")
    assert visible(panel) == {"threshold"}
    assert panel.board.panes == ["histograms"]
    assert panel.board.is_slide
    assert "ffx-slide" in panel._dom_classes
    assert "ffx-rare" not in panel.controls["threshold"].widget.classes
    assert not open_panel().board.is_slide


@pytest.mark.parametrize(
    ("controls", "shown"),
    [("minimal", set(FEW)), (["negatives"], {"threshold", "negatives"}), ([], {"threshold"}), ("all", {"threshold"})],
)
def test_a_slide_shows_also_what_is_named(open_panel, controls, shown):
    assert visible(open_panel(layout="slide", controls=controls)) == shown


def test_a_slide_travels_in_the_share_string(open_panel):
    first = open_panel("classroom", dataset="moons", layout="slide", controls=["negatives"])
    second = open_panel(share=first.share())
    assert second._looks == first._looks
    assert second.board.is_slide
    first.board.panes = ["histograms", "curves"]  # what a notebook has by itself is a choice on a slide
    assert open_panel(share=first.share()).board.panes == ["histograms", "curves"]
    assert open_panel(share=first.share(), layout="notebook").board.panes == ["histograms", "curves"]
    assert open_panel(share=second.share(), layout="notebook").board.panes == list(USUAL_PANES)


def test_an_unknown_layout_is_refused():
    with pytest.raises(ff.SettingsError, match=r"Unknown layout 'slides'\. Did you mean 'slide'"):
        ff.explore(layout="slides")


def test_the_speed_menu_shows_the_speed_at_which_training_starts(open_panel, monkeypatch):
    monkeypatch.setenv("FFEXPLORE_SPEED", "7")
    panel = open_panel()
    assert panel.bar.speed.widget.label == "7 steps/s"
    panel.bar.speed.widget.value = 0.0
    assert panel.runner.speed is None
    monkeypatch.delenv("FFEXPLORE_SPEED")
    assert open_panel().bar.speed.widget.label == "full"
