"""The black box in the panel: where it stands is asked once there is one, and what it cannot go with is mended."""

from __future__ import annotations

from ffexplore import Settings, SettingsError
from ffexplore.engine.idle import idle_fields
from ffexplore.ui.repairs import proposals

BOXED = Settings(layers=(8, 8, 8), black_box="quantizer", black_box_after=2)


def first_that_fits(settings, changes):
    """What the panel ends with when a person changes something."""
    for attempt in (changes, *proposals(settings, changes)):
        try:
            return settings.replace(**attempt)
        except SettingsError:
            continue
    raise AssertionError("every proposal was refused")


def test_its_place_is_greyed_out_while_there_is_none():
    assert "black_box_after" not in idle_fields(BOXED)
    assert idle_fields(BOXED.replace(black_box="none"))["black_box_after"] == "there is no black box."


def test_fewer_layers_move_it_down_or_take_it_out():
    two, one = (first_that_fits(BOXED, {"layers": layers}) for layers in ((8, 8), (8,)))
    assert (two.black_box.name, two.black_box_after) == ("quantizer", 1)
    assert one.black_box.name == "none"


def test_it_and_blocks_that_overlap_take_turns():
    overlapping = first_that_fits(BOXED, {"schedule": "overlapping"})
    assert (overlapping.schedule.name, overlapping.black_box.name) == ("overlapping", "none")
    boxed = first_that_fits(overlapping.replace(black_box_after=1), {"black_box": "coin_toss"})
    assert (boxed.schedule.name, boxed.black_box.name) == ("simultaneous", "coin_toss")
