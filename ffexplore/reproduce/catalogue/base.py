"""The recipe that comparisons vary in one thing: plain enough to leave room above and below."""

from __future__ import annotations

from typing import Any

#: The preset ``fast`` with the label as bright as the brightest pixel and hard labels by the first layer's goodness.
BASE: dict[str, Any] = {
    "preset": "fast",
    "negatives": "hard_label(temperature=6)",
    "label_encoding": "overlay",
}
