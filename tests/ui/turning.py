"""Turning controls without a browser: their values are set, as a page would set them."""

from __future__ import annotations

import time


def until(condition, seconds=30.0):
    """Wait until something is so, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def menu(panel, name):
    """The menu of a catalogue's control."""
    return panel.controls[name]._menu._menu


def row_of(panel, name, number=0):
    """One of the rows of a control."""
    return panel.controls[name]._rows[number]
